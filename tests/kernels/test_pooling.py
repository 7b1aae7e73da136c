"""The gradient of max pooling goes to the first of the largest elements, window by window."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from graphlang.kernels.pooling import max_pool, max_pool_gradient, max_pool_pick

WINDOWS = [
    # n, size, stride, pad, dilation
    (12, 2, 2, 0, 1),
    (13, 2, 2, 0, 1),
    (12, 3, 3, 0, 1),
    (9, 2, 3, 0, 1),
    (12, 3, 2, 1, 1),
    (11, 3, 1, 1, 1),
    (11, 2, 2, 1, 1),
    (12, 3, 2, 1, 2),
    (14, 2, 4, 0, 3),
    (5, 5, 1, 0, 1),
    (4, 1, 1, 0, 1),
    (5, 1, 2, 0, 1),
]


def images(rng: Any, n: int, axis: int, dtype: str) -> Any:
    """Few different numbers, zeros of either sign and nan among them."""
    shape = [3, 2, 4, 5]
    shape[axis] = n
    return rng.choice(np.array([-1.0, -0.0, 0.0, 0.0, 2.0, np.nan, -np.inf], dtype), shape)


def first_of_largest(line: Any, low: int, size: int, dilation: int) -> int:
    """The place of the first of the largest elements of a window; nan is larger than all."""
    places = [i for i in range(low, low + size * dilation, dilation) if 0 <= i < len(line)]
    nans = [i for i in places if np.isnan(line[i])]
    return nans[0] if nans else max(places, key=lambda i: (line[i], -i))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("axis", [1, 2, 3])
@pytest.mark.parametrize(("n", "size", "stride", "pad", "dilation"), WINDOWS)
def test_each_window_gives_its_gradient_to_the_first_of_its_largest_elements(
    n: int, size: int, stride: int, pad: int, dilation: int, axis: int, dtype: str
) -> None:
    rng = np.random.default_rng(n + 100 * axis)
    x = images(rng, n, axis, dtype)
    window = {"axis": axis, "size": size, "stride": stride, "pad": pad, "dilation": dilation}
    y = max_pool.compute(x, **window)
    dy = rng.integers(-9, 9, y.shape).astype(dtype)
    dy.flat[0] = np.inf  # an infinite gradient must not make nan of its neighbours
    z = rng.integers(-9, 9, x.shape).astype(dtype)
    expected, picked = np.zeros_like(x), np.zeros_like(y)
    lines = [np.moveaxis(a, axis, -1).reshape(-1, a.shape[axis]) for a in (x, dy, z)]
    dx_lines, y_lines = (np.zeros((len(lines[0]), k), dtype) for k in (n, y.shape[axis]))
    for line, d, own, dx, p in zip(*lines, dx_lines, y_lines, strict=True):
        for i in range(len(d)):
            place = first_of_largest(line, i * stride - pad, size, dilation)
            dx[place] += d[i]
            p[i] = own[place]
    moved = np.moveaxis(expected, axis, -1)
    moved[...] = dx_lines.reshape(moved.shape)
    moved = np.moveaxis(picked, axis, -1)
    moved[...] = y_lines.reshape(moved.shape)
    np.testing.assert_array_equal(max_pool_gradient.compute(dy, x, y, **window), expected)
    np.testing.assert_array_equal(max_pool_pick.compute(z, x, y, **window), picked)


def test_gradients_may_lie_in_memory_in_any_order() -> None:
    rng = np.random.default_rng(3)
    x = rng.integers(0, 5, (4, 6, 3, 2)).astype(np.float32).transpose(3, 2, 0, 1)
    window = {"axis": 3, "size": 2, "stride": 2, "pad": 0, "dilation": 1}
    y = max_pool.compute(x, **window)
    dy = np.broadcast_to(np.float32(3), y.shape)
    expected = max_pool_gradient.compute(dy.copy(), x.copy(), y.copy(), **window)
    out = np.empty((*x.shape, 2), np.float32)[..., 0]
    max_pool_gradient.compute(dy, x, y, **window, out=out)
    np.testing.assert_array_equal(out, expected)
