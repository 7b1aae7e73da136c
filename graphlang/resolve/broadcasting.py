"""Broadcasting that is allowed by NumPy's rules and hardly ever meant: both operands are broadcast."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import combinations
from typing import Any

from graphlang.diagnostics import Span
from graphlang.diagnostics.shapes import (
    OperandsBroadcast,
    SidesBroadcast,
    SidesMisfit,
)
from graphlang.resolve.context import Context
from graphlang.resolve.operation_symbols import SYMBOLS
from graphlang.resolve.type_texts import origins, sizes_text, tuple_text
from graphlang.resolve.values import NodeValue, Value
from graphlang.syntax.operators import OPERATORS
from graphlang.trace import Size, UndecidedError

Shape = tuple[Size, ...]
Pairs = list[tuple[Size, Size]]

BROADCASTING = {row.function for row in OPERATORS if row.broadcasts} | {"maximum", "minimum"}
"""Functions of two operands that are broadcast to one shape."""

GUARDED = BROADCASTING | {"where"}
"""Functions of which it is an error to broadcast two operands along different axes."""

RESHAPING = frozenset("reshape expand_dims broadcast_to subscript squeeze".split())
"""Operations whose use says that the broadcast shape is meant."""

LONGEST_IN_HELP = 30
"""The longest expression, in characters, that a help line repeats."""


def is_ambiguous(context: Context, name: str, operands: tuple[Any, ...], span: Span) -> bool:
    """Whether two of the operands would both be broadcast, which is reported."""
    if name not in GUARDED:
        return False
    values = [o for o in operands if isinstance(o, Value)]
    if len(values) < 2:
        return False
    return any(_report_if_both(context, name, a, b, span) for a, b in combinations(values, 2))


def _report_if_both(context: Context, name: str, left: Value, right: Value, span: Span) -> bool:
    a, b = left.array.shape, right.array.shape
    if a == b or _is_reshaped(left) or _is_reshaped(right) or not _both_broadcast(_aligned(a, b)):
        return False
    result = ", ".join(str(q if p == 1 else p) for p, q in _aligned(a, b))
    facts = SYMBOLS.get(name, name), tuple_text(a), tuple_text(b), result
    context.error(OperandsBroadcast(span, origins((left, right)), *facts, *_reshaped(left, right)))
    return True


def _is_reshaped(value: Value) -> bool:
    return isinstance(value, NodeValue) and value.operation in RESHAPING


def _reshaped(left: Value, right: Value) -> tuple[str, str | None]:
    """The calls that reshape an operand: for every combination, and for one shape if that is meant."""
    a, b = left.array.shape, right.array.shape
    value, shape = (right, _padded(b, a)) if len(b) <= len(a) else (left, _padded(a, b))
    every = _reshape_text(value, shape)
    if _without_ones(a) != _without_ones(b):
        return every, None
    longer, shape = (left, b) if len(a) > len(b) else (right, a)
    return every, _reshape_text(longer, shape)


def _padded(shape: Shape, other: Shape) -> Shape:
    """A shape with axes of size 1 in front, up to the rank of the other, as broadcasting reads it."""
    return (1,) * (len(other) - len(shape)) + shape


def _without_ones(shape: Shape) -> Shape:
    return tuple(size for size in shape if size != 1)


def _reshape_text(value: Value, shape: Shape) -> str:
    """The call that reshapes a value."""
    return f"`reshape({value.label or _short_text(value)}, {sizes_text(shape)})`"


def _short_text(value: Value) -> str:
    """The expression of a value without its brackets, or `...` for a long one."""
    text = value.span.text
    if re.fullmatch(r"\([^()]*\)", text):
        text = text[1:-1]
    return text if len(text) <= LONGEST_IN_HELP and "\n" not in text else "..."


def _aligned(a: Shape, b: Shape) -> Pairs:
    """The sizes of two shapes in pairs, aligned at the right; the shorter shape is padded with 1."""
    return list(zip(_padded(a, b), _padded(b, a), strict=True))


def _both_broadcast(pairs: Pairs) -> bool:
    """Whether each of the shapes is broadcast along an axis of the other."""
    if any(p not in (q, 1) and q != 1 for p, q in pairs):
        return False  # they do not broadcast at all, which the operation itself reports
    return any(p == 1 and q != 1 for p, q in pairs) and any(q == 1 and p != 1 for p, q in pairs)


def broadcasts(a: Shape, b: Shape) -> bool:
    """Whether two shapes broadcast to one, by NumPy's rules."""
    return all(p == q or 1 in (p, q) for p, q in _aligned(a, b))


def comparable(context: Context, sides: Sequence[Any], span: Span) -> bool:
    """Whether the two sides of an `expect` may turn out to have one shape; reported if they cannot."""
    a, b = (side.array.shape if isinstance(side, Value) else () for side in sides)
    pairs = _aligned(a, b)
    differ = any(1 not in (p, q) and _differ(p, q) for p, q in pairs)
    if not differ and not _both_broadcast(pairs):
        return True
    problem = SidesMisfit if differ else SidesBroadcast
    context.error(problem(span, origins(sides, span), tuple_text(a), tuple_text(b)))
    return False


def _differ(p: Size, q: Size) -> bool:
    """Whether two sizes are unequal for any data."""
    try:
        return bool(p > q or p < q)
    except UndecidedError:
        return False
