"""A learning rate that shrinks by the same factor in every step."""

from __future__ import annotations

from pydantic import Field

from graphlang.contracts.schedule import Schedule


class exponential(Schedule):
    """factor = gamma ^ ((t - 1) / every)

    The smooth counterpart of `step`; with every = 1 as torch.optim.lr_scheduler.ExponentialLR.
    """

    gamma: float = Field(gt=0, description="what the rate is multiplied by over `every` steps")
    every: int = Field(default=1, ge=1, description="over how many steps")

    def factor(self, t: int, total: int) -> float:
        return float(self.gamma ** ((t - 1) / self.every))
