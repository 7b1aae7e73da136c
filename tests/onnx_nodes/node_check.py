"""Imports one node test, runs it, and compares with the values that the test gives."""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import numpy as np

from graphlang.diagnostics import GraphError
from graphlang.onnx.importing.loading import graph_of, import_model
from tests.onnx_nodes.node_cases import NodeCase

MOST_CONSTANTS = 6
EXACT = 1e-6


class Outcome(NamedTuple):
    """What became of a node test: `passed`, `drawn` (random numbers that might be those of the test), `failed`
    (other values) or `unsupported` (not imported)."""

    kind: str
    #: the largest difference, relative to values above 1
    error: float = 0.0
    #: the inputs whose values were made constants
    constants: tuple[str, ...] = ()
    why: str = ""
    #: whether each number is 0, or that of the test where that is not 0
    may_be_drawn: bool = False


def check(case: NodeCase) -> Outcome:
    """The outcome of one test over all of its data."""
    worst = Outcome("passed")
    for given, expected in case.data_sets:
        outcome = _check(case.model, given, expected)
        if outcome.kind == "failed" and case.draws and outcome.may_be_drawn:
            outcome = outcome._replace(kind="drawn")
        if outcome.kind != "passed":
            return outcome
        if outcome.error >= worst.error:
            worst = outcome
    return worst


def _check(model: Any, given: list[Any], expected: list[Any]) -> Outcome:
    names = [described.name for described in model.graph.input]
    values = {n: as_array(v) for n, v in zip(names, given, strict=False)}
    fixed: dict[str, Any] = {}
    try:
        imported = _imported(model, values, fixed)
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            graph = graph_of(imported, "node.graph")
            inputs = {imported.inputs[n]: _plain(v) for n, v in values.items() if n in imported.inputs}
            results = graph.predict(inputs)
    except GraphError as error:
        return Outcome("unsupported", constants=tuple(fixed), why=error.diagnostics[0].message)
    outputs = [imported.outputs[described.name] for described in model.graph.output]
    results = results if isinstance(results, dict) else {outputs[0]: results}
    return _compared([results[name] for name in outputs], expected, tuple(fixed))


def _imported(model: Any, values: dict[str, Any], fixed: dict[str, Any]) -> Any:
    """Imports; an input that is needed before running becomes a constant, as its message says."""
    for _ in range(MOST_CONSTANTS):
        try:
            return import_model(model, "node.onnx", inputs=fixed)
        except GraphError as error:
            wanted = getattr(error.diagnostics[0], "value", None)
            if wanted not in values or wanted in fixed:
                raise
            fixed[wanted] = values[wanted]
    return import_model(model, "node.onnx", inputs=fixed)


def as_array(value: Any) -> Any:
    """Data of a test as an array; types that NumPy does not have come as tensors of ONNX."""
    if hasattr(value, "data_type"):
        from onnx import numpy_helper

        return numpy_helper.to_array(value)
    return np.asarray(value)


def _plain(array: Any) -> Any:
    array = as_array(array)
    if array.dtype.kind in "biu":
        return array if array.dtype.kind == "b" else array.astype(np.int64)
    return array.astype(np.float64)


def _compared(results: list[Any], expected: list[Any], constants: tuple[str, ...]) -> Outcome:
    worst = 0.0
    for ours, theirs in zip(results, expected, strict=True):
        theirs = as_array(theirs)
        if np.shape(ours) != theirs.shape:
            return Outcome("failed", np.inf, constants, f"{np.shape(ours)}, not {theirs.shape}")
        worst = max(worst, difference(np.asarray(ours), theirs))
    return Outcome(
        "passed" if worst <= tolerance(expected) else "failed",
        worst,
        constants,
        f"off by {worst:.3g}",
        all(_may_be_drawn(np.asarray(y), as_array(e)) for y, e in zip(results, expected, strict=True)),
    )


def _may_be_drawn(ours: Any, theirs: Any) -> bool:
    """Whether both drop numbers, and agree on those that neither drops."""
    both = (ours != 0) & (theirs != 0)
    return difference(np.where(both, ours, 0), np.where(both, theirs, 0)) <= tolerance([theirs])


def tolerance(expected: list[Any]) -> float:
    """How far values may be off: a step or two of the precision that the test has."""
    return max(map(_step, expected), default=0.0)


def _step(expected: Any) -> float:
    array = as_array(expected)
    if array.dtype.itemsize <= 2:
        return 5e-3
    four_digits = array.dtype.kind == "f" and np.allclose(array, np.round(array, 4), rtol=0, atol=1e-8)
    return 1e-4 if four_digits and not np.allclose(array, np.round(array, 3), rtol=0, atol=1e-8) else 1e-5


def difference(ours: Any, theirs: Any) -> float:
    """The largest difference, once ours has the type of theirs, relative to values above 1."""
    with np.errstate(all="ignore"):
        ours = ours.astype(theirs.dtype)
    if theirs.dtype.kind in "biu":
        return float(np.max(ours != theirs, initial=0))
    ours, theirs = ours.astype(np.float64), theirs.astype(np.float64)
    same = (ours == theirs) | (np.isnan(ours) & np.isnan(theirs))
    with np.errstate(all="ignore"):
        off = np.where(same, 0, np.abs(ours - theirs) / np.maximum(np.abs(theirs), 1))
    return float(np.max(np.where(np.isnan(off), np.inf, off), initial=0))
