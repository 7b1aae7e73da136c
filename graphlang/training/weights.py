"""Weights: whether arrays are the parameters of a graph, and setting them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from graphlang.datasets.number_checks import not_finite, place_text, too_large
from graphlang.diagnostics import Diagnostic, GraphError, closest
from graphlang.diagnostics.weights import (
    CheckpointForWeights,
    MissingWeights,
    MoreMisfits,
    UnknownWeights,
    WeightNotFinite,
    WeightsOfOtherShape,
    WeightsOfOtherType,
    WeightTooLarge,
)
from graphlang.engine.parameters import Params
from graphlang.files.zip_directory import shown_member

OF_CHECKPOINT = "param:"
"""How the name of a parameter begins in the checkpoint of a run."""
MOST = 8
"""How many arrays that do not fit are named."""


def load_into(params: Params, arrays: Mapping[str, Any], file: str) -> None:
    """Sets every parameter from arrays; raises GraphError, and sets none, where one does not fit."""
    problems = mismatches(params, arrays, file)
    if problems:
        raise GraphError(problems)
    for name in params:
        params[name] = arrays[name]


def mismatches(
    params: Params, arrays: Mapping[str, Any], file: str, told: Collection[str] = ()
) -> list[Diagnostic]:
    """Why arrays, or their headers, are not the parameters of a graph, but for those that were told of."""
    if any(name.startswith(OF_CHECKPOINT) for name in arrays):
        return [CheckpointForWeights(file, str(Path(file).with_name("weights.npz")))]
    problems: list[Diagnostic] = []
    names = iter(arrays)
    for name in names:
        problem = _misfit(params, name, arrays, file)
        problems += [] if problem is None else [problem]
        if len(problems) == MOST and (rest := sum(1 for _ in names)):
            return [*problems, MoreMisfits(file, rest)]
    missing = [n for n in params if n not in arrays and n not in told]
    if missing:
        problems.append(MissingWeights(file, missing[:8]))
    return problems


def _misfit(params: Params, name: str, arrays: Mapping[str, Any], file: str) -> Diagnostic | None:
    """Why an array, or the header of one, is not the parameter of its name."""
    if name not in params:
        shown = shown_member(name)
        return UnknownWeights(file, shown, closest(shown, list(params)))
    array = arrays[name]
    if array.shape != params[name].shape:
        return WeightsOfOtherShape(file, name, array.shape, params[name].shape)
    if array.dtype is None or array.dtype.kind not in "fiub":
        return WeightsOfOtherType(file, name, getattr(array, "description", str(array.dtype)))
    if isinstance(array, np.ndarray) and (place := too_large(array, params[name].dtype)) is not None:
        return WeightTooLarge(file, name, array[place], place_text(place), str(params.dtype))
    return not_finite_weight(name, array, file) if isinstance(array, np.ndarray) else None


def not_finite_weight(name: str, array: Any, file: str) -> Diagnostic | None:
    """A number of an array from a file that is nan or infinite."""
    place = not_finite(array)
    if place is not None:
        return WeightNotFinite(file, name, float(array[place]), place_text(place))
    return None
