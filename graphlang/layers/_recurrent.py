"""The base class of the recurrent layers: stacked layers, directions, and the names of the weights."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import ConfigDict, Field

from graphlang.catalog.operation import Array, Layer, Parameter
from graphlang.initializers.xavier import xavier
from graphlang.initializers.zeros import zeros
from graphlang.kernels.recurrence import Recurrence
from graphlang.trace import shape_text


class _Recurrent(Layer):
    """The base class of the recurrent layers: runs the kernel of a cell over [N, T, D]."""

    model_config = ConfigDict(populate_by_name=True)

    #: the kernel, which runs all time steps of one layer in one direction
    cell: ClassVar[Recurrence]

    hidden: int = Field(gt=0, description="hidden units, H")
    layers: int = Field(1, gt=0, description="layers on top of each other")
    bidirectional: bool = Field(False, description="whether a second one runs from the end to the start")
    return_: Literal["sequence", "last"] = Field(
        "sequence", alias="return", description="every step's hidden vector, or the last one's alone"
    )

    def parameters(self, x: Array) -> dict[str, Parameter]:
        if x.ndim != 3:
            name = type(self).__name__
            raise ValueError(f"`{name}` needs [N, T, D], but `x` has the shape {shape_text(x.shape)}")
        columns = self.cell.cell.gates * self.hidden
        parameters = {}
        for layer, suffixes in enumerate(self._suffixes()):
            inputs = x.shape[2] if layer == 0 else self.hidden * len(suffixes)
            for suffix in suffixes:
                parameters["Wx" + suffix] = Parameter((inputs, columns), xavier())
                parameters["Wh" + suffix] = Parameter((self.hidden, columns), xavier())
                parameters["b" + suffix] = Parameter((columns,), zeros())
        return parameters

    def forward(self, x: Array, *, Wx: Array, Wh: Array, b: Array, **more: Array) -> tuple[Array, None]:
        own = {"Wx": Wx, "Wh": Wh, "b": b, **more}
        sequence = np.swapaxes(x, 0, 1)
        ends: list[Array] = []
        for suffixes in self._suffixes():
            runs = [self._run(sequence, own, suffix) for suffix in suffixes]
            ends = [run[-1] for run in runs] if self.return_ == "last" else []
            sequence = np.concatenate([runs[0], *[run[::-1] for run in runs[1:]]], axis=-1)
        if self.return_ == "last":
            return np.concatenate(ends, axis=-1), None
        return np.swapaxes(sequence, 0, 1), None

    def _run(self, sequence: Array, own: dict[str, Array], suffix: str) -> Array:
        """The hidden vectors [T, N, H] of one layer in one direction, in the order in which it runs."""
        xs = sequence[::-1] if suffix.endswith("_reverse") else sequence
        states = self.cell(xs, *[own[name + suffix] for name in ("Wx", "Wh", "b")])
        return states[..., : self.hidden]

    def _suffixes(self) -> list[tuple[str, ...]]:
        """The suffixes of the weights' names, per layer: none, `2`, `3`, ...; and each with `_reverse`."""
        numbers = ["", *[str(layer) for layer in range(2, self.layers + 1)]]
        return [(n, n + "_reverse") if self.bidirectional else (n,) for n in numbers]
