"""The base class of the recurrent layers: stacked layers, directions, and the names of the weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import ConfigDict, Field

from graphlang.catalog.operation import Array, Layer, Parameter
from graphlang.initializers.xavier import xavier
from graphlang.initializers.zeros import zeros
from graphlang.kernels.recurrence import Recurrence
from graphlang.layers._sequences import no_sequence
from graphlang.trace import Size, shape_text
from graphlang.trace.primitives import arange


class _Recurrent(Layer):
    """The base class of the recurrent layers: runs the kernel of a cell over [N, T, D]."""

    model_config = ConfigDict(populate_by_name=True)

    #: the kernel, which runs all time steps of one layer in one direction
    cell: ClassVar[Recurrence]
    #: the pieces of a state that the next step takes: the hidden vector, and the cell of an LSTM
    handed_on: ClassVar[int] = 1

    hidden: int = Field(gt=0, description="hidden units, H")
    layers: int = Field(1, gt=0, description="layers on top of each other")
    bidirectional: bool = Field(False, description="whether a second one runs from the end to the start")
    return_: Literal["sequence", "last", "state"] = Field(
        "sequence",
        alias="return",
        description="every step's hidden vector, the last one's alone, or the first and the state at the end",
    )

    @property
    def several(self) -> bool:
        return self.return_ == "state"

    def parameters(self, x: Array, *more: Array) -> dict[str, Parameter]:
        if x.ndim != 3:
            raise no_sequence(type(self).__name__, x)
        columns = self.cell.cell.gates * self.hidden
        parameters = {}
        for layer, suffixes in enumerate(self._suffixes()):
            inputs = x.shape[2] if layer == 0 else self.hidden * len(suffixes)
            for suffix in suffixes:
                parameters["Wx" + suffix] = Parameter((inputs, columns), xavier())
                parameters["Wh" + suffix] = Parameter((self.hidden, columns), xavier())
                parameters["b" + suffix] = Parameter((columns,), zeros())
        return parameters

    def index_bounds(self, x: Array, lengths: Array = None, *start: Array) -> dict[str, Size]:
        return {} if lengths is None else {"lengths": x.shape[1] + 1}

    def forward(
        self,
        x: Array,
        lengths: Array = None,
        start: Array = None,
        *,
        Wx: Array,
        Wh: Array,
        b: Array,
        **more: Array,
    ) -> tuple[Any, None]:
        return self._forward(x, lengths, [start], {"Wx": Wx, "Wh": Wh, "b": b, **more})

    def _forward(
        self, x: Array, lengths: Array | None, start: Sequence[Array | None], own: dict[str, Array]
    ) -> tuple[Any, None]:
        """What `forward` returns; `start` are the hidden vectors to start from, and the cells of an LSTM."""
        rows = None if lengths is None else _Lengths(type(self).__name__, x, lengths)
        sequence = np.swapaxes(x, 0, 1)
        sequence = sequence if rows is None else rows.masked(sequence)
        starts = iter(self._starts(x, start))
        ends: list[list[Array]] = []
        for suffixes in self._suffixes():
            runs = [self._run(sequence, own, suffix, next(starts), rows) for suffix in suffixes]
            ends = [*(ends if self.several else []), *[end for _, end in runs]]
            sequence = np.concatenate([outputs for outputs, _ in runs], axis=-1)
        last = [np.concatenate(pieces, axis=-1) for pieces in zip(*ends, strict=True)]
        if self.return_ == "last":
            return last[0], None
        y = np.swapaxes(sequence, 0, 1)
        return ((y, *last) if self.several else y), None

    def _run(
        self,
        sequence: Array,
        own: dict[str, Array],
        suffix: str,
        start: list[Array] | None,
        rows: _Lengths | None,
    ) -> tuple[Array, list[Array]]:
        """The hidden vectors [T, N, H] of one layer in one direction, in the order of time, and the pieces of
        the state after the last step."""
        back = suffix.endswith("_reverse")
        xs = (sequence[::-1] if rows is None else rows.turned(sequence)) if back else sequence
        kernel = self.kernel
        begun = [] if start is None else [kernel.cell.begun(start)]
        states = kernel(xs, *self._weights(own, suffix), *begun)
        pieces = [states[..., k * self.hidden : (k + 1) * self.hidden] for k in range(self.handed_on)]
        ys = pieces[0]
        if rows is None:
            return (ys[::-1] if back else ys), [piece[-1] for piece in pieces]
        outputs = rows.masked(rows.turned(ys) if back else ys)
        befores = start or [0] * len(pieces)
        return outputs, [rows.last(piece, before) for piece, before in zip(pieces, befores, strict=True)]

    @property
    def kernel(self) -> Recurrence:
        """The kernel for these settings."""
        return self.cell

    def _weights(self, own: dict[str, Array], suffix: str) -> list[Array]:
        """What the kernel takes as Wx, Wh and b of one layer in one direction."""
        return [own[name + suffix] for name in ("Wx", "Wh", "b")]

    def _starts(self, x: Array, start: Sequence[Array | None]) -> list[list[Array] | None]:
        """For each run, the pieces of the state that it starts from; None for zeros."""
        runs = [suffix for suffixes in self._suffixes() for suffix in suffixes]
        name, width = type(self).__name__, self.hidden * len(runs)
        if all(piece is None for piece in start):
            return [None] * len(runs)
        for piece in start:
            if piece is None:
                raise ValueError(f"`{name}` starts from a hidden vector and a cell: `start=(h, c)`")
            if piece.shape != (x.shape[0], width):
                shapes = f"{shape_text((x.shape[0], width))}, not {shape_text(piece.shape)}"
                raise ValueError(f"`{name}` starts from a state of shape {shapes}, one part for each run")
        H, pieces = self.hidden, [piece for piece in start if piece is not None]
        return [[piece[:, k * H : (k + 1) * H] for piece in pieces] for k in range(len(runs))]

    def _suffixes(self) -> list[tuple[str, ...]]:
        """The suffixes of the weights' names, per layer: none, `2`, `3`, ...; and each with `_reverse`."""
        numbers = ["", *[str(layer) for layer in range(2, self.layers + 1)]]
        return [(n, n + "_reverse") if self.bidirectional else (n,) for n in numbers]


class _Lengths:
    """How many steps of each row there are; what comes after them counts as not there."""

    def __init__(self, layer: str, x: Array, lengths: Array) -> None:
        if lengths.shape != x.shape[:1] or lengths.dtype.kind not in "iu":
            shape = f"{shape_text(lengths.shape)} {lengths.dtype}"
            raise ValueError(
                f"`{layer}` takes a whole number of steps for each row, and `lengths` is {shape}"
            )
        self.lengths = lengths
        steps = np.expand_dims(arange(x.shape[1]), 1)
        #: [T, N, 1]: whether a step is there, and the step as far from the end as that is from the start
        self._there = np.expand_dims(np.less(steps, lengths), -1)
        self._opposite = np.expand_dims(np.where(np.less(steps, lengths), lengths - 1 - steps, steps), -1)

    def masked(self, sequence: Array) -> Array:
        """A sequence [T, N, ...] with zeros after the last step of each row."""
        return np.where(self._there, sequence, 0)

    def turned(self, sequence: Array) -> Array:
        """The steps of each row from its last to its first."""
        return np.take_along_axis(sequence, np.broadcast_to(self._opposite, sequence.shape), axis=0)

    def last(self, sequence: Array, before: Any) -> Array:
        """The last step [N, H] of each row, or what was before where it has none."""
        place = np.reshape(np.maximum(self.lengths - 1, 0), (1, -1, 1))
        index = np.broadcast_to(place, (1, *sequence.shape[1:]))
        steps = np.take_along_axis(sequence, index, axis=0)[0]
        return np.where(np.expand_dims(np.greater(self.lengths, 0), -1), steps, before)
