"""A step of a loop's body on the values of all repetitions at once, stacked along a new first axis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, cast

import numpy as np

from graphlang.engine.program import concrete
from graphlang.trace import Step, SymbolicArray, Trace
from graphlang.trace.core import signature
from graphlang.trace.whole_numbers import is_counted


class Stacked(NamedTuple):
    """The values of all repetitions, or one value that is the same in all of them."""

    value: Any
    #: whether there is an axis of repetitions, the first one
    varies: bool


def can_be_stacked(step: Step, varying: Sequence[bool]) -> bool:
    """Whether `on_stacks` knows the step, where those operands differ between repetitions."""
    name, kind = step.primitive.name, step.primitive.kind
    if step.output.dtype.kind not in "fb" or is_counted(name, step.output.dtype, step.operands):
        return False
    if kind == "elementwise":
        return True
    if name == "matmul":
        (a, _), (b, _) = map(signature, step.operands)
        return list(varying) == [True, False] and len(a) == len(b) == 2
    if name in ("sum", "square_sum", "max", "min"):
        return kind == "reduction" and isinstance(step.params.get("axis"), tuple)
    if name == "take":
        return step.params["axis"] == 0 and list(varying) == [False, True]
    if name == "concatenate":
        return all(varying)
    return name in _VIEWS


def on_stacks(
    trace: Trace, step: Step, operands: Sequence[Stacked], length: int, *, join: bool
) -> SymbolicArray:
    """The result of a step in all repetitions, recorded in a trace: the operands may all be constants.

    With `join` a product is one of a single tall matrix.
    """
    values = [x.value for x in operands]
    name, params = step.primitive.name, step.params
    shape = (length, *concrete(step.output.shape))
    if step.primitive.kind == "elementwise":
        values = [_aligned(x, step.operands[i], step, length) for i, x in enumerate(operands)]
    elif name == "matmul" and join:
        rows = np.reshape(values[0], (length * shape[1], values[0].shape[-1]))
        product: Any = np.matmul(rows, values[1])
        matrices: Any = np.reshape(product, shape)
        return cast("SymbolicArray", matrices)
    elif name in _VIEWS:
        params = _VIEWS[name](params, shape)
        if name == "broadcast_to":
            values = [_aligned(operands[0], step.operands[0], step, length)]
    elif "axis" in params:
        axis = params["axis"]
        if name != "take":
            params = {**params, "axis": tuple(i + 1 for i in axis) if isinstance(axis, tuple) else axis + 1}
    result: SymbolicArray = trace.record(step.primitive, tuple(values), dict(params))
    return result


def _aligned(x: Stacked, inner: Any, step: Step, length: int) -> Any:
    """An operand that broadcasts to the result with its axis of repetitions in front."""
    own = signature(inner)[0]
    missing = len(step.output.shape) - len(own)
    return np.reshape(x.value, (length, *(1,) * missing, *own)) if x.varies and missing else x.value


_VIEWS: dict[str, Any] = {
    "slice": lambda params, shape: {"key": (slice(None), *params["key"])},
    "reshape": lambda params, shape: {**params, "shape": shape},
    "broadcast_to": lambda params, shape: {**params, "shape": shape},
    "transpose": lambda params, shape: {"axes": (0, *(i + 1 for i in params["axes"]))},
    "unslice": lambda params, shape: {
        "keys": tuple((slice(None), *key) for key in params["keys"]),
        "shape": shape,
    },
    "alias": lambda params, shape: params,
    "stop_gradient": lambda params, shape: params,
}
