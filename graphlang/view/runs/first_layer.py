"""The weights that act on images first, each unit as an image."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from graphlang.spec.network import Network, Ref
from graphlang.view.runs.png import LEAST

UNITS = 64
"""How many units are shown at most."""


class UnitImages(NamedTuple):
    """The weights of the units of a layer: its parameter, how many units it has, and the images of some."""

    parameter: str
    units: int
    images: list[Any]


def first_layer(
    network: Network, params: Mapping[str, Any], shapes: Mapping[str, tuple[int, ...]]
) -> UnitImages | None:
    """The first layer on an image; `shapes` are those of the images of each input: [height, width] or [1,
    height, width]."""
    images = {network.numbers[name]: shape[-2:] for name, shape in shapes.items()}
    for node in network.nodes:
        operands = [o.number for o in node.operands if type(o) is Ref]
        shape = next((images[number] for number in operands if number in images), None)
        if shape is None:
            continue
        if node.spec.operation in ("Flatten", "reshape"):
            images[node.number] = shape
        weights = [network.names[n] for n in (*node.own.values(), *operands) if network.names[n] in params]
        for name in weights:
            pictures = _images(np.asarray(params[name]), shape)
            if pictures:
                return UnitImages(name, _units(params[name], shape), pictures[:UNITS])
    return None


def _units(W: Any, shape: tuple[int, ...]) -> int:
    return int(W.shape[1] if W.ndim == 2 else W.shape[0])


def _images(W: Any, shape: tuple[int, ...]) -> list[Any]:
    """W [height * width, units], or the kernels [units, channels, height, width] as their mean channel."""
    if W.ndim == 2 and W.shape[0] == shape[0] * shape[1]:
        return [W[:, unit].reshape(shape) for unit in range(W.shape[1])]
    if W.ndim == 4 and min(W.shape[2:]) >= LEAST - 1:
        return [kernel.mean(axis=0) for kernel in W]
    return []
