"""The NumPy calls of a planned step give the same as its primitive, including special cases."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from graphlang.trace import Trace
from graphlang.trace.bound_step import bind_step

RNG = np.random.default_rng(11)


def called(function: Any, *arrays: Any) -> Any:
    """What the call of the one step that a function records writes."""
    trace = Trace()
    inputs = [trace.input(a.shape, a.dtype) for a in arrays]
    with trace:
        y = function(*inputs)
    (step,) = trace.steps
    given = dict(zip(map(id, inputs), arrays, strict=True))
    out = np.full(y.shape, 7, y.dtype)
    bind_step(step, [given.get(id(x), x) for x in step.operands], out)()
    return out


@pytest.mark.parametrize("function", [np.sum, np.max, np.min, np.prod])
@pytest.mark.parametrize("shape", [(1, 1), (40, 3), (3, 40), (200, 10), (5, 50, 7), (2, 5000), (64, 1)])
@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64", "int64"])
def test_rows_are_reduced_as_numpy_reduces_them(
    function: Any, shape: Any, keepdims: bool, dtype: str
) -> None:
    x = RNG.standard_normal(shape)
    x = (1 + x / 100 if function is np.prod else 3 * x).astype(dtype)
    found = called(lambda x: function(x, axis=-1, keepdims=keepdims), x)
    expected = function(x.astype("float64" if x.dtype.kind == "f" else dtype), axis=-1, keepdims=keepdims)
    scale = float(np.abs(x).sum(axis=-1).max() if function is np.sum else np.abs(expected).max())
    steps = shape[-1] if function is np.prod else 4  # a product rounds in every step
    epsilon = np.finfo(dtype).eps if dtype != "int64" else 0
    np.testing.assert_allclose(found, expected, rtol=0, atol=scale * steps * epsilon * 4)


def test_a_float32_sum_of_a_long_row_keeps_its_digits() -> None:
    x = np.full((2, 2**20), 0.1, np.float32)
    found = called(lambda x: np.sum(x, axis=-1), x)
    np.testing.assert_allclose(found, 2**20 * float(np.float32(0.1)), rtol=1e-6)


@pytest.mark.parametrize("function", [np.maximum, np.minimum])
@pytest.mark.parametrize("bound", [0.0, -1.5, np.inf, -np.inf, np.nan])
@pytest.mark.parametrize("size", [3, 5000])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_bound_on_an_array_agrees_with_numpy_for_nan_and_infinity_too(
    function: Any, bound: float, size: int, dtype: str
) -> None:
    x = RNG.standard_normal(size).astype(dtype)
    x[:3] = np.nan, np.inf, -np.inf
    for found in (called(lambda x: function(x, bound), x), called(lambda x: function(bound, x), x)):
        assert found.dtype == x.dtype
        np.testing.assert_array_equal(found, function(x, bound))
