"""Recurrences over all time steps as kernels, and their gradients.

A kernel runs the code of a cell on arrays, step after step, without allocating memory in between; for
gradients of gradients the same code is recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from graphlang.kernels.cells import Cell, GruCell, LstmCell, RnnCell, plus
from graphlang.kernels.parallel import available, ranges, run_all
from graphlang.kernels.routine import Routine, Weight
from graphlang.trace.bound_step import one_call
from graphlang.trace.core import Primitive, Signature, SymbolicArray, Trace, signature
from graphlang.trace.dims import Size, count, is_symbolic, shape_text
from graphlang.trace.errors import NoGradient, ShapeError
from graphlang.trace.gradient import gradient
from graphlang.trace.primitives.indexing import unslice
from graphlang.trace.primitives.reductions import reduce_sum
from graphlang.trace.products import product_call
from graphlang.trace.replay import replay
from graphlang.trace.types import Thunk

_CHUNK_SIZE = 2**17
"""Elements of each array that one call computes: a chunk of several time steps that still fits into cache."""
_LONGEST = 2**12
"""Time steps up to which all calls are prepared in advance; more would take too much memory."""


class Recurrence(Primitive):
    """The states [T, N, states * H] of a cell for x [T, N, D], Wx [D, gates * H], Wh [H, gates * H] and
    b [gates * H]; the initial state is zero.

    The first H columns of the states are the hidden vectors; the gradient needs the others again.
    """

    def __init__(self, cell: Cell) -> None:
        self.cell = cell
        self.name = cell.name
        self.gradient = RecurrenceGradient(cell)

    def shape(self, x: Any, Wx: Any, Wh: Any, b: Any) -> Signature:
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
        return (*sequence[:2], self.cell.states * hidden[0]), np.result_type(*kinds)

    def compute(self, x: Any, Wx: Any, Wh: Any, b: Any, *, out: Any = None) -> Any:
        states = np.empty(*self.shape(x, Wx, Wh, b)) if out is None else out
        rows = [slice(*part) for part in ranges(x.shape[1], available())]
        run_all([partial(_run, self._calls(x, Wx, Wh, b, states, part)) for part in rows])
        return states

    def prepared(self, operands: Sequence[Any], out: Any, threads: int, **params: Any) -> Thunk | None:
        if len(out) > _LONGEST:
            return None
        x, Wx, Wh, b = operands
        rows = [slice(*part) for part in ranges(out.shape[1], threads)]
        return partial(run_all, [one_call(list(self._calls(x, Wx, Wh, b, out, part))) for part in rows])

    def _calls(self, x: Any, Wx: Any, Wh: Any, b: Any, states: Any, rows: slice) -> Iterator[Thunk]:
        """The calls of all time steps, for some rows of the batch."""
        cell, hidden = self.cell, len(Wh)
        x, states = x[:, rows], states[:, rows]
        scale = cell.scale(hidden, states.dtype)
        columns = cell.columns(hidden)
        weights = [Weight(Wh[:, part], x.shape[1], scale[part]) for part in columns]
        inputs, bias = np.empty(Wx.shape, states.dtype), np.empty(b.shape, states.dtype)
        yield from [w.pack for w in weights]
        yield partial(np.multiply, Wx, scale, inputs)
        yield partial(np.multiply, b, scale, bias)
        before = np.zeros(states.shape[1:], states.dtype)
        step: Routine | None = None
        for calls, start, pre in _affine(x, inputs, bias):
            yield from calls
            for t, a in enumerate(pre, start):
                arguments = [a, cell.pieces(before), weights]
                step = step or _routine(cell.forward, *arguments)
                yield from step.bind(_flattened(*arguments), cell.pieces(states[t]))[0]
                before = states[t]

    def derivative(self, position: int, dy: Any, y: Any, x: Any, Wx: Any, Wh: Any, b: Any) -> Any:
        gradients = _once(self.gradient, _of_hidden(dy, Wh.shape[0]), y, x, Wh)
        steps = count((x.shape[0], x.shape[1]))
        if position == 0:
            return np.reshape(gradients[:steps] @ Wx.T, x.shape)
        ends = [steps, steps + x.shape[2], steps + x.shape[2] + Wh.shape[0]]
        if position == 3:
            return gradients[ends[2]]
        return gradients[ends[position - 1] : ends[position]]

    def flops(self, x: Any, Wx: Any, Wh: Any, b: Any) -> Size:
        (steps, rows, width), (hidden, columns) = signature(x)[0], signature(Wh)[0]
        return 2 * count((steps, rows, columns)) * (width + hidden)


class RecurrenceGradient(Primitive):
    """The gradients of a recurrence, stacked as rows of gates * H columns: T * N rows of the pre-activations,
    then D rows of Wx, H rows of Wh and one row of b.

    `ds` is the gradient of the states, or of the hidden vectors alone if the other columns have none.
    """

    def __init__(self, cell: Cell) -> None:
        self.cell = cell
        self.name = f"{cell.name}_gradient"

    def shape(self, ds: Any, states: Any, x: Any, Wh: Any) -> Signature:
        shapes, kinds = zip(*map(signature, (ds, states, x, Wh)), strict=True)
        gradient, state, inputs, (hidden, columns) = shapes
        widths = (hidden, state[-1])
        if (
            gradient[:-1] != state[:-1]
            or gradient[-1] not in widths
            or state[-1] != self.cell.states * hidden
        ):
            message = f"gradients {shape_text(gradient)} do not fit states {shape_text(state)}"
            raise ShapeError(message, (0, 1, 3))
        return (count(state[:2]) + inputs[2] + hidden + 1, columns), np.result_type(*kinds)

    def compute(self, ds: Any, states: Any, x: Any, Wh: Any, *, out: Any = None) -> Any:
        gradients = np.empty(*self.shape(ds, states, x, Wh)) if out is None else out
        self._call((ds, states, x, Wh), gradients, available(), lambda calls: partial(_run, calls))()
        return gradients

    def prepared(self, operands: Sequence[Any], out: Any, threads: int, **params: Any) -> Thunk | None:
        if len(operands[0]) > _LONGEST:
            return None
        return self._call(operands, out, threads, lambda calls: one_call(list(calls)))

    def derivative(self, position: int, dy: Any, y: Any, ds: Any, states: Any, x: Any, Wh: Any) -> Any:
        if is_symbolic(ds.shape[0]):
            raise NoGradient(f"{self.name} over a number of steps that is not known yet")
        return _derived(self._unrolled, position, dy, ds, states, x, Wh)

    def flops(self, ds: Any, states: Any, x: Any, Wh: Any) -> Size:
        (steps, rows, width), (hidden, columns) = signature(x)[0], signature(Wh)[0]
        return 2 * count((steps, rows, columns)) * (width + 2 * hidden)

    def _unrolled(self, ds: Any, states: Any, x: Any, Wh: Any) -> Any:
        """The same as a sequence of NumPy calls, which can be recorded."""
        cell, hidden = self.cell, Wh.shape[0]
        columns = cell.columns(hidden)
        weights = [Wh[:, part].T for part in columns]
        carried: list[Any] = [None] * len(cell.widths)
        gradients: list[Any] = []
        dWh: list[Any] = [None] * len(columns)
        for t in reversed(range(states.shape[0])):
            now = cell.pieces(states[t])
            before = cell.pieces(states[t - 1]) if t else [np.zeros_like(piece) for piece in now]
            incoming = self._incoming(ds[t], hidden)
            da, carried = cell.backward(
                list(map(plus, incoming, carried)),
                cell.slopes(now, before, full=incoming[-1] is not None),
                weights,
            )
            gradients.append(da)
            factors = cell.factors(now, before[0])
            dWh = [plus(dW, v.T @ da[:, part]) for dW, v, part in zip(dWh, factors, columns, strict=True)]
        dpre = _as_matrix(np.stack(gradients[::-1]))
        db = reduce_sum(dpre, axis=(0,), keepdims=True)
        return np.concatenate([dpre, _as_matrix(x).T @ dpre, np.concatenate(dWh, axis=1), db])

    def _incoming(self, ds: Any, hidden: int) -> list[Any]:
        """The pieces of the incoming gradient of a time step, with None for those without one."""
        if ds.shape[-1] == hidden != self.cell.states * hidden:
            return [ds, *[None] * (len(self.cell.widths) - 1)]
        return self.cell.pieces(ds)

    # ---- on arrays

    def _call(
        self, operands: Sequence[Any], out: Any, threads: int, as_one: Callable[[Iterator[Thunk]], Thunk]
    ) -> Thunk:
        """The backward steps, with some rows of the batch on each thread; then the gradients of the weights,
        with some of their columns on each thread."""
        ds, states, x, Wh = operands
        steps, rows = states.shape[:2]
        dpre, dW = out[: steps * rows].reshape(steps, rows, -1), out[steps * rows :]
        parts = [slice(*part) for part in ranges(rows, threads)]
        chains = [as_one(self._back(ds[:, part], states[:, part], Wh, dpre[:, part])) for part in parts]
        parts = [slice(*part) for part in ranges(dW.shape[1], threads)]
        products = [as_one(self._products(states, x, dpre, dW, part)) for part in parts]
        return one_call([partial(run_all, chains), partial(run_all, products)])

    def _back(self, ds: Any, states: Any, Wh: Any, dpre: Any) -> Iterator[Thunk]:
        """The calls of all time steps from the last on, for some rows of the batch."""
        cell, hidden = self.cell, len(Wh)
        weights = [Weight(Wh[:, part].T, states.shape[1]) for part in cell.columns(hidden)]
        yield from [w.pack for w in weights]
        carried: list[Any] = [None] * len(cell.widths)
        #: one routine for the last time step, which gets no carried gradient, and one for all others
        routines: dict[bool, Routine] = {}
        #: two sets of memory: a step reads the carried gradient from one and writes its own to the other
        memory: list[list[Any]] = []
        for calls, slopes, start in self._slopes(states, full=ds.shape[-1] != hidden):
            yield from calls
            for t in reversed(range(start, start + len(slopes[0]))):
                own = [None if x is None else x[t - start] for x in slopes]
                arguments = [self._incoming(ds[t], hidden), carried, own, weights]
                last = carried[0] is None
                if last not in routines:
                    routines[last] = _routine(self._step_back, *arguments)
                if not memory:
                    outputs = routines[last].outputs[1:]
                    memory = [[_empty_like(y) for y in outputs] for _ in range(2)]
                carried = memory[t % 2]
                yield from routines[last].bind(_flattened(*arguments), [dpre[t], *carried])[0]

    def _step_back(
        self, incoming: list[Any], carried: list[Any], slopes: list[Any], weights: list[Any]
    ) -> list[Any]:
        da, carried = self.cell.backward(list(map(plus, incoming, carried)), slopes, weights)
        return [da, *carried]

    def _slopes(self, states: Any, *, full: bool) -> Iterator[tuple[list[Thunk], list[Any], int]]:
        """From the end on, for a chunk of time steps at a time: the calls that compute their slopes, the
        slopes, and the first step of the chunk. All chunks share memory, so each has to be used before the
        next is requested."""
        cell = self.cell
        stop, rows, width = states.shape
        length = max(1, _CHUNK_SIZE // max(1, rows * width * cell.gates // cell.states))
        routines: dict[int, Routine] = {}
        while stop > 0:
            start = max(1, stop - length) if stop > 1 else 0
            before = states[start - 1 : stop - 1] if start else np.zeros_like(states[:1])
            arguments = [cell.pieces(states[start:stop]), cell.pieces(before)]
            if stop - start not in routines:
                routines[stop - start] = _routine(partial(cell.slopes, full=full), *arguments)
            yield *routines[stop - start].bind(_flattened(*arguments)), start
            stop = start

    def _products(self, states: Any, x: Any, dpre: Any, dW: Any, part: slice) -> Iterator[Thunk]:
        """The calls that compute some columns of the gradients of Wx, Wh and b: what the weights multiply,
        transposed, times dpre."""
        columns = self.cell.columns(states.shape[-1] // self.cell.states)
        width, rows = x.shape[-1], len(dW)
        #: for each time step x, the vectors that Wh multiplies, and a 1 for b
        factors = [np.ones((*dpre.shape[:2], rows), dW.dtype) for _ in columns]
        for left in factors:
            yield partial(np.copyto, left[..., :width], x)
            yield partial(left[0, :, width:-1].fill, 0)
        if len(states) > 1:
            arguments = [self.cell.pieces(states[1:]), self.cell.pieces(states[:-1])[0]]
            outs = [left[1:, :, width:-1] for left in factors]
            yield from _routine(self.cell.factors, *arguments).bind(_flattened(*arguments), outs)[0]
        dpre = dpre.reshape(-1, dW.shape[1])
        for left, own in zip(factors, columns, strict=True):
            both = slice(max(own.start, part.start), min(own.stop, part.stop))
            if both.start < both.stop:
                yield product_call(left.reshape(-1, rows).T, dpre[:, both], dW[:, both])


rnn, lstm, gru = Recurrence(RnnCell()), Recurrence(LstmCell()), Recurrence(GruCell())
rnn_gradient, lstm_gradient, gru_gradient = rnn.gradient, lstm.gradient, gru.gradient


def _affine(x: Any, W: Any, b: Any) -> Iterator[tuple[list[Thunk], int, Any]]:
    """x @ W + b for a chunk of time steps at a time: the calls, the first step, and the result of each step.

    All chunks share memory, so each has to be used before the next is requested.
    """
    steps, rows, width = x.shape
    length = min(steps, max(1, _CHUNK_SIZE // max(1, rows * len(b))))
    matrix, y = np.empty((length * rows, width), b.dtype), np.empty((length * rows, len(b)), b.dtype)
    for start in range(0, steps, length):
        part = x[start : start + length]
        n = len(part) * rows
        calls: list[Thunk] = [
            partial(np.copyto, matrix[:n].reshape(part.shape), part),
            partial(np.matmul, matrix[:n], W, y[:n]),
            partial(np.add, y[:n], b, y[:n]),
        ]
        yield calls, start, y[:n].reshape(len(part), rows, -1)


def _flattened(*arguments: Any) -> list[Any]:
    """Arrays and lists of arrays as one list."""
    return [x for part in arguments for x in (part if isinstance(part, list) else [part])]


def _routine(function: Callable[..., Sequence[Any]], *arguments: Any) -> Routine:
    """A routine of a function that takes arrays and lists of arrays."""
    sizes = [len(part) if isinstance(part, list) else None for part in arguments]

    def on_arrays(*arrays: Any) -> Sequence[Any]:
        left = iter(arrays)
        return function(*[next(left) if n is None else [next(left) for _ in range(n)] for n in sizes])

    return Routine(on_arrays, _flattened(*arguments))


def _empty_like(x: Any) -> Any:
    return None if x is None else np.empty(x.shape, x.dtype)


def _run(calls: Iterator[Thunk]) -> None:
    for call in calls:
        call()


def _as_matrix(x: Any) -> Any:
    return np.reshape(x, (-1, x.shape[-1]))


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


def _derived(function: Callable[..., Any], position: int, dy: Any, *operands: Any) -> Any:
    """The gradient of a function of NumPy calls with respect to one operand: recorded, and on arrays
    replayed."""
    symbolic = [x for x in (dy, *operands) if x.__class__ is SymbolicArray]
    if symbolic:
        # Copies, so that the gradient covers only the steps of the function itself.
        since = len(symbolic[0].trace.steps)
        copies: list[Any] = [np.positive(x) if x.__class__ is SymbolicArray else x for x in operands]
        return gradient(function(*copies), [copies[position]], dy, since=since)[0]
    trace = Trace()
    inputs: list[Any] = [trace.input(np.shape(x), x.dtype) for x in operands]
    gradients = gradient(function(*inputs), [inputs[position]], dy)
    return replay(trace, gradients, dict(zip(inputs, operands, strict=True)))[0]
