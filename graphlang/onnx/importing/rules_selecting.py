"""What has as many results as the data have it: computed on import, from constants."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from graphlang.onnx.importing.element_types import INT64
from graphlang.onnx.importing.node import OnnxNode
from graphlang.onnx.importing.refusals import NotImported
from graphlang.onnx.importing.value import OnnxValue
from graphlang.onnx.importing.writer import Writer

MOST = 65536
"""The most numbers that are gone through."""


def _numbers(node: OnnxNode, position: int) -> np.ndarray[Any, Any]:
    array = node.known(position)
    if array.dtype == object:
        raise NotImported("how many results it has depends on a size that is not known before running")
    if array.size > MOST:
        raise NotImported(f"it goes through {array.size:,} numbers, more than {MOST:,}")
    return array


def _result(array: np.ndarray[Any, Any], elem: int = INT64) -> OnnxValue:
    if not array.size:
        raise NotImported("it gives an array of no elements")
    return OnnxValue.constant(array, elem)


def _nonzero(_: Writer, node: OnnxNode) -> OnnxValue:
    return _result(np.array(np.nonzero(_numbers(node, 0)), np.int64))


def _unique(_: Writer, node: OnnxNode) -> tuple[OnnxValue, ...]:
    """The numbers that differ, where each is first, which each is, and how often it is there."""
    x, axis = _numbers(node, 0), node.attribute("axis")
    values, first, which, counts = np.unique(
        x, return_index=True, return_inverse=True, return_counts=True, axis=axis
    )
    which = which.reshape(-1)
    if not node.attribute("sorted", 1):  # in the order in which they come
        order = np.argsort(first)
        values = np.take(values, order, axis=0 if axis is None else int(axis))
        first, counts, which = first[order], counts[order], np.argsort(order)[which]
    return (_result(values, node[0].elem), *(_result(part) for part in (first, which, counts)))


def _non_max_suppression(_: Writer, node: OnnxNode) -> OnnxValue:
    """The boxes of each class, best first, that do not lie too much on a better one."""
    boxes, scores = _numbers(node, 0).astype(np.float64), _numbers(node, 1)
    most = int(node.number(2, 0))
    limit, least = float(node.number(3, 0.0)), float(node.number(4, -np.inf))
    corners = _by_centre(boxes) if node.attribute("center_point_box", 0) else _by_corners(boxes)
    chosen = [
        (image, kind, box)
        for image, rows in enumerate(scores)
        for kind, row in enumerate(rows)
        for box in _kept(corners[image], row, most, limit, least)
    ]
    return _result(np.array(chosen, np.int64))


def _by_corners(boxes: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Lower and upper ends, whichever corners a file has."""
    a, b = boxes[..., :2], boxes[..., 2:]
    return np.concatenate([np.minimum(a, b), np.maximum(a, b)], axis=-1)


def _by_centre(boxes: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    centre, half = boxes[..., :2], boxes[..., 2:] / 2
    return np.concatenate([centre - half, centre + half], axis=-1)


def _kept(boxes: np.ndarray[Any, Any], scores: Any, most: int, limit: float, least: float) -> list[int]:
    kept: list[int] = []
    for box in np.argsort(-scores, kind="stable"):
        if len(kept) == most or not scores[box] > least:
            break
        if all(_overlap(boxes[box], boxes[other]) <= limit for other in kept):
            kept.append(int(box))
    return kept


def _overlap(a: np.ndarray[Any, Any], b: np.ndarray[Any, Any]) -> float:
    """What two boxes have in common, as a share of what they cover together."""
    sides = np.maximum(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0)
    common = float(np.prod(sides))
    both = float(np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2])) - common
    return common / both if both > 0 else 0.0


SELECTING: dict[str, Callable[[Writer, OnnxNode], Any]] = {
    "NonZero": _nonzero,
    "Unique": _unique,
    "NonMaxSuppression": _non_max_suppression,
}
