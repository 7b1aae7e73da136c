"""`true` and `false` are 1 and 0 in every operator and function, on every way to compute them."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

import graphlang as gl

LEFT = {"bool": [True, False, True, False], "int": [3, -2, 0, 5], "float": [1.5, -2.0, 0.25, 3.0]}
RIGHT = {"bool": [True, True, False, False], "int": [2, 3, 1, 4], "float": [0.5, 2.0, -1.0, 3.0]}
ARITHMETIC = {
    "a + b": np.add,
    "a - b": np.subtract,
    "a * b": np.multiply,
    "a / b": np.divide,
    "a // b": np.floor_divide,
    "a % b": np.mod,
    "a ** b": np.power,
}
OTHERS = {
    "a == b": np.equal,
    "a != b": np.not_equal,
    "a < b": np.less,
    "a <= b": np.less_equal,
    "a > b": np.greater,
    "a >= b": np.greater_equal,
    "a and b": np.logical_and,
    "a or b": np.logical_or,
    "maximum(a, b)": np.maximum,
    "minimum(a, b)": np.minimum,
    "where(a > b, a, b)": lambda a, b: np.where(a > b, a, b),
}
UNARY = {
    "-a": np.negative,
    "abs(a)": np.abs,
    "square(a)": np.square,
    "sign(a)": np.sign,
    "a - true": lambda a: a - 1,
    "true + a": lambda a: 1 + a,
    "a * 1.5": lambda a: a * 1.5,
    "sqrt(a)": np.sqrt,
    "exp(a)": np.exp,
    "sigmoid(a)": lambda a: 1 / (1 + np.exp(-a)),
    "1 / (1 + a)": lambda a: 1 / (1 + a),
}
WHOLE = {
    "a @ b": np.matmul,
    'einsum(a, b, "i, j -> i j")': np.outer,
    "sum(a)": lambda a, b: np.sum(a),
    "prod(a + b)": lambda a, b: np.prod(a + b),
    "cumsum(b)": lambda a, b: np.cumsum(b),
    "mean(a)": lambda a, b: np.mean(a),
    "var(b)": lambda a, b: np.var(b),
    "std(b)": lambda a, b: np.std(b),
    "max(a)": lambda a, b: np.max(a),
    "logsumexp(a)": lambda a, b: np.log(np.sum(np.exp(a))),
    "softmax(a)": lambda a, b: np.exp(a) / np.sum(np.exp(a)),
}
COMPARING = ("==", "!=", "<", ">", "and", "or")


def counted(values: Any) -> Any:
    """The operand for NumPy, with truth values as integers."""
    array = np.asarray(values)
    return array.astype(np.int64) if array.dtype == np.bool_ else array


def stays_bool(form: str, kinds: tuple[str, ...]) -> bool:
    """Whether the result is bool: comparisons, logic, and choices among bools."""
    if "where" not in form and any(f" {op} " in form or f" {op}= " in form for op in COMPARING):
        return True
    chooses = form.startswith(("max", "min", "where"))
    return chooses and set(kinds) == {"bool"}


def agree(text: str, given: dict[str, Any], expected: Any, kind: str, dtype: str) -> None:
    graph = gl.loads(text, dtype=dtype)
    assert graph.network.spec_of("y").dtype == kind
    compiled = graph.compile(of="y")
    planned = compiled(given)
    found = [graph.forward(given)["y"], planned, compiled(given), graph.forward(given).result()["y"]]
    tolerance = 1e-12 if dtype == "float64" else 1e-6
    for value in found:
        array = np.asarray(value)
        assert {"b": "bool", "i": "int", "f": "float"}[array.dtype.kind] == kind, (text, array.dtype)
        if array.ndim:
            assert array.dtype in (np.bool_, np.int64, np.dtype(dtype))
        np.testing.assert_allclose(array.astype(float), expected, rtol=tolerance)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("form", [*ARITHMETIC, *OTHERS])
def test_operators_count_truth_values_as_1_and_0(form: str, dtype: str) -> None:
    function = (ARITHMETIC | OTHERS)[form]
    for left, right in product(LEFT, RIGHT):
        text = f"input a: {left}[4], b: {right}[4]\ny = {form}\noutput y"
        a, b = counted(LEFT[left]), counted(RIGHT[right])
        with np.errstate(all="ignore"):
            expected = function(a, b)
        kind = "float" if expected.dtype.kind == "f" else "int"
        kind = "bool" if stays_bool(form, (left, right)) else kind
        agree(text, {"a": np.array(LEFT[left]), "b": np.array(RIGHT[right])}, expected, kind, dtype)
        for i in (0, 1):
            given = {"a": LEFT[left][i], "b": RIGHT[right][i]}
            agree(text.replace("[4]", ""), given, expected[i], kind, dtype)


@pytest.mark.parametrize("form", UNARY)
def test_functions_of_one_value_count_it_as_1_and_0(form: str) -> None:
    expected = UNARY[form](counted(LEFT["bool"]))
    kind = "float" if expected.dtype.kind == "f" else "int"
    for dtype in ("float64", "float32"):
        text = f"input a: bool[4]\ny = {form}\noutput y"
        agree(text, {"a": np.array(LEFT["bool"])}, expected, kind, dtype)
        agree(text.replace("[4]", ""), {"a": True}, expected[0], kind, dtype)


@pytest.mark.parametrize("form", WHOLE)
def test_sums_and_products_of_truth_values_count(form: str) -> None:
    expected = np.asarray(WHOLE[form](counted(LEFT["bool"]), counted(RIGHT["bool"])))
    kind = "bool" if form == "max(a)" else "float" if expected.dtype.kind == "f" else "int"
    given = {"a": np.array(LEFT["bool"]), "b": np.array(RIGHT["bool"])}
    given = {name: given[name] for name in given if f"({name}" in form or f" {name}" in form or "@" in form}
    if "a + b" in form:
        given["b"] = np.array(RIGHT["bool"])
    text = f"input {', '.join(f'{n}: bool[4]' for n in given)}\ny = {form}\noutput y"
    agree(text, given, expected, kind, "float64")


@pytest.mark.parametrize("form", [*ARITHMETIC, "maximum(a, b)", "where(a, b, a)"])
@pytest.mark.parametrize(("p", "q"), [(1.0, 2.0), (-1.0, 2.0)])
def test_every_run_of_a_scalar_graph_counts_truth_values(form: str, p: float, q: float) -> None:
    a, b = int(p > 0), int(q > 0)
    chosen = {"maximum(a, b)": max(a, b), "where(a, b, a)": b if a else a}
    number = chosen[form] if form in chosen else ARITHMETIC[form](a, b)
    for tail in ("", " + (p > 5)"):
        text = f"input p: float, q: float\na = p > 0\nb = q > 0\nz = {form}{tail}\ny = z * p + 0.5\noutput y"
        graph = gl.loads(text)
        f = graph.compile(wrt=["p", "q"])
        for _ in range(3):
            result = graph.run(p=p, q=q)
            value, gradients = f(p=p, q=q)
            assert result["y"] == value == graph.predict(p=p, q=q) == number * p + 0.5
            assert result.grad["p"] == gradients["p"] == number
            assert result.grad["q"] == gradients["q"] == 0


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("where(x < 9, true, x)", 1.0),
        ("where(x > 9, x, x > 1)", 1.0),
        ("maximum(x - 5, x > 1)", 1.0),
        ("minimum(x < 1, x)", 0.0),
        ("where(x > 9, x, where(x < 9, false, x))", 0.0),
        ("maximum(c, x - 5) + 0 * x", 1.0),
    ],
)
def test_a_choice_between_a_float_and_a_truth_value_is_a_float_in_every_run(
    form: str, expected: float
) -> None:
    graph = gl.loads(f"input x = 2\nc = x > 1\ny = {form}\nz = y * x\noutput z")
    for found in (graph.run(), graph.run(), graph.run(), graph.forward().backward()):
        assert (type(found["y"]), found["y"]) == (float, expected)
    value, _ = graph.compile(wrt=["x"], of="y")()
    assert (type(value), value) == (float, expected)
