"""Images in another size: along each axis a choice of places, or a matrix of weights computed here."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from graphlang.onnx.importing.expression import Keyword
from graphlang.onnx.importing.node import OnnxNode
from graphlang.onnx.importing.refusals import NotImported
from graphlang.onnx.importing.rules_shape import known_size
from graphlang.onnx.importing.value import OnnxValue
from graphlang.onnx.importing.writer import Writer

MOST = 65536
"""The most weights of one axis."""


def _resize(w: Writer, node: OnnxNode) -> OnnxValue:
    x = node[0]
    first = 2 if node.version >= 11 else 1
    axes = [a % x.rank for a in node.attribute("axes") or range(x.rank)]
    scales, sizes = _wanted(node, x, axes, first)
    roi = node.ints(1) if node.version >= 11 and node.get(1) is not None else None
    rois = {a: (roi[k], roi[k + len(axes)]) for k, a in enumerate(axes)} if roi else {}
    factors = _whole_factors(node, x, axes, scales)
    if factors is not None:
        return w.call("Upsample", x, **factors)
    for axis, scale, size in zip(axes, scales, sizes, strict=True):
        n = x.shape[axis]
        if not known_size(n):
            raise NotImported(f"axis {axis} is not known before running")
        crops = node.attribute("coordinate_transformation_mode") == "tf_crop_and_resize"
        if scale == 1 and size == n and not crops:
            continue
        x = _along(w, node, x, axis, AxisPlan(node, n, float(scale), int(size), rois.get(axis)))
    return x


def _wanted(node: OnnxNode, x: OnnxValue, axes: list[int], first: int) -> tuple[list[Any], list[Any]]:
    """The scale and the size of each axis."""
    given = node.get(first + 1) if first == 2 else None
    lengths = [x.shape[a] for a in axes]
    if given is not None and given.shape != (0,):
        sizes = [int(n) for n in node.known(first + 1).reshape(-1)]
        if not all(map(known_size, lengths)):
            raise NotImported("its sizes are not known before running")
        scales = [size / n for size, n in zip(sizes, lengths, strict=True)]
        policy = node.attribute("keep_aspect_ratio_policy", "stretch")
        if policy != "stretch":
            scale = (min if policy == "not_larger" else max)(scales)
            scales = [scale] * len(axes)
            sizes = [int(scale * n + 0.5) for n in lengths]
        return scales, sizes
    if node.op == "Upsample" and node.version < 9:
        scales = [float(s) for s in node.attribute("scales")]
    else:
        scales = [float(s) for s in node.known(first if first == 2 else 1).reshape(-1)]
    if len(scales) != len(axes) or any(s <= 0 for s in scales):
        raise NotImported(f"its scales are {scales[:10]}, of {len(axes)} axes")
    sizes = [math.floor(n * s) if known_size(n) else 0 for n, s in zip(lengths, scales, strict=True)]
    return scales, sizes


def _whole_factors(node: OnnxNode, x: OnnxValue, axes: list[int], scales: list[Any]) -> dict[str, Any] | None:
    """What makes it the layer `Upsample`; None where it is something else."""
    per_axis = dict(zip(axes, scales, strict=True))
    factors = [per_axis.get(a, 1) for a in range(x.rank)]
    if x.rank not in (3, 4, 5) or factors[:2] != [1, 1] or any(f != int(f) or f < 1 for f in factors):
        return None
    spatial = [int(f) for f in factors[2:]]
    scale: Any = spatial[0] if len(set(spatial)) == 1 else spatial
    mode = node.attribute("mode", "nearest")
    place = node.attribute("coordinate_transformation_mode", "half_pixel")
    rounding = node.attribute("nearest_mode", "round_prefer_floor")
    if mode == "nearest" and (
        node.op == "Upsample" or node.version < 11
        or (place == "asymmetric" and rounding == "floor")
        or (place == "half_pixel" and rounding == "round_prefer_floor")
    ):  # fmt: skip
        return {"scale": scale}
    from_halves = place in ("half_pixel", "pytorch_half_pixel")
    if mode == "linear" and from_halves and not node.attribute("exclude_outside"):
        return {"scale": scale, "mode": Keyword("linear")}
    return None


class AxisPlan:
    """Where the places of the new axis lie on the old one, and with which weights."""

    def __init__(self, node: OnnxNode, n: int, scale: float, size: int, roi: Any) -> None:
        self.n, self.scale, self.size, self.roi = n, scale, size, roi
        self.mode = node.attribute("mode", "nearest")
        default = "half_pixel" if node.version >= 11 and node.op == "Resize" else "asymmetric"
        self.place = node.attribute("coordinate_transformation_mode", default)
        rounding = "round_prefer_floor" if node.version >= 11 and node.op == "Resize" else "floor"
        self.rounding = node.attribute("nearest_mode", rounding)
        self.antialias = bool(node.attribute("antialias", 0)) and scale < 1
        self.sharpness = node.attribute("cubic_coeff_a", -0.75)
        self.excludes = bool(node.attribute("exclude_outside", 0))
        self.outside = float(node.attribute("extrapolation_value", 0.0))
        if size < 0 or size * n > MOST:
            raise NotImported(f"an axis of {n} becomes {size}, which takes {size * n:,} weights")

    def places(self) -> Any:
        """The places on the old axis."""
        y = np.arange(self.size, dtype=np.float64)
        n, scale, wide = self.n, self.scale, self.scale * self.n
        if self.place == "align_corners":
            return y * 0 if wide == 1 else y * (n - 1) / (wide - 1)
        if self.place == "asymmetric":
            return y / scale
        if self.place == "tf_crop_and_resize":
            a, b = self.roi or (0.0, 1.0)
            part = (b - a) * (n - 1)
            return a * (n - 1) + (part / 2 + y * 0 if wide == 1 else y * part / (wide - 1))
        half = (y + 0.5) / scale - 0.5
        if self.place == "pytorch_half_pixel" and wide == 1:
            return y * 0 - 0.5
        if self.place == "half_pixel_symmetric":
            return n / 2 * (1 - self.size / wide) + half
        if self.place not in ("half_pixel", "pytorch_half_pixel"):
            raise NotImported(f"its coordinate_transformation_mode is `{self.place[:40]}`")
        return half

    def nearest(self) -> list[int]:
        """The one place for each new one."""
        at = self.places()
        rounded = {
            "floor": np.floor(at),
            "ceil": np.ceil(at),
            "round_prefer_ceil": np.floor(at + 0.5),
        }.get(self.rounding, np.ceil(at - 0.5))
        return [int(k) for k in np.clip(rounded, 0, self.n - 1)]

    def matrix(self) -> Any:
        """The weights of the old places for each new one."""
        rows = np.zeros((self.size, self.n))
        for row, at in zip(rows, self.places(), strict=True):
            around, weights = self._kernel(at)
            if self.excludes:
                weights = np.where((around < 0) | (around >= self.n), 0, weights)
                weights = weights / (weights.sum() or 1)
            np.add.at(row, np.clip(around, 0, self.n - 1), weights)
        return rows

    def _kernel(self, at: float) -> tuple[Any, Any]:
        shrink = min(self.scale, 1.0) if self.antialias else 1.0
        reach = (2 if self.mode == "cubic" else 1) / shrink
        around = np.arange(math.floor(at - reach), math.ceil(at + reach) + 1)
        away = np.abs(around - at) * shrink
        if self.mode == "linear":
            weights = np.clip(1 - away, 0, None)
        elif self.mode == "cubic":
            weights = self._cubic(away)
        else:
            raise NotImported(f"its mode is `{self.mode[:30]}`")
        return around, weights / weights.sum() if self.antialias else weights

    def _cubic(self, t: Any) -> Any:
        a = self.sharpness
        near = ((a + 2) * t - (a + 3)) * t * t + 1
        far = ((a * t - 5 * a) * t + 8 * a) * t - 4 * a
        return np.where(t <= 1, near, np.where(t < 2, far, 0))


def _along(w: Writer, node: OnnxNode, x: OnnxValue, axis: int, plan: AxisPlan) -> OnnxValue:
    outside = None
    if plan.place == "tf_crop_and_resize":
        at = plan.places()
        outside = (at < 0) | (at > plan.n - 1)
    if plan.mode == "nearest":
        y = w.call("take", x, plan.nearest(), axis=axis)
    else:
        matrix = [[np.float64(float(f"{v:.12g}")) for v in row] for row in plan.matrix()]
        weights = w.let(w.operand(matrix), f"weights_of_axis_{axis}")
        if axis == x.rank - 1:
            y = w.call("matmul", x, w.call("transpose", weights))
        elif axis == x.rank - 2:
            y = w.call("matmul", weights, x)
        else:
            turned = w.call("swapaxes", x, axis1=axis, axis2=-1)
            turned = w.call("matmul", turned, w.call("transpose", weights))
            y = w.call("swapaxes", turned, axis1=axis, axis2=-1)
    if outside is None or not outside.any():
        return y
    shape = tuple(plan.size if a == axis else 1 for a in range(x.rank))
    flags = w.call("reshape", OnnxValue.constant(outside), sizes=shape)
    return w.call("where", flags, plan.outside, y)


RESIZING: dict[str, Callable[[Writer, OnnxNode], Any]] = {"Resize": _resize, "Upsample": _resize}
