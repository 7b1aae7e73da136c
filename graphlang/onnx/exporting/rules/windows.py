"""Rules of convolutions and of pooling along one axis."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

import numpy as np

from graphlang.kernels.windows import Pad, sides, span, window_count
from graphlang.onnx.exporting.call import RuleCall, Rules, each
from graphlang.onnx.exporting.strided import padded_with, spread
from graphlang.trace import Size


def conv(c: RuleCall, *, stride: Any, pad: Any, dilation: Any, groups: int) -> str:
    x, pads = padded_image(c, pad)
    return c.node(
        "Conv", x, *c.operands[1:], strides=each(stride), dilations=each(dilation), group=groups, pads=pads
    )


def padded_image(c: RuleCall, pad: Any, value: float = 0) -> tuple[str, list[int]]:
    """An image, and what a convolution adds around it; sizes that are not known are added here."""
    befores, afters = zip(*map(sides, pad), strict=True)
    if all(isinstance(n, int) for n in (*befores, *afters)):
        return c.x, [*befores, *afters]
    x = padded_with(c.w, c.x, [0, 0, *befores], [0, 0, *afters], c.dtype, value)
    return x, [0] * (2 * len(befores))


def conv_transpose(c: RuleCall, *, size: Any, stride: Any, pad: Any, dilation: Any, groups: int) -> str:
    """Every element times the kernel, and of the whole the part that is no padding."""
    kernel, given = c.shapes[1][2:], c.shapes[0][2:]
    lengths = [
        (n - 1) * s + span(int(k), d) for n, s, k, d in zip(given, stride, kernel, dilation, strict=True)
    ]
    befores = [sides(p)[0] for p in pad]
    missing = [b + n - m for b, n, m in zip(befores, size, lengths, strict=True)]
    moves: dict[str, Any] = {"strides": each(stride), "dilations": each(dilation), "group": groups}
    # The end of the padding is cut off, or rows that no window reaches are added.
    if all(isinstance(n, int) for n in (*missing, *befores)):
        added = [max(n, 0) for n in missing]
        pads = [*befores, *[max(-n, 0) for n in missing]]
        if all(n < s for n, s in zip(added, stride, strict=True)):
            return _transposed(c, pads=pads, output_padding=added, **moves)
    whole = _transposed(c, **moves)
    room = [s - 1 for s in stride]
    wide = padded_with(c.w, whole, [0] * (2 + len(room)), [0, 0, *room], c.dtype)
    ends = [b + n for b, n in zip(befores, size, strict=True)]
    return c.w.slice(wide, befores, ends, range(2, 2 + len(room)))


def _transposed(c: RuleCall, *, group: int, **moves: Any) -> str:
    """The node, or one for each group: the reference of ONNX takes groups of one channel alone."""
    x, weights = c.operands
    if group == 1 or int(c.shapes[1][1]) == 1:
        return c.node("ConvTranspose", x, weights, group=group, **moves)
    own = int(c.shapes[1][0]) // group
    parts = [
        c.node(
            "ConvTranspose",
            c.w.piece(x, 1, g * own, (g + 1) * own),
            c.w.piece(weights, 0, g * own, (g + 1) * own),
            **moves,
        )
        for g in range(group)
    ]
    return c.node("Concat", *parts, axis=1)


def conv_weight_gradient(
    c: RuleCall, *, kernel: Any, stride: Any, pad: Any, dilation: Any, groups: int
) -> str:
    """The image convolved with dy: images and channels change places, and so do stride and dilation."""
    dy, x = c.operands
    axes = [1, 0, *range(2, len(c.shapes[0]))]
    image, weights = c.w.transpose(x, axes), c.w.transpose(dy, axes)
    befores, afters = zip(*map(sides, pad), strict=True)
    image = padded_with(c.w, image, [0, 0, *befores], [0, 0, *afters], c.dtype)
    channels, features = int(c.shapes[1][1]) // groups, int(c.shapes[0][1]) // groups
    parts = []
    for g in range(groups):
        own = (
            [image, weights]
            if groups == 1
            else [
                c.w.piece(image, 0, g * channels, (g + 1) * channels),
                c.w.piece(weights, 0, g * features, (g + 1) * features),
            ]
        )
        product = c.node("Conv", *own, strides=each(dilation), dilations=each(stride))
        parts.append(c.w.slice(product, [0] * len(kernel), kernel, range(2, 2 + len(kernel))))
    whole = parts[0] if groups == 1 else c.node("Concat", *parts, axis=1)
    return c.w.transpose(whole, axes)


# ---- pooling: the elements at each position within the windows


def _positions(
    c: RuleCall,
    x: str,
    n: Size,
    fill: Any,
    dtype: Any,
    *,
    axis: int,
    size: int,
    stride: int,
    pad: Pad,
    dilation: int,
) -> list[str]:
    """For each position within the windows along an axis, the elements there."""
    ndim = len(c.output.shape)
    last = (window_count(n, size, stride, pad, dilation) - 1) * stride + 1
    befores, afters = [0] * ndim, [0] * ndim
    befores[axis], afters[axis] = sides(pad)  # type: ignore[assignment]
    x = padded_with(c.w, x, befores, afters, dtype, fill)
    starts = [j * dilation for j in range(size)]
    return [c.w.slice(x, [start], [start + last], [axis], [stride]) for start in starts]


def _lowest(dtype: Any) -> Any:
    return -np.inf if dtype.kind == "f" else np.iinfo(dtype).min


def max_pool(c: RuleCall, *, axis: int, **window: Any) -> str:
    n = c.shapes[0][axis]
    parts = _positions(c, c.x, n, _lowest(c.dtype), c.dtype, axis=axis, **window)
    return reduce(lambda x, y: c.node("Max", x, y), parts)


def sum_pool(c: RuleCall, *, axis: int, **window: Any) -> str:
    parts = _positions(c, c.x, c.shapes[0][axis], 0, c.dtype, axis=axis, **window)
    return reduce(lambda x, y: c.node("Add", x, y), parts)


def _hits(c: RuleCall, x: str, y: str, *, axis: int, **window: Any) -> list[str]:
    """For each position within the windows whether it is the first of the largest; padding is not."""
    n, dtype = c.shapes[1][axis], c.types[1]
    along = [n if i == axis else 1 for i in range(len(c.shapes[1]))]
    inside = c.w.node("Expand", c.w.constant(1.0, dtype), c.w.ints(along))
    left, hits = "", []
    places = zip(
        _positions(c, x, n, _lowest(dtype), dtype, axis=axis, **window),
        _positions(c, inside, n, 0, dtype, axis=axis, **window),
        strict=True,
    )
    for here, within in places:
        hit = c.node("Or", c.node("Equal", here, y), c.node("IsNaN", here))
        hit = c.node("And", hit, c.w.cast(within, bool))
        if left:
            hit = c.node("And", hit, left)
        free = c.node("Not", hit)
        left = c.node("And", left, free) if left else free
        hits.append(hit)
    return hits


def max_pool_pick(c: RuleCall, *, axis: int, **window: Any) -> str:
    """z where the window of x has the first of its largest elements."""
    z, x, y = c.operands
    zero = c.number(0)
    there = _positions(c, z, c.shapes[0][axis], 0, c.dtype, axis=axis, **window)
    hits = _hits(c, x, y, axis=axis, **window)
    parts = [c.node("Where", hit, v, zero) for hit, v in zip(hits, there, strict=True)]
    return reduce(lambda a, b: c.node("Add", a, b), parts)


def max_pool_gradient(c: RuleCall, *, axis: int, **window: Any) -> str:
    dy, x, y = c.operands
    zero = c.number(0)
    parts = [c.node("Where", hit, dy, zero) for hit in _hits(c, x, y, axis=axis, **window)]
    return _put_back(c, parts, c.shapes[0], c.shapes[1][axis], axis, **window)


def sum_pool_gradient(c: RuleCall, *, axis: int, n: Size, **window: Any) -> str:
    return _put_back(c, [c.x] * window["size"], c.shapes[0], n, axis, **window)


def _put_back(
    c: RuleCall,
    parts: Sequence[str],
    shape: Any,
    n: Size,
    axis: int,
    *,
    size: int,
    stride: int,
    pad: Pad,
    dilation: int,
) -> str:
    """The sum of what lies at each position within the windows, at the elements of the axis."""
    before, after = sides(pad)
    count = shape[axis]
    length = (count - 1) * stride + 1
    total = []
    for j, part in enumerate(parts):
        apart = spread(c.w, part, shape, axis, stride, c.dtype) if stride > 1 else part
        befores: list[Any] = [0] * len(shape)
        afters: list[Any] = [0] * len(shape)
        befores[axis], afters[axis] = j * dilation, n + before + after - j * dilation - length
        total.append(padded_with(c.w, apart, befores, afters, c.dtype))
    whole = reduce(lambda a, b: c.node("Add", a, b), total)
    return whole if before == 0 and after == 0 else c.w.piece(whole, axis, before, before + n)


RULES: Rules = {
    rule.__name__: rule
    for rule in (
        conv, conv_transpose, conv_weight_gradient, max_pool, sum_pool, max_pool_pick, max_pool_gradient,
        sum_pool_gradient,
    )
}  # fmt: skip
