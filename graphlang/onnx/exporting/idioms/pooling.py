"""Idioms of pooling over windows."""

from __future__ import annotations

from typing import Any

from graphlang.kernels.windows import sides
from graphlang.onnx.exporting.idioms.idiom import Finders, Idiom, NodeCall, of_kind


def _windows(call: NodeCall) -> dict[str, Any] | None:
    """The attributes of the windows; None where what is around the image is not a number."""
    windows = call.operation.windows(call.x)[::-1]
    pads = [sides(window["pad"]) for window in windows]
    if not all(isinstance(n, int) for pair in pads for n in pair):
        return None
    return {
        "kernel_shape": [int(window["size"]) for window in windows],
        "strides": [int(window["stride"]) for window in windows],
        "dilations": [int(window["dilation"]) for window in windows],
        "pads": [before for before, _ in pads] + [after for _, after in pads],
    }


def _max_pool(call: NodeCall) -> Idiom | None:
    attributes = _windows(call)
    return None if attributes is None else of_kind("MaxPool", **attributes)


def _avg_pool(call: NodeCall) -> Idiom | None:
    attributes = _windows(call)
    if attributes is None or call.operation.ceil:
        return None
    counts = call.operation.count_pad
    counts = call.operation.pad != "same" if counts is None else counts
    return of_kind("AveragePool", count_include_pad=int(counts), **attributes)


FINDERS: Finders = {"MaxPool": _max_pool, "AvgPool": _avg_pool}
