"""The examples of the language's contract check, run forward and backward, and pass the gradient check."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import graphlang as gl
from graphlang.checks.expectations import check_expectations
from graphlang.inputs.stand_ins import fill_with_random

EXAMPLES = sorted((Path(__file__).parent / "examples").glob("*.graph"))
LONG = {"residual_network"}
#: smaller than as written, where the size adds nothing but time
SMALLER = {"transformer": {"d_model": 16, "depth": 2, "context": 8, "vocab": 11}}


@pytest.mark.parametrize(
    "path", [pytest.param(p, id=p.stem, marks=pytest.mark.slow if p.stem in LONG else ()) for p in EXAMPLES]
)
def test_an_example_runs_both_ways_and_passes_the_gradient_check(path: Path) -> None:
    graph = gl.load(path, set=SMALLER.get(path.stem, {}), dtype="float64")
    assert [e.message for e in check_expectations(graph.model) if not e.ok] == []
    inputs = fill_with_random(graph.network, {}, np.random.default_rng(0), batch=2)
    of = graph.spec.gradcheck.of if graph.spec.gradcheck else graph.model.start(None)
    result = graph.run(inputs, of=of)
    assert all(np.all(np.isfinite(result.grad[name])) for name in graph.params)
    report = graph.gradcheck(inputs)
    assert report.ok, report


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_the_json_of_an_example_brings_back_the_same_values(path: Path) -> None:
    graph = gl.load(path, set=SMALLER.get(path.stem, {}), dtype="float64")
    again = gl.Graph.from_spec(graph.spec.model_dump_json(), dtype="float64")
    inputs = fill_with_random(graph.network, {}, np.random.default_rng(0), batch=2)
    found = again.forward(inputs)
    for name, value in graph.forward(inputs).items():
        np.testing.assert_array_equal(value, found[name])
