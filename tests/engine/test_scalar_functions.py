"""A compiled graph of float64 scalars is one Python function, whatever its inputs are called."""

from __future__ import annotations

from types import FunctionType

import numpy as np
import pytest

import graphlang as gl

NAMES = ("price", "x1", "v0", "run", "float", "raise_", "sqrt", "lambda", "class", "None_", "start", "μ")
"""Some of them have a meaning in Python."""
GENERATED = (
    "_", "_v0", "_x0", "_x1", "_sqrt", "_float", "_mapping", "_more", "_failures", "_fallback", "__sqrt", "___x0",
)  # fmt: skip
"""Some of them have a meaning in the source that is generated."""


@pytest.mark.parametrize("name", NAMES + GENERATED)
def test_an_input_may_have_any_name(name: str) -> None:
    graph = gl.loads(f"input {name} = 4.0, more = 3.0\ny = sqrt({name}) * more\noutput y", dtype="float64")
    f = graph.compile(wrt=[name, "more"])
    assert isinstance(f, FunctionType)
    assert f(**{name: 16.0}) == (12.0, {name: 0.375, "more": 4.0})
    assert f(**{name: 16.0, "more": 1.0}) == (4.0, {name: 0.125, "more": 4.0})
    assert f({name: 16.0, "more": 1.0}) == (4.0, {name: 0.125, "more": 4.0})
    assert f() == (6.0, {name: 0.75, "more": 2.0})


def test_inputs_may_have_the_names_of_generated_variables() -> None:
    graph = gl.loads("input x1 = 1.0, x0 = 2.0\nv1 = x1 - x0\nv0 = v1 * x0\noutput v0", dtype="float64")
    assert graph.compile(wrt=["x1", "x0"])(x1=5.0, x0=3.0) == (6.0, {"x1": 3.0, "x0": -1.0})


def test_all_inputs_may_begin_with_an_underscore() -> None:
    names = ["_x1", "_x0", "_sqrt", "__sqrt", "_more", "_mapping"]
    graph = gl.loads(f"input {', '.join(names)}\ny = sqrt(_x1) - 2 * _x0 + _sqrt\noutput y", dtype="float64")
    f = graph.compile(wrt=["_x1", "_x0"])
    assert isinstance(f, FunctionType)
    values = dict.fromkeys(names, 1.0) | {"_x1": 4.0, "_x0": 3.0}
    assert f(**values) == f(values) == (-3.0, {"_x1": 0.25, "_x0": -2.0})
    assert f(**{**values, "_x1": np.array(4.0)}) == f(**values)
    with pytest.raises(gl.GraphError, match="there is no input `_failures`"):
        f(**values, _failures=1.0)


def test_a_large_program_may_have_an_input_of_a_generated_name() -> None:
    lines = [f"y{i + 1} = 0.5 * y{i} + sqrt(_sqrt)" for i in range(3000)]
    text = "\n".join(["input _sqrt = 4.0, _m = 1.0", "y0 = _sqrt * _m", *lines, "output y3000"])
    f = gl.loads(text, dtype="float64").compile(wrt=["_sqrt", "_m"])
    assert isinstance(f, FunctionType)
    value, gradients = f(_sqrt=9.0)
    assert value == pytest.approx(6.0)
    assert gradients == pytest.approx({"_sqrt": 1 / 3, "_m": 0.0})


def test_a_name_that_python_lets_nobody_define_is_run_on_arrays() -> None:
    graph = gl.loads("input __debug__ = 2.0\ny = __debug__ * __debug__\noutput y", dtype="float64")
    assert graph.compile(wrt="__debug__")({"__debug__": 3.0}) == (9.0, {"__debug__": 6.0})


@pytest.mark.parametrize("zero", [0, 49, 50, 119])
def test_nan_in_any_of_many_gradients_hands_over_to_arrays(zero: int) -> None:
    names = [f"a{i}" for i in range(120)]
    total = " + ".join(f"0 * sqrt({n})" for n in names)
    graph = gl.loads(
        f"input {', '.join(f'{n} = 1.0' for n in names)}\ny = {total}\noutput y", dtype="float64"
    )
    _, gradients = graph.compile(wrt=names)(**{names[zero]: 0.0})
    assert set(gradients.values()) == {0.0}
