"""The same numbers in another shape, order or size."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from graphlang.onnx.importing.node import OnnxNode
from graphlang.onnx.importing.refusals import NotImported
from graphlang.onnx.importing.value import OnnxValue
from graphlang.onnx.importing.writer import Writer
from graphlang.trace.dims import Dim


def known_size(size: Any) -> bool:
    """Whether a size is a number, and not one like N."""
    return not isinstance(size, Dim)


def axis_in(node: OnnxNode, default: int = 0, rank: int | None = None) -> int:
    """The attribute `axis`, counted from the beginning."""
    rank = node[0].rank if rank is None else rank
    axis = int(node.attribute("axis", default))
    if not -rank <= axis < max(rank, 1):
        raise NotImported(f"its axis is {axis}, of {rank} there are")
    return axis % rank if rank else 0


def _reshape(w: Writer, node: OnnxNode) -> OnnxValue:
    x, shape = node[0], node.ints(1, "shape")
    assert shape is not None
    keeps = not node.attribute("allowzero", 0)
    if keeps and any(isinstance(n, int) and n == 0 and k >= x.rank for k, n in enumerate(shape)):
        raise NotImported("its shape keeps an axis that is not there")
    sizes = [x.shape[k] if keeps and isinstance(n, int) and n == 0 else n for k, n in enumerate(shape)]
    if -1 in [n for n in sizes if isinstance(n, int)] and all(map(known_size, (*x.shape, *sizes))):
        rest = math.prod(n for n in sizes if n != -1)
        sizes = [math.prod(x.shape) // rest if n == -1 and rest else n for n in sizes]
    return w.call("reshape", x, sizes=tuple(sizes))


def _flatten(w: Writer, node: OnnxNode) -> OnnxValue:
    x, axis = node[0], int(node.attribute("axis", 1))
    axis = axis + x.rank if axis < 0 else axis
    if axis == 1 and x.rank > 1:
        return w.call("Flatten", x)
    return w.call("reshape", x, sizes=(math.prod(x.shape[:axis]), math.prod(x.shape[axis:])))


def _transpose(w: Writer, node: OnnxNode) -> OnnxValue:
    axes = tuple(node.attribute("perm") or reversed(range(node[0].rank)))
    return w.call("transpose", node[0], sizes=axes) if axes else node[0]


def _squeeze(w: Writer, node: OnnxNode) -> OnnxValue:
    axes = node.ints(1, "axes")
    if axes is None:
        return w.call("squeeze", node[0])
    return w.call("squeeze", node[0], axis=axes[0] if len(axes) == 1 else tuple(axes))


def _unsqueeze(w: Writer, node: OnnxNode) -> OnnxValue:
    axes = node.ints(1, "axes") or []
    return w.call("expand_dims", node[0], axis=axes[0] if len(axes) == 1 else tuple(axes))


def _concat(w: Writer, node: OnnxNode) -> OnnxValue:
    values = [node[k] for k in range(len(node.inputs))]
    return w.call("concat", *values, axis=axis_in(node)) if len(values) > 1 else values[0]


def cut(w: Writer, x: OnnxValue, axis: int, start: Any, stop: Any, step: int = 1) -> OnnxValue:
    """A slice along one axis."""
    items = [slice(None)] * axis + [slice(start, stop, step)]
    return w.call("subscript", x, items=tuple(items))


def _split(w: Writer, node: OnnxNode) -> tuple[OnnxValue, ...]:
    x, axis, sizes = node[0], axis_in(node), node.ints(1, "split")
    count = int(node.attribute("num_outputs", len(node.outputs)))
    if not 1 <= count <= max(len(node.outputs), 1):
        raise NotImported(f"it has {count:,} parts and {len(node.outputs)} results")
    whole = x.shape[axis]
    if sizes is None:
        if known_size(whole):
            size = -(-whole // count)
            sizes = [max(min(size, whole - k * size), 0) for k in range(count)]
        else:
            return w.calls("split", x, parts=count, axis=axis)
    if len(sizes) > 1 and len(set(sizes)) == 1 and sizes[0]:
        return w.calls("split", x, parts=len(sizes), axis=axis)
    x = w.let(x, "whole")
    starts = [sum(sizes[:k]) for k in range(len(sizes))]
    if known_size(whole) and sum(sizes) != whole:
        raise NotImported(f"its parts are {sizes}, which are not {whole} together")
    return tuple(cut(w, x, axis, a, a + n) for a, n in zip(starts, sizes, strict=True))


def _expand(w: Writer, node: OnnxNode) -> OnnxValue:
    x, shape = node[0], node.ints(1) or []
    sizes = list(shape)
    own = [1] * (len(sizes) - x.rank) + list(x.shape)
    sizes = [1] * (len(own) - len(sizes)) + sizes
    if any(
        known_size(n) and known_size(m) and 1 not in (n, m) and n != m
        for n, m in zip(sizes, own, strict=True)
    ):
        raise NotImported(f"it makes an array of the shape {list(shape)[:40]} of one of {list(x.shape)[:40]}")
    sizes = [n if isinstance(m, int) and m == 1 else m for n, m in zip(sizes, own, strict=True)]
    if x.known is not None and x.known.size == 1 and x.word == "float":
        number = float(x.known.reshape(-1)[0])
        return (
            w.call("ones", sizes=tuple(sizes))
            if number == 1
            else w.call("full", sizes=tuple(sizes), value=number)
        )
    return x if tuple(sizes) == x.shape else w.call("broadcast_to", x, sizes=tuple(sizes))


def _tile(w: Writer, node: OnnxNode) -> OnnxValue:
    return w.call("tile", node[0], reps=tuple(node.ints(1) or ()))


def _depth_to_space(w: Writer, node: OnnxNode) -> OnnxValue:
    x, b = node[0], int(node.attribute("blocksize"))
    n, c, h, v = x.shape
    if node.attribute("mode", "DCR") == "DCR":
        parts = w.call("reshape", x, sizes=(n, b, b, c // (b * b), h, v))
        parts = w.call("transpose", parts, sizes=(0, 3, 4, 1, 5, 2))
    else:
        parts = w.call("reshape", x, sizes=(n, c // (b * b), b, b, h, v))
        parts = w.call("transpose", parts, sizes=(0, 1, 4, 2, 5, 3))
    return w.call("reshape", parts, sizes=(n, c // (b * b), h * b, v * b))


def _space_to_depth(w: Writer, node: OnnxNode) -> OnnxValue:
    x, b = node[0], int(node.attribute("blocksize"))
    n, c, h, v = x.shape
    parts = w.call("reshape", x, sizes=(n, c, h // b, b, v // b, b))
    order = (0, 3, 5, 1, 2, 4) if node.attribute("mode", "DCR") == "DCR" else (0, 1, 3, 5, 2, 4)
    parts = w.call("transpose", parts, sizes=order)
    return w.call("reshape", parts, sizes=(n, c * b * b, h // b, v // b))


def _triangle(w: Writer, node: OnnxNode) -> OnnxValue:
    k = int(node.number(1, 0))
    name = "triu" if node.attribute("upper", 1) else "tril"
    x = node[0]
    if x.word == "bool":
        ones = w.call(name, w.call("ones", sizes=x.shape), k=k)
        return w.call("logical_and", x, w.call("not_equal", ones, 0))
    return w.call(name, x, k=k) if k else w.call(name, x)


# ---- padding ---------------------------------------------------------------------------------------------


def _pad(w: Writer, node: OnnxNode) -> OnnxValue:
    x = node[0]
    pads = node.ints(1, "pads") if node.version >= 11 else list(node.attribute("pads"))
    axes = node.ints(3) if node.get(3) is not None else list(range(x.rank))
    assert pads is not None and axes is not None  # noqa: PT018
    if len(pads) != 2 * len(axes):
        raise NotImported(f"it has {len(pads)} pads for {len(axes)} axes")
    width: list[list[Any]] = [[0, 0] for _ in range(x.rank)]
    for axis, before, after in zip(axes, pads[: len(axes)], pads[len(axes) :], strict=True):
        width[axis] = [before, after]
    mode = node.attribute("mode", "constant")
    if mode != "constant":
        return _mirrored(w, x, width, mode)
    value = node.number(2, 0) if node.version >= 11 else node.attribute("value", 0.0)
    return with_border(w, x, width, value)


def with_border(w: Writer, x: OnnxValue, width: list[list[Any]], value: Any = 0) -> OnnxValue:
    """More elements around; a negative width takes elements away."""
    items = tuple(
        slice(-a if a < 0 else None, n + b if b < 0 else None) if a < 0 or b < 0 else slice(None)
        for (a, b), n in zip(width, x.shape, strict=True)
    )
    if any(item != slice(None) for item in items):
        x = w.call("subscript", x, items=items)
    width = [[max(a, 0), max(b, 0)] for a, b in width]
    if not any(n for ends in width for n in ends):
        return x
    more: dict[str, Any] = {"value": float(value)} if value else {}
    y = w.call("pad", x, width=width, **more)
    return w.call("not_equal", y, 0) if x.word == "bool" else y


MOST_PLACES = 65536
"""The most places that are put around an axis by what lies in it."""
_REACH = {"reflect": 1, "edge": 0, "wrap": 0}


def _mirrored(w: Writer, x: OnnxValue, width: list[list[Any]], mode: str) -> OnnxValue:
    """By the place in x that each place of the result takes its number from, one axis after the other."""
    if mode not in _REACH:
        raise NotImported(f"its mode is `{mode[:30]}`")
    for axis, (before, after) in enumerate(width):
        if before == after == 0:
            continue
        n = x.shape[axis]
        if not known_size(n) or n == 0:
            raise NotImported(f"it pads an axis of the size {n} by what lies in it")
        if max(before, 0) + max(after, 0) > MOST_PLACES:
            raise NotImported(f"it pads an axis by {before:,} and {after:,} places")
        places = [_source(k, n, mode) for k in range(-before, n + after)]
        x = w.call("take", x, places, axis=axis)
    return x


def _source(k: int, n: int, mode: str) -> int:
    if mode == "edge":
        return min(max(k, 0), n - 1)
    if mode == "wrap":
        return k % n
    period = max(2 * (n - 1), 1)
    k %= period
    return k if k < n else period - k


def _crop_or_pad(w: Writer, node: OnnxNode) -> OnnxValue:
    x, sizes = node[0], node.ints(1) or []
    axes = node.attribute("axes") or list(range(x.rank))
    width: list[list[Any]] = [[0, 0] for _ in range(x.rank)]
    for axis, size in zip(axes, sizes, strict=True):
        more = size - x.shape[axis]
        before = more // 2 if more >= 0 else -(-more // 2)
        width[axis] = [before, more - before]
    return with_border(w, x, width)


SHAPES: dict[str, Callable[[Writer, OnnxNode], Any]] = {
    "Reshape": _reshape,
    "Flatten": _flatten,
    "Transpose": _transpose,
    "Squeeze": _squeeze,
    "Unsqueeze": _unsqueeze,
    "Concat": _concat,
    "Split": _split,
    "Expand": _expand,
    "Tile": _tile,
    "DepthToSpace": _depth_to_space,
    "SpaceToDepth": _space_to_depth,
    "Trilu": _triangle,
    "Pad": _pad,
    "CenterCropPad": _crop_or_pad,
}
