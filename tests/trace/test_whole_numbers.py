"""Whole numbers that do not fit into an int, of 64 bits, are refused by name wherever they come up."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphlang as gl
from graphlang.cli import main

LARGEST = 2**63 - 1
SMALLEST = -(2**63)

#: formula of a, b; operands that fit exactly; operands that are too large by as little as possible
CASES: list[tuple[str, tuple[int, int], tuple[int, int]]] = [
    ("a + b", (LARGEST - 1, 1), (LARGEST, 1)),
    ("a + b", (SMALLEST, LARGEST), (SMALLEST, -1)),
    ("a - b", (SMALLEST + 1, 1), (SMALLEST, 1)),
    ("a * b", (3037000499, 3037000499), (3037000500, 3037000500)),
    ("a * b", (2**62, -2), (2**62, 2)),
    ("a * b", (LARGEST, 1), (5 * 10**9, 5 * 10**9)),
    ("a ** b", (3, 39), (3, 40)),
    ("a ** b", (-2, 63), (2, 63)),
    ("a ** b", (-1, LARGEST), (10, 1000)),
    ("a // b", (SMALLEST, 1), (SMALLEST, -1)),
    ("-a + 0 * b", (LARGEST, 1), (SMALLEST, 1)),
    ("abs(a) + 0 * b", (SMALLEST + 1, 1), (SMALLEST, 1)),
    ("square(a) + 0 * b", (3037000499, 1), (-3037000500, 1)),
]
ARRAYS = [
    ("sum(x)", [LARGEST - 2, 1, 1], [LARGEST - 1, 1, 1]),
    ("sum(x, axis=0)", [2**62, 2**62, -1], [2**62, 2**62, 0]),
    ("prod(x)", [2**31, 2**31, -2], [2**31, 2**31, 2]),
    ("cumsum(x)", [LARGEST - 2, 1, 1], [LARGEST, 1, -1]),
    ("x @ x", [1753413056, 1753413056, 1753413000], [1753413057, 1753413057, 1753413057]),
    ('einsum(x, x, "i, i ->")', [1753413056, 1753413056, 1753413000], [1753413057, 1753413057, 1753413057]),
    ("x * x + 1", [3037000499, 0, 0], [0, 0, 3037000500]),
    ("2 ** x", [62, 0, 1], [63, 0, 1]),
]


def refused(graph: gl.Graph, given: dict[str, Any]) -> None:
    planned = graph.compile(of="y")
    for call in (graph.forward, planned, planned, graph.predict):
        with pytest.raises(gl.GraphError, match="is larger than what an int can hold") as caught:
            call(given)
        assert caught.value.diagnostics[0].span is not None


@pytest.mark.parametrize(("formula", "fits", "too_large"), CASES)
def test_arithmetic_of_two_ints(formula: str, fits: tuple[int, int], too_large: tuple[int, int]) -> None:
    exact = eval(formula, {"abs": abs, "square": lambda a: a * a}, dict(zip("ab", fits, strict=True)))
    scalar = gl.loads(f"input a: int, b: int\ny = {formula}\noutput y")
    given = dict(zip("ab", fits, strict=True))
    assert scalar.predict(given) == scalar.forward(given)["y"] == exact
    refused(scalar, dict(zip("ab", too_large, strict=True)))
    for n in (3, 70000):
        array = gl.loads(f"input a: int[N], b: int\ny = {formula}\noutput y")
        a = np.full(n, fits[0], np.int64)
        for found in (array.predict(a=a, b=fits[1]), array.forward(a=a, b=fits[1])["y"]):
            assert found[-1] == exact
        a[-1] = too_large[0]
        refused(array, {"a": a, "b": too_large[1]})


@pytest.mark.parametrize(("formula", "fits", "too_large"), ARRAYS)
def test_arithmetic_of_many_ints(formula: str, fits: list[int], too_large: list[int]) -> None:
    graph = gl.loads(f"input x: int[N]\ny = {formula}\noutput y")
    for pad in (0, 70000 if "prod" not in formula and "**" not in formula else 0):
        x = np.array([*fits, *[0] * pad])
        np.testing.assert_array_equal(graph.predict(x=x), graph.forward(x=x)["y"])
        refused(graph, {"x": np.array([*too_large, *[0] * pad])})


def test_the_message_names_the_value() -> None:
    graph = gl.loads("input n: int, x: float\nsquared = n * n\ny = x * squared\noutput y")
    assert graph.run(n=3, x=2.0)["y"] == 18
    for call in (graph.run, graph.predict, graph.compile(wrt=["x"])):
        with pytest.raises(gl.GraphError, match="`squared` \\(multiply\\) cannot be computed") as caught:
            call(n=5 * 10**9, x=2.0)
        assert "larger than what an int can hold" in caught.value.diagnostics[0].message


def test_a_training_step_names_the_value_and_changes_nothing() -> None:
    text = (
        "input x: float[N], n: int[N]\nparam w: float = 2\nm = n * n\nloss = mean(w * x * m)\noutput loss\n"
    )
    graph = gl.loads(f"{text}train {{ minimize = loss; optimizer = SGD(lr=0.1); batch = 2; epochs = 1 }}")
    step = graph.compile(train=True)
    with pytest.raises(gl.GraphError, match="`m` is larger than what an int can hold"):
        step(x=np.ones(2), n=np.full(2, 5 * 10**9))
    assert float(graph.params["w"]) == 2


def test_ints_of_sizes_and_constants_are_refused_too() -> None:
    graph = gl.loads("input x: float[N]\nk = arange(N) * 5000000000000000000\ny = x * k\noutput y")
    np.testing.assert_array_equal(graph.predict(x=np.ones(2)), [0, 5e18])
    refused(graph, {"x": np.ones(3)})


def test_a_negative_power_of_an_int_is_refused_by_name() -> None:
    graph = gl.loads("input n: int, k: int\np = n ** k\ny = p * 2\noutput y")
    assert graph.predict(n=3, k=2) == 18
    for call, words in ((graph.forward, "negative"), (graph.predict, "an exponent is negative")):
        with pytest.raises(gl.GraphError, match=f"`p` .power. cannot be computed: .*{words}"):
            call(n=3, k=-1)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (np.inf, "inf is no whole number"),
        (-np.inf, "-inf is no whole number"),
        (np.nan, "nan is no whole number"),
        (Decimal("Infinity"), "inf is no whole number"),
        (2.5, "2.5 is no whole number"),
        (1e300, "larger than what an int can hold"),
        (-1e19, "larger than what an int can hold"),
        (2.0**63, "larger than what an int can hold"),
        (np.float32(1e20), "larger than what an int can hold"),
        (np.float16(np.inf), "inf is no whole number"),
    ],
)
def test_an_int_takes_no_number_that_is_none_or_too_large(
    number: Any, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scalar = gl.loads("input n: int\ny = n * 1.0\noutput y")
    array = gl.loads("input n: int[N]\ny = n * 1.0\noutput y")
    for graph, given in ((scalar, number), (array, [1.0, number])):
        for call in (graph.run, graph.predict, graph.compile(), graph.forward):
            with pytest.raises(gl.GraphError) as caught:
                call(n=given)
            assert words in str(caught.value)
    file, inputs = tmp_path / "n.graph", tmp_path / "n.npz"
    file.write_text("input n: int\ny = n * 1.0\noutput y\n")
    np.savez(inputs, n=float(number))
    for arguments in (["--set", f"n={float(number)}"], ["--inputs", str(inputs)]):
        assert main(["run", str(file), *arguments]) == 1
        shown = capsys.readouterr()
        assert words in shown.out + shown.err


def test_whole_numbers_may_come_as_floats() -> None:
    graph = gl.loads("input n: int\ny = n + 0\noutput y")
    for number in (3.0, -(2.0**63), 1e6, np.float32(7)):
        assert graph.predict(n=number) == graph.forward(n=number)["y"] == int(number)


def test_a_quotient_by_zero_may_stand_where_it_is_not_chosen() -> None:
    graph = gl.loads("input a: int[N], b: int[N]\ny = where(b == 0, -1, a // b)\noutput y")
    given = {"a": np.array([7, 7]), "b": np.array([0, 2])}
    np.testing.assert_array_equal(graph.predict(given), [-1, 3])
    np.testing.assert_array_equal(graph.forward(given)["y"], [-1, 3])


class SumOfSquares(gl.Layer):
    """The sum of squares of whole numbers."""

    def forward(self, x: Any) -> Any:
        return np.sum(x * x)


class Tripled(gl.Layer):
    """Three times as much."""

    def forward(self, x: Any) -> Any:
        return x + x + x


class Running(gl.Layer):
    """Sums from the first on."""

    def forward(self, x: Any) -> Any:
        return np.cumsum(x, axis=0)


class MeanOfSquares(gl.Layer):
    """A float that is made of whole numbers on the way."""

    def forward(self, x: Any) -> Any:
        return np.mean(x * x)


def twice(x):  # type: ignore[no-untyped-def]
    """2 * x"""
    return x + x


@pytest.mark.parametrize(
    ("formula", "fits", "too_large"),
    [
        ("SumOfSquares(x)", [1753413056, 1753413056, 1753413000], [1753413057, 1753413057, 1753413057]),
        ("Tripled(x)", [LARGEST // 3, 0, 0], [LARGEST // 3 + 1, 0, 0]),
        ("Running(x)", [LARGEST - 2, 1, 1], [LARGEST, 1, -1]),
        ("MeanOfSquares(x)", [3037000499, 0, 0], [5 * 10**9, 0, 0]),
        ("twice(x)", [2**62 - 1, 0, 0], [2**62, 0, 0]),
        ("MeanSquaredError(x, 2 * x)", [10**9, 1, 0], [5 * 10**9, 1, 0]),
        ("SumSquaredError(x, 2 * x)", [10**9, 1, 0], [5 * 10**9, 1, 0]),
    ],
)
def test_whole_numbers_within_a_layer(formula: str, fits: list[int], too_large: list[int]) -> None:
    layers = [SumOfSquares, Tripled, Running, MeanOfSquares, twice]
    graph = gl.loads(f"input x: int[3]\ny = {formula}\noutput y", layers=layers)
    np.testing.assert_allclose(graph.predict(x=fits), graph.forward(x=fits)["y"], rtol=1e-15)
    refused(graph, {"x": too_large})


def test_whole_numbers_within_a_layer_in_the_body_of_a_scan() -> None:
    text = "input x: int[1, T]\ny = scan v in x carry c = x[:, 0] { q = Tripled(c * v); next c = q; yield q }"
    graph = gl.loads(text + "\noutput y", layers=[Tripled])
    assert graph.forward(x=[[2, 3]])["y"].tolist() == graph.predict(x=[[2, 3]]).tolist() == [[12, 108]]
    refused(graph, {"x": [[2**31, 1]]})
