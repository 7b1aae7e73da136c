"""Random numbers of a file, and those of the graph in their place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from graphlang.trace import Shape, Size, Step
from graphlang.trace.dims import bind
from graphlang.trace.replay import bind_params


class ScanTimes(NamedTuple):
    """The places in time of a `scan`, and which counter of a draw they are."""

    position: int
    start: Size
    length: Size


class FileDraw(NamedTuple):
    """A value that a runtime draws; of a `scan` it has those of all places, along a first axis."""

    step: Step
    times: ScanTimes | None = None

    @property
    def shape(self) -> Shape:
        shape: Shape = self.step.output.shape
        return shape if self.times is None else (self.times.length, *shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype(self.step.output.dtype)

    def numbers(self, sizes: Mapping[str, int]) -> Any:
        """What the graph draws, for sizes that are known."""
        params = bind_params(self.step.params, sizes)
        if self.times is None:
            return self.step.primitive.compute(*(bind(x, sizes) for x in self.step.operands), **params)
        position, start, length = self.times
        counters = [None if i == position else bind(x, sizes) for i, x in enumerate(self.step.operands)]
        first, rows = int(bind(start, sizes)), []
        for place in range(first, first + int(bind(length, sizes))):
            counters[position] = place
            rows.append(self.step.primitive.compute(*counters, **params))
        return np.stack(rows)
