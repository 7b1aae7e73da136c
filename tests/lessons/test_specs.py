"""Every spec in specs/ is sound, does what its `expect` lines say, and survives the way through JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphlang as gl
from graphlang.checks.expectations import check_expectations
from graphlang.inputs.stand_ins import fill_with_random

SPECS = Path(__file__).parents[2] / "specs"
FILES = sorted(SPECS.rglob("*.graph"))


def named(path: Path) -> str:
    return str(path.relative_to(SPECS))


def inputs_of(graph: gl.Graph) -> dict[str, Any]:
    return fill_with_random(graph.network, {}, np.random.default_rng(0))


def test_the_lessons_of_chapter_5_are_all_there() -> None:
    expected = (
        "apple apple_orange chain_rule sigmoid affine two_layer_net two_layer_net_explicit squared_error"
    )
    assert {p.stem for p in FILES} >= set(expected.split())


@pytest.mark.parametrize("path", FILES, ids=named)
def test_a_spec_loads_without_notes_or_warnings(path: Path) -> None:
    assert gl.load(path).notes == ()


@pytest.mark.parametrize("path", FILES, ids=named)
def test_a_spec_is_a_lesson_with_expect_lines(path: Path) -> None:
    graph = gl.load(path)
    assert "Deep Learning from Scratch" in graph.spec.doc
    assert len(graph.spec.doc.splitlines()) >= 4
    assert len(graph.spec.expects) >= 2


@pytest.mark.parametrize("path", FILES, ids=named)
def test_every_expect_line_holds(path: Path) -> None:
    failed = [f"{e.text}: {e.message}" for e in check_expectations(gl.load(path).model) if not e.ok]
    assert failed == []


@pytest.mark.parametrize("path", FILES, ids=named)
def test_the_json_of_a_spec_brings_back_the_same_graph_and_the_same_values(path: Path) -> None:
    graph = gl.load(path)
    again = gl.Graph.from_spec(graph.spec.model_dump_json())
    assert again.spec == graph.spec
    assert list(again.graph.nodes(data=True)) == list(graph.graph.nodes(data=True))
    assert list(again.graph.edges) == list(graph.graph.edges)
    inputs = inputs_of(graph)
    of = graph.spec.outputs[0]
    if graph.spec.train:  # an output may be a class, which has no gradient
        of = graph.spec.train.minimize
    if graph.spec.gradcheck:
        of = graph.spec.gradcheck.of
    seed = np.ones_like(graph.forward(inputs)[of])
    first, second = graph.forward(inputs).backward(seed, of), again.forward(inputs).backward(seed, of)
    assert list(first) == list(second)
    for name in first:
        np.testing.assert_array_equal(first[name], second[name])
        if name in first.grad:
            np.testing.assert_array_equal(first.grad[name], second.grad[name])


@pytest.mark.parametrize("path", [p for p in FILES if gl.load(p).spec.gradcheck], ids=named)
def test_backpropagation_agrees_with_numbers(path: Path) -> None:
    report = gl.load(path).gradcheck()
    assert report.ok
    assert report.worst < 1e-6


def test_the_values_on_the_way_can_be_asked_for() -> None:
    result = gl.load(SPECS / "apple_orange.graph").run()
    values = {"apple_price": 200, "orange_price": 450, "total": 650, "price": 715}
    assert {name: result[name] for name in values} == pytest.approx(values)
    gradients = {"apple": 2.2, "apple_num": 110, "orange": 3.3, "orange_num": 165, "tax": 650}
    assert {name: result.grad[name] for name in gradients} == pytest.approx(gradients)


def test_backward_starts_from_any_value_with_any_gradient() -> None:
    forward = gl.loads("input x = 10, y = 5\nz = x * y\nw = z * 2\noutput w").forward()
    result = forward.backward(seed=1.3, of="z")
    assert (result.grad["x"], result.grad["y"]) == pytest.approx((6.5, 13))


def test_the_explicit_network_is_the_same_network() -> None:
    chain = gl.load(SPECS / "two_layer_net.graph", dtype="float64")
    written = gl.load(SPECS / "two_layer_net_explicit.graph", dtype="float64")
    names = {"Affine1.W": "W1", "Affine1.b": "b1", "Affine2.W": "W2", "Affine2.b": "b2"}
    for one, other in names.items():
        written.params[other] = chain.params[one]
    inputs = inputs_of(chain)
    first, second = chain.run(inputs), written.run(inputs, of="loss")
    np.testing.assert_allclose(first["y"], second["y"], rtol=1e-12)
    for one, other in names.items():
        np.testing.assert_allclose(first.grad[one], second.grad[other], rtol=1e-9, atol=1e-15)
