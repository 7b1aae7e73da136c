"""Windows over an image as arrays of indices, for what has no layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphlang.onnx.importing.value import OnnxValue
from graphlang.onnx.importing.writer import Writer


def window_places(
    w: Writer,
    shape: Sequence[Any],
    size: Sequence[int],
    strides: Sequence[int],
    dilations: Sequence[int],
    before: Sequence[int],
) -> list[OnnxValue]:
    """For each axis the place of each element of each window: [out..., window...], or 1 of it."""
    axes = len(size)
    places = []
    for a in range(axes):
        starts = w.call("multiply", w.call("arange", sizes=(shape[a],)), strides[a])
        within = w.call("multiply", w.call("arange", sizes=(size[a],)), dilations[a])
        at = w.call("add", w.call("expand_dims", starts, axis=1), within)
        at = w.call("subtract", at, before[a]) if before[a] else at
        wide = [shape[a] if k == a else size[a] if k == axes + a else 1 for k in range(2 * axes)]
        places.append(w.let(w.call("reshape", at, sizes=tuple(wide)), f"places_{a + 1}"))
    return places


def taken_windows(
    w: Writer, x: OnnxValue, places: Sequence[OnnxValue], *, bounded: bool = False
) -> tuple[OnnxValue, OnnxValue | None]:
    """x at places of its last axes, the nearest one for a place outside; and whether it lies inside.

    `bounded` if none lies outside.
    """
    first = x.rank - len(places)
    inside: OnnxValue | None = None
    indices = list(places)
    for k, at in enumerate(places if not bounded else ()):
        n = x.shape[first + k]
        within = w.call("logical_and", w.call("greater_equal", at, 0), w.call("less", at, n))
        inside = within if inside is None else w.call("logical_and", inside, within)
        indices[k] = w.call("minimum", w.call("maximum", at, 0), n - 1)
    taken = w.call("indexed", x, *indices, items=[*[slice(None)] * first, *["i"] * len(places)])
    return taken, inside
