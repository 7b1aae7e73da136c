"""A learning rate that does not change."""

from __future__ import annotations

from graphlang.contracts.schedule import Schedule


class constant(Schedule):
    """factor = 1"""

    def factor(self, t: int, total: int) -> float:
        return 1.0
