"""Compares the type of a column with that of the input that takes it."""

from __future__ import annotations

import math
from typing import Any, TypeAlias

from graphlang.datasets.dataset import Column
from graphlang.diagnostics import Diagnostic, Span
from graphlang.diagnostics.data_fields import (
    BatchOfFixedSize,
    FieldMismatch,
    FieldOfOtherRank,
    FieldOfOtherSize,
    FieldOfOtherType,
    FieldToFlatten,
    FieldWithoutLastAxis,
    SizeOfAnotherInput,
)
from graphlang.engine.model import Model
from graphlang.inputs.input_values import declared_type
from graphlang.spec.models import InputSpec


def column_type(column: Column) -> str:
    return f"{column.dtype}[{', '.join(map(str, column.shape))}]"


def column_mismatch(
    model: Model, spec: InputSpec, field: str, column: Column, sizes: dict[str, int], place: Span | None
) -> Diagnostic | None:
    """Why a column does not fit an input's type, or None; `place` is that of the field in the file.

    Adds the named dimensions that it brings to `sizes`, except that of the batch.
    """
    span = model.network.span(spec.name)
    if spec.shape is None:
        return None
    facts: _Facts = (spec.name, declared_type(spec), field, column_type(column), span)
    allowed = {"float": ("float", "int", "bool"), "int": ("int",), "bool": ("bool",)}[spec.dtype]
    if spec.dtype == "int" and len(column.shape) == len(spec.shape) + 1 and column.shape[-1] > 1:
        wrong = _of_other_rank(model, spec, column, facts)
        return (
            wrong
            if isinstance(wrong, FieldToFlatten)
            else FieldOfOtherRank.scores_for_labels(*facts, _fitting(spec, column))
        )
    if column.dtype not in allowed:
        return FieldOfOtherType(*facts, column.dtype, spec.dtype, column.lines is not None)
    if len(spec.shape) != len(column.shape):
        lacking = _without_last_axis(spec, column, facts, place)
        return lacking or _of_other_rank(model, spec, column, facts)
    names = model.network.axes[spec.name]
    for axis, (expected, name, size) in enumerate(zip(spec.shape, names, column.shape, strict=True)):
        if axis == 0:
            if isinstance(expected, int):
                return BatchOfFixedSize(*facts, expected)
        elif isinstance(expected, int):
            if expected != size:
                numbered = _numbered(model, field) if column.shape[axis] < expected else None
                return FieldOfOtherSize(*facts, _fitting(spec, column), numbered=numbered)
        elif name is not None and sizes.setdefault(name, size) != size:
            return SizeOfAnotherInput(*facts, name, sizes[name])
    return None


_Facts: TypeAlias = "tuple[str, str, str, str, Span | None]"
"""The facts of every mismatch: the input, its type, the field, its type, and where the input is declared."""


def _fitting(spec: InputSpec, column: Column) -> str:
    """The type of an input that the column would fit."""
    shape = spec.shape or ()
    batch = str(shape[0]) if shape and not isinstance(shape[0], int) else "N"
    kind = "float" if column.dtype == "float" else spec.dtype
    return f"{kind}[{', '.join([batch, *map(str, column.shape[1:])])}]"


def _of_other_rank(model: Model, spec: InputSpec, column: Column, facts: _Facts) -> FieldMismatch:
    shape = spec.shape or ()
    if len(shape) == 1 and len(column.shape) == 2 and column.shape[1] == 1:
        return FieldOfOtherRank.one_column(*facts, f"{spec.dtype}[N, 1]")
    fitting = _fitting(spec, column)
    flattens = _flattens(model)
    more = len(column.shape) > len(shape)
    if flattens is None or flattens == more or len(shape) < 2:
        return FieldOfOtherRank(*facts, fitting)
    if not more and len(column.stored) != len(shape):  # without flattening it does not fit either
        return FieldOfOtherRank(*facts, fitting)
    rows_differ = isinstance(shape[1], int) and shape[1] != math.prod(column.shape[1:])
    if more and (len(shape) != 2 or rows_differ):
        return FieldOfOtherRank(*facts, fitting)
    return FieldToFlatten(*facts, fitting, "true" if more else "false")


def _lacks_last_axis(shape: tuple[Any, ...], column: Column) -> bool:
    """Whether a column has the declared axes except the last, which is 1 or the named width of a row."""
    if len(shape) < 2:
        return False
    *rows, last = shape
    if last != 1 and (isinstance(last, int) or len(shape) != 2):
        return False
    return len(rows) == len(column.shape) and all(
        not isinstance(size, int) or size == there for size, there in zip(rows, column.shape, strict=True)
    )


def _without_last_axis(
    spec: InputSpec, column: Column, facts: _Facts, place: Span | None
) -> FieldMismatch | None:
    """The mismatch of a column that lacks the last axis of its input, where that is easily given."""
    shape, field = spec.shape or (), facts[2]
    single = len(shape) == 2
    if not _lacks_last_axis(shape, column) or (place is not None and not single):
        return None
    column_of_array = f"{field}[:, None]" if single else f"{field}[..., None]"
    meant = column_of_array if place is None else f"[{place.text}]"
    return FieldWithoutLastAxis(*facts, _fitting(spec, column), meant, place, shape[-1] != 1)


def _numbered(model: Model, field: str) -> str | None:
    """The first `category` among the columns of a list."""
    section = model.spec.data
    expression = section.prepared.get(field) if section is not None else None
    columns = expression.get("list", ()) if isinstance(expression, dict) else ()
    while columns:
        for part in columns:
            if isinstance(part, dict) and part.get("call") == "category":
                return str(part["text"])
        columns = [inner for part in columns if isinstance(part, dict) for inner in part.get("list", ())]
    return None


def _flattens(model: Model) -> bool | None:
    """Whether the source flattens each sample into a row; None where it has no such option."""
    source = model.spec.data.source if model.spec.data is not None else None
    kind = model.network.catalog.member("datasets", source.name) if source is not None else None
    if source is None or kind is None or "flatten" not in kind.model_fields:
        return None
    return bool(source.attributes.get("flatten", kind.model_fields["flatten"].default))
