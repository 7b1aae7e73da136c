"""A learning rate that drops where the training gets no better."""

from __future__ import annotations

from pydantic import ConfigDict, Field

from graphlang.contracts.monitor import Mode
from graphlang.contracts.schedule import Schedule


class plateau(Schedule):
    """factor = factor ^ (how often more than `patience` epochs in a row have brought no better value)

    Convention: a value is better that differs from the best so far by more than `min_delta`; after each drop
    the epochs are counted anew. More is better of accuracy, top_k, precision, recall, f1, auc and r2, less of
    all else, unless `mode` says it.
    Source: as torch.optim.lr_scheduler.ReduceLROnPlateau(threshold_mode="abs", threshold=min_delta), after
    every epoch.
    """

    model_config = ConfigDict(populate_by_name=True)

    monitor: str = Field(default="validation.loss", min_length=1, description="as of `early`")
    patience: int = Field(default=10, ge=0, description="so many epochs without a better value are let pass")
    by: float = Field(
        default=0.1, gt=0, lt=1, alias="factor", description="what the rate is multiplied by each time"
    )
    min_delta: float = Field(default=0.0, ge=0, description="by more than this a better value differs")
    mode: Mode = Field(default="auto", description="whether the smallest or the largest value is the best")

    def factor(self, t: int, total: int) -> float:
        """What the steps alone say; a training multiplies it by `by` at each drop."""
        return 1.0
