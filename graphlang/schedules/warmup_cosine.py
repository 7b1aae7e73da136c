"""A learning rate that rises linearly and then falls along half a cosine."""

from __future__ import annotations

from pydantic import Field

from graphlang.contracts.schedule import Schedule
from graphlang.schedules.cosine import falling


class warmup_cosine(Schedule):
    """factor = t / warmup  for t <= warmup,  then `cosine` over the remaining steps; as cosine(warmup=...)

    In the first step the rate is lr / warmup, not 0, so no step is lost; in step `warmup` it is lr.
    Source: Goyal et al. 2017 (arXiv:1706.02677), section 2.2 (the warm-up); Loshchilov, Hutter 2017
    (arXiv:1608.03983).
    """

    needs_total = True
    warms_up = True
    warmup: int = Field(ge=1, description="over how many steps the rate rises")
    floor: float = Field(default=0.0, ge=0, le=1, description="the factor at the end")

    def factor(self, t: int, total: int) -> float:
        if t <= self.warmup:
            return t / self.warmup
        return falling(t - 1 - self.warmup, total - self.warmup, self.floor)
