"""A learning rate that drops after every fixed number of steps."""

from __future__ import annotations

from pydantic import Field

from graphlang.contracts.schedule import Schedule


class step(Schedule):
    """factor = gamma ^ floor((t - 1) / every)

    Source: as torch.optim.lr_scheduler.StepLR, counted in steps of the optimizer.
    """

    every: int = Field(ge=1, description="after how many steps the rate drops")
    gamma: float = Field(default=0.1, gt=0, description="what it is multiplied by each time")

    def factor(self, t: int, total: int) -> float:
        return float(self.gamma ** ((t - 1) // self.every))
