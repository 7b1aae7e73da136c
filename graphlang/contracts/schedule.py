"""The contract of a schedule: a factor on the learning rate as a pure function of the step."""

from __future__ import annotations

from typing import ClassVar

from pydantic import ConfigDict

from graphlang.contracts.fields import Fields


class Schedule(Fields):
    """The base class of every schedule: a subclass defines its fields and `factor`."""

    #: whether the factor depends on the total number of steps
    needs_total: ClassVar[bool] = False

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    def factor(self, t: int, total: int) -> float:
        """What multiplies the learning rate in step `t` (1, 2, ..., `total`), counted in optimizer steps."""
        raise NotImplementedError
