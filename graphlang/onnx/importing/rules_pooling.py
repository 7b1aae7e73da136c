"""Pools over windows and over whole images."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from graphlang.onnx.importing.expression import Keyword
from graphlang.onnx.importing.node import OnnxNode
from graphlang.onnx.importing.refusals import NotImported
from graphlang.onnx.importing.rules_convolution import one_or_list, shortened, window_options
from graphlang.onnx.importing.rules_indexing import grid
from graphlang.onnx.importing.rules_shape import known_size, with_border
from graphlang.onnx.importing.value import OnnxValue
from graphlang.onnx.importing.windows import taken_windows, window_places
from graphlang.onnx.importing.writer import Writer


class PoolPlan:
    """The window of a pool, and what is done about pads that the layers of the language do not take."""

    def __init__(self, node: OnnxNode) -> None:
        size = list(node.attribute("kernel_shape") or ())
        if not size or len(size) != node[0].rank - 2:
            raise NotImported(f"its window is {size}, of {node[0].rank - 2} axes")
        self.node, self.size, axes = node, size, len(size)
        self.strides = list(node.attribute("strides") or [1] * axes)
        self.dilations = list(node.attribute("dilations") or [1] * axes)
        self.options = self._options()
        #: zeros or the like around the image, put there before
        self.border: list[list[int]] = []
        ends = self.options.get("pad", 0)
        if not isinstance(ends, Keyword) and self._is_wide(ends):
            pads = list(node.attribute("pads") or ())
            self.border = [[0, 0], [0, 0], *([pads[k], pads[k + axes]] for k in range(axes))]
            del self.options["pad"]

    def _options(self) -> dict[str, Any]:
        options = window_options(self.node, self.size, stride=None)
        if self.strides == self.size:
            options.pop("stride", None)
        else:
            options["stride"] = one_or_list(self.strides)
        if self.node.attribute("ceil_mode", 0):
            options["ceil"] = True
        return {"size": one_or_list(self.size), **options}

    def _is_wide(self, ends: Any) -> bool:
        """Whether more than half of a window may lie outside of the image."""
        per_axis = ends if isinstance(ends, list) else [ends] * len(self.size)
        return any(
            2 * max(pair if isinstance(pair, list) else [pair]) > size
            for pair, size in zip(per_axis, self.size, strict=True)
        )

    def before(self, shape: tuple[Any, ...]) -> list[int]:
        """How many places stand in front of the image along each axis; `shape` is that of the result."""
        auto = self.node.attribute("auto_pad", "NOTSET")
        if auto in ("SAME_UPPER", "SAME_LOWER"):
            totals = [
                max((o - 1) * s + (k - 1) * d + 1 - n, 0)
                for o, s, k, d, n in zip(
                    shape[2:], self.strides, self.size, self.dilations, self.node[0].shape[2:], strict=True
                )
            ]
            return [t // 2 if auto == "SAME_UPPER" else t - t // 2 for t in totals]
        return list(self.node.attribute("pads") or [0] * 2 * len(self.size))[: len(self.size)]


def _max_pool(w: Writer, node: OnnxNode) -> Any:
    plan = PoolPlan(node)
    x = node[0] if node[0].word == "float" else w.call("divide", node[0], 1)
    if node.has_output(1):
        x = w.let(x, "image")
    around = with_border(w, x, plan.border, -math.inf) if plan.border else x
    y = w.call("MaxPool", around, **plan.options)
    if not node.has_output(1):
        return y
    y = w.let(y, node.outputs[0])
    return y, _places_of_largest(w, plan, x, y.shape)


def _places_of_largest(w: Writer, plan: PoolPlan, x: OnnxValue, shape: tuple[Any, ...]) -> OnnxValue:
    """Where each window has its largest number, counted through the whole array."""
    axes = len(plan.size)
    if not all(map(known_size, (*x.shape[1:], *shape[1:]))):
        raise NotImported("where the largest numbers lie needs sizes that are known before running")
    places = window_places(w, shape[2:], plan.size, plan.strides, plan.dilations, plan.before(shape))
    windows, inside = taken_windows(w, x, places)
    count = math.prod(plan.size)
    windows = w.call("where", inside, windows, -math.inf)
    rows = w.call("reshape", windows, sizes=(*shape, count))
    best = w.let(w.call("argmax", rows, axis=-1), "best")
    index: OnnxValue | None = None
    sizes = list(enumerate(plan.size))
    left = best
    counted: list[OnnxValue] = []
    for a, size in reversed(sizes):
        within = w.call("mod", left, size) if a else left
        start = w.call("multiply", grid(w, shape[2:], a), plan.strides[a])
        at = w.call("add", start, w.call("multiply", within, plan.dilations[a]))
        counted.insert(0, w.call("subtract", at, plan.before(shape)[a]))
        left = w.call("floor_divide", left, size)
    pairs = list(zip(counted, x.shape[2:], strict=True))
    for at, n in reversed(pairs) if plan.node.attribute("storage_order", 0) else pairs:
        index = at if index is None else w.call("add", w.call("multiply", index, n), at)
    assert index is not None
    image = math.prod(x.shape[2:])
    channels = w.call(
        "reshape", w.call("arange", sizes=(x.shape[0] * x.shape[1],)), sizes=(*x.shape[:2], *[1] * axes)
    )
    return w.call("add", index, w.call("multiply", channels, image))


def _average_pool(w: Writer, node: OnnxNode) -> OnnxValue:
    plan, x = PoolPlan(node), node[0]
    counts = bool(node.attribute("count_include_pad", 0))
    if not plan.border:
        if "pad" in plan.options and (isinstance(plan.options["pad"], Keyword) or not counts):
            plan.options["count_pad"] = counts
        return w.call("AvgPool", x, **plan.options)
    mean = w.call("AvgPool", with_border(w, x, plan.border), **plan.options)
    if counts:
        return mean
    ones = with_border(w, w.call("ones", sizes=(1, 1, *x.shape[2:])), plan.border)
    return w.call("divide", mean, w.call("AvgPool", ones, **plan.options))


def _lp_pool(w: Writer, node: OnnxNode) -> OnnxValue:
    """The root of the sum of powers: a mean with its zeros counted, times the size of the window."""
    p, plan = int(node.attribute("p", 2)), PoolPlan(node)
    if "pad" in plan.options:
        plan.options["count_pad"] = True
    if plan.options.get("ceil"):
        raise NotImported("it has ceil_mode, where the last window is cut off")
    powers = w.call("power", w.call("abs", node[0]), p)
    powers = with_border(w, powers, plan.border) if plan.border else powers
    total = w.call("multiply", w.call("AvgPool", powers, **plan.options), math.prod(plan.size))
    return w.call("power", total, 1 / p)


def _whole_axes(node: OnnxNode) -> tuple[int, ...]:
    return tuple(range(2, node[0].rank))


def _global_average(w: Writer, node: OnnxNode) -> OnnxValue:
    return w.call("mean", node[0], axis=_whole_axes(node), keepdims=True)


def _global_max(w: Writer, node: OnnxNode) -> OnnxValue:
    return w.call("max", node[0], axis=_whole_axes(node), keepdims=True)


def _global_lp(w: Writer, node: OnnxNode) -> OnnxValue:
    p = int(node.attribute("p", 2))
    total = w.call("sum", w.call("power", w.call("abs", node[0]), p), axis=_whole_axes(node), keepdims=True)
    return w.call("power", total, 1 / p)


def _local_response(w: Writer, node: OnnxNode) -> OnnxValue:
    x, size = w.let(node[0], "x"), int(node.attribute("size", 1))
    alpha, beta, bias = (node.attribute(n, d) for n, d in (("alpha", 1e-4), ("beta", 0.75), ("bias", 1.0)))
    rows = w.call("reshape", w.call("square", x), sizes=(x.shape[0], 1, x.shape[1], -1))
    ends = shortened([[(size - 1) // 2, size - 1 - (size - 1) // 2], [0, 0]])
    mean = w.call("AvgPool", rows, size=[size, 1], stride=1, pad=ends, count_pad=True)
    mean = w.call("reshape", mean, sizes=x.shape)
    base = w.call("add", w.call("multiply", mean, alpha), bias)
    return w.call("divide", x, w.call("power", base, beta))


POOLING: dict[str, Callable[[Writer, OnnxNode], Any]] = {
    "MaxPool": _max_pool,
    "AveragePool": _average_pool,
    "LpPool": _lp_pool,
    "GlobalAveragePool": _global_average,
    "GlobalMaxPool": _global_max,
    "GlobalLpPool": _global_lp,
    "LRN": _local_response,
}
