"""Open formulas: a file without an `input` takes its free names as inputs, and only those."""

from __future__ import annotations

import pytest

import graphlang as gl


@pytest.mark.parametrize(
    ("text", "inputs"),
    [
        ("price = total * tax\ntotal = apple * num", ["tax", "apple", "num"]),
        ("b = c * a\nc = a + d", ["a", "d"]),
        ("y = relu(a -> for n in [1, 2] { clip(0, n) })", ["a"]),
        ("param x: float[3, 4]\ny = x -> Affine(2, init=he)", []),
        ("param x: float[2, 3, 4]\ny = x -> LSTM(2, return=last)", []),
        (
            "param xs: float[2, 3, 4]\n"
            "hs = scan x in xs carry h = zeros(2, 4) { h2 = h + x * k; next h = h2; yield h2 }",
            ["k"],
        ),
        ("y = a -> layers { f: Relu }\nz = f * 2", ["a"]),
        ("def f(x) = 2*x\ny = f(a) + b -> f", ["a", "b"]),
        ("layer e = Relu\ny = e(a)", ["a"]),
        ("energy = power * time", ["power", "time"]),
    ],
)
def test_only_what_nothing_defines_becomes_an_input(text: str, inputs: list[str]) -> None:
    assert list(gl.loads(text).inputs) == inputs


@pytest.mark.parametrize("text", ["y = exp + 1", "def f(x) = x * q\ny = f(a)", "hyper k = q\ny = k * a"])
def test_an_operation_and_what_a_def_or_a_hyper_lacks_are_no_inputs(text: str) -> None:
    with pytest.raises(gl.GraphError):
        gl.loads(text)


def test_a_free_name_is_given_from_outside() -> None:
    graph = gl.loads("y = a * b", set={"a": 3})
    assert graph.run(b=2)["y"] == pytest.approx(6)
    with pytest.raises(gl.GraphError, match="did you mean `apple`"):
        gl.loads("y = apple * b", set={"aple": 3})


def test_the_default_of_a_formal_makes_no_input() -> None:
    with pytest.raises(gl.GraphError, match="here only constants can stand"):
        gl.loads("def f(x, b=p) = x * b\ny = f(p)")
