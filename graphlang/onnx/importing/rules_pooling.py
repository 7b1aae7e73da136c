"""Pools over windows and over whole images."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphlang.onnx.importing.expression import Keyword
from graphlang.onnx.importing.node import OnnxNode
from graphlang.onnx.importing.refusals import NotImported
from graphlang.onnx.importing.rules_convolution import one_or_list, shortened, window_options
from graphlang.onnx.importing.rules_indexing import grid
from graphlang.onnx.importing.rules_shape import known_size
from graphlang.onnx.importing.value import OnnxValue
from graphlang.onnx.importing.writer import Writer


def _options(node: OnnxNode) -> dict[str, Any]:
    size = list(node.attribute("kernel_shape") or ())
    if not size or len(size) != node[0].rank - 2:
        raise NotImported(f"its window is {size}, of {node[0].rank - 2} axes")
    strides = list(node.attribute("strides") or [1] * len(size))
    options = window_options(node, size, stride=None)
    if strides == size:
        options.pop("stride", None)
    else:
        options["stride"] = one_or_list(strides)
    if node.attribute("ceil_mode", 0):
        options["ceil"] = True
    return {"size": one_or_list(size), **options}


def _max_pool(w: Writer, node: OnnxNode) -> Any:
    options = _options(node)
    x = node[0] if node[0].word == "float" else w.call("divide", node[0], 1)
    y = w.call("MaxPool", x, **options)
    if not node.has_output(1):
        return y
    return y, _places_of_largest(w, node, w.let(x, "image"), options)


def _places_of_largest(w: Writer, node: OnnxNode, x: OnnxValue, options: dict[str, Any]) -> OnnxValue:
    """Where each window has its largest number, counted through the whole array."""
    size = list(node.attribute("kernel_shape"))
    axes = len(size)
    strides = list(node.attribute("strides") or [1] * axes)
    dilations = list(node.attribute("dilations") or [1] * axes)
    shape = w.call("MaxPool", x, **options).shape
    if not all(map(known_size, x.shape)):
        raise NotImported("where the largest numbers lie needs sizes that are known before running")
    before = _before(node, size, strides, dilations, shape[2:])
    windows, flat, inside = [], [], []
    import itertools

    for places in itertools.product(*map(range, size)):
        indices = []
        within: OnnxValue | None = None
        for a in range(axes):
            first = w.call("multiply", grid(w, shape[2:], a), strides[a])
            at = w.call("add", first, places[a] * dilations[a] - before[a])
            at = w.let(at, "at")
            ok = w.call("logical_and", w.call("greater_equal", at, 0), w.call("less", at, x.shape[2 + a]))
            within = ok if within is None else w.call("logical_and", within, ok)
            indices.append(w.call("minimum", w.call("maximum", at, 0), x.shape[2 + a] - 1))
        assert within is not None
        within = w.let(within, "within")
        picked = w.call("indexed", x, *indices, items=[slice(None), slice(None), *["i"] * axes])
        windows.append(w.call("where", within, picked, -float("inf")))
        flat.append(_counted(w, indices, x.shape[2:], node.attribute("storage_order", 0)))
        inside.append(within)
    best = w.call("argmax", w.call("stack", *windows, axis=-1), axis=-1, keepdims=True)
    places_of = w.call("stack", *[w.call("broadcast_to", f, sizes=shape[2:]) for f in flat], axis=-1)
    count = len(flat)
    chosen = w.call("equal", best, w.call("arange", sizes=(count,)))
    place = w.call("sum", w.call("multiply", w.call("where", chosen, 1, 0), places_of), axis=-1)
    image = 1
    for n in x.shape[2:]:
        image *= n
    channels = w.call("multiply", grid(w, (x.shape[0], x.shape[1]), 0), x.shape[1])
    channels = w.call("add", channels, grid(w, (x.shape[0], x.shape[1]), 1))
    offset = w.call("reshape", w.call("multiply", channels, image), sizes=(*x.shape[:2], *[1] * axes))
    return w.call("add", place, offset)


def _before(node: OnnxNode, size: Any, strides: Any, dilations: Any, out: Any) -> list[int]:
    auto = node.attribute("auto_pad", "NOTSET")
    if auto in ("SAME_UPPER", "SAME_LOWER"):
        totals = [
            max((o - 1) * s + (k - 1) * d + 1 - n, 0)
            for o, s, k, d, n in zip(out, strides, size, dilations, node[0].shape[2:], strict=True)
        ]
        return [t // 2 if auto == "SAME_UPPER" else t - t // 2 for t in totals]
    return list(node.attribute("pads") or [0] * 2 * len(size))[: len(size)]


def _counted(w: Writer, indices: list[OnnxValue], sizes: Any, by_columns: int) -> OnnxValue:
    pairs = list(zip(indices, sizes, strict=True))
    total: OnnxValue | None = None
    for index, size in reversed(pairs) if by_columns else pairs:
        total = index if total is None else w.call("add", w.call("multiply", total, size), index)
    assert total is not None
    return total


def _average_pool(w: Writer, node: OnnxNode) -> OnnxValue:
    options = _options(node)
    counts = bool(node.attribute("count_include_pad", 0))
    if "pad" in options and (isinstance(options["pad"], Keyword) or not counts):
        options["count_pad"] = counts
    return w.call("AvgPool", node[0], **options)


def _lp_pool(w: Writer, node: OnnxNode) -> OnnxValue:
    """The root of the sum of powers: a mean with its zeros counted, times the size of the window."""
    p, options = int(node.attribute("p", 2)), _options(node)
    size = list(node.attribute("kernel_shape"))
    count = 1
    for n in size:
        count *= n
    if "pad" in options or options.get("ceil"):
        options["count_pad"] = True
    if options.get("ceil"):
        raise NotImported("it has ceil_mode, where the last window is cut off")
    powers = w.call("power", w.call("abs", node[0]), p)
    total = w.call("multiply", w.call("AvgPool", powers, **options), count)
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
