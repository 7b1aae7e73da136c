"""Which values of a graph are images, and images as bytes."""

from __future__ import annotations

from math import isqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from graphlang.engine.tape import Tape
from graphlang.spec.network import Network, Ref
from graphlang.view.scene import Image
from graphlang.view.tensors import as_bytes

if TYPE_CHECKING:
    from graphlang.api import Graph

MOST = 8
"""The first rows are shown as images, up to so many."""
MOST_VALUES = 40
"""The values of a graph that are shown as images; each takes some kilobytes."""
LARGEST = 64
"""Pixels along the longer side of an image; a larger one is coarsened."""
LEAST = 8
"""Pixels along the side of the smallest square that a row of numbers is taken for."""
CHANNELS = (1, 3)

Form = tuple[int, int, int]
"""Channels, height and width of the images in an array [N, channels * height * width] or [N, C, H, W]."""


def image_forms(graph: Graph, tape: Tape) -> dict[str, Form]:
    """The form of every value that holds images: inputs that do, and what has the shape of one."""
    network, forms = graph.network, {}
    for name in network.inputs:
        value = tape.values[network.numbers[name]]
        form = None if value is None or value.dtype.kind == "b" else _form(graph, name, value, tape)
        if form is not None:
            forms[name] = form
    by_shape = {tape.values[network.numbers[name]].shape: form for name, form in forms.items()}
    for node in network.nodes:
        value = tape.values[node.number]
        if value is None or value.dtype.kind != "f":
            continue
        if len(forms) >= MOST_VALUES:
            break
        form = by_shape.get(value.shape) or (_of_four_axes(value.shape) if by_shape else None)
        if form is not None:
            forms[node.name] = form
    return forms


def _form(graph: Graph, name: str, value: Any, tape: Tape) -> Form | None:
    shape = value.shape
    if len(shape) == 4:
        return _of_four_axes(shape) or ((shape[3], *shape[1:3]) if shape[3] in CHANNELS else None)
    if len(shape) != 2 or value.dtype.kind == "i":
        return None
    used = _use_as_image(graph.network, name, tape)
    side = isqrt(shape[1])
    square = (1, side, side) if side >= LEAST and side * side == shape[1] else None
    return used or (square if _from_images(graph, name) else None)


def _of_four_axes(shape: tuple[int, ...]) -> Form | None:
    if len(shape) == 4 and shape[1] in CHANNELS and min(shape[2:]) > 1:
        return shape[1], shape[2], shape[3]
    return None


def _use_as_image(network: Network, name: str, tape: Tape) -> Form | None:
    """The form in which the graph itself looks at an input: as what it is reshaped to."""
    number = network.numbers[name]
    for node in network.nodes:
        if node.spec.operation == "reshape" and node.operands[:1] == (Ref(number),):
            shape = np.shape(tape.values[node.number])
            if len(shape) == 3 and shape[0] == tape.values[number].shape[0] and min(shape[1:]) >= LEAST:
                return 1, shape[1], shape[2]
            form = _of_four_axes(shape)
            if form is not None:
                return form
    return None


def _from_images(graph: Graph, name: str) -> bool:
    """Whether the data of an input are images that the source has flattened."""
    section = graph.spec.data
    if section is None or section.fields.get(name, "t") == "t":
        return False
    return bool(getattr(graph.network.member("datasets", section.source), "flatten", False))


def images(array: Any, form: Form, *, gradient: bool) -> list[Image]:
    """The first images of an array; of a gradient, 0 is the middle grey."""
    channels, height, width = form
    rows = np.asarray(array[:MOST], np.float64)
    if rows.ndim == 4 and rows.shape[1:] == (height, width, channels) != (channels, height, width):
        rows = rows.transpose(0, 3, 1, 2)
    rows = np.nan_to_num(rows.reshape(-1, channels, height, width), posinf=0.0, neginf=0.0)
    if not rows.size:
        return []
    high, low = float(rows.max()), float(rows.min())
    if gradient:
        high = max(high, -low)
        low = -high
    shares = (rows - low) / (high - low) if high > low else np.full(rows.shape, 0.5 if gradient else 0.0)
    step = -(-max(height, width) // LARGEST)
    shares = shares[:, :, ::step, ::step]
    return [_image(pixels) for pixels in shares]


def _image(pixels: Any) -> Image:
    channels, height, width = pixels.shape
    return {
        "width": width,
        "height": height,
        "channels": channels,
        "data": as_bytes(pixels.transpose(1, 2, 0)),
    }
