"""Sums, means, extremes and running sums over axes."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from graphlang.onnx.importing.element_types import BOOL, SIGNED, UNSIGNED
from graphlang.onnx.importing.expression import Keyword
from graphlang.onnx.importing.node import OnnxNode
from graphlang.onnx.importing.refusals import NotImported
from graphlang.onnx.importing.value import OnnxValue
from graphlang.onnx.importing.writer import Writer


def axis_of(axes: list[int]) -> Any:
    """An axis as a number, several as a list."""
    return axes[0] if len(axes) == 1 else tuple(axes)


def _options(node: OnnxNode) -> dict[str, Any] | None:
    """`axis` and `keepdims`; None where nothing is to be reduced."""
    axes = node.ints(1, "axes")
    rank = node[0].rank
    options: dict[str, Any] = {}
    if not axes:
        if axes is not None and node.attribute("noop_with_empty_axes", 0):
            return None
        if axes is None and node.attribute("noop_with_empty_axes", 0):
            return None
    elif not all(-rank <= a < rank for a in axes):
        raise NotImported(f"its axes are {axes}, of {rank} there are")
    elif len({a % rank for a in axes}) != rank or node.attribute("keepdims", 1):
        options["axis"] = axis_of(axes)
    if node.attribute("keepdims", 1) and rank:
        options["keepdims"] = True
    return options


def _of_nothing(w: Writer, node: OnnxNode, options: dict[str, Any] | None, number: float) -> OnnxValue | None:
    """What is left of an axis without elements: one number everywhere; None where there are elements."""
    x = node[0]
    if options is None or 0 not in x.shape:
        return None
    axis = options.get("axis", tuple(range(x.rank)))
    gone = {a % x.rank for a in (axis if isinstance(axis, tuple) else (axis,))}
    keep = options.get("keepdims", False)
    sizes = tuple(1 if a in gone else n for a, n in enumerate(x.shape) if keep or a not in gone)
    if 0 in sizes:
        raise NotImported("its result has no elements")
    if x.word == "int":
        low, high = _ends(x.elem)
        number = low if number == -math.inf else high if number == math.inf else number
    y = w.call("full", sizes=sizes, value=float(number)) if sizes else w.operand(float(number))
    return y if x.word == "float" else w.call("cast", y, to=Keyword(x.word))


def _ends(elem: int) -> tuple[int, int]:
    """The smallest and the largest number of a type."""
    if elem in UNSIGNED:
        return 0, 2 ** UNSIGNED[elem] - 1
    return -(2 ** (SIGNED[elem] - 1)), 2 ** (SIGNED[elem] - 1) - 1


_EMPTY = {
    "sum": 0.0,
    "prod": 1.0,
    "max": -math.inf,
    "min": math.inf,
    "mean": math.nan,
    "logsumexp": -math.inf,
}


def _reduced(
    name: str, before: Callable[[Writer, OnnxValue], OnnxValue] | None = None, after: str | None = None
) -> Callable[[Writer, OnnxNode], OnnxValue]:
    def rule(w: Writer, node: OnnxNode) -> OnnxValue:
        options = _options(node)
        nothing = _of_nothing(w, node, options, -math.inf if after == "log" else _EMPTY[name])
        if nothing is not None:
            return nothing
        x = node[0] if before is None else before(w, node[0])
        y = x if options is None else w.call(name, x, **options)
        return y if after is None else w.call(after, y)

    return rule


def _extreme(name: str) -> Callable[[Writer, OnnxNode], OnnxValue]:
    def rule(w: Writer, node: OnnxNode) -> OnnxValue:
        options = _options(node)
        if options is None:
            return node[0]
        if node[0].elem == BOOL and 0 in node[0].shape:
            return _of_nothing(w, node, options, 0.0 if name == "max" else 1.0)  # type: ignore[return-value]
        if (nothing := _of_nothing(w, node, options, _EMPTY[name])) is not None:
            return nothing
        if node[0].elem == BOOL:
            return w.call("any" if name == "max" else "all", node[0], **options)
        return w.call(name, node[0], **options)

    return rule


def _log_sum_exp(w: Writer, node: OnnxNode) -> OnnxValue:
    options = _options(node)
    nothing = _of_nothing(w, node, options, -math.inf)
    if nothing is not None:
        return nothing
    return node[0] if options is None else w.call("logsumexp", node[0], **options)


def _square(w: Writer, x: OnnxValue) -> OnnxValue:
    return w.call("square", x)


def _abs(w: Writer, x: OnnxValue) -> OnnxValue:
    return w.call("abs", x)


def _place(name: str) -> Callable[[Writer, OnnxNode], OnnxValue]:
    def rule(w: Writer, node: OnnxNode) -> OnnxValue:
        axis, keep = int(node.attribute("axis", 0)), bool(node.attribute("keepdims", 1))
        x = node[0]
        if not -x.rank <= axis < x.rank:
            raise NotImported(f"its axis is {axis}, of {x.rank} there are")
        more: dict[str, Any] = {"keepdims": True} if keep else {}
        if not node.attribute("select_last_index", 0):
            return w.call(name, x, axis=axis, **more)
        place = w.call(name, w.call("flip", x, axis=axis), axis=axis, **more)
        return w.call("subtract", x.shape[axis] - 1, place)

    return rule


def _running(name: str) -> Callable[[Writer, OnnxNode], OnnxValue]:
    def rule(w: Writer, node: OnnxNode) -> OnnxValue:
        x, axis = node[0], int(node.number(1))
        if not -x.rank <= axis < x.rank:
            raise NotImported(f"its axis is {axis}, of {x.rank} there are")
        backwards = node.attribute("reverse", 0)
        x = w.call("flip", x, axis=axis) if backwards else x
        if node.attribute("exclusive", 0):
            width = [[1, 0] if a == axis % x.rank else 0 for a in range(x.rank)]
            items = [slice(None)] * (axis % x.rank) + [slice(0, -1)]
            start: dict[str, Any] = {"value": 1} if name == "cumprod" else {}
            x = w.call("pad", w.call("subscript", x, items=tuple(items)), width=width, **start)
        y = w.call(name, x, axis=axis)
        return w.call("flip", y, axis=axis) if backwards else y

    return rule


REDUCTION: dict[str, Callable[[Writer, OnnxNode], Any]] = {
    "ReduceSum": _reduced("sum"),
    "ReduceMean": _reduced("mean"),
    "ReduceProd": _reduced("prod"),
    "ReduceMax": _extreme("max"),
    "ReduceMin": _extreme("min"),
    "ReduceL1": _reduced("sum", _abs),
    "ReduceL2": _reduced("sum", _square, "sqrt"),
    "ReduceSumSquare": _reduced("sum", _square),
    "ReduceLogSum": _reduced("sum", None, "log"),
    "ReduceLogSumExp": _log_sum_exp,
    "ArgMax": _place("argmax"),
    "ArgMin": _place("argmin"),
    "CumSum": _running("cumsum"),
    "CumProd": _running("cumprod"),
}
