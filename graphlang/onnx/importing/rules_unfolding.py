"""What undoes windows: columns put back into an image, and largest numbers put back into their places."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from graphlang.onnx.importing.node import OnnxNode
from graphlang.onnx.importing.refusals import NotImported
from graphlang.onnx.importing.rules_indexing import scattered
from graphlang.onnx.importing.rules_shape import known_size, with_border
from graphlang.onnx.importing.value import OnnxValue
from graphlang.onnx.importing.writer import Writer


def _columns_to_image(w: Writer, node: OnnxNode) -> OnnxValue:
    """For each place of the image the sum of what the windows that reach it have for it."""
    image, block = ([int(n) for n in node.ints(k) or []] for k in (1, 2))
    axes = len(image)
    strides, dilations = (list(node.attribute(n) or [1] * axes) for n in ("strides", "dilations"))
    pads = list(node.attribute("pads") or [0] * 2 * axes)
    counts = [
        (n + pads[a] + pads[a + axes] - dilations[a] * (k - 1) - 1) // strides[a] + 1
        for a, (n, k) in enumerate(zip(image, block, strict=True))
    ]
    x, size = node[0], math.prod(block)
    if not known_size(x.shape[1]) or x.shape[1] % size or x.shape[2] != math.prod(counts):
        raise NotImported(
            f"{x.shape[1]} channels and {x.shape[2]} windows are not those of an image of {image}"
        )
    x = w.call("reshape", x, sizes=(x.shape[0], x.shape[1] // size, *block, *counts))
    indices, inside = [], None
    within = []
    for a in range(axes):
        shape = [1] * (2 * axes)
        shape[axes + a] = block[a]
        cell = w.call("arange", sizes=(block[a],))
        within.append(w.call("reshape", cell, sizes=tuple(shape)))
        places = w.call("expand_dims", w.call("add", w.call("arange", sizes=(image[a],)), pads[a]), axis=1)
        away = w.call("subtract", places, w.call("multiply", cell, dilations[a]))
        shape[a] = image[a]
        away = w.let(w.call("reshape", away, sizes=tuple(shape)), f"away_{a + 1}")
        window = w.let(w.call("floor_divide", away, strides[a]), f"window_{a + 1}")
        fits = w.call("logical_and", w.call("greater_equal", window, 0), w.call("less", window, counts[a]))
        if strides[a] > 1:
            fits = w.call("logical_and", fits, w.call("equal", w.call("mod", away, strides[a]), 0))
        inside = fits if inside is None else w.call("logical_and", inside, fits)
        indices.append(w.call("minimum", w.call("maximum", window, 0), counts[a] - 1))
    assert inside is not None
    taken = w.call("indexed", x, *within, *indices, items=[slice(None), slice(None), *["i"] * 2 * axes])
    kept = w.call("where", inside, taken, 0)
    return w.call("sum", kept, axis=tuple(range(2 + axes, 2 + 2 * axes)))


def _unpool(w: Writer, node: OnnxNode) -> OnnxValue:
    x, places = node[0], node[1]
    size = list(node.attribute("kernel_shape") or ())
    axes = len(size)
    strides = list(node.attribute("strides") or [1] * axes)
    pads = list(node.attribute("pads") or [0] * 2 * axes)
    if x.rank != axes + 2 or not all(map(known_size, x.shape)):
        raise NotImported("the sizes of its image are not known before running")
    image = [
        (n - 1) * s - pads[a] - pads[a + axes] + k
        for a, (n, s, k) in enumerate(zip(x.shape[2:], strides, size, strict=True))
    ]
    shape = (*x.shape[:2], *image)
    empty = w.call("zeros", sizes=shape)
    y = scattered(w, "none", empty, w.call("reshape", places, sizes=(-1,)), x, x.shape)
    wanted = node.ints(2)
    if wanted is None:
        return y
    return with_border(w, y, [[0, int(n) - m] for n, m in zip(wanted, shape, strict=True)])


UNFOLDING: dict[str, Callable[[Writer, OnnxNode], Any]] = {"Col2Im": _columns_to_image, "MaxUnpool": _unpool}
