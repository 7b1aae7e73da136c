"""Flattens and scales values from the command line as the `data` section does its fields."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from graphlang.cli import console
from graphlang.diagnostics import GraphError
from graphlang.diagnostics.inputs import NotAsTrained, NotScaled
from graphlang.training.raw_rows import as_images, divisor

if TYPE_CHECKING:
    from graphlang.api import Graph

_LABELS = "t"
"""The field of labels in every source, which is neither flattened nor scaled."""


def as_in_data(graph: Graph, inputs: Mapping[str, Any], weights: str | None) -> dict[str, Any]:
    """The values as the data source would yield them: raw images are flattened and divided as in training.

    Floats from 0 to 1 are left as they are. Raises GraphError for a value that is neither.
    """
    section = graph.spec.data
    if section is None or not inputs:
        return dict(inputs)
    source = graph.network.member("datasets", section.source)
    values: dict[str, Any] = {}
    for name, value in inputs.items():
        field = section.fields.get(name, _LABELS)
        if field == _LABELS or graph.inputs[name].dtype != "float":
            values[name] = value
            continue
        array = _shaped(graph, name, value)
        if array is not None and getattr(source, "normalize", False) and array.ndim > 1:
            array = _scaled(graph, name, field, array, weights, written=not isinstance(value, np.ndarray))
        values[name] = value if array is None else array
    return values


def _shaped(graph: Graph, name: str, value: Any) -> Any:
    """The value in the shape of the source's images; None if it is not an array of numbers."""
    try:
        array = np.asarray(value)
    except ValueError:
        return None
    if array.dtype.kind not in "iuf":
        return None
    return as_images(graph.model, name, array)


def _scaled(graph: Graph, name: str, field: str, array: Any, weights: str | None, *, written: bool) -> Any:
    if not array.size:
        return array
    with np.errstate(all="ignore"):
        low, high = (float(f.reduce(array, None)) for f in (np.fmin, np.fmax))
    whole = array.dtype.kind in "iu"
    if not low < 0 and not high > 1 and (written or not whole):
        return array
    largest = _largest(graph, field, weights)
    if largest is None and array.dtype == np.uint8:
        largest = 255
    if low < 0 or not whole or (largest is not None and high > largest):
        wrong = NotScaled(name, graph.network.span(name), low if low < 0 else high, largest)
        raise GraphError([wrong])
    if largest is None:
        raise GraphError([NotAsTrained.unknown_scale(name, graph.network.span(name))])
    if largest == 1:
        return array
    console.note(f"`{name}` is divided by {largest:g}, as `normalize` does to the data")
    return np.multiply(array, np.asarray(1 / largest, graph.dtype), dtype=graph.dtype)


def _largest(graph: Graph, field: str, weights: str | None) -> float | None:
    """What the training images were divided by, from what is kept with the weights, or the file's data."""
    from graphlang.training.sections import open_data

    learned = divisor(graph.model, field)
    if learned is not None:
        return learned
    kept = {} if weights is None else divisors_of_run(Path(weights))
    if field in kept:
        return kept[field]
    try:
        column = open_data(graph.model).train.get(field)
    except GraphError:
        return None
    return None if column is None or column.pixels is None else column.pixels.largest


def divisors_of_run(weights: Path) -> dict[str, float]:
    """What the fields were divided by in the training of these weights, if their run folder says so."""
    from graphlang.training.run_folder import about_run

    stored = about_run(weights if weights.is_dir() else weights.parent).get("divided_by", {})
    divisors = stored if isinstance(stored, dict) else {}
    return {field: float(n) for field, n in divisors.items() if isinstance(n, int | float) and n > 0}
