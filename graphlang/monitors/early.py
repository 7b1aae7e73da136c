"""Ends a training that gets no better."""

from __future__ import annotations

from pydantic import Field

from graphlang.contracts.monitor import Monitor


class early(Monitor):
    """the training ends once `patience` epochs in a row have brought no better value; the weights of the best
    epoch come back

    Convention: a value is better that differs from the best so far by more than `min_delta`. More is better
    of accuracy, top_k, precision, recall, f1, auc and r2, less of all else, unless `mode` says it.
    Source: Prechelt 1998, Early stopping: but when?; as
    keras.callbacks.EarlyStopping(restore_best_weights=True).
    """

    patience: int = Field(default=5, ge=1, description="so many epochs without a better value end it")
    min_delta: float = Field(default=0.0, ge=0, description="by more than this a better value differs")
