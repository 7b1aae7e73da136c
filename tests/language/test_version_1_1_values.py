"""Section 1 of version 1.1 of the language: constants, functions, lists and values, a test for each line."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import graphlang as gl
from graphlang.catalog.finder import Catalog


def notes(graph: gl.Graph) -> list[str]:
    return [note.message for note in graph.notes]


def computed(text: str, **inputs: Any) -> Any:
    """The value `y` of a file."""
    return np.asarray(gl.loads(text).forward(**inputs)["y"])


def test_pi_inf_and_nan_are_values_that_the_language_defines() -> None:
    assert computed("input x\ny = pi * x", x=2) == 2 * math.pi
    assert computed("input x: float[N]\ny = clip(x, -inf, 1)", x=[-1e9, 3]).tolist() == [-1e9, 1]
    assert computed("input x: float[N]\ny = where(x > 0, x, -inf)", x=[1, -1]).tolist() == [1, -np.inf]
    assert np.isnan(computed("input x\ny = x + nan", x=1))
    assert (
        computed("input x\nhyper half = pi / 2\ndef f(a) = a + pi\ny = f(x) + half + 2 * inf", x=1) == np.inf
    )


def test_a_file_that_defines_the_name_of_a_constant_has_its_own_with_a_note() -> None:
    for text in (
        "input pi\ny = 2 * pi",
        "hyper pi = 3\ninput x\ny = pi + 0 * x",
        "input x\npi = x + 2\ny = 2 * pi",
    ):
        assert notes(gl.loads(text)) == ["`pi` is used in place of the built-in value `pi`"]
    assert computed("input pi\ny = 2 * pi", pi=3) == 6
    assert notes(gl.loads("input x\ny = x + pi")) == []


def test_a_free_name_of_an_open_formula_may_be_given_and_is_the_constant_else() -> None:
    area = gl.loads("area = pi * r**2")
    assert area.run(r=2)["area"] == 4 * math.pi
    assert area.run(r=2, pi=3)["area"] == 12
    assert gl.loads("y = clip(x, -inf, pi)").run(x=9)["y"] == math.pi
    assert gl.loads("y = floor * norm + round").run(floor=2, norm=3, round=4)["y"] == 10


FUNCTIONS = (
    "floor ceil round trunc log2 log10 log1p expm1 exp2 cbrt reciprocal arcsin arccos sinh cosh arcsinh arccosh arctanh "
    "sinc deg2rad isnan isfinite any all sort argsort cumprod diff median triu trace"
).split()
PAIRS = "arctan2 hypot logaddexp outer dot".split()
X = np.array([[0.31, 0.92, -0.4], [0.05, -0.77, 0.6], [0.9, 0.2, -0.15]])


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_of_one_operand_has_the_name_and_meaning_of_numpy(name: str) -> None:
    x = np.abs(X) + 1 if name == "arccosh" else np.abs(X) if name.startswith("log") else X
    reference = {"cumprod": lambda v: np.cumprod(v)}.get(name) or getattr(np, name)
    y = computed(
        f"input x: float[N, 3]\ny = {name}(x)" if name != "trace" else "input x: float[3, 3]\ny = trace(x)",
        x=x,
    )
    np.testing.assert_allclose(y, reference(x), rtol=1e-9)
    assert y.dtype.kind == np.asarray(reference(x)).dtype.kind


@pytest.mark.parametrize("name", PAIRS)
def test_a_function_of_two_operands_has_the_name_and_meaning_of_numpy(name: str) -> None:
    a, b = (X[0], X[1]) if name == "outer" else (X, X.T + 1)
    kind = "float[N]" if name == "outer" else "float[N, 3]" if name != "dot" else "float[3, 3]"
    np.testing.assert_allclose(
        computed(f"input a: {kind}, b: {kind}\ny = {name}(a, b)", a=a, b=b),
        getattr(np, name)(a, b),
        rtol=1e-9,
    )


def test_functions_with_attributes_agree_with_numpy() -> None:
    calls = {
        "round(x, 1)": np.round(X, 1), "sort(x, axis=0)": np.sort(X, 0), "argsort(x, 0)": np.argsort(X, 0),
        "cumprod(x, axis=1)": np.cumprod(X, 1), "cummax(x, axis=1)": np.maximum.accumulate(X, 1),
        "diff(x, 2, axis=0)": np.diff(X, 2, 0), "median(x, axis=1)": np.median(X, 1),
        "quantile(x, 0.3, axis=0)": np.quantile(X, 0.3, 0), "quantile(x, [0.1, 0.9])": np.quantile(X, [0.1, 0.9]),
        "linspace(1, 2, 7)": np.linspace(1, 2, 7), "triu(x, 1)": np.triu(X, 1), "diag(x, -1)": np.diag(X, -1),
        "diag(x[0])": np.diag(X[0]), "trace(x, 1)": np.trace(X, 1), "tile(x, [2, 1])": np.tile(X, [2, 1]),
        "norm(x)": np.linalg.norm(X), "norm(x, axis=1)": np.linalg.norm(X, axis=1),
        "norm(x, axis=0, ord=1)": np.linalg.norm(X, 1, axis=0), "norm(x, axis=1, ord=inf)": np.linalg.norm(X, np.inf, 1),
        "norm(x, axis=1, ord=3)": np.linalg.norm(X, 3, axis=1), "any(x > 0.8, axis=1)": np.any(X > 0.8, 1),
        "all(x < 0.9)": np.all(X < 0.9),
    }  # fmt: skip
    for call, expected in calls.items():
        y = computed(f"input x: float[3, 3]\ny = {call}", x=X)
        np.testing.assert_allclose(y, expected, rtol=1e-9, err_msg=call)
        assert y.shape == np.shape(expected), call


def test_topk_gives_the_largest_numbers_and_their_places() -> None:
    graph = gl.loads("input x: float[N, 4]\nv, i = topk(x, 2)\nloss = sum(v * [3, 5])\noutput loss")
    x = np.array([[3.0, 1, 4, 1.5], [9, 2, 6, 9]])
    run = graph.run(x=x)
    assert run["v"].tolist() == [[4, 3], [9, 9]]
    assert run["i"].tolist() == [[2, 0], [0, 3]]
    assert run.grad["x"].tolist() == [[5, 0, 3, 0], [3, 0, 0, 5]]


def test_the_gradient_of_norm_is_0_at_0() -> None:
    for order in ("2", "1", "3", "inf"):
        run = gl.loads(f"input x: float[N]\ny = norm(x, ord={order})").run(x=np.zeros(3))
        assert run["y"] == 0
        assert run.grad["x"].tolist() == [0, 0, 0]


def test_functions_that_came_with_version_1_1_are_listed_with_their_formula() -> None:
    catalog = Catalog()
    for name in [*FUNCTIONS, *PAIRS, "topk", "cummax", "quantile", "linspace", "diag", "tile", "norm"]:
        entry = catalog.find(name)
        assert entry is not None, name
        assert entry.summary, name
