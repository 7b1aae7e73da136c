"""The gradients of recurrences as kernels: that of the pre-activations, step after step from the last on, and
those of the weights, in one product.

The gradient of the pre-activations keeps the axes [T, N, ...], so that a backend can divide the rows of a
batch over devices.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from graphlang.kernels.cells import Cell, plus
from graphlang.kernels.parallel import available, ranges, run_all, shares
from graphlang.kernels.routine import Routine, Weight, flattened, routine_of
from graphlang.trace.bound_step import one_call
from graphlang.trace.core import Primitive, Signature, SymbolicArray, Trace, signature
from graphlang.trace.dims import Size, count, is_symbolic, shape_text
from graphlang.trace.errors import NoGradient, ShapeError
from graphlang.trace.gradient import gradient
from graphlang.trace.products import product_call
from graphlang.trace.replay import replay
from graphlang.trace.types import Thunk
from graphlang.trace.work import Work

CHUNK_SIZE = 2**17
"""Elements of each array that one call computes: a chunk of several time steps that still fits into cache."""
BATCH_GRAIN = 16
"""A thread takes a multiple of this many rows of the batch: with fewer, the weights are read as often for
less, and BLAS computes the rest at an edge in another way."""
_COLUMN_GRAIN = 64
"""The same for columns of the gradients of the weights."""
_CALLS_OF_A_GATE = 4
LONGEST = 2**12
"""Time steps up to which all calls are prepared in advance; more would take too much memory."""


class RecurrenceGradient(Primitive):
    """The gradient [T, N, gates * H] of the pre-activations of a recurrence.

    `ds` is the gradient of the states, or of the hidden vectors alone if the other columns have none.
    """

    def __init__(self, cell: Cell) -> None:
        self.cell = cell
        self.name = f"{cell.name}_gradient"

    def shape(self, ds: Any, states: Any, Wh: Any) -> Signature:
        shapes, kinds = zip(*map(signature, (ds, states, Wh)), strict=True)
        gradient, state, (hidden, columns) = shapes
        widths = (hidden, state[-1])
        if (
            gradient[:-1] != state[:-1]
            or gradient[-1] not in widths
            or state[-1] != self.cell.states * hidden
        ):
            message = f"gradients {shape_text(gradient)} do not fit states {shape_text(state)}"
            raise ShapeError(message, (0, 1, 2))
        return (*state[:2], columns), np.result_type(*kinds)

    def compute(self, ds: Any, states: Any, Wh: Any, *, out: Any = None) -> Any:
        dpre = np.empty(*self.shape(ds, states, Wh)) if out is None else out
        parts = shares(self.work(dpre, ds, states, Wh), dpre.shape[1], available(), BATCH_GRAIN)
        run_all([partial(run_calls, self._calls(ds, states, Wh, dpre, part)) for part in parts])
        return dpre

    def prepared(self, operands: Sequence[Any], out: Any, threads: int, **params: Any) -> Thunk | None:
        if len(out) > LONGEST:
            return None
        ds, states, Wh = operands
        parts = shares(self.work(out, *operands), out.shape[1], threads, BATCH_GRAIN)
        return partial(run_all, [one_call(list(self._calls(ds, states, Wh, out, part))) for part in parts])

    def derivative(self, position: int, dy: Any, y: Any, ds: Any, states: Any, Wh: Any) -> Any:
        if is_symbolic(ds.shape[0]):
            raise NoGradient(f"{self.name} over a number of steps that is not known yet")
        return _derived(self._unrolled, position, dy, ds, states, Wh)

    def parts(self, ds: Any, states: Any, Wh: Any) -> int:
        return int(-(-ds.shape[1] // BATCH_GRAIN))

    def work(self, y: Any, *operands: Any, **params: Any) -> Work:
        return super().work(y, *operands)._replace(calls=calls_of(self.cell, len(y)))

    def flops(self, ds: Any, states: Any, Wh: Any) -> Size:
        (hidden, columns), (steps, rows, _) = signature(Wh)[0], signature(states)[0]
        return 2 * count((steps, rows, columns)) * hidden

    def _unrolled(self, ds: Any, states: Any, Wh: Any) -> Any:
        """The same as a sequence of NumPy calls, which can be recorded."""
        cell, hidden = self.cell, Wh.shape[0]
        weights = [Wh[:, part].T for part in cell.columns(hidden)]
        carried: list[Any] = [None] * len(cell.widths)
        gradients: list[Any] = []
        for t in reversed(range(states.shape[0])):
            now = cell.pieces(states[t])
            before = cell.pieces(states[t - 1]) if t else [np.zeros_like(piece) for piece in now]
            incoming = self._incoming(ds[t], hidden)
            slopes = cell.slopes(now, before, full=incoming[-1] is not None)
            da, carried = cell.backward(list(map(plus, incoming, carried)), slopes, weights)
            gradients.append(da)
        return np.stack(gradients[::-1])

    def _incoming(self, ds: Any, hidden: int) -> list[Any]:
        """The pieces of the incoming gradient of a time step, with None for those without one."""
        if ds.shape[-1] == hidden != self.cell.states * hidden:
            return [ds, *[None] * (len(self.cell.widths) - 1)]
        return self.cell.pieces(ds)

    # ---- on arrays

    def _calls(self, ds: Any, states: Any, Wh: Any, dpre: Any, part: slice) -> Iterator[Thunk]:
        """The calls of all time steps from the last on, for some rows of the batch."""
        ds, states, dpre = ds[:, part], states[:, part], dpre[:, part]
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
                    routines[last] = routine_of(self._step_back, *arguments)
                if not memory:
                    outputs = routines[last].outputs[1:]
                    memory = [[_empty_like(y) for y in outputs] for _ in range(2)]
                carried = memory[t % 2]
                yield from routines[last].bind(flattened(*arguments), [dpre[t], *carried])[0]

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
        length = max(1, CHUNK_SIZE // max(1, rows * width * cell.gates // cell.states))
        routines: dict[int, Routine] = {}
        while stop > 0:
            start = max(1, stop - length) if stop > 1 else 0
            before = states[start - 1 : stop - 1] if start else np.zeros_like(states[:1])
            arguments = [cell.pieces(states[start:stop]), cell.pieces(before)]
            if stop - start not in routines:
                routines[stop - start] = routine_of(partial(cell.slopes, full=full), *arguments)
            yield *routines[stop - start].bind(flattened(*arguments)), start
            stop = start


class RecurrenceWeightGradient(Primitive):
    """The gradients of the weights of a recurrence from the gradient [T, N, gates * H] of its
    pre-activations, stacked as rows: D of Wx, H of Wh, and one of b."""

    def __init__(self, cell: Cell) -> None:
        self.cell = cell
        self.name = f"{cell.name}_weight_gradient"

    def shape(self, dpre: Any, states: Any, x: Any) -> Signature:
        shapes, kinds = zip(*map(signature, (dpre, states, x)), strict=True)
        gradient, state, inputs = shapes
        hidden = gradient[-1] // self.cell.gates
        if not gradient[:2] == state[:2] == inputs[:2] or state[2] != self.cell.states * hidden:
            texts = [shape_text(shape) for shape in shapes]
            message = f"gradients {texts[0]} do not fit states {texts[1]} and inputs {texts[2]}"
            raise ShapeError(message, (0, 1, 2))
        return (inputs[2] + hidden + 1, gradient[2]), np.result_type(*kinds)

    def compute(self, dpre: Any, states: Any, x: Any, *, out: Any = None) -> Any:
        dW = np.empty(*self.shape(dpre, states, x)) if out is None else out
        self._call(dpre, states, x, dW, available())()
        return dW

    def prepared(self, operands: Sequence[Any], out: Any, threads: int, **params: Any) -> Thunk | None:
        dpre, states, x = operands
        return self._call(dpre, states, x, out, threads)

    def derivative(self, position: int, dy: Any, y: Any, dpre: Any, states: Any, x: Any) -> Any:
        return _derived(self._as_products, position, dy, dpre, states, x)

    def parts(self, dpre: Any, states: Any, x: Any) -> int:
        return int(-(-dpre.shape[2] // _COLUMN_GRAIN))

    def flops(self, dpre: Any, states: Any, x: Any) -> Size:
        (steps, rows, width), columns = signature(x)[0], signature(dpre)[0][2]
        return 2 * count((steps, rows, columns)) * (width + columns // self.cell.gates)

    def _as_products(self, dpre: Any, states: Any, x: Any) -> Any:
        """The same as a sequence of NumPy calls, which can be recorded."""
        cell = self.cell
        factors = cell.factors(cell.pieces(states[1:]), cell.pieces(states[:-1])[0])
        columns = cell.columns(states.shape[2] // cell.states)
        dWh = [
            _as_matrix(left).T @ _as_matrix(dpre[1:, :, own])
            for left, own in zip(factors, columns, strict=True)
        ]
        db = np.sum(dpre, axis=(0, 1))[None]
        return np.concatenate([_as_matrix(x).T @ _as_matrix(dpre), np.concatenate(dWh, axis=1), db])

    def _call(self, dpre: Any, states: Any, x: Any, dW: Any, threads: int) -> Thunk:
        """What the weights multiply, with some time steps on each thread; then that, transposed, times dpre,
        with some columns on each thread."""
        columns = self.cell.columns(states.shape[-1] // self.cell.states)
        #: for each time step x, the vectors that Wh multiplies, and a 1 for b
        factors = [np.ones((*dpre.shape[:2], len(dW)), dW.dtype) for _ in columns]
        parts = shares(self.work(dW, dpre, states, x), dW.shape[1], threads, _COLUMN_GRAIN)
        steps = [slice(*part) for part in ranges(len(x), len(parts))]
        copies = [one_call(self._factors(states, x, factors, part)) for part in steps]
        dpre = dpre.reshape(-1, dW.shape[1])
        products = [one_call(_products(factors, columns, dpre, dW, part)) for part in parts]
        return one_call([partial(run_all, copies), partial(run_all, products)])

    def _factors(self, states: Any, x: Any, factors: list[Any], part: slice) -> list[Thunk]:
        """The calls that fill in the factors of some time steps."""
        own = slice(x.shape[2], -1)
        calls: list[Thunk] = [partial(np.copyto, left[part, :, : own.start], x[part]) for left in factors]
        if part.start == 0:
            calls += [partial(left[0, :, own].fill, 0) for left in factors]
        first = max(1, part.start)
        if first < part.stop:
            now, before = states[first : part.stop], states[first - 1 : part.stop - 1]
            arguments = [self.cell.pieces(now), self.cell.pieces(before)[0]]
            outs = [left[first : part.stop, :, own] for left in factors]
            calls += routine_of(self.cell.factors, *arguments).bind(flattened(*arguments), outs)[0]
        return calls


def _products(factors: list[Any], columns: list[slice], dpre: Any, dW: Any, part: slice) -> list[Thunk]:
    """The calls that compute some columns of the gradients: the factors of each block of columns, transposed,
    times the block of dpre."""
    calls: list[Thunk] = []
    for left, own in zip(factors, columns, strict=True):
        both = slice(max(own.start, part.start), min(own.stop, part.stop))
        if both.start < both.stop:
            calls.append(product_call(left.reshape(-1, len(dW)).T, dpre[:, both], dW[:, both]))
    return calls


def calls_of(cell: Cell, steps: int) -> int:
    """The calls of NumPy for all time steps."""
    return _CALLS_OF_A_GATE * cell.gates * steps


def run_calls(calls: Iterator[Thunk]) -> None:
    """Runs calls as they are made."""
    for call in calls:
        call()


def _empty_like(x: Any) -> Any:
    return None if x is None else np.empty(x.shape, x.dtype)


def _as_matrix(x: Any) -> Any:
    return np.reshape(x, (count(x.shape[:-1]), x.shape[-1]))


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
