"""A compiled graph of float64 scalars is one Python function, whatever its inputs are called."""

from __future__ import annotations

from types import FunctionType

import pytest

import graphlang as gl

NAMES = ("price", "x1", "v0", "run", "float", "raise_", "sqrt", "lambda", "class", "None_", "start", "μ")
"""Some of them have a meaning in Python, or in the source that is generated."""


@pytest.mark.parametrize("name", NAMES)
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


def test_a_name_that_begins_with_an_underscore_is_run_on_arrays() -> None:
    graph = gl.loads("input _v0 = 2.0\ny = _v0 * _v0\noutput y", dtype="float64")
    f = graph.compile(wrt=["_v0"])
    value, gradients = f(_v0=3.0)
    assert (value, gradients["_v0"]) == (9.0, 6.0)


@pytest.mark.parametrize("zero", [0, 49, 50, 119])
def test_nan_in_any_of_many_gradients_hands_over_to_arrays(zero: int) -> None:
    names = [f"a{i}" for i in range(120)]
    total = " + ".join(f"0 * sqrt({n})" for n in names)
    graph = gl.loads(
        f"input {', '.join(f'{n} = 1.0' for n in names)}\ny = {total}\noutput y", dtype="float64"
    )
    _, gradients = graph.compile(wrt=names)(**{names[zero]: 0.0})
    assert set(gradients.values()) == {0.0}
