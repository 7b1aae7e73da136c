"""Algebraic simplification: neutral elements, double negation, squares, sums as matrix products.

No rule changes a bit of a result, not even the sign of a zero; only a sum may be rounded differently.
Otherwise a comparison could come out differently for arrays of different sizes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from graphlang.engine.program import Program, rewritten
from graphlang.trace import Step, SymbolicArray
from graphlang.trace.sums import FEW, ROWS, vector_of_ones


def algebra(program: Program) -> Program:
    """Applies the rules to every step once, in order."""
    return rewritten(program, _apply)


def _apply(step: Step, operands: tuple[Any, ...]) -> Any:
    rule = _RULES.get(step.primitive.name)
    if rule is None:
        return None
    value = rule(step, operands)
    if value is None or not isinstance(value, SymbolicArray):
        return value
    # A rule must not change the shape or the precision of a result.
    same = value.shape == step.output.shape and value.dtype == step.output.dtype
    return value if same else None


def scalar_of(x: Any) -> float | None:
    """The number that all elements of a constant operand are equal to; None if there is none."""
    if isinstance(x, bool):
        return None
    if isinstance(x, int | float):
        return float(x)
    if isinstance(x, np.ndarray | np.generic) and x.dtype.kind in "fiu":
        if x.ndim == 0:
            return float(x)
        if x.size and not any(x.strides):
            return float(x.flat[0])
        if 0 < x.size <= 4096 and bool(np.all(x == x.flat[0])):
            return float(x.flat[0])
    return None


def _symbolic(x: Any) -> bool:
    return x.__class__ is SymbolicArray


def _multiply(step: Step, operands: tuple[Any, ...]) -> Any:
    for x, y in (operands, operands[::-1]):
        if _symbolic(x) and scalar_of(y) == 1.0:
            return x
        if _symbolic(x) and scalar_of(y) == -1.0 and x.dtype == step.output.dtype:
            return -x
    return _as_scalars(step, operands, np.multiply)


def _chain(step: Step, operands: tuple[Any, ...]) -> Any:
    """A plain product where dy is a constant without 0, or the slope a finite constant."""
    dy, slope = operands
    if _is_constant_with(dy, lambda x: x != 0) or _is_constant_with(slope, np.isfinite):
        return _plain(_multiply, np.multiply, step, operands)
    return None


def _chain_quotient(step: Step, operands: tuple[Any, ...]) -> Any:
    """A plain quotient where dy is a constant without 0, or the divisor a constant without 0 and nan."""
    dy, x = operands
    if _is_constant_with(dy, lambda x: x != 0) or _is_constant_with(x, lambda x: (x != 0) & ~np.isnan(x)):
        return _plain(_divide, np.divide, step, operands)
    return None


def _zero_times(step: Step, operands: tuple[Any, ...]) -> Any:
    """A plain product where one factor is a constant without 0 and infinities."""
    if any(_is_constant_with(x, lambda x: (x != 0) & np.isfinite(x)) for x in operands):
        return _plain(_multiply, np.multiply, step, operands)
    return None


def _plain(rule: Callable[..., Any], ufunc: np.ufunc, step: Step, operands: tuple[Any, ...]) -> Any:
    value = rule(step, operands)
    return ufunc(*operands) if value is None else value


def _is_constant_with(x: Any, holds: Callable[[Any], Any]) -> bool:
    """Whether an operand is a constant of one number for which `holds` is true."""
    number = scalar_of(x)
    return number is not None and bool(holds(number))


def _as_scalars(step: Step, operands: tuple[Any, ...], ufunc: Any) -> Any:
    """Replaces a constant array whose elements are all equal by a scalar, where the other operand has the
    result's shape."""
    changed = False
    parts = []
    for x, other in (operands, operands[::-1]):
        number = scalar_of(x) if isinstance(x, np.ndarray) and x.ndim else None
        if number is not None and _symbolic(other) and other.shape == step.output.shape:
            x, changed = np.asarray(number, x.dtype), True
        parts.append(x)
    return ufunc(*parts) if changed else None


def _divide(step: Step, operands: tuple[Any, ...]) -> Any:
    x, y = operands
    number = scalar_of(y)
    if not _symbolic(x) or number is None or step.output.dtype.kind != "f":
        return None
    return x if number == 1 else None


def _add(step: Step, operands: tuple[Any, ...]) -> Any:
    for x, y in (operands, operands[::-1]):
        if _symbolic(x) and _is_zero(y, -1.0 if x.dtype.kind == "f" else 1.0):
            return x
    return _as_scalars(step, operands, np.add)


def _is_zero(x: Any, sign: float) -> bool:
    """Whether a constant is a zero of that sign: -0 + 0 is 0, so that only -0 is neutral in a sum of
    floats."""
    number = scalar_of(x)
    return number == 0 and np.copysign(1.0, number) == sign


def _subtract(step: Step, operands: tuple[Any, ...]) -> Any:
    x, y = operands
    if _symbolic(x) and _is_zero(y, 1.0):
        return x
    return _as_scalars(step, operands, np.subtract)


def _negative(step: Step, operands: tuple[Any, ...]) -> Any:
    (x,) = operands
    inner = x.trace.step_of(x) if _symbolic(x) else None
    return inner.operands[0] if inner is not None and inner.primitive.name == "negative" else None


def _power(step: Step, operands: tuple[Any, ...]) -> Any:
    x, y = operands
    if not _symbolic(x) or x.dtype.kind != "f":
        return None
    number = scalar_of(y)
    if number == 1:
        return x
    return np.square(x) if number == 2 else None


def _astype(step: Step, operands: tuple[Any, ...]) -> Any:
    (x,) = operands
    return x if _symbolic(x) and x.dtype == step.params["dtype"] else None


def _same_shape(step: Step, operands: tuple[Any, ...]) -> Any:
    x = operands[0]
    return x if _symbolic(x) and x.shape == step.output.shape else None


def _transpose(step: Step, operands: tuple[Any, ...]) -> Any:
    """Merges two transposes into one, and drops one that changes nothing."""
    (x,) = operands
    axes = step.params["axes"]
    if not _symbolic(x):
        return None
    if list(axes) == list(range(len(axes))):
        return x
    inner = x.trace.step_of(x)
    if inner is None or inner.primitive.name != "transpose":
        return None
    return np.transpose(inner.operands[0], [inner.params["axes"][a] for a in axes])


def _same(step: Step, operands: tuple[Any, ...]) -> Any:
    """Drops steps that matter to differentiation alone: by now all gradients are recorded."""
    return operands[0]


def _sum(step: Step, operands: tuple[Any, ...]) -> Any:
    """The sum over the rows of a matrix with few rows is faster as a product with ones. For more rows it is
    two products, over the rows of each group and then over the groups, since a long product loses digits."""
    (x,) = operands
    if not _symbolic(x) or x.ndim != 2 or step.params.get("keepdims") or x.dtype.kind != "f":
        return None
    rows = x.shape[0]
    if step.params["axis"] != (0,) or step.output.dtype != x.dtype or not 8 <= rows <= 1024:
        return None
    if rows <= FEW:
        return np.matmul(vector_of_ones(rows, x.dtype), x)
    source = x.trace.step_of(x)
    height = next((d for d in range(ROWS, 1, -1) if rows % d == 0), 1)
    if rows // height > FEW or (source is not None and source.primitive.kind == "view"):
        return None
    groups = np.matmul(vector_of_ones(height, x.dtype), np.reshape(x, (rows // height, height, x.shape[1])))
    return np.matmul(vector_of_ones(rows // height, x.dtype), groups)


_RULES: dict[str, Callable[[Step, tuple[Any, ...]], Any]] = {
    "multiply": _multiply,
    "divide": _divide,
    "chain": _chain,
    "chain_quotient": _chain_quotient,
    "zero_times": _zero_times,
    "add": _add,
    "subtract": _subtract,
    "negative": _negative,
    "power": _power,
    "astype": _astype,
    "reshape": _same_shape,
    "broadcast_to": _same_shape,
    "transpose": _transpose,
    "stop_gradient": _same,
    "alias": _same,
    "sum": _sum,
}
