"""Attributes as Pydantic fields: `true` and `false` are no numbers, and numbers are not `true` or `false`."""

from __future__ import annotations

import typing
from functools import cache
from typing import Any, cast

from pydantic import BaseModel, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError


class Fields(BaseModel):
    """The base of what a spec gives attributes or settings to."""

    @field_validator("*", mode="before")
    @classmethod
    def _truth_is_no_number(cls, value: Any, info: ValidationInfo) -> Any:
        """Python counts True as 1, and Pydantic takes 1 for True: `Affine(true)` would have one unit."""
        assert info.field_name is not None
        kinds = _kinds(cast("Any", cls.model_fields[info.field_name].annotation))
        if Any in kinds:
            return value
        numbers = kinds & {int, float}
        if numbers and bool not in kinds and any(isinstance(v, bool) for v in _leaves(value)):
            wanted = "int_type" if int in numbers else "float_type"
            raise PydanticCustomError(wanted, "Input should be a valid number")
        if bool in kinds and not numbers and not isinstance(value, bool | None):
            raise PydanticCustomError("bool_type", "Input should be a valid boolean")
        return value


def _leaves(value: Any) -> list[Any]:
    return [leaf for v in value for leaf in _leaves(v)] if isinstance(value, list | tuple) else [value]


@cache
def _kinds(hint: Any) -> frozenset[Any]:
    """The types that a hint is made of: of `int | tuple[int, ...] | None` these are int, tuple and None."""
    hint = getattr(hint, "__value__", hint)
    parts = [p for p in typing.get_args(hint) if isinstance(p, type) or typing.get_args(p) or p is Any]
    return frozenset({hint}).union(*map(_kinds, parts))
