"""A learning rate that drops at given steps."""

from __future__ import annotations

from bisect import bisect_left
from typing import Annotated

from pydantic import Field

from graphlang.contracts.schedule import Schedule


class milestones(Schedule):
    """factor = gamma ^ (how many numbers of `at` are below t)

    Convention: `at` counts all steps of the optimizer, those of `warmup` included; after step 100 of
    `at = [100]` the rate is lower.
    Source: as torch.optim.lr_scheduler.MultiStepLR, counted in steps of the optimizer.
    """

    at: tuple[Annotated[int, Field(ge=1)], ...] = Field(description="after which steps the rate drops")
    gamma: float = Field(default=0.1, gt=0, description="what it is multiplied by each time")

    def factor(self, t: int, total: int) -> float:
        return float(self.gamma ** bisect_left(sorted(self.at), t + self.warmup))
