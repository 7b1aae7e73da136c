"""Random numbers that a seed, a name and counters decide: the same eager and planned, and after a resume."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Any, NamedTuple

import numpy as np

from graphlang.trace.core import Creation, Signature, into
from graphlang.trace.dims import Shape
from graphlang.trace.types import Out


class RandomNumbers(Creation):
    """Standard normal numbers, or uniform ones in [0, 1), from a generator that all its operands seed."""

    name = "random_numbers"
    differentiable = False

    def shape(
        self, *counters: Any, seed: int, key: int, normal: bool, shape: Shape, dtype: np.dtype[Any]
    ) -> Signature:
        return shape, dtype

    def compute(
        self,
        *counters: Any,
        seed: int,
        key: int,
        normal: bool,
        shape: tuple[int, ...],
        dtype: np.dtype[Any],
        out: Out = None,
    ) -> Any:
        words = [seed, key, *(int(c) for c in counters)]
        generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence(words)))
        if normal:
            numbers = generator.standard_normal(shape)
        else:
            below_one = np.nextafter(dtype.type(1), dtype.type(0))  # float32 would round up to 1
            numbers = np.minimum(generator.random(shape), below_one)
        return into(out, np.asarray(numbers, dtype))


random_numbers = RandomNumbers()


class StreamSeeds(NamedTuple):
    """What the random values of a run follow from: the seed of the graph, the number of the step, and in a
    `scan` the place in time, of nested ones the outermost first."""

    seed: int
    counters: Sequence[Any] = (0,)


class NumberStream:
    """The random numbers of one node, by its name: those of other nodes do not matter."""

    def __init__(self, seeds: StreamSeeds, name: str, dtype: Any) -> None:
        self.seeds = seeds
        self.key = int.from_bytes(sha256(name.encode()).digest()[:8], "little")
        self.dtype = np.dtype(dtype)

    def normal(self, shape: Shape) -> Any:
        """Numbers of the standard normal distribution."""
        return self._numbers(shape, normal=True)

    def uniform(self, shape: Shape) -> Any:
        """Numbers in [0, 1), all equally likely."""
        return self._numbers(shape, normal=False)

    def _numbers(self, shape: Shape, *, normal: bool) -> Any:
        seed, counters = self.seeds
        params = {"seed": seed, "key": self.key, "normal": normal, "shape": tuple(shape)}
        return random_numbers(*counters, **params, dtype=self.dtype)
