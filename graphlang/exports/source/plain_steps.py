"""Recorded steps as one writes them by hand: without what only infinite, huge or nan numbers need.

`chain(dy, slope)` is `dy * slope` where the slope is finite whatever the operands are; where it may not be,
as that of a root at 0, it stays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from graphlang.engine.passes.common import common_subexpressions
from graphlang.engine.program import Program, rewritten
from graphlang.exports.source.averages import as_mean
from graphlang.exports.source.known_signs import is_finite, is_one_number, is_positive
from graphlang.kernels.scan import ScanBody, ScanCall
from graphlang.kernels.scan_recording import rebuilt, result_of
from graphlang.trace import Step, SymbolicArray, Trace
from graphlang.trace.primitives import sigmoid

HUGE = 1e15
"""A bound beyond which no number is expected."""
_OPPOSITE: dict[str, Callable[..., Any]] = {
    "less_equal": np.greater,
    "less": np.greater_equal,
    "greater": np.less_equal,
    "greater_equal": np.less,
    "equal": np.not_equal,
    "not_equal": np.equal,
}
_SAME = frozenset({"stop_gradient", "alias", "checked_indices", "positive"})


def plain_program(program: Program, *, keeps_stops: bool = False) -> Program:
    """The program in plain arithmetic, in which nothing is computed twice.

    A language that differentiates by itself keeps the steps that stop a gradient.
    """
    products = _kept_stops if keeps_stops else _products
    for rule in (products, _sums, products, as_mean, partial(_scans, products)):
        program = rewritten(program, rule)
    return common_subexpressions(program)


def _kept_stops(step: Step, x: tuple[Any, ...]) -> Any:
    return None if step.primitive.name == "stop_gradient" else _products(step, x)


def _products(step: Step, x: tuple[Any, ...]) -> Any:
    """The products of the chain rule, and other names of values."""
    name = step.primitive.name
    if name in _SAME:
        return x[0]
    if name == "chain" and is_finite(x[1]):
        return np.multiply(x[0], x[1])
    if name == "zero_times" and is_finite(x[0]) and is_finite(x[1]):
        return np.multiply(x[0], x[1])
    if name == "chain_quotient" and is_positive(x[1]):
        return np.divide(x[0], x[1])
    if name == "excess":
        return np.subtract(x[0], x[1])
    if name == "clip" and all(is_one_number(b) and abs(float(b)) > HUGE for b in x[1:]):
        return x[0]
    if name in ("invert", "logical_not"):
        return _opposite(x[0])
    if name == "sigmoid_slope":
        y = sigmoid(x[0])
        return y * (1 - y)
    if name == "tanh_slope":
        y = np.tanh(x[0])
        return 1 - y**2
    return None


def _opposite(x: Any) -> Any:
    source = _source(x)
    if source is None or source.primitive.name not in _OPPOSITE:
        return None
    return _OPPOSITE[source.primitive.name](*source.operands)


def _sums(step: Step, x: tuple[Any, ...]) -> Any:
    """Guards against sums of nothing, nan and overflow."""
    name = step.primitive.name
    if name == "maximum" and is_one_number(x[1]) and float(x[1]) == 0.5 and _sums_exponentials(x[0]):
        return x[0]
    if name in ("bitwise_or", "logical_or") and len(x) == 2:
        first, second = _source(x[0]), _source(x[1])
        if first is not None and second is not None and second.primitive.name == "isnan":
            read = [v.number for v in first.operands if v.__class__ is SymbolicArray]
            if first.primitive.name == "equal" and second.operands[0].number in read:
                return x[0]
    if name == "divide" and is_one_number(x[0]):
        return _root_without_scale(float(x[0]), x[1])
    return None


def _sums_exponentials(x: Any) -> bool:
    """Whether a value is a sum of exp(x - max(x)), which is 1 at least."""
    source = _source(x)
    inner = None if source is None or source.primitive.name != "sum" else _source(source.operands[0])
    shifted = None if inner is None or inner.primitive.name != "exp" else _source(inner.operands[0])
    top = None if shifted is None or shifted.primitive.name != "subtract" else _source(shifted.operands[1])
    if top is not None and top.primitive.name == "stop_gradient":
        top = _source(top.operands[0])
    return top is not None and top.primitive.name == "max"


def _root_without_scale(scale: float, x: Any) -> Any:
    """r / sqrt(sum(d * r**2 * d) / n + eps * r**2) as 1 / sqrt(sum(d * d) / n + eps)."""
    parts = _operands(x, "sqrt")
    total = _operands(parts[0], "add") if parts else None
    mean = _operands(total[0], "divide") if total else None
    added = _source(mean[0]) if mean else None
    if not total or not mean or added is None or added.primitive.name != "sum" or not is_one_number(total[1]):
        return None
    product = _operands(added.operands[0], "multiply")
    scaled = _operands(product[0], "multiply") if product else None
    if not product or not scaled or not is_one_number(scaled[1]) or float(scaled[1]) != scale**2:
        return None
    square = np.square(scaled[0]) if scaled[0] is product[1] else scaled[0] * product[1]
    again = added.primitive(square, **added.params)
    return 1 / np.sqrt(again / mean[1] + float(total[1]) / scale**2)


def _scans(products: Callable[..., Any], step: Step, x: tuple[Any, ...]) -> Any:
    """The body of a loop, in plain arithmetic too."""
    if not step.primitive.joint:
        return None
    call = ScanCall.from_params(step.params)
    trace = (
        x[0].trace
        if x[0].__class__ is SymbolicArray
        else next(v.trace for v in x if v.__class__ is SymbolicArray)
    )
    body, new = _plain_body(call.body, products)
    return call._replace(body=body).record(trace, x, _result(step, new))


_bodies: dict[Any, tuple[ScanBody, ScanBody, Mapping[int, SymbolicArray]]] = {}


def _plain_body(body: ScanBody, products: Callable[..., Any]) -> tuple[ScanBody, Mapping[int, SymbolicArray]]:
    """The body rewritten; steps of one call share it, and so do the new ones."""
    key = id(body), products
    if key not in _bodies:
        if len(_bodies) > 256:
            _bodies.clear()
        first, new = rebuilt(body, lambda x: x.shape, _recorded(products))
        for rule in (_sums, products, as_mean):
            first, newer = rebuilt(first, lambda x: x.shape, _recorded(rule))
            new = {n: newer[v.number] for n, v in new.items() if v.number in newer}
        _bodies[key] = body, first, new
    return _bodies[key][1:]


def _recorded(rule: Callable[..., Any]) -> Callable[[Trace, Step, tuple[Any, ...]], SymbolicArray]:
    def record(trace: Trace, step: Step, operands: tuple[Any, ...]) -> SymbolicArray:
        value = rule(step, operands)
        if value is None:
            value = trace.record(step.primitive, operands, step.params)
        symbolic: SymbolicArray = value
        return symbolic

    return record


def _result(step: Step, new: Mapping[int, SymbolicArray]) -> Any:
    return result_of(step, new)


def _source(x: Any) -> Step | None:
    """The step that computes a value; None for an input or a constant."""
    return x.trace.step_of(x) if x.__class__ is SymbolicArray else None


def _operands(x: Any, name: str) -> tuple[Any, ...] | None:
    source = _source(x)
    return source.operands if source is not None and source.primitive.name == name else None
