"""Arrays from sizes alone, and windows."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from graphlang.onnx.importing.attributes import as_known
from graphlang.onnx.importing.expression import Keyword
from graphlang.onnx.importing.node import OnnxNode
from graphlang.onnx.importing.refusals import NotImported
from graphlang.onnx.importing.rules_types import cast
from graphlang.onnx.importing.value import OnnxValue
from graphlang.onnx.importing.writer import Writer

MOST = 2**24


def _constant(_: Writer, node: OnnxNode) -> OnnxValue:
    for name in ("value", "value_float", "value_int", "value_floats", "value_ints"):
        if (value := node.attribute(name)) is not None:
            array = np.asarray(value)
            if array.dtype == np.float64 and name != "value":
                array = array.astype(np.float32)
            return OnnxValue.constant(array)
    raise NotImported("it gives texts or a sparse tensor")


def _of_shape(w: Writer, node: OnnxNode) -> OnnxValue:
    value = node.attribute("value")
    value = np.zeros(1, np.float32) if value is None else value
    sizes = tuple(node.ints(0) or ())
    number = value.reshape(-1)[0]
    y = w.call("full", sizes=sizes, value=float(number)) if sizes else w.operand(number)
    word = {"i": "int", "b": "bool"}.get(value.dtype.kind)
    return w.call("cast", y, to=Keyword(word)) if word else y


def _range(w: Writer, node: OnnxNode) -> OnnxValue:
    start, stop, step = (node.number(k) for k in range(3))
    first = node[0]
    if first.word == "int" and step == 1:
        from_zero = isinstance(start, (int, np.integer)) and start == 0
        return w.call("arange", sizes=(stop,) if from_zero else (start, stop))
    if any(hasattr(n, "symbols") for n in (start, stop, step)):
        raise NotImported("how many numbers it gives is not known before running")
    count = max(math.ceil((stop - start) / step), 0) if step else MOST + 1
    if count > MOST:
        raise NotImported(f"it gives {count:,} numbers")
    return w.call("add", w.call("multiply", w.call("arange", sizes=(count,)), step), start)


def _eye_like(w: Writer, node: OnnxNode) -> OnnxValue:
    x, k = node[0], int(node.attribute("k", 0))
    rows, columns = x.shape
    places = w.call("expand_dims", w.call("add", w.call("arange", sizes=(rows,)), k), axis=1)
    same = w.call("equal", places, w.call("arange", sizes=(columns,)))
    elem = int(node.attribute("dtype", x.elem))
    return cast(w, same, elem)


def _window(coefficients: tuple[float, ...]) -> Callable[[Writer, OnnxNode], OnnxValue]:
    """A sum of cosines over the numbers from 0 to size."""

    def rule(w: Writer, node: OnnxNode) -> OnnxValue:
        size = int(node.number(0))
        if not 0 <= size <= MOST:
            raise NotImported(f"its size is {size:,}")
        n = size if node.attribute("periodic", 1) else size - 1
        angle = w.let(w.call("multiply", w.call("arange", sizes=(size,)), 2 * math.pi / max(n, 1)), "angle")
        y = w.operand(coefficients[0])
        for k, factor in enumerate(coefficients[1:], 1):
            cosine = w.call("cos", angle if k == 1 else w.call("multiply", angle, k))
            y = w.call("subtract" if k % 2 else "add", y, w.call("multiply", cosine, factor))
        return cast(w, y, int(node.attribute("output_datatype", 1)))

    return rule


def _shape(w: Writer, node: OnnxNode) -> OnnxValue:
    raise NotImported("it is not known before running")


def _mel_weights(_: Writer, node: OnnxNode) -> OnnxValue:
    """A constant: all that it depends on is known."""
    bins, length, rate, low, high = (float(node.number(k)) for k in range(5))
    if not 0 < bins <= 4096 or not 0 < length <= 2**16:
        raise NotImported(f"it has {bins:,.0f} bands of {length:,.0f} frequencies")
    start, stop = (2595 * math.log10(1 + f / 700) for f in (low, high))
    mels = np.linspace(start, stop, int(bins) + 2, endpoint=False)
    hertz = 700 * (10 ** (mels / 2595) - 1)
    places = ((int(length) + 1) * hertz // rate).astype(int)
    weights = np.zeros((int(length) // 2 + 1, int(bins)), np.float32)
    for i in range(int(bins)):
        lower, centre, upper = places[i], places[i + 1], places[i + 2]
        if centre == lower:
            weights[centre, i] = 1
        else:
            for j in range(lower, centre + 1):
                weights[j, i] = (j - lower) / (centre - lower)
        for j in range(centre, upper) if upper > centre else ():
            weights[j, i] = (upper - j) / (upper - centre)
    return OnnxValue.constant(as_known(weights, 1))


CREATION: dict[str, Callable[[Writer, OnnxNode], Any]] = {
    "Constant": _constant,
    "ConstantOfShape": _of_shape,
    "Range": _range,
    "EyeLike": _eye_like,
    "HannWindow": _window((0.5, 0.5)),
    "HammingWindow": _window((25 / 46, 21 / 46)),
    "BlackmanWindow": _window((0.42, 0.5, 0.08)),
    "MelWeightMatrix": _mel_weights,
    "Shape": _shape,
    "Size": _shape,
}
