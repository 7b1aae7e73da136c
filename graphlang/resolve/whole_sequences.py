"""Finds the recurrent layer that gives every step where its last one may be meant."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from graphlang.diagnostics import Span
from graphlang.resolve.type_texts import sizes_text
from graphlang.resolve.values import NodeValue, Value

_RECURRENT = ("RNN", "GRU", "LSTM")
_MOST = 200
"""How many values are looked at."""


def every_step_given(operands: Sequence[Any]) -> str | None:
    """What to advise where an operand comes, step by step, from a recurrent layer without `return=last`."""
    ranks = {len(operand.array.shape) for operand in operands if isinstance(operand, Value)}
    if len(ranks) < 2:
        return None
    pending = [_sequence(operand) for operand in operands]
    seen: set[int] = set()
    while pending and len(seen) < _MOST:
        value = pending.pop()
        if not isinstance(value, NodeValue) or len(value.array.shape) < 3 or id(value) in seen:
            continue
        seen.add(id(value))
        if value.operation in _RECURRENT and "return" not in value.attributes:
            calls = re.findall(rf"\b{value.operation}\([^()\n]+\)", _line_of(value.span))
            last = f"`{calls[0][:-1]}, return=last)`" if len(calls) == 1 else None
            written = f"write {last}" if last and len(last) < 60 else "give it `return=last`"
            shape = sizes_text(value.array.shape)
            return f"`{value.operation}` gives every step, [{shape}]; if the last one is meant, {written}"
        pending += value.operands
    return None


def _line_of(span: Span) -> str:
    """The text from a place to the end of the line on which it ends."""
    text = span.source.text
    end = text.find("\n", span.end)
    return text[span.start : end if end >= 0 else len(text)]


def _sequence(operand: Any) -> Any:
    """An operand, or what it is a part of: `y[:, 0]` of a sequence lacks an axis."""
    if isinstance(operand, NodeValue) and operand.operation == "subscript" and operand.operands:
        return operand.operands[0]
    return operand
