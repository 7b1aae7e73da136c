"""What to report for a number of a field that is not finite: the call that makes it, or a gap in a column."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan
from typing import Any

from graphlang.datasets.dataset import Array, Column
from graphlang.datasets.number_checks import not_finite
from graphlang.diagnostics.data_fields import ComputedNotFinite, GapInColumn, NumberNotFinite
from graphlang.engine.model import Model
from graphlang.training.batches import Origin
from graphlang.training.gaps_in_targets import is_target
from graphlang.training.section_places import field_place


def field_not_finite(
    model: Model, name: str, field: str, column: Column, origin: Origin
) -> NumberNotFinite | None:
    """The first number that is not finite in the field that the input `name` takes."""
    values = column.load()
    place = not_finite(values)
    if place is None:
        return None
    row, value = place[0], values[place].item()
    at, target = origin.of_number(column, row), is_target(model, name)
    span = field_place(model, field, name) or model.network.span(name)
    cause = column.cause_of(row)
    if cause is not None:
        return ComputedNotFinite(field, value, at, span, target, cause.function, cause.text, cause.arguments)
    here, anywhere = column.gaps_of(row) or _of_itself(field, values, row)
    if not here or not isnan(value):
        return NumberNotFinite(field, value, at, span, target)
    span = field_place(model, here[0], name) or span
    if column.lines is None:
        return NumberNotFinite(here[0], value, at, span, target)
    others = [column for column in anywhere if column not in here]
    return GapInColumn(here[0], value, at, span, target, [*here, *others])


def _of_itself(field: str, values: Array, row: int) -> tuple[Sequence[str], Sequence[Any]]:
    """The gaps of a column that is taken as it is."""
    return ([field], [field]) if values.ndim == 1 and values[row] != values[row] else ([], [])
