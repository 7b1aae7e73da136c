"""Numbers for the inputs of a program, and the forms in which arrays may come."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from random_program import Program

import graphlang as gl
from graphlang.trace import bind

Inputs = dict[str, Any]


def inputs_of(graph: gl.Graph, program: Program, sizes: Mapping[str, int], call: int = 0) -> Inputs:
    """A value for every input that has no default, and for some of those that have one."""
    rng = np.random.default_rng([program.seed, call])
    values = {}
    for name, spec in graph.inputs.items():
        if spec.default is not None and rng.random() < 0.5:
            continue
        shape = tuple(int(bind(s, sizes)) for s in spec.shape or ())
        values[name] = np.array(_numbers(spec, shape, program.style, rng, sizes))
    return values


def _numbers(
    spec: Any, shape: tuple[int, ...], style: str, rng: np.random.Generator, sizes: Mapping[str, int]
) -> Any:
    if spec.dtype == "bool":
        return rng.random(shape) < 0.5
    if spec.dtype == "int":
        below = 4 if spec.below is None else int(bind(spec.below, sizes))
        return rng.integers(0, max(below, 1), shape)
    if style == "ties":
        return rng.integers(-3, 4, shape) * 0.5
    if style == "positive":
        return rng.uniform(0.2, 2.0, shape)
    return rng.standard_normal(shape) * (10.0 ** rng.integers(-3, 4) if style == "wide" else 1.0)


def read_only(array: Any) -> Any:
    given = np.array(array)
    given.flags.writeable = False
    return given


def of_fortran(array: Any) -> Any:
    return np.array(array, order="F")


def with_gaps(array: Any) -> Any:
    """Every second element of a larger array along each axis."""
    if np.ndim(array) == 0:
        return array
    large = np.zeros([2 * n for n in np.shape(array)], np.asarray(array).dtype)
    view = large[tuple(slice(None, None, 2) for _ in np.shape(array))]
    view[...] = array
    return view


def backwards(array: Any) -> Any:
    """A view with negative strides."""
    if np.ndim(array) == 0:
        return array
    turned = tuple(slice(None, None, -1) for _ in np.shape(array))
    return np.array(np.asarray(array)[turned])[turned]


FORMS: tuple[Callable[[Any], Any], ...] = (read_only, of_fortran, with_gaps, backwards)
"""Other forms of the same numbers."""


def aliased(inputs: Inputs) -> tuple[Inputs, Inputs] | None:
    """The same array for all inputs of one shape and type, once as one array and once as copies of it."""
    kept: dict[Any, Any] = {}
    one = {}
    for name, value in inputs.items():
        array = np.asarray(value)
        one[name] = kept.setdefault((array.shape, array.dtype), array)
    if len(kept) == len(one):
        return None
    return one, {name: np.array(value) for name, value in one.items()}


def copied(inputs: Inputs) -> Inputs:
    return {name: np.array(value) for name, value in inputs.items()}
