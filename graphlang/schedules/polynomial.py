"""A learning rate that falls by a power of the steps that are left."""

from __future__ import annotations

from pydantic import Field

from graphlang.contracts.schedule import Schedule


class polynomial(Schedule):
    """factor = floor + (1 - floor) * (1 - (t - 1) / total) ^ power

    1 in the first step; `floor` is where step total + 1 would be.
    Source: with floor = 0 as torch.optim.lr_scheduler.PolynomialLR(total_iters=total).
    """

    needs_total = True
    power: float = Field(default=1.0, gt=0, description="1 is a line; more falls faster at first")
    floor: float = Field(default=0.0, ge=0, le=1, description="the factor at the end")

    def factor(self, t: int, total: int) -> float:
        left = max(0.0, 1 - (t - 1) / max(1, total))
        return float(self.floor + (1 - self.floor) * left**self.power)
