"""The random numbers of a training step: they depend on the seed, the step and the draw alone."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from graphlang.trace.primitives import random_numbers as on_host

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


def random_numbers(
    *counters: Any, seed: int, key: int, normal: bool, shape: tuple[int, ...], dtype: Any
) -> Any:
    """The random values of a node: of the seed, the number that stands for its name, and the counters."""
    folded = jax.random.key(seed % 2**32, impl="threefry2x32")
    for word in (seed >> 32, key % 2**32, key >> 32):
        folded = jax.random.fold_in(folded, word % 2**32)
    for counter in counters:
        folded = jax.random.fold_in(folded, jnp.asarray(counter).astype(jnp.uint32))
    return (jax.random.normal if normal else jax.random.uniform)(folded, shape, dtype)


def numbers_of_numpy(
    *counters: Any, seed: int, key: int, normal: bool, shape: tuple[int, ...], dtype: Any
) -> Any:
    """The same as NumPy's own engine draws them, by a call from the device to the host.

    They come as words of 32 bits, for JAX calls from a thread in which there are no types of 64.
    """
    dtype = np.dtype(dtype)
    words = (*shape, dtype.itemsize // 4) if dtype.itemsize > 4 else shape

    def drawn(*counters: Any) -> Any:
        whole = [int(c) for c in counters]
        params = {"seed": seed, "key": key, "normal": normal, "shape": shape, "dtype": dtype}
        return (
            np.ascontiguousarray(on_host.random_numbers.compute(*whole, **params)).view("u4").reshape(words)
        )

    whole = [jnp.asarray(c).astype(jnp.int32) for c in counters]
    bits = jax.pure_callback(drawn, jax.ShapeDtypeStruct(words, np.uint32), *whole)
    return jax.lax.bitcast_convert_type(bits, dtype)
