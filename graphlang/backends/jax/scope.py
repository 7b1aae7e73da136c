"""The settings of JAX under which recorded programs are traced and called, for a block of code alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import jax


@contextmanager
def scope(products: str = "highest") -> Iterator[None]:
    """Types of 64 bits, and the precision of products, until the block ends.

    JAX's switch for 64 bits is global by default. In a block it holds for the calling thread alone, so
    other code in the process computes as before. A program of float32 runs in the block as well: its
    indices are int64, and what the learning rate decides is float64, as recorded.
    """
    with jax.enable_x64(True), jax.default_matmul_precision(products):
        yield
