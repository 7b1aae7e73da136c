"""A learning rate that rises to the optimizer's and then falls far below where it began."""

from __future__ import annotations

from pydantic import Field

from graphlang.contracts.schedule import Schedule
from graphlang.schedules.cosine import falling


class one_cycle(Schedule):
    """from 1 / div up to 1 at step rise * total, then down to 1 / (div * final_div) in the last step,
    factor = end + (begin - end) * (1 + cos(pi * part)) / 2  in each of the two

    Convention: the optimizer's rate is the highest one; momentum stays as it is.
    Source: Smith, Topin 2018, Super-convergence (arXiv:1708.07120); as
    torch.optim.lr_scheduler.OneCycleLR(max_lr=lr, total_steps=total, cycle_momentum=False).
    """

    needs_total = True
    rise: float = Field(default=0.3, gt=0, lt=1, description="the part of the steps in which the rate rises")
    div: float = Field(default=25.0, ge=1, description="how many times lower the first rate is")
    final_div: float = Field(default=1e4, ge=1, description="how many times lower than the first the last is")

    def factor(self, t: int, total: int) -> float:
        top, done = self.rise * total - 1, t - 1
        first, last = 1 / self.div, 1 / (self.div * self.final_div)
        if done <= top or top + 1 >= total:
            return _between(first, 1.0, done / top if top > 0 else 1.0)
        return _between(1.0, last, (done - top) / (total - 1 - top))


def _between(begin: float, end: float, part: float) -> float:
    """Along half a cosine from `begin` to `end`."""
    return end + (begin - end) * falling(part, 1, 0.0)
