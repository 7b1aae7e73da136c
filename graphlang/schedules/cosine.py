"""A learning rate that falls along half a cosine over the whole training."""

from __future__ import annotations

from math import cos, pi

from pydantic import Field

from graphlang.contracts.schedule import Schedule


class cosine(Schedule):
    """factor = floor + (1 - floor) * (1 + cos(pi * (t - 1) / total)) / 2

    1 in the first step; `floor` is where step total + 1 would be.
    Source: Loshchilov, Hutter 2017, SGDR (arXiv:1608.03983), eq. 5, without restarts; as
    torch.optim.lr_scheduler.CosineAnnealingLR(T_max=total).
    """

    needs_total = True
    floor: float = Field(default=0.0, ge=0, le=1, description="the factor at the end")

    def factor(self, t: int, total: int) -> float:
        return falling(t - 1, total, self.floor)


def falling(done: float, total: int, floor: float) -> float:
    """Half a cosine from 1 (nothing done) to `floor` (all done)."""
    part = min(1.0, done / max(1, total))
    return floor + (1 - floor) * (1 + cos(pi * part)) / 2
