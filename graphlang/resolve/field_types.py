"""Compares the types that `words` and `word_count` have, whatever the data, with those of their inputs."""

from __future__ import annotations

from typing import Any

from graphlang.datasets.field_functions import MOST_IDS
from graphlang.diagnostics import Diagnostic, Span
from graphlang.diagnostics.data_fields import (
    FieldOfOtherRank,
    FieldOfOtherSize,
    FieldOfOtherType,
    IdsBeyondRows,
    SizeOfAnotherInput,
)
from graphlang.resolve.context import Context
from graphlang.resolve.sections import Settings
from graphlang.resolve.type_texts import kind_of, type_text
from graphlang.resolve.values import InputValue

_AXES = {"words": 2, "word_count": 1}


def check_words(context: Context, settings: Settings) -> None:
    """Reports inputs that do not fit the words that they take."""
    inputs = {value.label: value for value in context.values if isinstance(value, InputValue)}
    sizes: dict[str, int] = {}
    for name, field in settings.values.items():
        call = field.get("expression") if isinstance(field, dict) else None
        if name in inputs and isinstance(call, dict) and call.get("call") in _AXES:
            problem = _mismatch(inputs[name], call, settings.places.get(name), sizes)
            if problem is not None:
                context.error(problem)


def _mismatch(
    value: InputValue, call: dict[str, Any], span: Span | None, sizes: dict[str, int]
) -> Diagnostic | None:
    """What does not fit; adds the named size that the words have to `sizes`."""
    if value.is_open:
        return None
    axes, length, most = _AXES[call["call"]], call["length"], call.get("most", MOST_IDS)
    fitting = f"int[N, {length}]" if axes == 2 else "int[N]"
    facts = value.label or "", type_text(value.array), call["text"], fitting, span
    if kind_of(value.array) == "bool":
        return FieldOfOtherType(*facts, "int", "bool", True)
    shape = value.array.shape
    if len(shape) != axes:
        return FieldOfOtherRank(*facts, fitting)
    if axes == 1:
        return None
    if isinstance(shape[1], int) and shape[1] != length:
        return FieldOfOtherSize.other_length(*facts, fitting, shape[1])
    if not isinstance(shape[1], int) and sizes.setdefault(str(shape[1]), length) != length:
        return SizeOfAnotherInput(*facts, str(shape[1]), sizes[str(shape[1])])
    bound = value.index_bound
    if isinstance(bound, int) and most > bound:
        return IdsBeyondRows(*facts, most, bound)
    return None
