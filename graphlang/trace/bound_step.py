"""Binds a recorded step to arrays: a call without arguments that reads its operands and writes its result.

Binding comes before the arrays are filled, so nothing here may look at the numbers in them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from graphlang.trace import sums
from graphlang.trace.core import Step
from graphlang.trace.types import NumPyArray, Thunk
from graphlang.trace.whole_numbers import check_step, is_counted


def bind_step(step: Step, operands: Sequence[Any], out: NumPyArray) -> Thunk:
    """One step on arrays, its result into `out`."""
    return checked(step, operands, _bound(step, operands, out))


def checked(step: Step, operands: Sequence[Any], call: Thunk) -> Thunk:
    """The call of a step; a whole number that does not fit into an int is refused before it is computed."""
    if not is_counted(step.primitive.name, step.output.dtype, operands):
        return call
    return one_call([partial(check_step, step, operands), call])


def _bound(step: Step, operands: Sequence[Any], out: NumPyArray) -> Thunk:
    primitive = step.primitive
    if primitive.plain is not None:
        return primitive.checked(_as_arrays(operands), out)
    if primitive.kind == "elementwise":
        return _elementwise(step, operands, out)
    if primitive.kind == "reduction" and hasattr(primitive, "reduce"):
        x = operands[0]
        axis: tuple[int, ...] = step.params["axis"]
        dtype, keep = step.params.get("dtype"), step.params.get("keepdims")
        along_rows = axis == (x.ndim - 1,) and x.ndim > 1 and x.size
        if along_rows and x.flags.c_contiguous and out.flags.c_contiguous:
            return reduce_rows(step, x.reshape(-1, x.shape[-1]), out.reshape(-1))
        if primitive.name == "sum" and not sums.is_exact(x, axis, dtype):
            rest = tuple([n for i, n in enumerate(x.shape) if i not in axis])
            return one_call(sums.calls(x, axis, out.reshape(rest, copy=False)))
        return partial(primitive.reduce, x, axis, dtype, out, bool(keep))
    return partial(primitive.compute, *operands, out=out, **step.params)


def reduce_rows(step: Step, x: NumPyArray, out: NumPyArray) -> Thunk:
    """Reduces each row of a matrix to a number; NumPy itself is slow for short rows."""
    reduce, dtype = step.primitive.reduce, step.params.get("dtype")  # type: ignore[attr-defined]
    same = x.dtype == out.dtype == (dtype or x.dtype)
    if step.primitive.name == "sum" and same and x.dtype.kind == "f" and x.shape[1] <= _LONG:
        return partial(np.vecdot, x, np.ones(x.shape[1], x.dtype), out)
    if step.primitive.name in ("max", "min") and x.shape[1] <= _SHORT <= len(x):
        return partial(_by_columns, reduce, x, np.empty(x.shape[::-1], x.dtype), out)
    return partial(reduce, x, 1, dtype, out, False)


def _by_columns(reduce: Callable[..., Any], x: NumPyArray, turned: NumPyArray, out: NumPyArray) -> None:
    np.copyto(turned, x.T)
    reduce(turned, 0, None, out, False)


_LONG = 2**10
"""The longest row for which a product with ones is as exact as NumPy's pairwise sum."""
_SHORT = 32
"""The longest row for which transposing first pays off: columns are reduced side by side."""


def _elementwise(step: Step, operands: Sequence[Any], out: NumPyArray) -> Thunk:
    primitive = step.primitive
    if primitive.name == "astype":
        return partial(np.copyto, out, operands[0], "unsafe")
    if primitive.ufunc is not None:
        arrays = _as_arrays(operands)
        if primitive.ufunc in _OUT_BY_NAME:
            return partial(primitive.ufunc, *arrays, out=out)
        return partial(primitive.ufunc, *arrays, out)
    return partial(primitive.compute, *operands, out=out, **step.params)


_OUT_BY_NAME = (np.maximum, np.minimum)
"""NumPy warns when these get `out` by position, since it could be a third number to compare."""


def _as_arrays(operands: Sequence[Any]) -> list[Any]:
    """Python numbers as arrays of the precision that NumPy would choose, converted once."""
    dtypes = [x.dtype for x in operands if isinstance(x, np.ndarray | np.generic)]
    if len(dtypes) != 1 or dtypes[0].kind != "f":
        return list(operands)
    return [np.asarray(x, dtypes[0]) for x in operands]


def one_call(calls: Sequence[Thunk]) -> Thunk:
    """The calls as one."""

    def run() -> None:
        for call in calls:
            call()

    return run
