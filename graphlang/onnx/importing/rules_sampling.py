"""Images sampled between their places: the places around each point are taken, and weighed."""

from __future__ import annotations

import string
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from graphlang.onnx.importing.expression import Keyword
from graphlang.onnx.importing.node import OnnxNode
from graphlang.onnx.importing.refusals import NotImported
from graphlang.onnx.importing.rules_convolution import one_or_list, weights_of_layer
from graphlang.onnx.importing.rules_shape import known_size
from graphlang.onnx.importing.value import OnnxValue
from graphlang.onnx.importing.writer import Writer


class AxisPoints(NamedTuple):
    """Along one axis, for each point the places around it, and how much each counts: [..., places]."""

    places: OnnxValue
    weights: OnnxValue


class Between:
    """How an axis of n places is sampled at points that lie between them, or outside."""

    def __init__(self, w: Writer, n: int, mode: str, padding: str = "zeros", *, aligned: bool = True) -> None:
        if mode not in _AROUND or padding not in ("zeros", "border", "reflection"):
            raise NotImported(f"its mode is `{mode[:30]}`, with the padding `{padding[:30]}`")
        self.w, self.n, self.mode, self.padding = w, n, mode, padding
        self.low, self.high = (0.0, n - 1.0) if aligned else (-0.5, n - 0.5)

    def around(self, at: OnnxValue) -> AxisPoints:
        """The places around each point."""
        w = self.w
        if self.mode == "nearest":
            at = w.call("round", at)
        at = w.let(self._inside(at), "at")
        places, weights = _AROUND[self.mode](w, at)
        if self.padding == "zeros":
            places = w.let(places, "around")
            above = w.call("greater_equal", places, 0)
            inside = w.call("logical_and", above, w.call("less", places, self.n))
            weights = w.call("where", inside, weights, 0)
        elif self.padding == "reflection":
            places = self._reflected(places)
        places = w.call("clip", places, low=0, high=self.n - 1)
        whole = w.call("cast", places, to=Keyword("int"))
        return AxisPoints(w.let(whole, "places"), w.let(weights, "weights"))

    def _inside(self, at: OnnxValue) -> OnnxValue:
        """A point outside of the image, moved into it where the padding does that."""
        w = self.w
        if self.padding == "reflection":
            return self._reflected(at)
        if self.padding != "border":
            return at
        held = w.call("clip", at, low=0, high=self.n - 1)
        if self.mode != "cubic":
            return held
        at = w.let(at, "at")
        outside = w.call("logical_or", w.call("less", at, self.low), w.call("greater", at, self.high))
        return w.call("where", outside, held, at)

    def _reflected(self, at: OnnxValue) -> OnnxValue:
        w, reach = self.w, self.high - self.low
        if reach == 0:
            return w.call("multiply", at, 0.0)
        away = w.call("mod", w.call("abs", w.call("subtract", at, self.low)), 2 * reach)
        back = w.call("abs", w.call("subtract", away, reach))
        return w.call("subtract", self.high, back)


def _one(w: Writer, at: OnnxValue) -> tuple[OnnxValue, OnnxValue]:
    places = w.call("expand_dims", at, axis=-1)
    return places, w.call("ones", sizes=places.shape)


def _two(w: Writer, at: OnnxValue) -> tuple[OnnxValue, OnnxValue]:
    below = w.let(w.call("floor", at), "below")
    share = w.let(w.call("subtract", at, below), "share")
    places = w.call("stack", below, w.call("add", below, 1), axis=-1)
    return places, w.call("stack", w.call("subtract", 1, share), share, axis=-1)


def _four(w: Writer, at: OnnxValue) -> tuple[OnnxValue, OnnxValue]:
    below = w.let(w.call("floor", at), "below")
    places = w.call("stack", *[w.call("add", below, k) for k in (-1, 0, 1, 2)], axis=-1)
    places = w.let(places, "around")
    away = w.call("abs", w.call("subtract", places, w.call("expand_dims", at, axis=-1)))
    away = w.let(away, "away")
    a = -0.75
    near, far = (_polynomial(w, away, *f) for f in ((a + 2, -a - 3, 0.0, 1.0), (a, -5 * a, 8 * a, -4 * a)))
    far = w.call("where", w.call("less", away, 2), far, 0)
    return places, w.call("where", w.call("less_equal", away, 1), near, far)


def _polynomial(w: Writer, x: OnnxValue, *factors: float) -> OnnxValue:
    """Of the third degree, by Horner's scheme."""
    total = w.call("multiply", x, factors[0])
    for factor in factors[1:-1]:
        total = w.call("multiply", w.call("add", total, factor) if factor else total, x)
    return w.call("add", total, factors[-1])


_AROUND: dict[str, Callable[[Writer, OnnxValue], tuple[OnnxValue, OnnxValue]]] = {
    "nearest": _one,
    "linear": _two,
    "cubic": _four,
}


def gathered(
    w: Writer,
    x: OnnxValue,
    points: Sequence[AxisPoints],
    *,
    rows: OnnxValue | None = None,
    channels: bool = False,
) -> OnnxValue:
    """x [N, C, ...] at points [N, ...], or [N, C, ...] of each channel: [N, C, ..., places...].

    `rows` are the numbers of the rows, of which the points are, instead of all in order.
    """
    axes, lead = len(points), points[0].places.shape[:-1]
    outer = lead if channels else (lead[0], 1, *lead[1:])
    ones = (1,) * axes
    n = w.call("arange", sizes=(lead[0],)) if rows is None else rows
    indices = [w.call("reshape", n, sizes=(lead[0], *[1] * (len(outer) - 1), *ones))]
    c = w.call("arange", sizes=(x.shape[1],))
    indices.append(w.call("reshape", c, sizes=(1, x.shape[1], *[1] * (len(outer) - 2), *ones)))
    for k, point in enumerate(points):
        own = [1] * axes
        own[k] = point.places.shape[-1]
        indices.append(w.call("reshape", point.places, sizes=(*outer, *own)))
    return w.call("indexed", x, *indices, items=["i"] * len(indices))


def weighed(w: Writer, x: OnnxValue, points: Sequence[AxisPoints], *, channels: bool = False) -> OnnxValue:
    """x at points between its places: [N, C, ...]."""
    taken = gathered(w, x, points, channels=channels)
    letters = string.ascii_lowercase
    outer = letters[: taken.rank - len(points)]
    inner = letters[len(outer) : taken.rank]
    own = outer if channels else outer[0] + outer[2:]
    pattern = ",".join([outer + inner, *(own + c for c in inner)]) + "->" + outer
    return w.call("einsum", taken, *[p.weights for p in points], pattern=pattern)


# ---- operators -------------------------------------------------------------------------------------------


def _grid_sample(w: Writer, node: OnnxNode) -> OnnxValue:
    x, grid = node[0], w.let(node[1], "grid")
    mode = node.attribute("mode", "linear").removeprefix("bi")
    padding, aligned = node.attribute("padding_mode", "zeros"), bool(node.attribute("align_corners", 0))
    axes = x.rank - 2
    if axes not in (1, 2, 3) or grid.rank != x.rank or not all(map(known_size, x.shape[2:])):
        raise NotImported("the sizes of its image are not known before running")
    points = []
    for axis, n in enumerate(x.shape[2:]):
        given = w.call("subscript", grid, items=(Ellipsis, axes - 1 - axis))
        if aligned:
            at = w.call("multiply", w.call("add", given, 1), (n - 1) / 2)
        else:
            at = w.call("subtract", w.call("multiply", w.call("add", given, 1), n / 2), 0.5)
        points.append(Between(w, n, mode, padding, aligned=aligned).around(at))
    return weighed(w, x, points)


def _affine_grid(w: Writer, node: OnnxNode) -> OnnxValue:
    """A row of coordinates for each axis, the last axis first, and the ones for what is added."""
    sizes = [int(n) for n in (node.ints(1) or [])[2:]]
    if len(sizes) not in (2, 3):
        raise NotImported(f"its size has {len(sizes)} axes of an image")
    rows = []
    for axis, n in reversed(list(enumerate(sizes))):
        edge = 1.0 if node.attribute("align_corners", 0) else 1 - 1 / n
        line = w.call("linspace", -edge, edge, num=n)
        shape = tuple(n if a == axis else 1 for a in range(len(sizes)))
        rows.append(w.call("broadcast_to", w.call("reshape", line, sizes=shape), sizes=tuple(sizes)))
    rows.append(w.call("ones", sizes=tuple(sizes)))
    places = w.let(w.call("stack", *rows, axis=-1), "places")
    space = "hw" if len(sizes) == 2 else "dhw"
    return w.call("einsum", node[0], places, pattern=f"nck,{space}k->n{space}c")


def _roi_align(w: Writer, node: OnnxNode) -> OnnxValue:
    x, rois = node[0], w.let(node[1], "rois")
    ratio, mode = int(node.attribute("sampling_ratio", 0)), node.attribute("mode", "avg")
    if ratio < 1 or not all(map(known_size, x.shape[2:])):
        raise NotImported("how many samples it takes depends on the data: it has no sampling_ratio")
    if mode not in ("avg", "max"):
        raise NotImported(f"its mode is `{mode[:30]}`")
    sizes = [int(node.attribute(n, 1)) for n in ("output_height", "output_width")]
    points = [
        _roi_points(w, node, rois, axis, size, ratio, x.shape[2 + axis]) for axis, size in enumerate(sizes)
    ]
    r, c = rois.shape[0], x.shape[1]
    wide = [  # [R, height, 1, places] and [R, 1, width, places]
        AxisPoints(w.call("expand_dims", p.places, axis=2 - k), w.call("expand_dims", p.weights, axis=2 - k))
        for k, p in enumerate(points)
    ]
    lead = (r, sizes[0] * ratio, sizes[1] * ratio)
    wide = [
        AxisPoints(w.let(w.call("broadcast_to", p.places, sizes=(*lead, 2)), "places"), p.weights)
        for p in wide
    ]
    taken = gathered(w, x, wide, rows=node[2])
    if mode == "avg":
        y = w.call("einsum", taken, *[p.weights for p in points], pattern="rchwab,rha,rwb->rchw")
        y = w.call("reshape", y, sizes=(r, c, sizes[0], ratio, sizes[1], ratio))
        return w.call("mean", y, axis=(3, 5))
    y = w.call("einsum", taken, *[p.weights for p in points], pattern="rchwab,rha,rwb->rchwab")
    y = w.call("reshape", w.call("max", y, axis=(4, 5)), sizes=(r, c, sizes[0], ratio, sizes[1], ratio))
    return w.call("max", y, axis=(3, 5))


def _roi_points(
    w: Writer, node: OnnxNode, rois: OnnxValue, axis: int, size: int, ratio: int, n: int
) -> AxisPoints:
    """Where the samples of each region lie along an axis: [R, size * ratio, 2]."""
    half = (
        node.attribute("coordinate_transformation_mode", "half_pixel") == "half_pixel" and node.version >= 16
    )
    scale = node.attribute("spatial_scale", 1.0)
    ends = []
    for column in (1 - axis, 3 - axis):
        end = w.call(
            "multiply", w.call("subscript", rois, items=(slice(None), slice(column, column + 1))), scale
        )
        ends.append(w.let(w.call("subtract", end, 0.5) if half else end, "end"))
    length = w.call("subtract", ends[1], ends[0])
    length = length if half else w.call("maximum", length, 1.0)
    steps = w.call("add", w.call("arange", sizes=(size * ratio,)), 0.5)
    steps = w.call("multiply", steps, 1 / (size * ratio))
    at = w.let(w.call("add", ends[0], w.call("multiply", w.let(length, "length"), steps)), "at")
    near = w.call("logical_and", w.call("greater_equal", at, -1.0), w.call("less_equal", at, float(n)))
    around = Between(w, n, "linear", "border").around(at)
    weights = w.call("where", w.call("expand_dims", near, axis=-1), around.weights, 0)
    return AxisPoints(around.places, w.let(weights, "weights"))


def _deform_conv(w: Writer, node: OnnxNode) -> Any:
    """A convolution over the samples, which lie side by side in an image of their own."""
    x, weight, bias = node[0], weights_of_layer(node, 1), None
    if node.get(3) is not None:
        bias = weights_of_layer(node, 3)
    if x.rank != 4 or not all(map(known_size, x.shape[1:])):
        raise NotImported("it has no image of two axes whose sizes are known before running")
    size = [int(n) for n in weight.shape[2:]]
    offset = node[2]
    out, groups = offset.shape[2:], int(node.attribute("offset_group", 1))
    offset = w.let(w.call("reshape", offset, sizes=(x.shape[0], groups, *size, 2, *out)), "offset")
    points = [_deformed(w, node, x, offset, axis) for axis in range(2)]
    samples = weighed(w, x, points, channels=True)
    if node.get(4) is not None:
        mask = w.call("reshape", node[4], sizes=(x.shape[0], groups, *size, *out))
        samples = w.call("multiply", samples, _side_by_side(w, mask, x.shape[1] // groups))
    image = (*x.shape[:2], out[0] * size[0], out[1] * size[1])
    image_of = w.call("reshape", samples, sizes=image)
    weights = {"W": weight} | ({} if bias is None else {"b": bias})
    more: dict[str, Any] = {} if bias is not None else {"bias": False}
    if (count := int(node.attribute("group", 1))) != 1:
        more["groups"] = count
    kernel = one_or_list(size)
    channels = int(weight.shape[0])
    return w.layer("Conv", image_of, weights=weights, channels=channels, kernel=kernel, stride=kernel, **more)


def _deformed(w: Writer, node: OnnxNode, x: OnnxValue, offset: OnnxValue, axis: int) -> AxisPoints:
    """Where the samples lie along an axis: [N, C, height, kernel, width, kernel]."""
    size, out = offset.shape[2:4], offset.shape[5:]
    stride = (node.attribute("strides") or [1, 1])[axis]
    dilation = (node.attribute("dilations") or [1, 1])[axis]
    before = (node.attribute("pads") or [0] * 4)[axis]
    part = w.call("subscript", offset, items=(slice(None), slice(None), slice(None), slice(None), axis))
    part = _side_by_side(w, part, x.shape[1] // offset.shape[1])
    starts = w.call("multiply", w.call("arange", sizes=(out[axis],)), stride)
    starts = w.call("subtract", w.call("expand_dims", starts, axis=1), before)
    within = w.call("multiply", w.call("arange", sizes=(size[axis],)), dilation)
    base = w.call("add", starts, within)
    shape = (out[0], size[0], 1, 1) if axis == 0 else (out[1], size[1])
    at = w.call("add", part, w.call("reshape", base, sizes=shape))
    return Between(w, x.shape[2 + axis], "linear").around(at)


def _side_by_side(w: Writer, part: OnnxValue, channels: int) -> OnnxValue:
    """[N, groups, kernel, kernel, height, width] as [N, C, height, kernel, width, kernel]."""
    turned = w.call("transpose", part, sizes=(0, 1, 4, 2, 5, 3))
    return w.call("repeat_axis", turned, n=channels, axis=1) if channels != 1 else turned


SAMPLING: dict[str, Callable[[Writer, OnnxNode], Any]] = {
    "GridSample": _grid_sample,
    "AffineGrid": _affine_grid,
    "RoiAlign": _roi_align,
    "DeformConv": _deform_conv,
}
