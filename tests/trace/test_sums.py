"""Sums of many numbers keep their digits: whatever the axis, the memory order, the function and the mode.

Expected values are NumPy's, of the same numbers in float64.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import graphlang as gl
from graphlang.trace import Trace, mean, total, var
from graphlang.trace.products import product
from graphlang.trace.replay import replay
from graphlang.trace.sums import calls, reduce_add, running

ROWS = 10**6
EXACT = 1e-6
"""The relative error that a sum of float32 may have, at any number of rows."""


def looks(base: Any) -> list[Any]:
    """The same numbers in several memory layouts."""
    return [
        base,
        base.T,
        np.asfortranarray(base),
        base[::-1],
        base[..., ::-1],
        base[::2],
        base[..., : max(1, base.shape[-1] - 1)],
        np.moveaxis(base, 0, -1),
        np.broadcast_to(base[..., :1], base.shape),
        np.broadcast_to(base[:1], base.shape),
    ]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "shape",
    [(1000,), (1000, 7), (70, 3), (130, 1), (257, 2), (1000, 900), (20, 300, 5), (5, 4, 3, 200), (200, 3, 2, 5), (0, 300)],
)  # fmt: skip
def test_a_sum_over_any_axes_of_any_layout_is_exact(shape: tuple[int, ...], dtype: str) -> None:
    base = np.random.default_rng(0).random(shape).astype(dtype) + np.asarray(0.1, dtype)
    for x in looks(base):
        for count in range(1, x.ndim + 1):
            for axes in itertools.combinations(range(x.ndim), count):
                for keepdims in (False, True):
                    expected = np.sum(x.astype(np.float64), axis=axes, keepdims=keepdims)
                    found = reduce_add(x, axes, keepdims=keepdims)
                    assert found.dtype == dtype
                    assert np.shape(found) == expected.shape
                    np.testing.assert_allclose(found, expected, rtol=EXACT)
                    out = np.empty(expected.shape, dtype)
                    assert reduce_add(x, axes, keepdims=keepdims, out=out) is out
                    np.testing.assert_allclose(out, expected, rtol=EXACT)


@pytest.mark.parametrize("shape", [(ROWS,), (ROWS, 2), (ROWS // 4, 40), (300, 3000), (3, ROWS, 2)])
def test_sums_of_equal_numbers_whose_rounding_errors_add_up_stay_exact(shape: tuple[int, ...]) -> None:
    x = np.full(shape, 0.1, np.float32)
    for y in (x, x.T, x[..., :1], x[..., ::-1]):
        for axis in range(y.ndim):
            expected = float(np.float32(0.1)) * y.shape[axis]
            np.testing.assert_allclose(reduce_add(y, (axis,)), expected, rtol=EXACT)
        # Over all axes NumPy itself adds, of which some versions do so pairwise only in pieces.
        total = reduce_add(y, tuple(range(y.ndim)))
        np.testing.assert_allclose(total, float(np.float32(0.1)) * y.size, rtol=30 * EXACT)


@pytest.mark.parametrize("shape", [(17, 16, 20, 20), (1000, 7), (300, 50, 300)])
def test_bound_calls_give_the_same_bits_every_time(shape: tuple[int, ...]) -> None:
    x = np.random.default_rng(0).random(shape)
    axes = (0, *range(2, x.ndim))
    out = np.empty(shape[1])
    bound = calls(x, axes, out)
    found = []
    for _ in range(3):
        for call in bound:
            call()
        found.append(out.copy())
    np.testing.assert_allclose(found[0], x.sum(axes), rtol=1e-13)
    assert all(np.array_equal(found[0], later) for later in found)


@pytest.mark.parametrize("axis", [0, 1])
def test_whole_numbers_stay_whole(axis: int) -> None:
    x = np.full((3000, 300), 2**40 + 1)
    np.testing.assert_array_equal(reduce_add(x, (axis,)), x.sum(axis))
    np.testing.assert_array_equal(reduce_add(x > 0, (axis,)), (x > 0).sum(axis))


def test_what_is_not_finite_stays_in_its_column() -> None:
    x = np.ones((10**5, 3), np.float32)
    x[777, 1], x[99_999, 2] = np.nan, np.inf
    np.testing.assert_array_equal(reduce_add(x, (0,)), [10**5, np.nan, np.inf])


@pytest.mark.parametrize("shape", [(7,), (101,), (40_000,), (20_001, 3), (3, 20_001), (4, 300, 5), (200, 150, 20), (0, 300)])  # fmt: skip
def test_running_sums_are_exact(shape: tuple[int, ...]) -> None:
    base = np.random.default_rng(0).random(shape, dtype=np.float32) + np.float32(0.1)
    for x in (base, base.T, base[::-1], base[..., ::2]):
        for axis in range(x.ndim):
            expected = np.cumsum(x.astype(np.float64), axis)
            np.testing.assert_allclose(running(x, axis), expected, rtol=EXACT)


@pytest.mark.parametrize(
    ("left", "right"),
    [((ROWS,), (ROWS,)), ((ROWS,), (ROWS, 3)), ((3, ROWS), (ROWS,)), ((1, ROWS), (ROWS, 2)), ((3, ROWS), (ROWS, 2)),
     ((70, 40_000), (40_000, 80)), ((5000,), (5000, 50))],
)  # fmt: skip
def test_products_over_a_long_axis_are_exact(left: tuple[int, ...], right: tuple[int, ...]) -> None:
    for x in (np.full(left, 0.1, np.float32), np.full(left[::-1], 0.1, np.float32).T):
        w = np.ones(right, np.float32)
        most = 5e-6 if min(len(left), len(right)) == 2 and left[0] > 64 else EXACT
        np.testing.assert_allclose(product(x, w), float(np.float32(0.1)) * left[-1], rtol=most)


@pytest.mark.parametrize(
    ("left", "right"),
    [((5000,), (20, 5000, 3)), ((20, 2, 5000), (5000,)), ((20, 1, 5000), (20, 5000, 1)), ((3, 1, 2, 40_000), (4, 40_000, 2)),
     ((40, 1, 5000), (5000, 3)), ((70_000,), (70_000,))],
)  # fmt: skip
def test_long_products_of_stacks_have_numpys_shape_and_values(
    left: tuple[int, ...], right: tuple[int, ...]
) -> None:
    rng = np.random.default_rng(0)
    x, w = rng.random(left, dtype=np.float32), rng.random(right, dtype=np.float32)
    expected = np.matmul(x.astype(np.float64), w.astype(np.float64))
    found = product(x, w)
    assert np.shape(found) == expected.shape
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=EXACT)
    out = np.empty(expected.shape, np.float32)
    assert product(x, w, out) is not None
    np.testing.assert_array_equal(out, found)


SOURCES = {
    "mean": ("mean(x, axis=0)", lambda x: x.mean(0)),
    "var": ("var(x, axis=0)", lambda x: x.var(0)),
    "std": ("std(x, axis=0)", lambda x: x.std(0)),
    "cumsum": ("cumsum(x, axis=0)[-1]", lambda x: x.sum(0)),
    "einsum": ('einsum(x, "n d -> d")', lambda x: x.sum(0)),
    "einsum of two": ('einsum(x, x, "n d, n d -> d")', lambda x: (x * x).sum(0)),
    "a product with ones": ("transpose(x) @ (x[:, 0] * 0 + 1)", lambda x: x.sum(0)),
    "all": ("sum(x)", lambda x: x.sum()),
    "all of a transpose": ("mean(transpose(x))", lambda x: x.mean()),
    "all of a part": ("sum(x[:, :2])", lambda x: x[:, :2].sum()),
    "through a fused region": ("sum(sqrt(x) * sqrt(x), axis=0)", lambda x: x.sum(0)),
    "everything of a fused region": ("mean(sqrt(x) * sqrt(x))", lambda x: x.mean()),
}


@pytest.mark.parametrize("mode", ["eager", "planned"])
@pytest.mark.parametrize("name", SOURCES)
def test_reductions_of_the_language_are_exact(name: str, mode: str) -> None:
    expression, expected = SOURCES[name]
    graph = gl.loads(f"input x: float[N, 3]\ny = {expression}\noutput y", dtype="float32")
    x = 0.1 + np.random.default_rng(0).random((400_000, 3), dtype=np.float32)
    found = graph.run(x=x)["y"] if mode == "eager" else graph.compile()(x=x)
    y = expected(x.astype(np.float64))
    np.testing.assert_allclose(found, y, rtol=EXACT)


LAYERS = {
    "Affine": ("x -> Affine(2)", "b"),
    "BatchNorm": ("x -> BatchNorm", "beta"),
    "LayerNorm": ("x -> LayerNorm", "beta"),
    "Conv": ("reshape(x, -1, 3, 1, 1) -> Conv(2, 1)", "b"),
    "broadcasting": ("x + b", "b"),
    "RNN": ("reshape(x, N, 1, 3) -> RNN(2)", "b"),
}


@pytest.mark.parametrize("mode", ["eager", "planned"])
@pytest.mark.parametrize("name", LAYERS)
def test_gradients_of_what_is_added_to_every_row_are_exact(name: str, mode: str) -> None:
    """d sum(0.1 * (z + b)) by b is 0.1 times the rows (by hand)."""
    formula, bias = LAYERS[name]
    own = "param b: float[3] = 0\n" if name == "broadcasting" else ""
    graph = gl.loads(f"input x: float[N, 3]\n{own}y = {formula}\ns = sum(y) * 0.1\noutput s", dtype="float32")
    n = 60_000 if name == "RNN" else 300_000
    x = np.full((n, 3), 0.5, np.float32)
    if name == "RNN":
        x[...] = 0
    (wrt,) = [p for p in graph.params if p == bias or p.endswith(f".{bias}")]
    if mode == "eager":
        found = graph.run(x=x, of="s").grad[wrt]
    else:
        found = graph.compile(of="s", wrt=[wrt])(x=x)[1][wrt]
    np.testing.assert_allclose(found, float(np.float32(0.1)) * n, rtol=EXACT)


def test_a_normalised_batch_of_many_rows_near_100_has_the_mean_0() -> None:
    """PyTorch: 0.002."""
    text = (
        "input x: float[N, 2]\ny = x -> BatchNorm\nloss = mean(y[:, 0])\noutput loss\n"
        "train { minimize = loss; optimizer = SGD; batch = 1; epochs = 1 }"
    )
    x = np.random.default_rng(0).normal(100, 1, (ROWS, 2)).astype(np.float32)
    assert abs(gl.loads(text).compile(train=True)(x=x)) < 1e-4


def test_rows_that_many_ids_share_add_up_exactly() -> None:
    text = "input i: int[N]\ny = i -> Embedding(3, 2)\ns = sum(y) * 0.1\noutput s"
    graph = gl.loads(text, dtype="float32")
    i = np.ones(ROWS // 2, np.int64)
    (table,) = list(graph.params)
    found = graph.run(i=i, of="s").grad[table]
    np.testing.assert_allclose(found[1], float(np.float32(0.1)) * len(i), rtol=EXACT)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_a_planned_sum_gives_the_same_bits_in_every_run(threads: int) -> None:
    graph = gl.loads(
        "input x: float[N, 5]\ny = sum(exp(x), axis=0)\nz = sum(x * x)\noutput y, z", dtype="float32"
    )
    x = np.random.default_rng(0).random((300_001, 5), dtype=np.float32)
    compiled = graph.compile(threads=threads)
    first = compiled(x=x)
    again = compiled(x=x)
    assert all(np.array_equal(first[n], again[n]) for n in first)
    np.testing.assert_allclose(first["y"], np.exp(x.astype(np.float64)).sum(0), rtol=EXACT)


def test_layers_of_ones_own_may_use_the_same_sums() -> None:
    x = np.full((ROWS, 2), 0.1, np.float32)
    np.testing.assert_allclose(total(x, 0), float(np.float32(0.1)) * ROWS, rtol=EXACT)
    np.testing.assert_allclose(mean(x, 0), float(np.float32(0.1)), rtol=EXACT)
    assert np.all(var(x, 0) < 1e-12)
    trace = Trace()
    symbolic = trace.input((ROWS, 2), np.float32)
    y = mean(symbolic, 0)
    np.testing.assert_array_equal(replay(trace, [y], {symbolic: x})[0], mean(x, 0))


def test_the_gradient_of_a_layers_weights_keeps_its_digits_in_run_too() -> None:
    x = np.full((1_000_003, 1), 0.1, np.float32)
    graph = gl.loads(
        "input x: float[N, 1]\nlayer f = Affine(1)\nloss = sum(f(x))\noutput loss", dtype="float32"
    )
    expected = 1_000_003 * float(np.float32(0.1))
    assert graph.run(x=x).grad["f.W"].item() == pytest.approx(expected, rel=1e-6)
