"""The weights of a recurrence as its forward steps multiply by them: gate by gate, in blocks of columns."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from graphlang.kernels.aligned import aligned_empty
from graphlang.kernels.routine import Packed, packed_sizes
from graphlang.trace.types import Thunk


class GateWeight:
    """The columns of some gates of Wh, or of Wx, Wh and b stacked, multiplied by a scale.

    The product of [N, K] with it has an axis of gates first: [gates, N, H], or [N, H] for a single gate. So
    the numbers of a gate lie together.
    """

    def __init__(self, stacked: Sequence[Any], hidden: int, rows: int, scale: Any) -> None:
        self._stacked = stacked
        gates, inner = len(scale) // hidden, sum(map(len, stacked))
        width, self._rows_per_product = packed_sizes(inner, hidden, rows)
        self.shape = (gates, hidden, hidden) if gates > 1 else (hidden, hidden)
        self._scale = scale.reshape(gates, -1, 1, width)
        self._blocks = aligned_empty((gates, hidden // width, inner, width), scale.dtype)

    def pack(self) -> None:
        """Copies the current values of the weights into the blocks."""
        first = 0
        for W in self._stacked:
            gates, count, _, width = self._blocks.shape
            source = W.reshape(len(W), gates, count, width).transpose(1, 2, 0, 3)
            np.multiply(source, self._scale, out=self._blocks[:, :, first : first + len(W)])
            first += len(W)

    def at(self, left: Any, v: Any) -> AtStep:
        """The weights at a time step that multiplies `left`, of which `v` is what Wh multiplies."""
        return AtStep(self, left, v)

    def product(self, left: Any, out: Any) -> Thunk:
        """`left` times the weights, with their values when they were last packed."""
        gates, count, _, width = self._blocks.shape
        rows = left.reshape(1, 1, -1, self._rows_per_product, left.shape[1])
        y = out.reshape(gates, -1, self._rows_per_product, count, width).transpose(0, 3, 1, 2, 4)
        return partial(np.matmul, rows, self._blocks[:, :, None], y)


class AtStep(Packed):
    """What a routine sees of the weights at one time step: Wh alone."""

    def __init__(self, weight: GateWeight, left: Any, v: Any) -> None:
        self.shape, self.dtype = weight.shape, left.dtype
        self._weight, self._left, self._v = weight, left, v

    def calls(self, x: Any, out: Any) -> list[Thunk]:
        product = self._weight.product(self._left, out)
        return [product] if np.may_share_memory(x, self._v) else [partial(np.copyto, self._v, x), product]
