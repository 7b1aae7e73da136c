"""Runs a file, so that its values and gradients can be shown beside their names."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from graphlang.api import Graph
from graphlang.catalog.finder import Catalog
from graphlang.diagnostics import Diagnostic, GraphError
from graphlang.lsp.analysis import Analysis
from graphlang.resolve import resolve
from graphlang.resolve.values import InputValue

MOST_NODES = 300
MOST_NUMBERS = 10_000
"""A file that computes no more than this is run whenever it changes."""


class Ran(NamedTuple):
    """The values and gradients of a run, by their full names."""

    values: Mapping[str, Any]
    gradients: Mapping[str, Any]
    #: what the gradients are of; empty where there are none
    of: str = ""
    problems: tuple[Diagnostic, ...] = ()


def is_small(analysis: Analysis) -> bool:
    """Whether a file has everything to run, and takes next to no time."""
    examined = analysis.examined
    if examined is None or not analysis.sound or len(examined.values) > 2 * MOST_NODES:
        return False
    if any(isinstance(v, InputValue) and v.default is None for v in examined.values):
        return False
    spec = analysis.spec
    if spec is None or len(spec.nodes) > MOST_NODES or any(i.default is None for i in spec.inputs):
        return False
    if not spec.nodes or any(node.body is not None for node in spec.nodes):
        return False
    shapes: list[Any] = [i.shape or () for i in spec.inputs]
    shapes += [p.shape for p in spec.params] + [n.shape for n in spec.nodes]
    if not all(isinstance(size, int) for shape in shapes for size in shape):
        return False
    numbers: int = sum(prod(shape) for shape in shapes)
    return numbers <= MOST_NUMBERS


def run_file(analysis: Analysis, folder: Path | None, settings: Mapping[str, Any] | None = None) -> Ran:
    """Forward and backward with the inputs that the file has, and `settings`; a refusal is in `problems`."""
    importer = analysis._importer
    try:
        catalog = Catalog()
        resolved = resolve(
            analysis.tree, catalog, settings, analysis.limits, importer, analysis.syntax_problems
        )
        graph = Graph(resolved.spec, catalog, folder=folder, limits=analysis.limits, threads=1)
        forward = graph.forward()
    except GraphError as error:
        return Ran({}, {}, problems=tuple(error.diagnostics))
    except MemoryError:
        return Ran({}, {})
    values = dict(forward)
    try:
        result = forward.backward()
    except GraphError:  # of several outputs, none is to be differentiated
        return Ran(values, {})
    gradients = {name: result.grad[name] for name in result.grad if result.grad.arrives(name)}
    return Ran(values, gradients, result.of or "")


def number_text(value: Any) -> str:
    """A value in a few characters: a number, the numbers of a short list, or the mean of many."""
    array = np.asarray(value)
    if array.ndim == 0:
        return _number(array[()])
    if array.size and array.size <= 4 and array.ndim == 1:
        return f"[{', '.join(_number(x) for x in array)}]"
    if not array.size:
        return "[]"
    if array.dtype.kind == "b":
        return f"{int(array.sum())} of {array.size} true"
    return f"mean {_number(array.mean())}, {_number(array.min())} .. {_number(array.max())}"


def _number(value: Any) -> str:
    if isinstance(value, bool | np.bool_):
        return str(bool(value)).lower()
    return f"{float(value):.5g}" if np.asarray(value).dtype.kind == "f" else str(int(value))
