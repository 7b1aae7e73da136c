"""The contract of a schedule: a factor on the learning rate as a pure function of the step."""

from __future__ import annotations

from typing import ClassVar

from pydantic import ConfigDict

from graphlang.contracts.fields import Fields


class Schedule(Fields):
    """The base of every schedule: a subclass gives its fields and `factor`."""

    #: whether the factor depends on how many steps there are in all
    needs_total: ClassVar[bool] = False

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    def factor(self, t: int, total: int) -> float:
        """What the learning rate is multiplied by in step `t` (1, 2, ..., `total`), as the optimizer
        counts."""
        raise NotImplementedError
