"""Recurrent cells over all steps of time as kernels: simple, LSTM and GRU, and their gradients.

A cell is two functions on one step of time, forward and backward. A kernel runs them on arrays, one step
after the other; for gradients of gradients the same lines are recorded, step by step.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from graphlang.trace.array import SymbolicArray, Trace, signature
from graphlang.trace.dims import Size, count, is_symbolic, shape_text
from graphlang.trace.errors import NoGradient, ShapeError
from graphlang.trace.parallel import parallel
from graphlang.trace.primitive import Primitive, Result
from graphlang.trace.primitives.indexing import unslice


class Cell:
    """One step of time, with H hidden units.

    `pre` [N, gates * H] is what the gates get from the input, x @ Wx + b; W [H, gates * H] are the weights
    of the hidden vector; the state [N, states * H] is the hidden vector and what backward needs again.
    """

    name: ClassVar[str]
    gates: ClassVar[int]
    states: ClassVar[int]

    def weights(self, W: Any) -> list[Any]:
        """The matrices by which the hidden vector is multiplied."""
        return [W]

    def constants(self, W: Any) -> list[Any]:
        """What else the two functions need, the same at every step."""
        return []

    def forward(self, pre: Any, before: Any, *prepared: Any) -> list[Any]:
        """The pieces of the state, given the one before, the weights and the constants."""
        raise NotImplementedError

    def backward(
        self, ds: list[Any], now: list[Any], before: list[Any], *prepared: Any
    ) -> tuple[Any, list[Any]]:
        """The gradient of `pre`, and the parts of that of the state before, from those of the state, `ds`.

        A part that is None is zero. The weights come transposed.
        """
        raise NotImplementedError

    def weight_gradient(self, dpre: Any, states: Any) -> Any:
        """dW, from the gradients of `pre` and the states of all steps."""
        return _rows(parts(states[:-1], self.states)[0]).T @ _rows(dpre[1:])


class RnnCell(Cell):
    """h = tanh(pre + h_before @ W)"""

    name = "rnn"
    gates = states = 1

    def forward(self, pre: Any, before: Any, *prepared: Any) -> list[Any]:
        (W,) = prepared
        return [np.tanh(before @ W + pre)]

    def backward(
        self, ds: list[Any], now: list[Any], before: list[Any], *prepared: Any
    ) -> tuple[Any, list[Any]]:
        (WT,), (dh,), (h,) = prepared, ds, now
        da = dh * (1 - h * h)
        return da, [da @ WT]


class LstmCell(Cell):
    """f, g, i, o = the gates; c = f * c_before + g * i, h = o * tanh(c)

    sigmoid(a) = tanh(a / 2) / 2 + 1 / 2, so that one tanh serves all gates: with the scale s, 1/2 for f, i
    and o and 1 for g, a gate is y = s * tanh(s * a) + (1 - s), and dy/da = (y + 2 * s - 1) * (1 - y).
    """

    name = "lstm"
    gates, states = 4, 6

    def constants(self, W: Any) -> list[Any]:
        scale = np.repeat(np.array([0.5, 1, 0.5, 0.5], W.dtype), W.shape[0])
        return [scale, 1 - scale, 2 * scale - 1]

    def forward(self, pre: Any, before: Any, *prepared: Any) -> list[Any]:
        W, scale, shift, _ = prepared
        h, c = parts(before, 6)[:2]
        gates = np.tanh((h @ W + pre) * scale) * scale + shift
        f, g, i, o = parts(gates, 4)
        c = f * c + g * i
        return [o * np.tanh(c), c, gates]

    def backward(
        self, ds: list[Any], now: list[Any], before: list[Any], *prepared: Any
    ) -> tuple[Any, list[Any]]:
        WT, _, _, lift = prepared
        dh, dc, *dgates = ds
        _, c, f, g, i, o = now
        tanh_c = np.tanh(c)
        dc = _plus(dh * o * (1 - tanh_c * tanh_c), dc)
        found = [dc * before[1], dc * i, dc * g, dh * tanh_c]
        da = np.concatenate(list(map(_plus, found, dgates)), axis=-1)
        gates = np.concatenate([f, g, i, o], axis=-1)
        da = da * ((gates + lift) * (1 - gates))
        return da, [da @ WT, dc * f, None, None, None, None]


class GruCell(Cell):
    """z, r = the gates; n = tanh(pre_n + (r * h_before) @ W_n), h = (1 - z) * h_before + z * n"""

    name = "gru"
    gates, states = 3, 4

    def weights(self, W: Any) -> list[Any]:
        H = W.shape[0]
        return [W[:, : 2 * H], W[:, 2 * H :]]

    def forward(self, pre: Any, before: Any, *prepared: Any) -> list[Any]:
        W, Wn = prepared
        h = parts(before, 4)[0]
        H = h.shape[-1]
        gates = 0.5 * np.tanh(0.5 * (h @ W + pre[:, : 2 * H])) + 0.5
        z, r = parts(gates, 2)
        n = np.tanh((r * h) @ Wn + pre[:, 2 * H :])
        return [h + z * (n - h), gates, n]

    def backward(
        self, ds: list[Any], now: list[Any], before: list[Any], *prepared: Any
    ) -> tuple[Any, list[Any]]:
        WT, WnT = prepared
        dh, dz, dr, dn = ds
        _, z, r, n = now
        h = before[0]
        da_n = _plus(dh * z, dn) * (1 - n * n)
        drh = da_n @ WnT
        da_z = _plus(dh * (n - h), dz) * (z - z * z)
        da_r = _plus(drh * h, dr) * (r - r * r)
        da = np.concatenate([da_z, da_r], axis=-1)
        dh = dh * (1 - z) + drh * r + da @ WT
        return np.concatenate([da, da_n], axis=-1), [dh, None, None, None]

    def weight_gradient(self, dpre: Any, states: Any) -> Any:
        h, r = _rows(parts(states[:-1], 4)[0]), _rows(parts(states[1:], 4)[2])
        H, da = h.shape[1], _rows(dpre[1:])
        return np.concatenate([h.T @ da[:, : 2 * H], (r * h).T @ da[:, 2 * H :]], axis=1)


class Recurrence(Primitive):
    """The states [T, N, states * H] of a cell for pre [T, N, gates * H], from a state of zeros on.

    The hidden vectors are the first H columns; the other ones are what the gradient needs again.
    """

    def __init__(self, cell: Cell) -> None:
        self.cell = cell
        self.name = cell.name
        self.gradient = RecurrenceGradient(cell)

    def shape(self, pre: Any, W: Any) -> Result:
        (given, left), (weights, right) = signature(pre), signature(W)
        ranks, gates = (len(given), len(weights)), self.cell.gates
        if ranks != (3, 2) or (weights[0] * gates, given[2]) != (weights[1], weights[1]):
            both = f"{shape_text(given)} and {shape_text(weights)}"
            raise ShapeError(f"shapes {both} do not fit {gates} gates", (0, 1))
        return (*given[:2], self.cell.states * weights[0]), np.result_type(left, right)

    def compute(self, pre: Any, W: Any, *, out: Any = None) -> Any:
        states = np.empty(*self.shape(pre, W)) if out is None else out

        def work(start: int, stop: int) -> None:
            prepared = [*[_Blocks(w, stop - start) for w in self.cell.weights(W)], *self.cell.constants(W)]
            before = np.zeros((stop - start, states.shape[2]), states.dtype)
            for a, now in zip(pre[:, start:stop], states[:, start:stop], strict=True):
                np.concatenate(self.cell.forward(a, before, *prepared), axis=1, out=now)
                before = now

        parallel(work, pre.shape[1])
        return states

    def derivative(self, position: int, dy: Any, y: Any, pre: Any, W: Any) -> Any:
        dpre = _once(self.gradient, _of_hidden(dy, W.shape[0]), y, W)
        return dpre if position == 0 else self.cell.weight_gradient(dpre, y)

    def flops(self, pre: Any, W: Any) -> Size:
        return 2 * count(signature(pre)[0]) * signature(W)[0][0]


class RecurrenceGradient(Primitive):
    """The gradient of a recurrence by `pre`, from the last step to the first.

    `ds` is the gradient that arrives at the states, or at the hidden vectors if no other has one.
    """

    def __init__(self, cell: Cell) -> None:
        self.cell = cell
        self.name = f"{cell.name}_gradient"

    def shape(self, ds: Any, states: Any, W: Any) -> Result:
        (given, left), (known, right), (weights, _) = signature(ds), signature(states), signature(W)
        widths = (weights[0], known[-1])
        if given[:-1] != known[:-1] or given[-1] not in widths or known[-1] != self.cell.states * weights[0]:
            message = f"gradients {shape_text(given)} do not fit states {shape_text(known)}"
            raise ShapeError(message, (0, 1, 2))
        return (*known[:2], self.cell.gates * weights[0]), np.result_type(left, right)

    def compute(self, ds: Any, states: Any, W: Any, *, out: Any = None) -> Any:
        dpre = np.empty(*self.shape(ds, states, W)) if out is None else out

        def work(start: int, stop: int) -> None:
            weights = [_Blocks(w.T, stop - start) for w in self.cell.weights(W)]
            prepared = [*weights, *self.cell.constants(W)]
            rows = slice(start, stop)
            self._backward(ds[:, rows], states[:, rows], prepared, dpre[:, rows].__setitem__)

        parallel(work, states.shape[1])
        return dpre

    def derivative(self, position: int, dy: Any, y: Any, ds: Any, states: Any, W: Any) -> Any:
        if is_symbolic(ds.shape[0]):
            raise NoGradient(f"{self.name} over a number of steps that is not known yet")
        return _derived(self._unrolled, position, dy, ds, states, W)

    def flops(self, ds: Any, states: Any, W: Any) -> Size:
        return 2 * count(self.shape(ds, states, W)[0]) * signature(W)[0][0]

    def _unrolled(self, ds: Any, states: Any, W: Any) -> Any:
        rows: dict[int, Any] = {}
        weights = [w.T for w in self.cell.weights(W)]
        self._backward(ds, states, [*weights, *self.cell.constants(W)], rows.__setitem__)
        return np.stack([rows[t] for t in range(len(rows))])

    def _backward(self, ds: Any, states: Any, prepared: list[Any], keep: Callable[[int, Any], None]) -> None:
        """Back through time, on arrays and symbolic arrays alike."""
        n = self.cell.states
        hidden = states.shape[-1] // n
        carried: list[Any] = [None] * n
        before = parts(states[-1], n)
        for t in reversed(range(states.shape[0])):
            now = before
            before = parts(states[t - 1], n) if t else [np.zeros_like(now[0])] * n
            arriving = parts(ds[t], ds.shape[-1] // hidden)
            arriving += [None] * (n - len(arriving))
            da, carried = self.cell.backward(list(map(_plus, arriving, carried)), now, before, *prepared)
            keep(t, da)


rnn, lstm, gru = Recurrence(RnnCell()), Recurrence(LstmCell()), Recurrence(GruCell())
rnn_gradient, lstm_gradient, gru_gradient = rnn.gradient, lstm.gradient, gru.gradient


class _Blocks:
    """A matrix W cut into blocks of columns, for many products x @ W with few rows x.

    BLAS copies what it multiplies to a layout of its own, which costs as much as the product where the rows
    are few; a product below a million multiplications it does in place.
    """

    __array_ufunc__ = None  # so that x @ self comes to __rmatmul__
    _SMALL = 10**6

    def __init__(self, W: Any, rows: int) -> None:
        inner, self.columns = W.shape
        fitting = max(16, self._SMALL // max(1, inner * rows))
        width = max(w for w in range(1, min(fitting, self.columns) + 1) if self.columns % w == 0)
        width = width if width >= 16 else self.columns
        self.width = width
        self.blocks = np.ascontiguousarray(W.reshape(inner, -1, width).swapaxes(0, 1))

    def __rmatmul__(self, x: Any) -> Any:
        y = np.empty((len(x), self.columns), self.blocks.dtype)
        np.matmul(x, self.blocks, out=y.reshape(len(x), -1, self.width).swapaxes(0, 1))
        return y


def parts(x: Any, n: int) -> list[Any]:
    """n equal pieces of the last axis, views."""
    size = x.shape[-1] // n
    return [x[..., i * size : (i + 1) * size] for i in range(n)]


def _plus(x: Any, y: Any) -> Any:
    """The sum; None is zero."""
    return y if x is None else x if y is None else x + y


def _rows(x: Any) -> Any:
    return np.reshape(x, (-1, x.shape[-1]))


def _of_hidden(ds: Any, hidden: Size) -> Any:
    """The gradient of the hidden vectors, where it was just padded with zeros for the rest of the states."""
    step = ds.trace.step_of(ds) if ds.__class__ is SymbolicArray else None
    if step is None or step.primitive is not unslice or len(step.operands) > 1:
        return ds
    (part,) = step.operands
    (key,) = step.params["keys"]
    whole = part.shape == (*ds.shape[:-1], hidden) and key[-1] in (slice(hidden), slice(0, hidden))
    return part if whole else ds


def _once(primitive: Primitive, *operands: Any) -> Any:
    """The primitive's result, taken from the last steps if it was recorded there: two gradients need it."""
    if operands[0].__class__ is SymbolicArray:
        last = max(x.number for x in operands if x.__class__ is SymbolicArray)
        for step in operands[0].trace.steps[max(last, 0) :]:
            if step.primitive is primitive and all(map(_same, step.operands, operands)):
                return step.output
    return primitive(*operands)


def _same(x: Any, y: Any) -> bool:
    return x is y


def _derived(function: Callable[..., Any], position: int, dy: Any, *operands: Any) -> Any:
    """The gradient of a function of NumPy calls by one operand, recorded; on arrays it is replayed."""
    from graphlang.trace.gradient import gradient  # which is made of primitives itself
    from graphlang.trace.replay import replay

    given = [x for x in (dy, *operands) if x.__class__ is SymbolicArray]
    if given:
        # Fresh values, so that only what the function itself does with them is looked at.
        since = len(given[0].trace.steps)
        fresh: list[Any] = [np.positive(x) if x.__class__ is SymbolicArray else x for x in operands]
        return gradient(function(*fresh), [fresh[position]], dy, since=since)[0]
    trace = Trace()
    inputs: list[Any] = [trace.input(np.shape(x), x.dtype) for x in operands]
    found = gradient(function(*inputs), [inputs[position]], dy)
    return replay(trace, found, dict(zip(inputs, operands, strict=True)))[0]
