"""Products of matrices; with constant weights a layer."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from graphlang.onnx.importing.node import FUSED_BIAS, OnnxNode
from graphlang.onnx.importing.refusals import NotImported
from graphlang.onnx.importing.rules_shape import axis_in, known_size
from graphlang.onnx.importing.value import OnnxValue
from graphlang.onnx.importing.writer import Writer


def affine(w: Writer, x: OnnxValue, weight: Any, bias: Any = None) -> OnnxValue:
    """`Affine` with these weights."""
    weights = {"W": weight} if bias is None else {"W": weight, "b": bias}
    more: dict[str, Any] = {} if bias is not None else {"bias": False}
    y: OnnxValue = w.layer("Affine", x, weights=weights, units=int(weight.shape[1]), **more)
    return y


def _matmul(w: Writer, node: OnnxNode) -> OnnxValue:
    x, y = node[0], node[1]
    weight = node.weights(1)
    if weight is not None and weight.ndim == 2 and x.known is None and x.rank > 1:
        bias = node.attribute(FUSED_BIAS)
        return affine(w, x, weight, None if bias is None else bias.known.reshape(-1))
    return w.call("matmul", x, y)


def bias_of(node: OnnxNode, values: list[OnnxValue | None]) -> OnnxValue | None:
    """The constant that a following Add adds to a product with constant weights, if it is a bias."""
    weight = node.weights(1)
    if weight is None or weight.ndim != 2 or node[0].known is not None or node[0].rank < 2:
        return None
    for value in values:
        known = value.known if value is not None else None
        along = (1,) * (known.ndim - 1) + (weight.shape[1],) if known is not None else None
        if value is not None and known is not None and known.shape == along and known.ndim <= node[0].rank:
            return value if known.dtype.kind == "f" else None
    return None


def _gemm(w: Writer, node: OnnxNode) -> OnnxValue:
    x, alpha, beta = node[0], node.attribute("alpha", 1.0), node.attribute("beta", 1.0)
    weight = node.weights(1)
    if weight is not None and weight.ndim == 2 and x.known is None:
        bias = node.weights(2)
        units = weight.shape[0 if node.attribute("transB", 0) else 1]
        if node.get(2) is None or (bias is not None and bias.size in (1, units)):
            bias = None if bias is None else np.broadcast_to(bias.reshape(-1) * beta, (units,))
            weight = (weight.T if node.attribute("transB", 0) else weight) * alpha
            return affine(w, _turned(w, x, node, "transA"), weight, bias)
    y = w.call("matmul", _turned(w, x, node, "transA"), _turned(w, node[1], node, "transB"))
    y = y if alpha == 1 else w.call("multiply", y, alpha)
    c = node.get(2)
    if c is None or beta == 0:
        return y
    return w.call("add", y, c if beta == 1 else w.call("multiply", c, beta))


def _turned(w: Writer, x: OnnxValue, node: OnnxNode, attribute: str) -> OnnxValue:
    return w.call("transpose", x) if node.attribute(attribute, 0) else x


def _einsum(w: Writer, node: OnnxNode) -> OnnxValue:
    pattern = node.attribute("equation", "").replace(" ", "")
    if "->" not in pattern:
        letters = pattern.replace(",", "").replace(".", "")
        once = "".join(sorted(c for c in set(letters) if letters.count(c) == 1))
        pattern += "->" + ("..." if "..." in pattern else "") + once
    values = [node[k] for k in range(len(node.inputs))]
    return w.call("einsum", *values, pattern=pattern)


def _det(w: Writer, node: OnnxNode) -> OnnxValue:
    return w.call("det", node[0])


# ---- Fourier transforms ----------------------------------------------------------------------------------


def _dft(w: Writer, node: OnnxNode) -> OnnxValue:
    """Sums with cosines and sines: real and imaginary parts lie along the last axis."""
    x = node[0]
    axis = int(node.number(2, -2)) if node.version >= 20 else int(node.attribute("axis", 1))
    axis %= x.rank
    inverse, one_sided = node.attribute("inverse", 0), node.attribute("onesided", 0)
    size = x.shape[axis]
    if one_sided and inverse:
        size = (x.shape[axis] - 1) * 2
    length = int(node.number(1, size))
    if not known_size(x.shape[axis]):
        raise NotImported("how many places it transforms is not known before running")
    real, imaginary = _parts(w, x)
    if one_sided and inverse:
        kept = min(length // 2 + 1, x.shape[axis])
        real, imaginary = (_fit(w, part, axis, kept) for part in (real, imaginary))
        return _inverse_of_half(w, real, imaginary, axis, length)
    real, imaginary = (None if p is None else _fit(w, p, axis, length) for p in (real, imaginary))
    count = length // 2 + 1 if one_sided else length
    assert real is not None
    return _transformed(w, real, imaginary, axis, length, count, bool(inverse))


def _parts(w: Writer, x: OnnxValue) -> Any:
    if x.shape[-1] == 1:
        return w.let(w.call("subscript", x, items=(Ellipsis, 0)), "real"), None
    return tuple(
        w.let(w.call("subscript", x, items=(Ellipsis, k)), name)
        for k, name in enumerate(("real", "imaginary"))
    )


def _fit(w: Writer, x: OnnxValue, axis: int, length: int) -> OnnxValue:
    """The first `length` places along the axis, zeros where there are fewer."""
    if length < x.shape[axis]:
        x = w.call("subscript", x, items=(*[slice(None)] * axis, slice(0, length)))
    elif length > x.shape[axis]:
        width = [[0, length - x.shape[axis]] if a == axis else 0 for a in range(x.rank)]
        x = w.call("pad", x, width=width)
    return w.let(w.call("swapaxes", x, axis1=axis, axis2=-1) if axis != x.rank - 1 else x, "row")


def _angles(w: Writer, rows: int, columns: int, length: int) -> tuple[OnnxValue, OnnxValue]:
    product = w.call("outer", w.call("arange", sizes=(rows,)), w.call("arange", sizes=(columns,)))
    angle = w.let(w.call("multiply", w.call("mod", product, length), 2 * math.pi / length), "angle")
    return w.let(w.call("cos", angle), "cosine"), w.let(w.call("sin", angle), "sine")


def _transformed(
    w: Writer, real: OnnxValue, imaginary: OnnxValue | None, axis: int, length: int, count: int, inverse: bool
) -> OnnxValue:
    cosine, sine = _angles(w, length, count, length)
    parts = [w.call("matmul", real, cosine), w.call("matmul", real, sine)]
    if not inverse:
        parts[1] = w.call("negative", parts[1])
    if imaginary is not None:
        crossed, straight = w.call("matmul", imaginary, sine), w.call("matmul", imaginary, cosine)
        parts[0] = w.call("subtract" if inverse else "add", parts[0], crossed)
        parts[1] = w.call("add", parts[1], straight)
    y = w.call("stack", *parts, axis=-1)
    y = w.call("divide", y, length) if inverse else y
    rank = y.rank
    return y if axis == rank - 2 else w.call("swapaxes", y, axis1=axis, axis2=rank - 2)


def _inverse_of_half(w: Writer, real: OnnxValue, imaginary: Any, axis: int, length: int) -> OnnxValue:
    """From one half of the frequencies: each stands for two, but for the first and a middle one."""
    kept = real.shape[-1]
    cosine, sine = _angles(w, kept, length, length)
    counts = [1.0 if k == 0 or 2 * k == length else 2.0 for k in range(kept)]
    weigh = w.let(w.operand([np.float32(c) for c in counts]), "counts")
    y = w.call("matmul", w.call("multiply", real, weigh), cosine)
    if imaginary is not None:
        y = w.call("subtract", y, w.call("matmul", w.call("multiply", imaginary, weigh), sine))
    y = w.call("divide", y, length)
    y = y if axis == y.rank - 1 else w.call("swapaxes", y, axis1=axis, axis2=-1)
    return w.call("expand_dims", y, axis=-1)


def _stft(w: Writer, node: OnnxNode) -> OnnxValue:
    x, step = node[0], int(node.number(1))
    window = node.get(2)
    length = int(node.number(3, window.shape[0] if window is not None else None) or 0)
    if length < 1 or step < 1 or not known_size(x.shape[1]):
        raise NotImported("its frames are not known before running")
    frames = (x.shape[1] - length) // step + 1
    signal = w.call("subscript", x, items=(Ellipsis, 0)) if x.rank == 3 else x
    starts = w.call("multiply", w.call("expand_dims", w.call("arange", sizes=(frames,)), axis=1), step)
    places = w.call("add", starts, w.call("arange", sizes=(length,)))
    rows = w.call("take", signal, places, axis=1)
    if window is not None:
        rows = w.call("multiply", rows, window)
    count = length // 2 + 1 if node.attribute("onesided", 1) else length
    return _transformed(w, w.let(rows, "frames"), None, 2, length, count, inverse=False)


def _hardmax(w: Writer, node: OnnxNode) -> OnnxValue:
    x, axis = node[0], axis_in(node, -1 if node.version >= 13 else 1)
    shape = tuple(n if a == axis else 1 for a, n in enumerate(x.shape))
    places = w.call("reshape", w.call("arange", sizes=(x.shape[axis],)), sizes=shape)
    best = w.call("argmax", x, axis=axis, keepdims=True)
    return w.call("multiply", w.call("equal", best, places), 1.0)


def _softmax(name: str) -> Callable[[Writer, OnnxNode], OnnxValue]:
    def rule(w: Writer, node: OnnxNode) -> OnnxValue:
        x = node[0]
        axis = axis_in(node, -1 if node.version >= 13 else 1)
        if node.version < 13 and axis != x.rank - 1:  # all axes from this one on are one
            flat = w.call("reshape", x, sizes=(math.prod(x.shape[:axis]), math.prod(x.shape[axis:])))
            return w.call("reshape", w.call(name, flat), sizes=x.shape)
        return w.call(name, x) if axis == x.rank - 1 else w.call(name, x, axis=axis)

    return rule


LINEAR: dict[str, Callable[[Writer, OnnxNode], Any]] = {
    "MatMul": _matmul,
    "Gemm": _gemm,
    "Einsum": _einsum,
    "Det": _det,
    "DFT": _dft,
    "STFT": _stft,
    "Hardmax": _hardmax,
    "Softmax": _softmax("Softmax"),
    "LogSoftmax": _softmax("LogSoftmax"),
}
