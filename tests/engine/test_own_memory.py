"""Arrays that are handed out belong to the caller alone, and what the caller hands in is only read."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pytest

import graphlang as gl

FORMULAS = [
    "x",
    "x.T",
    "reshape(x, 2, R)",
    "x[1:]",
    "x -> Dropout",
    "(x + w) ** 2",
    "broadcast_to(x[0], R, 2)",
    "where(x > 0, x, w)",
    "stop_gradient(x) * w",
    "x * 1 + 0",
    "W",
    "W.T",
    "W -> Identity",
    "grad(sum(x * w), x)",
    "concat([x])",
    "zeros(R, 2) + 0 * x",
]
ROWS = (3, 70000)
"""Few numbers, which are copied, and more than 256 KiB, which are handed over."""


def graph_of(formula: str, rows: int) -> gl.Graph:
    text = (
        f"hyper R = {rows}\ninput x: float[{rows}, 2], w: float[{rows}, 2]\nparam W: float[{rows}, 2] = 0.5\n"
    )
    return gl.loads(f"{text}y = {formula}\nz = x + w + W\nL = sum(y) * 1.0 + sum(z * z)\noutput y, L, z")


def inputs(rows: int) -> dict[str, Any]:
    x = np.linspace(-1, 1, 2 * rows).reshape(rows, 2)
    found = {"x": x, "w": np.cos(x)}
    for array in found.values():
        array.flags.writeable = False
    return found


def arrays(*found: Any) -> list[Any]:
    return [v for mapping in found for _, v in mapping.items() if isinstance(v, np.ndarray)]


def own(found: list[Any], others: list[Any]) -> None:
    for a, b in combinations(found, 2):
        assert not np.shares_memory(a, b)
    for a in found:
        assert not any(np.shares_memory(a, b) for b in others)
        a[...] = 7.0  # it may be written into


@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("formula", FORMULAS)
def test_what_run_gives_belongs_to_the_caller(formula: str, rows: int) -> None:
    graph, given = graph_of(formula, rows), inputs(rows)
    others = [*given.values(), graph.params["W"]]
    for _ in range(2):
        result = graph.run(given, of="L")
        expected = arrays(result, result.grad)
        own(arrays(result, result.grad, result, result.outputs), others)
        for before, after in zip(expected, arrays(result, result.grad), strict=True):
            np.testing.assert_array_equal(before, after)
    np.testing.assert_array_equal(graph.params["W"], 0.5)


@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("formula", FORMULAS)
def test_what_planned_programs_give_belongs_to_the_caller(formula: str, rows: int) -> None:
    graph, given = graph_of(formula, rows), inputs(rows)
    others = [*given.values(), graph.params["W"]]
    wrt = ["x", "w", "W", "y", "z"]
    forward, gradient = graph.compile(), graph.compile(wrt=wrt, of="L")
    first = [graph.predict(given), forward(given), gradient(given)[1]]
    again = [graph.predict(given), forward(given), gradient(given)[1]]
    for a, b in zip(arrays(*first), arrays(*again), strict=True):
        np.testing.assert_array_equal(a, b)
    own(arrays(*first, *again), others)
    third = [graph.predict(given), forward(given), gradient(given)[1]]
    expected = graph.run(given, of="L")
    for found in third[:2]:
        np.testing.assert_allclose(found["y"], expected["y"], rtol=1e-12)
    for name in wrt:
        np.testing.assert_allclose(third[2][name], expected.grad[name], rtol=1e-9)


@pytest.mark.parametrize("formula", ["x.T", "x * 2", "W * x", "W"])
def test_a_result_keeps_its_values_when_inputs_and_parameters_are_written_into(formula: str) -> None:
    graph = graph_of(formula, 3)
    given = {name: np.array(array) for name, array in inputs(3).items()}
    result, forward = graph.run(given, of="L"), graph.forward(given)
    expected = {**{n: result[n] for n in result}, **{f"d{n}": result.grad[n] for n in result.grad}}
    for array in (*given.values(), graph.params["W"]):
        array[...] = 9.0
    later = forward.backward(of="L")
    for name in result:
        np.testing.assert_array_equal(result[name], expected[name])
        np.testing.assert_array_equal(forward[name], expected[name])
    for name in result.grad:
        np.testing.assert_array_equal(result.grad[name], expected[f"d{name}"])
        np.testing.assert_array_equal(later.grad[name], expected[f"d{name}"])


def test_training_writes_into_no_data() -> None:
    text = "input x: float[N, 2]\nloss = mean((x -> BatchNorm -> Affine(2)) ** 2)\noutput loss\n"
    graph = gl.loads(f"{text}train {{ minimize = loss; optimizer = Adam(lr=0.1); batch = 2; epochs = 2 }}")
    x = inputs(6)["x"]
    before = x.copy()
    history = graph.fit(x=x)
    step = graph.compile(train=True)
    step(x=x)
    np.testing.assert_array_equal(x, before)
    assert len(history.losses) == 6
