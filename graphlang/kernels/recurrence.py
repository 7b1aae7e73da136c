"""Recurrences over all time steps as kernels.

A kernel runs the code of a cell on arrays, step after step, without allocating memory in between; for
gradients of gradients the same code is recorded.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from graphlang.kernels.cells import Cell, GruAfterCell, GruCell, LstmCell, RnnCell
from graphlang.kernels.parallel import available, run_all, shares
from graphlang.kernels.recurrence_gradient import (
    BATCH_GRAIN,
    LONGEST,
    RecurrenceGradient,
    RecurrenceWeightGradient,
    calls_of,
    run_calls,
)
from graphlang.kernels.recurrence_steps import ForwardSteps
from graphlang.trace.bound_step import one_call
from graphlang.trace.core import Primitive, Signature, SymbolicArray, signature
from graphlang.trace.dims import Size, count, shape_text
from graphlang.trace.errors import ShapeError
from graphlang.trace.primitives.indexing import unslice
from graphlang.trace.types import Thunk
from graphlang.trace.work import Work


class Recurrence(Primitive):
    """The states [T, N, states * H] of a cell for x [T, N, D], Wx [D, gates * H], Wh [H, gates * H] and
    b [gates * H], from a state [N, states * H] (`Cell.begun`) or from zeros.

    The first H columns of the states are the hidden vectors; the gradient needs the others again.
    """

    def __init__(self, cell: Cell) -> None:
        self.cell = cell
        self.name = cell.name
        self.gradient = RecurrenceGradient(cell)
        self.weight_gradient = RecurrenceWeightGradient(cell)

    def shape(self, x: Any, Wx: Any, Wh: Any, b: Any, start: Any = None) -> Signature:
        shapes, kinds = zip(*map(signature, (x, Wx, Wh, b)), strict=True)
        sequence, inputs, hidden, bias = shapes
        gates = self.cell.gates
        if [len(shape) for shape in shapes] != [3, 2, 2, 1] or sequence[2] != inputs[0]:
            raise ShapeError(
                f"shapes {shape_text(sequence)} and {shape_text(inputs)} do not multiply", (0, 1)
            )
        if (hidden[0] * gates,) != bias or not inputs[1] == hidden[1] == bias[0]:
            texts = [shape_text(shape) for shape in (inputs, hidden, bias)]
            raise ShapeError(f"shapes {', '.join(texts)} do not fit {gates} gates", (1, 2, 3))
        width = self.cell.states * hidden[0]
        if start is not None and signature(start)[0] != (sequence[1], width):
            message = f"a state of shape {shape_text(signature(start)[0])} for {sequence[1]} rows"
            raise ShapeError(f"{message} of {width} numbers", (0, 4))
        return (*sequence[:2], width), np.result_type(*kinds)

    def compute(self, x: Any, Wx: Any, Wh: Any, b: Any, start: Any = None, *, out: Any = None) -> Any:
        operands = x, Wx, Wh, b, start
        states = np.empty(*self.shape(*operands)) if out is None else out
        rows = shares(self.work(states, *operands), states.shape[1], available(), BATCH_GRAIN)
        run_all([partial(run_calls, self._calls(*operands, states, part)) for part in rows])
        return states

    def prepared(self, operands: Sequence[Any], out: Any, threads: int, **params: Any) -> Thunk | None:
        if len(out) > LONGEST:
            return None
        x, Wx, Wh, b, *start = operands
        before = start[0] if start else None
        rows = shares(self.work(out, *operands), out.shape[1], threads, BATCH_GRAIN)
        calls = [one_call(list(self._calls(x, Wx, Wh, b, before, out, part))) for part in rows]
        return partial(run_all, calls)

    def _calls(
        self, x: Any, Wx: Any, Wh: Any, b: Any, start: Any, states: Any, rows: slice
    ) -> Iterator[Thunk]:
        """The calls of all time steps, for some rows of the batch."""
        before = None if start is None else start[rows]
        return ForwardSteps(self.cell, x[:, rows], Wx, Wh, b, states[:, rows], before).calls()

    def derivative(
        self, position: int, dy: Any, y: Any, x: Any, Wx: Any, Wh: Any, b: Any, start: Any = None
    ) -> Any:
        if start is not None:
            return self._derivative_from(start, position, dy, y, x, Wx, Wh)
        dpre = _once(self.gradient, _of_hidden(dy, Wh.shape[0]), y, Wh)
        if position == 0:
            return dpre @ Wx.T
        return _of_weight(position, _once(self.weight_gradient, dpre, y, x), x, Wh)

    def _derivative_from(self, start: Any, position: int, dy: Any, y: Any, x: Any, Wx: Any, Wh: Any) -> Any:
        """The derivative where there is a state to start from: it is the state of an earlier step, with the
        input 0."""
        ds = _after_zeros(_of_hidden(dy, Wh.shape[0]))
        states = np.concatenate([np.expand_dims(start, 0), y])
        earlier = self.gradient(ds, states, Wh)
        dpre = earlier[1:]
        if position == 0:
            return dpre @ Wx.T
        if position < 4:
            inputs = _after_zeros(x)
            return _of_weight(position, self.weight_gradient(_after_zeros(dpre), states, inputs), x, Wh)
        pieces = self.cell.begun_gradient(earlier[0], earlier[1], Wh)
        rest = start.shape[-1] - len(pieces) * Wh.shape[0]
        return np.concatenate([*pieces, np.zeros_like(start[:, :rest])], axis=-1) if rest else pieces[0]

    def parts(self, x: Any, Wx: Any, Wh: Any, b: Any, *start: Any) -> int:
        return int(-(-x.shape[1] // BATCH_GRAIN))

    def work(self, y: Any, *operands: Any, **params: Any) -> Work:
        return super().work(y, *operands)._replace(calls=calls_of(self.cell, len(y)))

    def flops(self, x: Any, Wx: Any, Wh: Any, b: Any, *start: Any) -> Size:
        (steps, rows, width), (hidden, columns) = signature(x)[0], signature(Wh)[0]
        return 2 * count((steps, rows, columns)) * (width + hidden)


rnn, lstm, gru = Recurrence(RnnCell()), Recurrence(LstmCell()), Recurrence(GruCell())
gru_after = Recurrence(GruAfterCell())
rnn_gradient, lstm_gradient, gru_gradient = rnn.gradient, lstm.gradient, gru.gradient
rnn_weight_gradient, lstm_weight_gradient = rnn.weight_gradient, lstm.weight_gradient
gru_weight_gradient = gru.weight_gradient
gru_after_gradient, gru_after_weight_gradient = gru_after.gradient, gru_after.weight_gradient


def _of_weight(position: int, gradients: Any, x: Any, Wh: Any) -> Any:
    """The gradient of Wx, Wh or b from those of all three, stacked."""
    ends = [0, x.shape[2], x.shape[2] + Wh.shape[0]]
    return gradients[ends[2]] if position == 3 else gradients[ends[position - 1] : ends[position]]


def _after_zeros(x: Any) -> Any:
    """x with one more step before it, of zeros."""
    return np.concatenate([np.zeros_like(x[:1]), x])


def _of_hidden(ds: Any, hidden: Size) -> Any:
    """The gradient of the hidden vectors if `ds` is that, padded with zeros to the width of the states; else
    `ds`."""
    step = ds.trace.step_of(ds) if ds.__class__ is SymbolicArray else None
    if step is None or step.primitive is not unslice or len(step.operands) > 1:
        return ds
    (part,) = step.operands
    (key,) = step.params["keys"]
    whole = part.shape == (*ds.shape[:-1], hidden) and key[-1] in (slice(hidden), slice(0, hidden))
    return part if whole else ds


def _once(primitive: Primitive, *operands: Any) -> Any:
    """The primitive's result. If the latest steps contain the same call, its result is used: the gradients of
    all operands need it."""
    if operands[0].__class__ is SymbolicArray:
        last = max(x.number for x in operands if x.__class__ is SymbolicArray)
        for step in operands[0].trace.steps[max(last, 0) :]:
            if step.primitive is primitive and all(map(_same, step.operands, operands)):
                return step.output
    return primitive(*operands)


def _same(x: Any, y: Any) -> bool:
    return x is y
