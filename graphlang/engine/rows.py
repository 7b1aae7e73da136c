"""Which values of a recorded program are computed row by row, and along which axis the rows lie.

A rule is asked of a step whose operands are known: it answers where the rows lie in the result if each of
them depends on the same row of the operands alone, and None where rows are mixed or it cannot tell.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np

from graphlang.engine.program import concrete
from graphlang.trace import Step, SymbolicArray
from graphlang.trace.array import signature

Rule = Callable[[Step, "Known"], "Rows | None"]


class Rows(NamedTuple):
    """The rows lie along an axis, one after the other, each with `per` places there."""

    axis: int
    per: int = 1


class Known:
    """Where the rows lie in the values of a program for `total` rows."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.rows: dict[int, Rows] = {}

    def of(self, x: Any) -> Rows | None:
        """Where the rows lie in an operand; None where it has none."""
        return self.rows.get(x.number) if x.__class__ is SymbolicArray else None

    def is_cut(self, x: Any, axis: int, rows: Rows) -> bool:
        """Whether an operand without rows is an array that holds something for each of them."""
        return isinstance(x, np.ndarray) and 0 <= axis < x.ndim and x.shape[axis] == rows.per * self.total


def rows_after(step: Step, known: Known) -> Rows | None:
    """Where the rows lie in the result of a step, none of whose operands mixes rows."""
    name, kind = step.primitive.name, step.primitive.kind
    rule = _RULES.get(name) or (_aligned if kind == "elementwise" else None)
    if rule is None:
        return None
    if name in _CREATED or any(known.of(x) is not None for x in step.operands):
        return rule(step, known)
    return None


def fewer(step: Step, rows: Rows, count: int) -> dict[str, Any]:
    """The parameters of a step on `count` rows."""
    params = dict(step.params)
    if "shape" in params:
        shape = list(params["shape"])
        shape[rows.axis] = rows.per * count
        params["shape"] = tuple(shape)
    if step.primitive.name == "slice":
        sizes = concrete(signature(step.operands[0])[0])
        params["key"] = tuple(
            slice(None) if _is_all(part, n) else part for part, n in zip(params["key"], sizes, strict=True)
        )
    return params


def place_in(operand: Any, step: Step, rows: Rows) -> int:
    """The axis of an operand that meets the axis of the rows in the result, counted from the end."""
    ndim = len(signature(operand)[0])
    return rows.axis - (len(step.output.shape) - ndim)


# ---- rules -----------------------------------------------------------------------------------------------


def _aligned(step: Step, known: Known) -> Rows | None:
    """Operands that broadcast: their rows must meet."""
    ndim = len(step.output.shape)
    found = {
        Rows(rows.axis + ndim - len(x.shape), rows.per)
        for x in step.operands
        if (rows := known.of(x)) is not None
    }
    if len(found) != 1:
        return None
    rows = found.pop()
    return rows if all(_fits(x, step, rows, known) for x in step.operands) else None


def _fits(x: Any, step: Step, rows: Rows, known: Known) -> bool:
    """Whether an operand has rows, is the same for all of them, or can be cut along them."""
    place = place_in(x, step, rows)
    shape = signature(x)[0]
    return known.of(x) is not None or place < 0 or shape[place] == 1 or known.is_cut(x, place, rows)


def _beside(parameter: str) -> Rule:
    """Operands that meet, worked on along one other axis."""

    def rule(step: Step, known: Known) -> Rows | None:
        rows = _aligned(step, known)
        return None if rows is None or rows.axis == step.params[parameter] else rows

    return rule


def _reduction(step: Step, known: Known) -> Rows | None:
    rows = known.of(step.operands[0])
    axis = step.params["axis"]
    axes = axis if isinstance(axis, tuple) else (axis,)
    if rows is None or rows.axis in axes:
        return None
    before = 0 if step.params.get("keepdims") else sum(1 for i in axes if i < rows.axis)
    return Rows(rows.axis - before, rows.per)


def _reshape(step: Step, known: Known) -> Rows | None:
    """The rows stay in order where the axes before them hold as many elements as before."""
    x, shape = step.operands[0], concrete(step.output.shape)
    rows = known.of(x)
    if rows is None:
        return None
    lead = prod(concrete(x.shape)[: rows.axis])
    for axis, size in enumerate(shape):
        if prod(shape[:axis]) == lead and size > 0 and size % known.total == 0:
            return Rows(axis, size // known.total)
    return None


def _transpose(step: Step, known: Known) -> Rows | None:
    rows = known.of(step.operands[0])
    return None if rows is None else Rows(step.params["axes"].index(rows.axis), rows.per)


def _broadcast(step: Step, known: Known) -> Rows | None:
    """What is stretched to one piece for each row has rows, all of them equal."""
    x, shape = step.operands[0], concrete(step.output.shape)
    if known.of(x) is not None:
        return _aligned(step, known)
    if not shape or shape[0] == 0 or shape[0] % known.total:
        return None
    old = signature(x)[0]
    stretched = len(old) < len(shape) or old[0] == 1
    return Rows(0, shape[0] // known.total) if stretched else None


def _slice(step: Step, known: Known) -> Rows | None:
    x, key = step.operands[0], step.params["key"]
    rows = known.of(x)
    if rows is None or not _is_all(key[rows.axis], concrete(x.shape)[rows.axis]):
        return None
    return Rows(rows.axis - sum(1 for part in key[: rows.axis] if not isinstance(part, slice)), rows.per)


def _is_all(part: Any, size: int) -> bool:
    return isinstance(part, slice) and part.indices(size) == (0, size, 1)


def _unslice(step: Step, known: Known) -> Rows | None:
    found = set()
    for part, key in zip(step.operands, step.params["keys"], strict=True):
        rows = known.of(part)
        axes = [i for i, p in enumerate(key) if isinstance(p, slice)]
        if rows is None or key[axes[rows.axis]] != slice(None):
            return None
        found.add(Rows(axes[rows.axis], rows.per))
    return found.pop() if len(found) == 1 else None


def _take(step: Step, known: Known) -> Rows | None:
    """From a table by the rows' indices, or from each row by the same indices."""
    x, indices = step.operands
    axis, of_x, of_indices = step.params["axis"], known.of(x), known.of(indices)
    if of_x is not None and of_indices is not None:
        return None
    if of_indices is not None:
        return Rows(axis + of_indices.axis, of_indices.per)
    if of_x is None or of_x.axis == axis:
        return None
    return of_x if of_x.axis < axis else Rows(of_x.axis + np.ndim(indices) - 1, of_x.per)


def _pad(step: Step, known: Known) -> Rows | None:
    rows = known.of(step.operands[0])
    return rows if rows is not None and tuple(step.params["widths"][rows.axis]) == (0, 0) else None


def _last_apart(step: Step, known: Known) -> Rows | None:
    x = step.operands[0]
    rows = known.of(x)
    return None if rows is None or rows.axis == len(x.shape) - 1 else rows


def _matmul(step: Step, known: Known) -> Rows | None:
    """Rows of the left matrix, columns of the right one, or one product for each row."""
    x, w = step.operands
    (a, _), (b, _) = signature(x), signature(w)
    of_x, of_w = known.of(x), known.of(w)
    ndim = len(step.output.shape)
    if of_x is not None and of_w is not None:
        return _batched(step, known, ndim) if min(len(a), len(b)) > 2 else None
    if of_x is not None:
        if of_x.axis == len(a) - 1:
            return None
        if len(b) == 1:
            return of_x
        rows = Rows(of_x.axis + ndim - len(a), of_x.per)
        return rows if len(b) == 2 or of_x.axis == len(a) - 2 or _meets(b, len(b), rows, ndim) else None
    assert of_w is not None
    if len(b) == 1 or of_w.axis == len(b) - 2:
        return None
    if len(a) == 1:  # the axis of the sum is not there any more
        return Rows(of_w.axis - 1, of_w.per) if of_w.axis == len(b) - 1 else of_w
    rows = Rows(of_w.axis + ndim - len(b), of_w.per)
    return rows if of_w.axis == len(b) - 1 or _meets(a, len(a), rows, ndim) else None


def _batched(step: Step, known: Known, ndim: int) -> Rows | None:
    found = set()
    for x in step.operands:
        rows = known.of(x)
        if rows is None or rows.axis >= len(x.shape) - 2:
            return None
        found.add(Rows(rows.axis + ndim - len(x.shape), rows.per))
    return found.pop() if len(found) == 1 else None


def _meets(shape: Sequence[Any], size: int, rows: Rows, ndim: int) -> bool:
    """Whether an operand without rows is the same for all of them: there is no axis where they lie, or one
    of size 1."""
    place = rows.axis - (ndim - size)
    return place < 0 or shape[place] == 1


def _first_operand(axis: int) -> Rule:
    """The rows of the first operand along one axis; all others are weights."""

    def rule(step: Step, known: Known) -> Rows | None:
        rows = known.of(step.operands[0])
        if rows is None or rows.axis != axis or any(known.of(x) is not None for x in step.operands[1:]):
            return None
        return rows

    return rule


_CREATED = frozenset({"broadcast_to", "full"})
_ALONG = ("concatenate", "take_along_axis", "add_along_axis", "roll", "cumsum", "max_pool",
          "max_pool_gradient", "max_pool_pick", "sum_pool", "sum_pool_gradient")  # fmt: skip
_RULES: Mapping[str, Rule] = {
    **dict.fromkeys(_ALONG, _beside("axis")),
    **dict.fromkeys(("sum", "prod", "max", "min", "any", "all", "argmax", "argmin"), _reduction),
    **dict.fromkeys(("conv", "conv_transpose"), _first_operand(0)),
    **dict.fromkeys(("rnn", "lstm", "gru"), _first_operand(1)),
    "stop_gradient": _aligned,
    "one_hot": lambda step, known: known.of(step.operands[0]),
    "reshape": _reshape,
    "transpose": _transpose,
    "broadcast_to": _broadcast,
    "full": _broadcast,
    "slice": _slice,
    "unslice": _unslice,
    "take": _take,
    "pad": _pad,
    "argsort": _last_apart,
    "matmul": _matmul,
}
