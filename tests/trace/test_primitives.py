"""Every primitive on its samples: gradient, gradient of the gradient, shape and dtype."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphlang.trace import Dim, Trace, gradient, replay

sys.path.insert(0, str(Path(__file__).parent))
from primitive_samples import EVERY, SAMPLES

CASES = [
    pytest.param(EVERY[name], operands, params, id=f"{name}-{i}")
    for name, samples in SAMPLES.items()
    for i, (operands, params) in enumerate(samples(np.random.default_rng(7)))
]
DIFFERENTIABLE = [case for case in CASES if case.values[0].differentiable]


def is_variable(x: Any) -> bool:
    return isinstance(x, (np.ndarray, np.generic)) and x.dtype.kind == "f"


def record(
    primitive: Any, operands: Any, params: Any, shapes: Any = None
) -> tuple[Trace, Any, dict[Any, Any]]:
    """The primitive on inputs of a trace, and what to feed them."""
    trace, feeds, arguments = Trace(), {}, []
    for i, x in enumerate(operands):
        if isinstance(x, (np.ndarray, np.generic)):
            value = trace.input(np.shape(x) if shapes is None else shapes[i], x.dtype)
            feeds[value] = x
            arguments.append(value)
        else:
            arguments.append(x)
    with trace:
        return trace, trace.record(primitive, tuple(arguments), params), feeds


def numerical(function: Any, x: Any, dy: Any) -> Any:
    """Central differences of sum(dy * function(x)), of fourth order."""
    dx, h = np.zeros_like(x), 1e-4
    for i in np.ndindex(np.shape(x)):
        step = np.zeros_like(x)
        step[i] = h
        near = np.sum(dy * (function(x + step) - function(x - step)))
        far = np.sum(dy * (function(x + 2 * step) - function(x - 2 * step)))
        dx[i] = (8 * near - far) / (12 * h)
    return dx


def replaced(operands: Any, position: int, value: Any) -> list[Any]:
    return [value if i == position else x for i, x in enumerate(operands)]


def check(trace: Trace, y: Any, feeds: dict[Any, Any], rtol: float) -> None:
    """The recorded gradients of y against numbers, with a random gradient from upstream."""
    wrt = [x for x in feeds if x.dtype.kind == "f"]
    dy = np.random.default_rng(3).normal(size=y.shape)
    found = replay(trace, gradient(y, wrt, dy), feeds)
    for x, dx in zip(wrt, found, strict=True):
        expected = numerical(lambda v, x=x: replay(trace, [y], {**feeds, x: v})[0], np.asarray(feeds[x]), dy)
        assert dx.shape == x.shape
        assert dx.dtype == x.dtype
        np.testing.assert_allclose(
            dx, expected, rtol=rtol, atol=rtol * max(1, np.abs(expected).max(initial=0))
        )


def test_every_primitive_has_samples() -> None:
    # A joint primitive, `scan`, is made of recorded steps: tests/engine/test_recorded_scans.py has its samples.
    assert set(SAMPLES) == {name for name, primitive in EVERY.items() if not primitive.joint}


@pytest.mark.parametrize(("primitive", "operands", "params"), DIFFERENTIABLE)
def test_the_gradient_agrees_with_central_differences(primitive: Any, operands: Any, params: Any) -> None:
    check(*record(primitive, operands, params), rtol=1e-6)


@pytest.mark.parametrize(("primitive", "operands", "params"), DIFFERENTIABLE)
def test_the_gradient_of_the_gradient_agrees_with_central_differences(
    primitive: Any, operands: Any, params: Any
) -> None:
    trace, y, feeds = record(primitive, operands, params)
    rng = np.random.default_rng(5)
    dy = trace.input(y.shape, y.dtype)
    feeds[dy] = rng.normal(size=y.shape)
    wrt = [x for x in feeds if x.dtype.kind == "f" and x is not dy]
    total: Any = 0
    for dx in gradient(y, wrt, dy):
        total = total + np.sum(dx * rng.normal(size=dx.shape))
    check(trace, total, feeds, rtol=1e-6)


@pytest.mark.parametrize(("primitive", "operands", "params"), DIFFERENTIABLE)
def test_the_gradient_on_arrays_is_the_recorded_one(primitive: Any, operands: Any, params: Any) -> None:
    trace, y, feeds = record(primitive, operands, params)
    value = primitive.compute(*operands, **params)
    dy = np.random.default_rng(3).normal(size=np.shape(value))
    symbolic = replay(trace, gradient(y, list(feeds), dy), feeds)
    direct = [
        dx
        for dx, x in zip(primitive.vjp(dy, value, *operands, **params), operands, strict=True)
        if is_variable(x)
    ]
    expected = [dx for dx, x in zip(symbolic, feeds, strict=True) if x.dtype.kind == "f"]
    for a, b in zip(direct, expected, strict=True):
        np.testing.assert_allclose(0 if a is None else a, b, rtol=1e-12)


@pytest.mark.parametrize(("primitive", "operands", "params"), CASES)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_shape_and_dtype_are_those_of_the_computed_value(
    primitive: Any, operands: Any, params: Any, dtype: Any
) -> None:
    operands = [x.astype(dtype) if is_variable(x) else x for x in operands]
    if primitive.name in ("full", "astype"):
        params = {**params, "dtype": np.dtype(dtype)}
    _, y, _ = record(primitive, operands, params)
    value = primitive.compute(*operands, **params)
    assert (y.shape, y.dtype) == (np.shape(value), np.asarray(value).dtype)
    primitive.flops(*operands, **params)


@pytest.mark.parametrize(("primitive", "operands", "params"), CASES)
def test_out_receives_the_value_and_operands_stay(primitive: Any, operands: Any, params: Any) -> None:
    before = [np.array(x) for x in operands]
    value = np.asarray(primitive.compute(*operands, **params))
    out = np.full(value.shape, 1).astype(value.dtype)
    assert primitive.compute(*operands, **params, out=out) is out
    np.testing.assert_array_equal(out, value)
    for x, old in zip(operands, before, strict=True):
        np.testing.assert_array_equal(x, old)


@pytest.mark.parametrize(
    ("primitive", "operands", "params"), [c for c in CASES if c.values[0].kind == "elementwise"]
)
def test_an_elementwise_primitive_may_write_onto_its_operand(
    primitive: Any, operands: Any, params: Any
) -> None:
    value = np.asarray(primitive.compute(*operands, **params))
    for position, x in enumerate(operands):
        if is_variable(x) and np.shape(x) == value.shape and value.ndim and x.dtype == value.dtype:
            out = x.copy()
            primitive.compute(*replaced(operands, position, out), **params, out=out)
            np.testing.assert_array_equal(out, value)


@pytest.mark.parametrize(
    ("primitive", "operands", "params"),
    [c for c in CASES if c.values[0].kind in ("elementwise", "reduction", "matmul")],
)
def test_symbolic_sizes_lead_to_the_same_shape_and_gradient(
    primitive: Any, operands: Any, params: Any
) -> None:
    names: dict[int, Any] = {1: 1}
    shapes = [tuple(names.setdefault(n, Dim.symbol(f"N{n}")) for n in np.shape(x)) for x in operands]
    trace, y, feeds = record(primitive, operands, params, shapes)
    sizes = {f"N{n}": n for n in names}
    assert tuple(n if isinstance(n, int) else n.bind(sizes) for n in y.shape) == np.shape(
        primitive.compute(*operands, **params)
    )
    concrete, z, plain = record(primitive, operands, params)
    found = replay(trace, [y, *gradient(y, list(feeds))], feeds)
    expected = replay(concrete, [z, *gradient(z, list(plain))], plain)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)
