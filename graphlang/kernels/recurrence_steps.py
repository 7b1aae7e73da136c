"""The calls of the time steps of a recurrence, for some rows of the batch."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from graphlang.kernels.cells import Cell, Product, gates_first
from graphlang.kernels.gate_weights import GateWeight
from graphlang.kernels.recurrence_gradient import CHUNK_SIZE
from graphlang.kernels.routine import Routine, flattened, routine_of
from graphlang.trace.types import Thunk

_JOIN_FROM = 16
"""Rows from which on a step of several gates multiplies its input together with the hidden vectors. With
fewer rows one product for the inputs of several steps is faster."""


class ForwardSteps:
    """The calls that write the states [T, N, states * H] of a cell.

    The pieces of a state are computed in memory for a few time steps, which stays in cache, and where the
    numbers of a gate lie together. Step number t reads and writes place t of it, modulo its length; only the
    hidden vectors go to the next place, into what the next step multiplies.
    """

    def __init__(self, cell: Cell, x: Any, Wx: Any, Wh: Any, b: Any, states: Any, start: Any = None) -> None:
        steps, rows, width = x.shape
        hidden, dtype = len(Wh), states.dtype
        self.cell, self.x, self.states, self.hidden = cell, x, states, hidden
        #: the pieces of the state before the first step; None for zeros
        self.start = None if start is None else cell.pieces(start)
        self.places = max(2, min(steps, CHUNK_SIZE // max(1, rows * len(b))))
        self.columns = cell.columns(hidden)
        scale = cell.scale(hidden, dtype)
        joined = rows >= _JOIN_FROM and width <= hidden and cell.gates > 1
        stacked = (Wx, Wh, b[None]) if joined else (Wh,)
        self.weights = [
            GateWeight([W[:, own] for W in stacked], hidden, rows, scale[own]) for own in self.columns
        ]
        inner = sum(map(len, stacked))
        #: for each block of columns what it multiplies: the inputs, the vectors of Wh, and a 1 for the bias
        self.left = [np.ones((self.places, rows, inner), dtype) for _ in self.columns]
        first = width if joined else 0
        self.vectors = [left[..., first : first + hidden] for left in self.left]
        self.inputs = None if joined else _Inputs(x, Wx, b, scale, self.places)
        shapes = [(rows, hidden) if n == 1 else (n, rows, hidden) for n in cell.widths]
        self.pieces = [self.vectors[0], *[np.zeros((self.places, *shape), dtype) for shape in shapes[1:]]]

    def calls(self) -> Iterator[Thunk]:
        """The calls, in order; they share memory."""
        yield from [weight.pack for weight in self.weights]
        for number, piece in enumerate(self.pieces):
            before = piece[-1 if number else 0]
            if self.start is None:
                yield partial(before.fill, 0)
            else:
                yield partial(np.copyto, before, gates_first(self.start[number], self.hidden))
        routine: Routine | None = None
        for start in range(0, len(self.x), self.places):
            count = min(self.places, len(self.x) - start)
            yield from self._given(start, count)
            for place in range(count):
                arguments, outs = self._arguments(place)
                routine = routine or routine_of(self._step, *arguments)
                yield from routine.bind(flattened(*arguments), outs)[0]
            yield from self._kept(start, count)

    def _step(self, weights: list[Any], inputs: list[Any], before: list[Any]) -> list[Any]:
        products: list[Product] = [partial(_product, W, x) for W, x in zip(weights, inputs, strict=True)]
        return self.cell.step(products, before)

    def _arguments(self, place: int) -> tuple[list[Any], list[Any]]:
        """The arguments of a step, and where its pieces go."""
        multiplied = zip(self.weights, self.left, self.vectors, strict=True)
        weights = [weight.at(left[place], v[place]) for weight, left, v in multiplied]
        inputs: list[Any] = [None] * len(self.columns)
        if self.inputs is not None:
            inputs = [gates_first(self.inputs.affine[place, :, own], self.hidden) for own in self.columns]
        h, *others = self.pieces
        before = [h[place], *[piece[place - 1] for piece in others]]
        return [weights, inputs, before], [h[(place + 1) % self.places], *[piece[place] for piece in others]]

    def _given(self, start: int, count: int) -> list[Thunk]:
        """The calls that bring in the inputs of some steps."""
        if self.inputs is not None:
            return self.inputs.calls(start, count)
        x = self.x[start : start + count]
        return [partial(np.copyto, left[:count, :, : x.shape[2]], x) for left in self.left]

    def _kept(self, start: int, count: int) -> Iterator[Thunk]:
        """The calls that copy the pieces of some steps into the states."""
        states = self.states[start : start + count]
        h, *others = self.cell.pieces(states)
        last = min(count, self.places - 1)
        yield partial(np.copyto, h[:last], self.pieces[0][1 : last + 1])
        if count > last:
            yield partial(np.copyto, h[last], self.pieces[0][0])
        for out, piece, n in zip(others, self.pieces[1:], self.cell.widths[1:], strict=True):
            target = gates_first(out, self.hidden)
            yield partial(np.copyto, target if n == 1 else target.swapaxes(0, 1), piece[:count])


class _Inputs:
    """x @ Wx + b, multiplied by a scale, for some time steps at once: `affine` [places, N, gates * H]."""

    def __init__(self, x: Any, Wx: Any, b: Any, scale: Any, places: int) -> None:
        rows, width = x.shape[1:]
        self.x, self.Wx, self.b, self.scale = x, Wx, b, scale
        self.matrix = np.empty((places * rows, width), scale.dtype)
        self.affine = np.empty((places, rows, len(b)), scale.dtype)
        self.weights, self.bias = np.empty(Wx.shape, scale.dtype), np.empty(b.shape, scale.dtype)

    def calls(self, start: int, count: int) -> list[Thunk]:
        part = self.x[start : start + count]
        matrix = self.matrix[: count * part.shape[1]]
        y = self.affine[:count].reshape(len(matrix), -1)
        scaled = [
            partial(np.multiply, self.Wx, self.scale, self.weights),
            partial(np.multiply, self.b, self.scale, self.bias),
        ]
        return [
            *([] if start else scaled),
            partial(np.copyto, matrix.reshape(part.shape), part),
            partial(np.matmul, matrix, self.weights, y),
            partial(np.add, y, self.bias, y),
        ]


def _product(W: Any, x: Any, v: Any) -> Any:
    y = v @ W
    return y if x is None else y + x
