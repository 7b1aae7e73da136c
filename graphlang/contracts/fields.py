"""Attributes as Pydantic fields that keep bools and numbers apart."""

from __future__ import annotations

import re
import typing
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, cast

from pydantic import BaseModel, PydanticUserError, ValidationError, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from graphlang.diagnostics import closest
from graphlang.lazy import made_once

if TYPE_CHECKING:
    from pydantic._internal._model_construction import ModelMetaclass
else:
    ModelMetaclass = type(BaseModel)  # it has no public name


class FieldsWithTypes(ModelMetaclass):
    """Says in a sentence of this package that an attribute of a class lacks its type."""

    def __new__(cls, name: str, *arguments: Any, **more: Any) -> Any:
        try:
            return super().__new__(cls, name, *arguments, **more)
        except PydanticUserError as error:
            if error.code != "model-field-missing-annotation":
                raise
            written = re.search(r"`(\w+) = (.*?)`", str(error))
            attribute = written[1] if written else "..."
            raise TypeError(
                f"the attribute `{attribute}` of {name} has no type: write `{attribute}: int = ...`, or "
                f"`{attribute}: ClassVar[int] = ...` where a file does not set it"
            ) from None


class Fields(BaseModel, metaclass=FieldsWithTypes):
    """The base class of everything that takes attributes or settings from a spec."""

    @field_validator("*", mode="before")
    @classmethod
    def _bools_are_not_numbers(cls, value: Any, info: ValidationInfo) -> Any:
        """Refuses a bool for a number, a number for a bool, and a number in quotes.

        Pydantic would accept all three, since Python's True equals 1: `Affine(true)` would have one unit.
        """
        assert info.field_name is not None
        kinds = _kinds_of_field(cls, info.field_name)
        if Any in kinds:
            return value
        numbers = kinds & {int, float}
        if numbers and bool not in kinds and any(isinstance(v, bool) for v in _leaves(value)):
            error_type = "int_type" if int in numbers else "float_type"
            raise PydanticCustomError(error_type, "Input should be a valid number")
        words = str in kinds or any(typing.get_origin(kind) is Literal for kind in kinds)
        if numbers and not words and any(isinstance(v, str) for v in _leaves(value)):
            error_type = "int_type" if int in numbers else "float_type"
            raise PydanticCustomError(error_type, "Input should be a valid number")
        if bool in kinds and not numbers and not isinstance(value, bool | None):
            raise PydanticCustomError("bool_type", "Input should be a valid boolean")
        return value


class FamilyMember(Fields):
    """The base class of optimizers, schedules, initializers and data sources, which Python makes as a file
    does: `SGD(0.1)` is `SGD(lr=0.1)`."""

    def __init__(self, *values: Any, **named: Any) -> None:
        cls = type(self)
        names = [field.alias or name for name, field in cls.model_fields.items()]
        if len(values) > len(names):
            raise TypeError(
                f"{cls.__name__} has {len(names)} attributes, not {len(values)}: {', '.join(names)}"
            )
        for name, value in zip(names, values, strict=False):
            if name in named:
                raise TypeError(f"{cls.__name__} is given `{name}` twice")
            named[name] = value
        unknown = [name for name in named if name not in names and name not in cls.model_fields]
        if unknown:
            raise _no_such_attribute(cls, unknown[0], named[unknown[0]], names)
        super().__init__(**named)


def _no_such_attribute(cls: type[FamilyMember], name: str, value: Any, names: list[str]) -> ValidationError:
    match = closest(name, names)
    instead = f"did you mean `{match}`?" if match else f"its attributes are {', '.join(names)}"
    sentence = f"{cls.__name__} has no attribute `{name}`; {instead}"
    problem = PydanticCustomError("extra_forbidden", "{sentence}", {"sentence": sentence})
    return ValidationError.from_exception_data(
        cls.__name__, [{"type": problem, "loc": (name,), "input": value}]
    )


def _leaves(value: Any) -> list[Any]:
    return [leaf for v in value for leaf in _leaves(v)] if isinstance(value, list | tuple) else [value]


@lru_cache(maxsize=4096)
def _kinds_of_field(model: type[BaseModel], name: str) -> frozenset[Any]:
    return _kinds(cast("Any", model.model_fields[name].annotation))


@made_once
def _kinds(hint: Any) -> frozenset[Any]:
    """The types in a hint: int, tuple and None for `int | tuple[int, ...] | None`."""
    hint = getattr(hint, "__value__", hint)
    parts = [p for p in typing.get_args(hint) if isinstance(p, type) or typing.get_args(p) or p is Any]
    return frozenset({hint}).union(*map(_kinds, parts))
