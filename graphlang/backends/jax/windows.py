"""Rules of convolutions and pooling."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from graphlang.backends.jax.indexing import transposed
from graphlang.kernels.windows import Pad, is_padded, sides, window_count


def conv(x: Any, w: Any, b: Any = None, *, stride: Any, pad: Any, dilation: Any, groups: int) -> Any:
    padding: Any = [sides(p) for p in pad]
    y = lax.conv_general_dilated(x, w, stride, padding, rhs_dilation=dilation, feature_group_count=groups)
    return y if b is None else y + b.reshape(-1, *[1] * len(stride))


def conv_transpose(dy: Any, w: Any, *, size: Any, groups: int, **moves: Any) -> Any:
    shape = (dy.shape[0], w.shape[1] * groups, *size)
    return transposed(lambda x: conv(x, w, groups=groups, **moves), shape, dy)


def conv_weight_gradient(dy: Any, x: Any, *, kernel: Any, groups: int, **moves: Any) -> Any:
    shape = (dy.shape[1], x.shape[1] // groups, *kernel)
    return transposed(lambda w: conv(x, w, groups=groups, **moves), shape, dy)


def _positions(x: Any, fill: Any, *, axis: int, size: int, stride: int, pad: Pad, dilation: int) -> list[Any]:
    """For each position within the windows along an axis, the elements there."""
    last = (window_count(x.shape[axis], size, stride, pad, dilation) - 1) * stride + 1
    widths: Any = [sides(pad) if i == axis else (0, 0) for i in range(x.ndim)]
    x = jnp.pad(x, widths, constant_values=fill)
    starts = [j * dilation for j in range(size)]
    return [lax.slice_in_dim(x, start, start + last, stride, axis) for start in starts]


def _lowest(x: Any) -> Any:
    return -jnp.inf if jnp.issubdtype(x.dtype, jnp.floating) else np.iinfo(x.dtype).min


def max_pool(x: Any, **window: Any) -> Any:
    return jax.tree.reduce(jnp.maximum, _positions(x, _lowest(x), **window))


def max_pool_pick(z: Any, x: Any, y: Any, **window: Any) -> Any:
    """z where the window of x has the first of its largest elements; what is nan is the largest."""
    total: Any = 0
    left: Any = True
    padded = is_padded(window["pad"])
    inside = _positions(jnp.ones(x.shape, bool), False, **window) if padded else [True] * window["size"]
    places = zip(_positions(z, 0, **window), _positions(x, _lowest(x), **window), inside, strict=True)
    for there, here, within in places:
        hit = ((here == y) | jnp.isnan(here)) & left & within
        left, total = left & ~hit, total + jnp.where(hit, there, 0)
    return total


def max_pool_gradient(dy: Any, x: Any, y: Any, **window: Any) -> Any:
    return transposed(lambda z: max_pool_pick(z, x, y, **window), x.shape, dy)


def sum_pool(x: Any, **window: Any) -> Any:
    return sum(_positions(x, 0, **window))


def sum_pool_gradient(dy: Any, *, axis: int, n: int, **window: Any) -> Any:
    shape = (*dy.shape[:axis], n, *dy.shape[axis + 1 :])
    return transposed(lambda x: sum_pool(x, axis=axis, **window), shape, dy)
