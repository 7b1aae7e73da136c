"""The contract of a schedule: a factor on the learning rate as a pure function of the step."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import ConfigDict, Field

from graphlang.contracts.fields import FamilyMember


class Schedule(FamilyMember):
    """The base class of every schedule: a subclass defines its fields and `factor`."""

    family: ClassVar[str] = "schedules"
    #: whether the factor depends on the total number of steps
    needs_total: ClassVar[bool] = False
    #: whether `factor` rises over the steps of `warmup` by itself
    warms_up: ClassVar[bool] = False

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    warmup: int = Field(default=0, ge=0, description="over how many steps the rate rises in a line before")

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """By position, the attributes of a schedule's own come before `warmup`."""
        super().__pydantic_init_subclass__(**kwargs)
        if not cls.warms_up:
            cls.model_fields["warmup"] = cls.model_fields.pop("warmup")

    def multiplier(self, t: int, total: int) -> float:
        """What multiplies the learning rate in step `t` of `total`, the steps of `warmup` included."""
        if self.warms_up:
            return self.factor(t, total)
        if t <= self.warmup:
            return t / self.warmup
        return self.factor(t - self.warmup, total - self.warmup)

    def factor(self, t: int, total: int) -> float:
        """The factor in step `t` (1, 2, ..., `total`), counted in optimizer steps after those of `warmup`."""
        raise NotImplementedError
