"""A learning rate that changes along a line."""

from __future__ import annotations

from pydantic import Field

from graphlang.contracts.schedule import Schedule


class linear(Schedule):
    """factor = start + (floor - start) * (t - 1) / total

    `start` in the first step; `floor` is where step total + 1 would be.
    Source: as torch.optim.lr_scheduler.LinearLR(start_factor=start, end_factor=floor, total_iters=total).
    """

    needs_total = True
    floor: float = Field(default=0.0, ge=0, description="the factor at the end")
    start: float = Field(default=1.0, gt=0, description="the factor at the start")

    def factor(self, t: int, total: int) -> float:
        return self.start + (self.floor - self.start) * min(1.0, (t - 1) / max(1, total))
