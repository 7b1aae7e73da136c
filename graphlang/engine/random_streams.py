"""The streams of random numbers that operations draw from."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from graphlang.catalog.operation import Random


class StreamRandom:
    """Draws from a NumPy generator, in the precision of the run."""

    def __init__(self, generator: np.random.Generator, dtype: Any, step: int = 0) -> None:
        self.generator = generator
        self.dtype = dtype
        #: the training step, which random values follow from
        self.step = step

    def uniform(self, shape: Sequence[int]) -> Any:
        return self.generator.random(tuple(shape), dtype=self.dtype)


class Draws:
    """Passes on the draws of another stream and keeps them: backward needs the same numbers again."""

    def __init__(self, stream: Random) -> None:
        self.stream = stream
        self.arrays: list[Any] = []

    def uniform(self, shape: Any) -> Any:
        self.arrays.append(self.stream.uniform(shape))
        return self.arrays[-1]

    def again(self) -> Redrawn:
        """A stream that gives the same numbers once more."""
        return Redrawn(self.arrays)


class Redrawn:
    """Gives numbers that were drawn before, in the same order.

    A draw may have those of several earlier ones: a recorded `scan` draws for all its steps at once.
    """

    def __init__(self, arrays: Sequence[Any]) -> None:
        self._left = iter(arrays)

    def uniform(self, shape: Any) -> Any:
        size = prod(shape)
        parts: list[Any] = []
        while sum(part.size for part in parts) < size or not parts:
            parts.append(next(self._left))
        if len(parts) == 1 and parts[0].shape == tuple(shape):
            return parts[0]
        return np.concatenate([part.reshape(-1) for part in parts]).reshape(shape)
