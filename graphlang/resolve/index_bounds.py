"""Operands that hold indices: how large an index may be, and indices in the text that are too large."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from graphlang.catalog.finder import CatalogEntry
from graphlang.diagnostics.shapes import IndexOutside
from graphlang.functions.indexed import HERE
from graphlang.resolve.application import Application
from graphlang.resolve.context import Context
from graphlang.resolve.type_texts import kind_of, origins
from graphlang.resolve.values import InputValue, NodeValue, Value

Bounds = dict[int, Any]
"""By the position of an operand: one more than its largest index, or None if that is unknown."""


def bounds_of_indices(entry: CatalogEntry, operation: Any, operands: tuple[Any, ...]) -> Bounds:
    """The bounds of the operands that hold indices, whose whole numbers must not become floats."""
    if entry.kind == "function":
        return _bounds_of_function(entry, operation, operands)
    try:
        arrays = [_array(o) for o in operands]
        bounds = operation.index_bounds(*arrays)
    except Exception:  # noqa: BLE001 - whatever does not fit is reported when `forward` is called
        return {}
    return {entry.tensors.index(name): bound for name, bound in bounds.items() if name in entry.tensors}


def _array(operand: Any) -> Any:
    if operand is None:
        return None
    return operand.array if isinstance(operand, Value) else np.asarray(operand)


def _bounds_of_function(entry: CatalogEntry, operation: Any, operands: tuple[Any, ...]) -> Bounds:
    if entry.name == "indexed":
        return _bounds_of_items(operation.attributes["items"], operands)
    if entry.name != "take" or not isinstance(operands[0], Value):
        return {"take": {1: None}, "one_hot": {0: None}}.get(entry.name, {})
    axis, shape = operation.attributes.get("axis", 0), operands[0].array.shape
    return {1: shape[axis] if -len(shape) <= axis < len(shape) else None}


def _bounds_of_items(items: tuple[Any, ...], operands: tuple[Any, ...]) -> Bounds:
    """The sizes of the axes of `x[:, ids]` that arrays of indices stand on."""
    shape = operands[0].array.shape if isinstance(operands[0], Value) else ()
    taken = sum(item is not None and item != "..." for item in items)
    bounds: Bounds = {}
    axis = 0
    for item in items:
        if item == HERE:
            bounds[len(bounds) + 1] = shape[axis] if axis < len(shape) else None
        axis += len(shape) - taken if item == "..." else item is not None
    return bounds


def is_index_outside(context: Context, use: Application, bounds: Bounds, operands: tuple[Any, ...]) -> bool:
    """Whether an index in the text lies outside of what it counts, which is reported."""
    for position, bound in bounds.items():
        operand = operands[position]
        if not isinstance(bound, int) or not _is_constant(operand):
            continue
        # For a function a negative index counts from the end.
        lowest = -bound if use.entry.kind == "function" else 0
        outside = _outside(operand, lowest, bound, use.operation.ignored_index())
        if outside is not None:
            places = origins(operands[:position], use.span)
            context.error(IndexOutside(use.span, places, use.entry.name, outside, lowest, bound - 1))
            return True
    return False


def _is_constant(operand: Any) -> bool:
    return isinstance(operand, NodeValue) and operand.operation == "constant"


def _outside(operand: NodeValue, lowest: int, bound: int, ignored: int | None) -> Any:
    """The first index of a constant that lies outside of `lowest` to `bound`, or None."""
    indices = np.asarray(operand.attributes["value"])
    if indices.dtype.kind != "i":  # it contains a size that only the data decides
        return None
    outside = indices[((indices < lowest) | (indices >= bound)) & (indices != ignored)]
    return outside[0] if outside.size else None


def note_index_bounds(
    entry: CatalogEntry, operands: tuple[Any, ...], bounds: Mapping[str, Any], ignored: int | None
) -> None:
    """Notes at the inputs among the operands which indices a layer allows, by the names of its tensors."""
    for name, bound in bounds.items():
        operand = operands[entry.tensors.index(name)] if name in entry.tensors else None
        if isinstance(operand, InputValue) and kind_of(operand.array) == "int":
            _note(operand, bound, ignored)


def _note(operand: InputValue, bound: Any, ignored: int | None) -> None:
    """Keeps the lower of two bounds; one that cannot be compared is checked by the operation itself."""
    if operand.index_bound is None:
        operand.index_bound, operand.ignored_index = bound, ignored
    elif isinstance(bound, int) and isinstance(operand.index_bound, int) and ignored == operand.ignored_index:
        operand.index_bound = min(bound, operand.index_bound)
