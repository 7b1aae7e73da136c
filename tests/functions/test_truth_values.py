"""Inputs of true and false: they count as 1 and 0 of the run's precision, or are refused with a reason."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphlang as gl

B = np.array([[True, False, True], [False, False, True]])
PIXELS = np.random.default_rng(0).random((2, 1, 4, 4)) < 0.5


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "call", ["Tanh(b)", "exp(b)", "sin(b)", "cos(b)", "tan(b)", "sinh(b)", "cosh(b)", "arctan(b)", "tanh(b)"]
)
def test_what_is_computed_from_truth_values_has_the_precision_of_the_run(call: str, dtype: str) -> None:
    graph = gl.loads(f"input b: bool[N, 3]\ny = {call}\noutput y", dtype=dtype)
    number = gl.loads(f"input b: float[N, 3]\ny = {call}\noutput y", dtype=dtype)
    expected = number.forward(b=B.astype(dtype))["y"]
    for y in (graph.forward(b=B)["y"], graph.compile()(b=B)):
        assert y.dtype == dtype
        np.testing.assert_array_equal(y, expected)


def test_einsum_counts_truth_values() -> None:
    graph = gl.loads('input b: bool[N, 3]\ny = einsum(b, "n d -> d")\noutput y')
    for y in (graph.forward(b=B)["y"], graph.compile()(b=B)):
        np.testing.assert_array_equal(y, [1, 0, 2])


@pytest.mark.parametrize("layer", ["AvgPool(2)", "MaxPool(2)"])
def test_pooling_of_truth_values_is_refused(layer: str) -> None:
    with pytest.raises(gl.GraphError, match="works on numbers, but `x` is bool: declare it `float"):
        gl.loads(f"input x: bool[N, 1, 4, 4]\ny = x -> {layer}\noutput y")
    graph = gl.loads(f"input x: float[N, 1, 4, 4]\ny = x -> {layer}\noutput y")
    blocks = PIXELS.reshape(2, 1, 2, 2, 2, 2).astype(float)
    expected: Any = blocks.mean((3, 5)) if "Avg" in layer else blocks.max((3, 5))
    np.testing.assert_allclose(graph.forward(x=PIXELS)["y"], expected)


def test_probabilities_that_are_no_numbers_with_a_point_are_refused() -> None:
    for kind in ("int", "bool"):
        with pytest.raises(gl.GraphError, match="takes probabilities, but `x` is not float"):
            gl.loads(f"input x: {kind}[N, 3], t: int[N]\ny = CrossEntropyError(x, t)\noutput y")


@pytest.mark.parametrize("shape", [(0, 3), (0,), (2, 0)])
def test_an_empty_array_for_an_input_without_a_type_is_refused(shape: tuple[int, ...]) -> None:
    graph = gl.loads("input x\ny = mean(x)\noutput y")
    for run in (graph.run, graph.forward, graph.compile(), graph.compile(wrt=["x"])):
        with pytest.raises(gl.GraphError, match="`x` is empty: it has the shape"):
            run(x=np.zeros(shape))
