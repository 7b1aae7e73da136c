"""Sizes as text and as numbers: what is printed reads back as the same size, and one that has no value says so."""

from __future__ import annotations

import copy
import json
import math
import operator
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import graphlang as gl
from graphlang.spec.sizes import parse_size
from graphlang.trace import Dim, NoSize, bind

NAMES = ("N", "T", "data", "max", "sqrt", "число")
SIZES = st.fixed_dictionaries({name: st.integers(1, 7) for name in NAMES})
ATOMS = st.one_of(
    st.sampled_from([Dim.symbol(name) for name in NAMES]),
    st.integers(-5, 9),
    st.sampled_from([0.1, 2.0, -1.5, 1e-7, 1e22]),
)
OPERATORS = [operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv, operator.mod]
FUNCTIONS = [np.sqrt, np.exp, np.maximum, np.multiply]


def applied(function: Callable[..., Any], *operands: Any) -> Any:
    """The result, or the first operand where there is none before the sizes are known."""
    try:
        with np.errstate(all="ignore"):
            found = function(*operands)
    except (ArithmeticError, TypeError):
        return operands[0]
    found = found.item() if isinstance(found, np.generic) else found
    is_no_number = isinstance(found, complex) or (isinstance(found, float) and not math.isfinite(found))
    return operands[0] if is_no_number else found


def combined(inner: Any) -> Any:
    binary = st.builds(applied, st.sampled_from(OPERATORS), inner, inner)
    power = st.builds(applied, st.just(operator.pow), inner, st.one_of(st.integers(-2, 3), inner))
    unary = st.builds(applied, st.sampled_from([operator.neg, *FUNCTIONS[:2]]), inner)
    call = st.builds(applied, st.sampled_from(FUNCTIONS[2:]), inner, inner)
    return st.one_of(binary, binary, power, unary, call)


def value_of(size: Any, sizes: dict[str, int]) -> Any:
    try:
        with np.errstate(all="ignore"):
            return repr(bind(size, sizes))
    except NoSize:
        return "no size"


@settings(max_examples=400)
@given(st.recursive(ATOMS, combined, max_leaves=8), SIZES)
def test_what_is_printed_reads_back_as_the_same_size(size: Any, sizes: dict[str, int]) -> None:
    printed = str(size)
    again = parse_size(printed)
    assert value_of(again, sizes) == value_of(size, sizes), printed
    assert str(parse_size(str(again))) == str(again)


TEXTS = st.recursive(
    st.sampled_from(["N", "T", "1", "2", "3", "7", "0.5"]),
    lambda inner: st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from(["+", "-", "*", "/", "//", "%"]), inner),
        st.builds("(-{})".format, inner),
        st.builds("({}**{})".format, inner, st.sampled_from(["2", "-1", "0.5"])),
    ),
    max_leaves=6,
)


@settings(max_examples=150, deadline=None)
@given(TEXTS, st.tuples(st.integers(1, 5), st.integers(1, 5)))
def test_a_size_in_a_formula_is_the_number_that_python_computes(text: str, sizes: tuple[int, int]) -> None:
    try:
        graph = gl.loads(f"input x: float[N, T]\ny = x * ({text})\noutput y")
        expected = eval(
            text, {"N": sizes[0], "T": sizes[1]}
        )  # the language's operators on numbers are Python's
    except (gl.GraphError, ArithmeticError):
        return
    if isinstance(expected, complex) or not np.isfinite(expected):
        return
    again = gl.Graph.from_spec(graph.spec.model_dump_json())
    assert again.spec == graph.spec
    x = np.ones(sizes)
    for computed in (graph.forward(x=x)["y"], graph.predict(x=x), again.predict(x=x)):
        np.testing.assert_allclose(computed, np.full(sizes, float(expected)), rtol=1e-14)


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("1 / (2 * N)", "1 / (2*N)"),
        ("1 / (N * T)", "1 / (N*T)"),
        ("-(T // 2)", "-(T // 2)"),
        ("T - T // 2", "T - T // 2"),
        ("-(1 / T)", "-(1 / T)"),
        ("1 / N / T", "1 / N / T"),
        ("1 / (N / T)", "1 / (N / T)"),
        ("(N + 1) / T", "(N + 1) / T"),
        ("(N * 0.5) ** 2", "(N * 0.5) ** 2"),
        ("2 ** N", "2 ** N"),
        ("N ** -1", "N ** (-1)"),
        ("7 - T // 2", "-(T // 2) + 7"),
        ("N * true", "N * true"),
    ],
)
def test_brackets_stand_where_they_are_needed(text: str, printed: str) -> None:
    assert str(parse_size(text)) == printed
    assert str(parse_size(printed)) == printed


# ---- sizes in a spec -----------------------------------------------------------------------------------

SIZED = """input c: float[T], x: float[N, 3*T], ids: int[N]
y = x * (1 / N) + sum(reshape(x, N * 3*T)) * sum(c)
z = sum(Embedding(ids, vocab=7, dim=2)) + sum(zeros(N, 2)) + N
output y, z
"""


def sizes_of(spec: gl.Spec) -> list[Any]:
    """Every dimension and every attribute of a spec."""
    shapes = [*spec.inputs, *spec.nodes]
    found: list[Any] = [size for item in shapes for size in item.shape or ()]
    return found + [value for node in spec.nodes for value in node.attributes.values()]


def test_a_spec_holds_sizes_and_its_json_their_texts() -> None:
    spec = gl.loads(SIZED).spec
    N, T = Dim.symbol("N"), Dim.symbol("T")
    assert spec.inputs[1].shape == (N, 3 * T)
    assert spec.inputs[2].below == 7
    assert 1 / N in [value for node in spec.nodes for value in node.attributes.values()]
    assert not any(isinstance(size, dict | str) for size in sizes_of(spec))
    data = json.loads(spec.model_dump_json())
    assert data["inputs"][1]["shape"] == ["N", "3*T"]
    assert {"dim": "1 / N"} in [v for node in data["nodes"] for v in node["attributes"].values()]


@pytest.mark.parametrize("again", [
    lambda spec: gl.Spec.model_validate_json(spec.model_dump_json()),
    lambda spec: gl.Spec.model_validate(json.loads(spec.model_dump_json())),
    lambda spec: gl.Spec.model_validate(spec.model_dump()),
    lambda spec: pickle.loads(pickle.dumps(spec)),
    copy.deepcopy,
])  # fmt: skip
def test_a_spec_comes_back_with_the_same_sizes(again: Callable[[gl.Spec], gl.Spec]) -> None:
    spec = gl.loads(SIZED).spec
    other = again(spec)
    assert other == spec
    assert list(map(str, sizes_of(other))) == list(map(str, sizes_of(spec)))
    assert other.model_dump_json() == spec.model_dump_json()


def test_a_pickled_size_is_equal_to_one_of_a_process_with_other_hashes() -> None:
    code = "import sys, pickle; from graphlang.trace import Dim; N = Dim.symbol('N')\n"
    code += "sys.stdout.buffer.write(pickle.dumps({2 * N: 'twice'}))"
    for seed in ("1", "2"):
        environment = os.environ | {"PYTHONHASHSEED": seed}
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=True)
        assert pickle.loads(done.stdout)[2 * Dim.symbol("N")] == "twice"


@pytest.mark.parametrize("text", ["N +", "N[0]", '"a"', "N / 2", "", "f(N)"])
def test_a_text_that_is_no_size_is_a_mistake_of_the_spec(text: str) -> None:
    data = json.loads(gl.loads("input x: float[N]\ny = x").spec.model_dump_json())
    data["inputs"][0]["shape"] = [text]
    for spec in (data, json.dumps(data)):
        with pytest.raises(gl.GraphError, match="is not a size"):
            gl.Graph.from_spec(spec)


# ---- sizes that have no value --------------------------------------------------------------------------


def errors_of(text: str, **inputs: Any) -> list[str]:
    """What `run`, `predict` and `compile(wrt=)` say."""
    graph = gl.loads(text)
    found = []
    for call in (graph.run, graph.predict, graph.compile(wrt=["x"])):
        with pytest.raises(gl.GraphError) as error:
            call(inputs)
        found.append(str(error.value))
    return found


@pytest.mark.parametrize("size", ["N // (T - 1)", "N // (T - 1) + T", "5 // (N // 3)"])
def test_a_size_of_an_input_that_divides_by_zero_names_the_input_and_the_size(size: str) -> None:
    text = f"input x: float[N, T], y: float[{size}]\nz = sum(x) + sum(y)\noutput z"
    for message in errors_of(text, x=np.ones((2, 1)), y=np.ones(2)):
        assert "error[GL718]: the size of `y` cannot be told" in message
        assert "// (" in message
        assert "it divides by 0" in message


def test_a_negative_size_of_an_input_says_what_it_is() -> None:
    text = "input x: float[N, T], y: float[T - 3]\nz = sum(x) + sum(y)\noutput z"
    for message in errors_of(text, x=np.ones((2, 1)), y=np.ones(2)):
        assert "`T - 3` is -2 here" in message


@pytest.mark.parametrize(
    ("formula", "reason"),
    [
        ("x * (1 / (T - 1))", "`1 / (T - 1)` has no value for T = 1: it divides by 0"),
        ("x * (N // (T - 1))", "`N // (T - 1)` has no value for N = 2 and T = 1: it divides by 0"),
        ("x * (T - 5)**0.5", "`(T - 5) ** 0.5` has no value for T = 1: it is not a real number"),
        ("x * (T - 1)**-1", "it divides by 0"),
        ("x * (N * 1e300)**2", "`(N * 1e+300) ** 2` has no value for N = 2"),
        ("x + sum(zeros(T - 3))", "the size `T - 3` is -2 for T = 1"),
        (
            "x + sum(zeros(3, N // (T - 1)))",
            "`N // (T - 1)` has no value for N = 2 and T = 1: it divides by 0",
        ),
        ("x + sum(broadcast_to(x[0, 0], T - 2))", "the size `T - 2` is -1 for T = 1"),
        ("x + sum(one_hot(arange(N), T - 2))", "the size `T - 2` is -1 for T = 1"),
        ("x + sum(eye(T - 2))", "the size `T - 2` is -1 for T = 1"),
        ("x + sum(full(T - 2, value=1))", "the size `T - 2` is -1 for T = 1"),
    ],
)
def test_a_size_in_a_formula_that_has_no_value_says_which_and_why(formula: str, reason: str) -> None:
    for message in errors_of(f"input x: float[N, T]\ny = {formula}\nz = sum(y)\noutput z", x=np.ones((2, 1))):
        assert "`" in message.splitlines()[0]
        assert reason in message


@pytest.mark.parametrize("size", ["T**16 * N**16", "T * 10**8"])
def test_a_size_that_is_too_large_is_an_error_of_the_graph(size: str) -> None:
    text = f"input x: float[N, T]\ny = x + sum(zeros({size}))\nz = sum(y)\noutput z"
    assert all("the limit is 4 GiB" in m for m in errors_of(text, x=np.ones((70, 7))))


@pytest.mark.parametrize("size", ["T - 9", "(T - 9) * N", "T**16 * N**16", "N // (T - 4)"])
def test_no_sample_is_drawn_for_a_size_that_cannot_be(size: str) -> None:
    graph = gl.loads(f"input x: float[N, T], y: float[{size}]\nz = sum(x) + sum(y)\noutput z")
    with pytest.raises(gl.GraphError, match="`y`"):
        graph.gradcheck()


def test_places_may_be_negative() -> None:
    graph = gl.loads("input x: float[N, T]\nc = arange(-(T // 2), T - T // 2)\nz = sum(x)\noutput c, z")
    for call in (graph.forward, graph.predict):
        assert call(x=np.ones((1, 5)))["c"].tolist() == [-2, -1, 0, 1, 2]


TRAINED = """input x: float[N, T], y: float[{size}], t: int[N]
param W: float[] = 1
z = W * sum(x) + sum({used})
output z
train {{ minimize = z; optimizer = SGD(lr=0.1); batch = 2; epochs = 1 }}"""


@pytest.mark.parametrize(
    ("size", "used", "who"),
    [("N // (T - 1)", "y", "the size of `y`"), ("N", "y) + sum(take(zeros(N // (T - 1)), t)", "`")],
)
def test_training_names_a_size_without_a_value_too(size: str, used: str, who: str) -> None:
    graph = gl.loads(TRAINED.format(size=size, used=used))
    arrays = {"x": np.ones((4, 1)), "y": np.ones(4), "t": np.zeros(4, int)}
    for call in (graph.fit, graph.compile(train=True)):
        with pytest.raises(gl.GraphError) as error:
            call(**arrays)
        assert "`N // (T - 1)` has no value for N = " in str(error.value)
        assert who in str(error.value)
