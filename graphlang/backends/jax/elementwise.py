"""Rules of elementwise primitives where `jax.numpy` differs from NumPy, or has no function."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

import jax.numpy as jnp

from graphlang.kernels.mills import _SINGLE, _SINGLE_K


def chain(dy: Any, slope: Any) -> Any:
    """dy * slope, and 0 where dy is 0."""
    return jnp.where(dy == 0, 0, dy * slope)


def chain_quotient(dy: Any, x: Any) -> Any:
    """dy / x, and 0 where dy is 0."""
    return jnp.where(dy == 0, 0, dy / x)


def zero_times(x: Any, y: Any) -> Any:
    """x * y, and 0 where either is 0."""
    return jnp.where((x == 0) | (y == 0), 0, x * y)


def excess(x: Any, y: Any) -> Any:
    """x - y, and of equal infinities 0 at +inf, and -inf at -inf."""
    return jnp.where((x == y) & jnp.isinf(x), jnp.where(x > 0, 0, x), x - y)


def whole_or(function: Callable[..., Any]) -> Callable[..., Any]:
    """A division of whole numbers by 0 gives 0, as in NumPy; floats are divided by `function`."""

    def divided(x: Any, y: Any) -> Any:
        if jnp.issubdtype(x.dtype, jnp.floating):
            return function(x, y)
        return jnp.where(y == 0, 0, function(x, jnp.where(y == 0, 1, y)))

    return divided


def float_remainder(x: Any, y: Any) -> Any:
    """Python's remainder, which has the sign of y; x itself where y is infinite and has its sign."""
    rest = jnp.fmod(x, y)
    moved = jnp.where((rest != 0) & ((rest < 0) != (y < 0)), rest + y, rest)
    return jnp.where(rest == 0, jnp.copysign(0, y), moved).astype(rest.dtype)


def float_floor_divide(x: Any, y: Any) -> Any:
    """The largest whole number up to x / y, from the remainder, as NumPy computes it."""
    rest = jnp.fmod(x, y)
    quotient = (x - rest) / y
    quotient = jnp.where((rest != 0) & ((y < 0) != (rest < 0)), quotient - 1, quotient)
    whole = jnp.floor(quotient)
    whole = jnp.where(quotient - whole > 0.5, whole + 1, whole)
    whole = jnp.where(quotient == 0, jnp.copysign(0, x / y), whole)
    return jnp.where(y == 0, x / y, whole).astype(x.dtype)


def mills_of_float32(x: Any) -> Any:
    """graphlang's own polynomial; the one of float64 is recorded."""
    t = 1 / (1 + x * _SINGLE_K)
    return reduce(lambda y, c: (y + c) * t, _SINGLE[1:], t * _SINGLE[0])


def astype(x: Any, *, dtype: Any) -> Any:
    return jnp.asarray(x).astype(dtype)
