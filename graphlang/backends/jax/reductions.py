"""Rules of reductions and norms."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax


def argsort(x: Any) -> Any:
    return jnp.argsort(x, axis=-1, stable=True)


def cummax(x: Any, *, axis: int) -> Any:
    return lax.cummax(x.astype(jnp.int8), axis).astype(x.dtype) if x.dtype == bool else lax.cummax(x, axis)


def linear_recurrence(a: Any, b: Any, *, reverse: bool) -> Any:
    """Two pieces y = A y0 + B after each other are again one."""

    def joined(first: Any, second: Any) -> Any:
        return first[0] * second[0], second[0] * first[1] + second[1]

    return lax.associative_scan(joined, (a, b), reverse=reverse, axis=a.ndim - 1)[1]


def square_sum(x: Any, *, axis: Any) -> Any:
    """The sum of all squares; in float64 a square of a float32 never overflows."""
    return jnp.sum(jnp.square(jnp.asarray(x).astype(jnp.float64)))


def norms(*operands: Any, summed: tuple[int, ...] = ()) -> Any:
    """The norm of all arrays together, then that of each."""
    count = len(operands) - len(summed)
    arrays = [jnp.asarray(x) for x in operands[:count]]
    sums = dict(zip(summed, operands[count:], strict=True))
    squares = [sums[i] if i in sums else square_sum(x, axis=None) for i, x in enumerate(arrays)]
    together = sum(squares, jnp.float64(0))
    plain = jnp.stack([jnp.sqrt(together), *map(jnp.sqrt, squares)])
    if all(x.dtype == jnp.float32 for x in arrays):
        return plain
    return lax.cond(together < jnp.inf, lambda: plain, lambda: _scaled_norms(arrays))


def _scaled_norms(arrays: list[Any]) -> Any:
    """The norms where squares overflow: every element is divided by the largest one before."""
    peaks = [jnp.max(jnp.abs(x.astype(jnp.float64)), initial=0) for x in arrays]
    peak = jnp.max(jnp.stack(peaks))
    total = sum((_scaled_squares(x, peak) for x in arrays), jnp.float64(0))
    each = [_norm(own, _scaled_squares(x, own)) for x, own in zip(arrays, peaks, strict=True)]
    return jnp.stack([_norm(peak, total), *each])


def _scaled_squares(x: Any, peak: Any) -> Any:
    return jnp.sum(jnp.square(x.astype(jnp.float64) / jnp.where(peak == 0, 1, peak)))


def _norm(peak: Any, squares: Any) -> Any:
    limited = jnp.minimum(peak * jnp.sqrt(squares), np.finfo(np.float64).max)
    return jnp.where(jnp.isfinite(peak), limited, peak)
