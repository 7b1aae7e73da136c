"""Which values of a program are computed row by row, and along which axis their rows lie.

The rows are those of a batch or a whole split: the program's inputs have them along axis 0. For each
primitive a rule says where the rows lie in the result, if every row of it depends on the same row of the
operands alone; it returns None where rows are mixed, or where it cannot tell.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np

from graphlang.engine.program import concrete
from graphlang.trace import Step, SymbolicArray
from graphlang.trace.core import signature

RowRule = Callable[[Step, "RowAxes"], "RowAxis | None"]


class RowAxis(NamedTuple):
    """The rows lie one after the other along `axis`: each takes `per_row` consecutive indices of it."""

    axis: int
    per_row: int = 1


class RowAxes:
    """The row axes of the values of a program for `total` rows."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.by_number: dict[int, RowAxis] = {}

    def of(self, x: Any) -> RowAxis | None:
        """The row axis of an operand; None where it has no rows."""
        return self.by_number.get(x.number) if x.__class__ is SymbolicArray else None

    def has_slice_per_row(self, x: Any, axis: int, rows: RowAxis) -> bool:
        """Whether an operand is a constant array whose length along `axis` is that of all rows together."""
        return isinstance(x, np.ndarray) and 0 <= axis < x.ndim and x.shape[axis] == rows.per_row * self.total


def result_row_axis(step: Step, axes: RowAxes) -> RowAxis | None:
    """The row axis of a step's result; None where the step mixes rows, or where no operand has rows."""
    name, kind = step.primitive.name, step.primitive.kind
    rule = _RULES.get(name) or (_aligned if kind == "elementwise" else None)
    if rule is None:
        return None
    if name in _CREATING or any(axes.of(x) is not None for x in step.operands):
        return rule(step, axes)
    return None


def params_for_rows(step: Step, rows: RowAxis, count: int) -> dict[str, Any]:
    """The parameters of a step for `count` rows."""
    params = dict(step.params)
    if "shape" in params:
        shape = list(params["shape"])
        shape[rows.axis] = rows.per_row * count
        params["shape"] = tuple(shape)
    if step.primitive.name == "slice":
        sizes = concrete(signature(step.operands[0])[0])
        params["key"] = tuple(
            slice(None) if _is_all(part, n) else part for part, n in zip(params["key"], sizes, strict=True)
        )
    return params


def axis_in_operand(operand: Any, step: Step, rows: RowAxis) -> int:
    """The axis of an operand that broadcasts to the row axis of the result; negative where it has none."""
    ndim = len(signature(operand)[0])
    return rows.axis - (len(step.output.shape) - ndim)


# ---- rules -----------------------------------------------------------------------------------------------


def _aligned(step: Step, axes: RowAxes) -> RowAxis | None:
    """Operands that broadcast: their row axes must coincide."""
    ndim = len(step.output.shape)
    candidates = {
        RowAxis(rows.axis + ndim - len(x.shape), rows.per_row)
        for x in step.operands
        if (rows := axes.of(x)) is not None
    }
    if len(candidates) != 1:
        return None
    rows = candidates.pop()
    return rows if all(_broadcasts_per_row(x, step, rows, axes) for x in step.operands) else None


def _broadcasts_per_row(x: Any, step: Step, rows: RowAxis, axes: RowAxes) -> bool:
    """Whether an operand has rows, is the same for all of them, or can be sliced along them."""
    axis = axis_in_operand(x, step, rows)
    shape = signature(x)[0]
    return axes.of(x) is not None or axis < 0 or shape[axis] == 1 or axes.has_slice_per_row(x, axis, rows)


def _along_other_axis(parameter: str) -> RowRule:
    """Operands that broadcast, in a primitive that works along an axis other than the row axis."""

    def rule(step: Step, axes: RowAxes) -> RowAxis | None:
        rows = _aligned(step, axes)
        return None if rows is None or rows.axis == step.params[parameter] else rows

    return rule


def _reduction(step: Step, axes: RowAxes) -> RowAxis | None:
    rows = axes.of(step.operands[0])
    axis = step.params["axis"]
    reduced = axis if isinstance(axis, tuple) else (axis,)
    if rows is None or rows.axis in reduced:
        return None
    before = 0 if step.params.get("keepdims") else sum(1 for i in reduced if i < rows.axis)
    return RowAxis(rows.axis - before, rows.per_row)


def _reshape(step: Step, axes: RowAxes) -> RowAxis | None:
    """The rows stay in order where the axes before them have as many elements as before."""
    x, shape = step.operands[0], concrete(step.output.shape)
    rows = axes.of(x)
    if rows is None:
        return None
    lead = prod(concrete(x.shape)[: rows.axis])
    for axis, size in enumerate(shape):
        if prod(shape[:axis]) == lead and size > 0 and size % axes.total == 0:
            return RowAxis(axis, size // axes.total)
    return None


def _transpose(step: Step, axes: RowAxes) -> RowAxis | None:
    rows = axes.of(step.operands[0])
    return None if rows is None else RowAxis(step.params["axes"].index(rows.axis), rows.per_row)


def _broadcast(step: Step, axes: RowAxes) -> RowAxis | None:
    """A value that broadcasts to one slice per row gets rows, all of them equal."""
    x, shape = step.operands[0], concrete(step.output.shape)
    if axes.of(x) is not None:
        return _aligned(step, axes)
    if not shape or shape[0] == 0 or shape[0] % axes.total:
        return None
    old = signature(x)[0]
    broadcasts = len(old) < len(shape) or old[0] == 1
    return RowAxis(0, shape[0] // axes.total) if broadcasts else None


def _slice(step: Step, axes: RowAxes) -> RowAxis | None:
    x, key = step.operands[0], step.params["key"]
    rows = axes.of(x)
    if rows is None or not _is_all(key[rows.axis], concrete(x.shape)[rows.axis]):
        return None
    return RowAxis(
        rows.axis - sum(1 for part in key[: rows.axis] if not isinstance(part, slice)), rows.per_row
    )


def _is_all(part: Any, size: int) -> bool:
    return isinstance(part, slice) and part.indices(size) == (0, size, 1)


def _unslice(step: Step, axes: RowAxes) -> RowAxis | None:
    candidates = set()
    for part, key in zip(step.operands, step.params["keys"], strict=True):
        rows = axes.of(part)
        sliced = [i for i, p in enumerate(key) if isinstance(p, slice)]
        if rows is None or key[sliced[rows.axis]] != slice(None):
            return None
        candidates.add(RowAxis(sliced[rows.axis], rows.per_row))
    return candidates.pop() if len(candidates) == 1 else None


def _take(step: Step, axes: RowAxes) -> RowAxis | None:
    """From a table by an index array that has rows, or from every row by the same indices."""
    x, indices = step.operands
    axis, of_x, of_indices = step.params["axis"], axes.of(x), axes.of(indices)
    if of_x is not None and of_indices is not None:
        return None
    if of_indices is not None:
        return RowAxis(axis + of_indices.axis, of_indices.per_row)
    if of_x is None or of_x.axis == axis:
        return None
    return of_x if of_x.axis < axis else RowAxis(of_x.axis + np.ndim(indices) - 1, of_x.per_row)


def _pad(step: Step, axes: RowAxes) -> RowAxis | None:
    rows = axes.of(step.operands[0])
    return rows if rows is not None and tuple(step.params["widths"][rows.axis]) == (0, 0) else None


def _keeps_last_axis(step: Step, axes: RowAxes) -> RowAxis | None:
    x = step.operands[0]
    rows = axes.of(x)
    return None if rows is None or rows.axis == len(x.shape) - 1 else rows


def _matmul(step: Step, axes: RowAxes) -> RowAxis | None:
    """The data's rows are rows of the left matrix, columns of the right one, or the axis of a batch."""
    x, w = step.operands
    (a, _), (b, _) = signature(x), signature(w)
    of_x, of_w = axes.of(x), axes.of(w)
    ndim = len(step.output.shape)
    if of_x is not None and of_w is not None:
        return _batched(step, axes, ndim) if min(len(a), len(b)) > 2 else None
    if of_x is not None:
        if of_x.axis == len(a) - 1:
            return None
        if len(b) == 1:
            return of_x
        rows = RowAxis(of_x.axis + ndim - len(a), of_x.per_row)
        return rows if len(b) == 2 or of_x.axis == len(a) - 2 or _is_shared(b, len(b), rows, ndim) else None
    assert of_w is not None
    if len(b) == 1 or of_w.axis == len(b) - 2:
        return None
    if len(a) == 1:  # the result lacks the axis that is summed over
        return RowAxis(of_w.axis - 1, of_w.per_row) if of_w.axis == len(b) - 1 else of_w
    rows = RowAxis(of_w.axis + ndim - len(b), of_w.per_row)
    return rows if of_w.axis == len(b) - 1 or _is_shared(a, len(a), rows, ndim) else None


def _batched(step: Step, axes: RowAxes, ndim: int) -> RowAxis | None:
    candidates = set()
    for x in step.operands:
        rows = axes.of(x)
        if rows is None or rows.axis >= len(x.shape) - 2:
            return None
        candidates.add(RowAxis(rows.axis + ndim - len(x.shape), rows.per_row))
    return candidates.pop() if len(candidates) == 1 else None


def _is_shared(shape: Sequence[Any], size: int, rows: RowAxis, ndim: int) -> bool:
    """Whether an operand without rows is the same for all of them: it has no axis that meets the row axis, or
    one of size 1."""
    axis = rows.axis - (ndim - size)
    return axis < 0 or shape[axis] == 1


def _first_operand(axis: int) -> RowRule:
    """Rows along one axis of the first operand; the other operands are weights without rows."""

    def rule(step: Step, axes: RowAxes) -> RowAxis | None:
        rows = axes.of(step.operands[0])
        if rows is None or rows.axis != axis or any(axes.of(x) is not None for x in step.operands[1:]):
            return None
        return rows

    return rule


def _recurrence(step: Step, axes: RowAxes) -> RowAxis | None:
    """Rows along axis 1 of the sequence, and along axis 0 of the state to start from."""
    x, *weights = step.operands[:4]
    start = step.operands[4:]
    rows = axes.of(x)
    if rows is None or rows.axis != 1 or any(axes.of(w) is not None for w in weights):
        return None
    return rows if all(axes.of(s) == RowAxis(0, rows.per_row) for s in start) else None


_CREATING = frozenset({"broadcast_to", "full"})
_ALONG = ("concatenate", "take_along_axis", "add_along_axis", "roll", "cumsum", "cumprod", "cummax",
          "max_pool", "max_pool_gradient", "max_pool_pick", "sum_pool", "sum_pool_gradient")  # fmt: skip
_RULES: Mapping[str, RowRule] = {
    **dict.fromkeys(_ALONG, _along_other_axis("axis")),
    **dict.fromkeys(("sum", "prod", "max", "min", "any", "all", "argmax", "argmin"), _reduction),
    **dict.fromkeys(("conv", "conv_transpose"), _first_operand(0)),
    **dict.fromkeys(("rnn", "lstm", "gru", "gru_after"), _recurrence),
    "stop_gradient": _aligned,
    "one_hot": lambda step, axes: axes.of(step.operands[0]),
    "reshape": _reshape,
    "transpose": _transpose,
    "broadcast_to": _broadcast,
    "full": _broadcast,
    "slice": _slice,
    "unslice": _unslice,
    "take": _take,
    "pad": _pad,
    "argsort": _keeps_last_axis,
    "matmul": _matmul,
}
