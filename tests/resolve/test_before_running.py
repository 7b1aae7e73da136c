"""What is decided before running: choices, constants, and what is only known when data arrives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from helpers import codes

import graphlang as gl

CHOICE = "input x: float[N, 3], z: float[M, 3]\ny = 1*x if {} else 2*x\noutput y"


@pytest.mark.parametrize(
    "condition",
    [
        "N == N",
        "2*N == N + N",
        "N*M == M*N",
        "N != N + 1",
        "N != 0",
        "not N == 2*N",
        "[N, 3] == [N, 3]",
        "N != none",
    ],
)
def test_an_equality_of_sizes_that_holds_for_every_size_is_decided(condition: str) -> None:
    assert gl.loads(CHOICE.format(condition)).forward(x=[[1, 1, 1]], z=[[0, 0, 0]])["y"][0, 0] == 1


@pytest.mark.parametrize(
    "condition",
    [
        "N == 3",
        "3 != N",
        "N == M",
        "N == 3.0",
        "N % 2 == 0",
        "N // 2 == 1",
        "N / 2 == 3",
        "[N] == [3]",
        "N > 5",
    ],
)
def test_what_depends_on_the_size_of_the_data_is_not_decided(condition: str) -> None:
    assert codes(CHOICE.format(condition)) == ["GL408"]


def test_a_dimension_that_is_bound_to_a_number_is_compared_as_one() -> None:
    text = "def f(x: float[N, C], c) = 1*x if c == C else 2*x\ninput x: float[N, 3]\ny = f(x, 3)\noutput y"
    assert gl.loads(text).forward(x=[[1, 1, 1]])["y"][0, 0] == 1


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("var(2)", 0),
        ("std(2)", 0),
        ("logsumexp(2)", 2),
        ("roll(2, shift=1)", 2),
        ("exp(1)", np.e),
        ("log(0)", -np.inf),
        ("where(true, 1, 2)", 1),
        ("sum(one_hot(2, 3) * [1, 2, 3])", 3),
        ('einsum(a, 2, "nij,->n")', 8),
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("error")
def test_a_number_is_an_array_without_axes_to_every_function(call: str, expected: float) -> None:
    graph = gl.loads(f"input a: float[N, 2, 2] = [[[1, 1], [1, 1]]]\ny = {call}\noutput y")
    assert float(np.sum(graph.forward()["y"])) == pytest.approx(expected)
    assert float(np.sum(graph.predict())) == pytest.approx(expected)


def test_hypers_stand_in_any_order() -> None:
    text = "hyper a = b * 2, b = c + 1\nhyper c = 3\ninput x: float[N, 2]\ny = x -> Affine(a)"
    assert gl.loads(text).params["Affine1.W"].shape == (2, 8)
    assert gl.loads(text, set={"c": 1}).params["Affine1.W"].shape == (2, 4)
    assert list(gl.loads(text).spec.hypers) == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("x[4:] + x[3:-1]", lambda x: x[4:] + x[3:-1]),
        ("(x[2:] + x[1:-1] + x[:-2]) / 3", lambda x: (x[2:] + x[1:-1] + x[:-2]) / 3),
        ("x[k:] - x[:-k]", lambda x: x[3:] - x[:-3]),
        ("x[1:-1:2] * x[2::2]", lambda x: x[1:-1:2] * x[2::2]),
        ("x[2:-2] + x[4:][::-1]", lambda x: x[2:-2] + x[4:][::-1]),
    ],
)
def test_slices_of_one_length_for_every_size_are_added(formula: str, expected: Any) -> None:
    graph = gl.loads(f"hyper k = 3\ninput x: float[T]\ny = {formula}\nz = sum(y)\noutput y, z")
    for size in (1, 2, 3, 4, 5, 6, 11):
        x = np.linspace(1, 2, size) ** 2
        np.testing.assert_array_equal(graph.run(x=x, of="z")["y"], expected(x))
        np.testing.assert_array_equal(graph.predict(x=x)["y"], expected(x))


@pytest.mark.parametrize("formula", ["x[::2] + x[1::2]", "x[1:] + x", "x[:4] + x", "x[4:] + x[3:-2]"])
def test_slices_whose_lengths_differ_for_some_size_are_refused(formula: str) -> None:
    assert codes(f"input x: float[T]\ny = {formula}\noutput y") == ["GL301"]


def test_a_slice_bound_of_a_size_minus_a_number_gets_the_negative_index() -> None:
    with pytest.raises(gl.GraphError, match="-3 counts from the end"):
        gl.loads("input x: float[T]\ny = x[T - 3:]\noutput y")
