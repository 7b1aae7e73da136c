"""Constants in the graph: lists as arrays wherever a value is needed, and tables that data picks from."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphlang as gl
from graphlang.checks.gradcheck import gradcheck


def result(text: str, **inputs: Any) -> Any:
    """The output of a text, once the interpreter and the compiled program have agreed on it."""
    graph = gl.loads(text)
    output = next(iter(graph.outputs))
    seen, planned = graph.forward(**inputs)[output], graph.predict(**inputs)
    np.testing.assert_array_equal(planned, seen)
    return np.asarray(seen).tolist()


# ---- tables -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("take([1.0, 2.0, 3.0], t)", [1, 3]),
        ("[1.0, 2.0, 3.0][t]", [1, 3]),
        ("ws[t]", [5, 7]),
        ("eye(3)[t]", [[1, 0, 0], [0, 0, 1]]),
        ("take(arange(10), t)", [0, 2]),
        ("take(eye(3), t, axis=1)[1]", [0, 0]),
    ],
)
def test_a_list_of_constants_can_be_indexed_by_data(table: str, expected: Any) -> None:
    text = f"hyper ws = [5, 6, 7]\ninput t: int[N]\ny = {table}\noutput y"
    assert result(text, t=[0, 2]) == expected
    body = f"hs = scan u in us carry h = zeros(N) {{ t = u; next h = h; yield {table} }}"
    text = f"hyper ws = [5, 6, 7]\ninput us: int[N, T]\n{body}\noutput hs"
    if "axis" not in table:
        assert result(text, us=[[0, 2], [2, 0]]) == [expected, expected[::-1]]


def test_weights_indexed_from_a_list_of_constants_give_the_right_gradient() -> None:
    graph = gl.loads(
        "input t: int[N], x: float[N, 3]\nL = sum([1.0, 2.0, 3.0][t] * sum(x * x, axis=1))\noutput L"
    )
    inputs = {"t": np.array([2, 0]), "x": np.array([[1.0, 2, 3], [4, 5, 6]])}
    assert gradcheck(graph.model, inputs).ok
    _, gradients = graph.compile(wrt=["x"])(**inputs)
    np.testing.assert_allclose(gradients["x"], [[6, 12, 18], [8, 10, 12]])


def test_ids_and_labels_may_be_written_out() -> None:
    text = "input s: float[2, 3]\nlayer e = Embedding(4, 2)\ny = {}\noutput y"
    graph = gl.loads(text.format("e([3, 0])"))
    np.testing.assert_array_equal(graph.predict(s=np.ones((2, 3))), graph.params["e.W"][[3, 0]])
    loss = gl.loads(text.format("SoftmaxWithLoss(s, [2, 0]) + 0 * sum(e(1))"))
    assert loss.predict(s=np.zeros((2, 3))) == pytest.approx(np.log(3))


# ---- lists --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("[1, 2] * 2", [2, 4]),
        ("2 ** [1, 2]", [2, 4]),
        ("-[1, 2]", [-1, -2]),
        ("[1, 2] + [[1, 1], [2, 2]]", [[2, 3], [3, 4]]),
        ("[1, 2] @ [3, 4]", 11),
        ("[1, 3] > 2", [False, True]),
        ("v", [1, 2, 3]),
        ("v[1:]", [2, 3]),
        ("v[[0, 2]]", [1, 3]),
        ("m[:, 1]", [2, 4]),
        ("m[1][0]", 3),
        ("f(v)", 18),
        ("f([1, 1])", 4),
        ("g([1, 2])", [2, 3]),
        ("where([true, false], [1, 2], [3, 4])", [1, 4]),
        ('einsum([[1, 2], [3, 4]], [1, 10], "i j, i -> j")', [31, 42]),
        ("stack([1, 2])", [1, 2]),
        ("concat([[1, 2], [3]])", [1, 2, 3]),
    ],
)
def test_a_list_of_numbers_is_an_array_where_a_value_is_needed(expression: str, expected: Any) -> None:
    text = "v = [1, 2, 3]\nm = [[1, 2], [3, 4]]\ndef f(x: float[N]) = sum(x) * N\ndef g(t: int[N]) = take([1, 2, 3], t)\n"
    text += "input unused = 0\n" + (f"y = {expression}\noutput y" if expression != "v" else "output v")
    assert result(text) == expected


def test_a_part_of_a_list_is_a_list_still() -> None:
    text = "hyper ns = [5, 4, 3]\ninput x: float[N, 2]\ny = x -> for n in ns[1:] { Affine(n) } -> Affine(ns[-1])\noutput y"
    assert [w.shape for k, w in gl.loads(text).params.items() if k.endswith("W")] == [(2, 4), (4, 3), (3, 3)]


def test_a_parameter_starts_as_the_list_that_is_written() -> None:
    graph = gl.loads("param W: float[2, 2] = [[1, 2], [3, 4]]\nparam n: int[2] = [5, 6]\ny = sum(W)")
    np.testing.assert_array_equal(graph.params["W"], [[1, 2], [3, 4]])
    np.testing.assert_array_equal(graph.params["n"], [5, 6])
    again = gl.Graph.from_spec(graph.spec.model_dump_json())
    np.testing.assert_array_equal(again.params["W"], [[1, 2], [3, 4]])


def test_a_size_may_be_an_index() -> None:
    text = "input x: int[N, T]\nlayer e = Embedding(9, 2)\ny = sum(e(T)) + sum(e(x))\noutput y"
    graph = gl.loads(text)
    W = graph.params["e.W"]
    assert graph.predict(x=[[0, 0]]) == pytest.approx(W[2].sum() + 2 * W[0].sum())


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("x * 1e300", [np.inf, -np.inf]),
        ("x / 1e300", [0.0, -0.0]),
        ("clip(x, -1e300, 1e300)", [2.0, -3.0]),
        ("where(x > -1e300, x, 1e300)", [2.0, -3.0]),
        ("x * [1e300, 1]", [np.inf, -3.0]),
        ("x - k", [-np.inf, -np.inf]),
        ("concat(x, full(1, value=1e300))", [2.0, -3.0, np.inf]),
        ("LeakyRelu(x, slope=1e300)", [2.0, -np.inf]),
    ],
)
def test_a_number_beyond_float32_is_infinite_there_on_every_path(formula: str, expected: list[float]) -> None:
    """NumPy's values of float32(1e300); no warning of NumPy's comes along."""
    graph = gl.loads(f"input x: float[2]\nk = 1e300\ny = {formula}\nz = y * k\noutput y, z", dtype="float32")
    x = np.array([2, -3], np.float32)
    ways = [graph.forward(x=x)["y"], graph.compile()(x=x)["y"], graph.compile(wrt="x", of="y")(x=x)[0]]
    for found in (*ways, graph.run(x=x, of="y")["y"], graph.run(x=x, of="y")["y"]):
        assert found.dtype == np.float32
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("start", ["param w: float[2] = 1e300", "param w: float[2] = [1, -1e39]"])
def test_a_parameter_that_starts_beyond_the_precision_is_refused_with_its_place(start: str) -> None:
    text = f"{start}\ninput x: float[2]\ny = w * x\noutput y"
    graph = gl.loads(text, dtype="float32")
    for call in (graph.forward, graph.run, graph.compile(), graph.predict):
        with pytest.raises(
            gl.GraphError, match=r"`w` starts at .*, which is more than float32 can hold"
        ) as caught:
            call(x=[1.0, 2.0])
        assert caught.value.diagnostics[0].line == 1
    assert gl.loads(text).predict(x=[0.0, 0.0]).tolist() == [0.0, 0.0]


# ---- parameters of every type -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameter", "condition", "expected"),
    [
        ("p: bool[2]", "p", [2, 2]),
        ("p: bool[2] = [true, false]", "p", [1, 2]),
        ("p: bool[2] = ones", "p", [1, 1]),
        ("p: int[2] = [3, 0]", "p != 0", [1, 2]),
    ],
)
def test_a_parameter_may_be_of_truth_values_or_whole_numbers(
    parameter: str, condition: str, expected: list[int]
) -> None:
    assert result(f"param {parameter}\ny = where({condition}, 1, 2)\noutput y") == expected
