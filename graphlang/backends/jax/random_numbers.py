"""The random numbers of a training step: they depend on the seed, the step and the draw alone."""

from __future__ import annotations

from typing import Any

import jax

STREAM = "threefry2x32, fold_in(fold_in(key(seed), step), draw)"
"""How they are drawn, as a run folder keeps it."""


def uniform(seed: int, t: Any, i: int, shape: tuple[int, ...], dtype: Any) -> Any:
    """Uniform numbers in [0, 1): draw `i` of step `t`.

    They are other ones than those of NumPy's generators, and the same on every device and number of devices.
    """
    key = jax.random.key(seed % 2**32, impl="threefry2x32")
    if seed >= 2**32:
        key = jax.random.fold_in(key, seed >> 32)
    return jax.random.uniform(jax.random.fold_in(jax.random.fold_in(key, t), i), shape, dtype)
