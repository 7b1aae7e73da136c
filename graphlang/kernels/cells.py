"""The cells of recurrent layers: simple, LSTM and both kinds of GRU, each for one time step.

A cell is three functions of plain NumPy: the forward step, the slopes that the backward step multiplies by,
and the backward step. `recurrence` runs them over all time steps; for gradients of gradients it records them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar, TypeAlias

import numpy as np

Product: TypeAlias = Callable[[Any], Any]
"""The pre-activation of some gates as a function of the vectors that their columns of Wh multiply."""


class Cell:
    """One time step with H hidden units.

    The pre-activation [N, gates * H] is x @ Wx + b + h @ Wh. The state [N, states * H] consists of pieces of
    `widths` * H columns: the hidden vector, then what the backward step needs again.
    """

    name: ClassVar[str]
    gates: ClassVar[int]
    widths: ClassVar[tuple[int, ...]]

    @property
    def states(self) -> int:
        """Numbers in the state per hidden unit."""
        return sum(self.widths)

    def scale(self, hidden: int, dtype: Any) -> Any:
        """The factor of each column in the pre-activations that `forward` expects: the weights are multiplied
        by it."""
        return np.ones(self.gates * hidden, dtype)

    def columns(self, hidden: int) -> list[slice]:
        """The column blocks of Wh, each of which multiplies one of the vectors of `factors`."""
        return [slice(0, self.gates * hidden)]

    def factors(self, now: list[Any], h_before: Any) -> list[Any]:
        """The vectors that the blocks of `columns` multiply. Transposed, they multiply dy in the gradients of
        Wh."""
        return [h_before]

    def step(self, products: list[Product], before: list[Any]) -> list[Any]:
        """The pieces of the state from those of the previous one. Pieces and pre-activations of several gates
        have an axis of gates first; others are [N, H].

        There is a product for each block of `columns`: it maps v to x @ Wx + b + v @ Wh, with all weights
        multiplied by `scale`.
        """
        raise NotImplementedError

    def forward(self, pre: Any, before: list[Any], weights: list[Any]) -> list[Any]:
        """`step` for pieces without an axis of gates, from x @ Wx + b, and the column blocks of Wh; both are
        already multiplied by `scale`."""
        hidden = before[0].shape[-1]
        columns = self.columns(hidden)
        products: list[Product] = [
            partial(_product, W, pre[..., own], hidden) for W, own in zip(weights, columns, strict=True)
        ]
        return [_gates_last(piece) for piece in self.step(products, [gates_first(x, hidden) for x in before])]

    def slopes(self, now: list[Any], before: list[Any], *, full: bool) -> list[Any]:
        """What `backward` multiplies by. It depends on the states alone, so that many time steps are computed
        at once.

        Without `full` only the hidden vector has a gradient, and slopes that only other pieces need may be
        None.
        """
        raise NotImplementedError

    def backward(self, ds: list[Any], slopes: list[Any], weights: list[Any]) -> tuple[Any, list[Any]]:
        """The gradient of the pre-activation and that of the previous state, in pieces, from the pieces of
        the gradient of the state. None stands for a piece of zeros. The weights are transposed."""
        raise NotImplementedError

    def begun(self, given: list[Any]) -> Any:
        """A state [N, states * H] to start from, of the pieces that are handed on from step to step.

        The other pieces are such that the pre-activations of the step that would have led there get the
        gradients of the pieces handed on, as far as `begun_gradient` does not find them elsewhere.
        """
        raise NotImplementedError

    def begun_gradient(self, earlier: Any, first: Any, Wh: Any) -> list[Any]:
        """The gradients of the pieces handed on, from those of the pre-activations of that earlier step and
        of the first step."""
        raise NotImplementedError

    def pieces(self, state: Any) -> list[Any]:
        """The pieces of states [..., states * H]."""
        hidden = state.shape[-1] // self.states
        ends = [hidden * sum(self.widths[: i + 1]) for i in range(len(self.widths))]
        return [state[..., a:b] for a, b in zip([0, *ends], ends, strict=False)]


class RnnCell(Cell):
    """h = tanh(x @ Wx + b + h_before @ Wh)"""

    name = "rnn"
    gates = 1
    widths = (1,)

    def begun(self, given: list[Any]) -> Any:
        return given[0]

    def begun_gradient(self, earlier: Any, first: Any, Wh: Any) -> list[Any]:
        return [first @ Wh.T]

    def step(self, products: list[Product], before: list[Any]) -> list[Any]:
        (product,), (h,) = products, before
        return [np.tanh(product(h))]

    def slopes(self, now: list[Any], before: list[Any], *, full: bool) -> list[Any]:
        (h,) = now
        return [1 - h * h]

    def backward(self, ds: list[Any], slopes: list[Any], weights: list[Any]) -> tuple[Any, list[Any]]:
        (WT,), (dh,), (slope,) = weights, ds, slopes
        da = dh * slope
        return da, [da @ WT]


class LstmCell(Cell):
    """f, g, i, o = the gates; c = f * c_before + g * i, h = o * tanh(c)

    sigmoid(a) = tanh(a / 2) / 2 + 1 / 2, so that one tanh serves all gates: with the scale s, 1/2 for f, i
    and o and 1 for g, a gate is y = s * tanh(s * a) + (1 - s), and dy/da = (y + 2 * s - 1) * (1 - y).
    """

    name = "lstm"
    gates = 4
    widths = (1, 1, 4)

    def begun(self, given: list[Any]) -> Any:
        # With g = 0 and i = 1 the pre-activation of g gets dc, and with this o none of dh comes to it.
        h, c = given
        zero = np.zeros_like(h)
        return np.concatenate([h, c, zero, zero, zero + 1, h * np.tanh(c)], axis=-1)

    def begun_gradient(self, earlier: Any, first: Any, Wh: Any) -> list[Any]:
        return [first @ Wh.T, split_last_axis(earlier, 4)[1]]

    def scale(self, hidden: int, dtype: Any) -> Any:
        return np.repeat(np.array([0.5, 1, 0.5, 0.5], dtype), hidden)

    def step(self, products: list[Product], before: list[Any]) -> list[Any]:
        (product,), (h, c, _) = products, before
        scale = self.scale(1, c.dtype).reshape(4, 1, 1)
        gates = np.tanh(product(h)) * scale + (1 - scale)
        f, g, i, o = (gates[k] for k in range(4))
        c = f * c + g * i
        return [o * np.tanh(c), c, gates]

    def slopes(self, now: list[Any], before: list[Any], *, full: bool) -> list[Any]:
        h, c, gates = now
        f, g, i, o = split_last_axis(gates, 4)
        gi, tanh_c = g * i, np.tanh(c)
        # f, g and i through c: f * (1 - f) * c_before, (1 - g**2) * i and i * (1 - i) * g; o through h.
        through_c = np.stack([(1 - f) * f * before[1], i - g * gi, (1 - i) * gi], axis=-2)
        lift = 2 * self.scale(c.shape[-1], c.dtype) - 1
        return [through_c, (1 - o) * h, o - h * tanh_c, f, (gates + lift) * (1 - gates) if full else None]

    def backward(self, ds: list[Any], slopes: list[Any], weights: list[Any]) -> tuple[Any, list[Any]]:
        dh, dc, dgates = ds
        through_c, do, to_c, f, slope = slopes
        dc = plus(dh * to_c, dc)
        gates = np.concatenate([np.expand_dims(dc, -2) * through_c, np.expand_dims(dh * do, -2)], axis=-2)
        da = np.reshape(gates, (gates.shape[0], gates.shape[1] * gates.shape[2]))
        da = da if dgates is None else da + dgates * slope
        return da, [da @ weights[0], dc * f, None]


class GruCell(Cell):
    """z, r = the gates; n = tanh(x @ Wx_n + b_n + (r * h_before) @ Wh_n), h = (1 - z) * h_before + z * n

    The gates are sigmoids computed with tanh, as in the LSTM.
    """

    name = "gru"
    gates = 3
    widths = (1, 2, 1)

    def begun(self, given: list[Any]) -> Any:
        # With z = 1 and n = 0 the pre-activation of n gets dh.
        (h,) = given
        zero = np.zeros_like(h)
        return np.concatenate([h, zero + 1, zero, zero], axis=-1)

    def begun_gradient(self, earlier: Any, first: Any, Wh: Any) -> list[Any]:
        return [split_last_axis(earlier, 3)[2]]

    def scale(self, hidden: int, dtype: Any) -> Any:
        return np.repeat(np.array([0.5, 0.5, 1], dtype), hidden)

    def columns(self, hidden: int) -> list[slice]:
        return [slice(0, 2 * hidden), slice(2 * hidden, 3 * hidden)]

    def factors(self, now: list[Any], h_before: Any) -> list[Any]:
        return [h_before, split_last_axis(now[1], 2)[1] * h_before]

    def step(self, products: list[Product], before: list[Any]) -> list[Any]:
        (product, product_n), (h, *_) = products, before
        gates = 0.5 * np.tanh(product(h)) + 0.5
        z, r = gates[0], gates[1]
        n = np.tanh(product_n(r * h))
        return [h + z * (n - h), gates, n]

    def slopes(self, now: list[Any], before: list[Any], *, full: bool) -> list[Any]:
        (_, gates, n), h = now, before[0]
        z, r = split_last_axis(gates, 2)
        slope, slope_n = (1 - gates) * gates, 1 - n * n
        dz, dr = split_last_axis(slope, 2)
        return [dz * (n - h), dr * h, slope_n * z, 1 - z, r, slope, slope_n]

    def backward(self, ds: list[Any], slopes: list[Any], weights: list[Any]) -> tuple[Any, list[Any]]:
        (WT, WnT), (dh, dgates, dn) = weights, ds
        dz, dr, to_n, keep, r, slope, slope_n = slopes
        da_n = plus(dh * to_n, None if dn is None else dn * slope_n)
        drh = da_n @ WnT
        da = np.concatenate([dh * dz, drh * dr], axis=-1)
        da = da if dgates is None else da + dgates * slope
        dh = dh * keep + drh * r + da @ WT
        return np.concatenate([da, da_n], axis=-1), [dh, None, None]


class GruAfterCell(Cell):
    """z, r = the gates; n = tanh(x @ Wx_n + b_n + r * m), m = h_before @ Wh_m + b_m,
    h = (1 - z) * h_before + z * n

    The gate r is applied after the product, so that what it multiplies has columns and a bias of its own: the
    columns are z, r, m, n, those of m in Wx and those of n in Wh are zeros.
    """

    name = "gru_after"
    gates = 4
    widths = (1, 2, 1, 1)

    def begun(self, given: list[Any]) -> Any:
        # With z = 1 and n = r = 0 the pre-activation of n gets dh, and no other gets anything.
        (h,) = given
        zero = np.zeros_like(h)
        return np.concatenate([h, zero + 1, zero, zero, zero], axis=-1)

    def begun_gradient(self, earlier: Any, first: Any, Wh: Any) -> list[Any]:
        return [split_last_axis(earlier, 4)[3]]

    def scale(self, hidden: int, dtype: Any) -> Any:
        return np.repeat(np.array([0.5, 0.5, 1, 1], dtype), hidden)

    def step(self, products: list[Product], before: list[Any]) -> list[Any]:
        (product,), (h, *_) = products, before
        pre = product(h)
        gates, m = 0.5 * np.tanh(pre[:2]) + 0.5, pre[2]
        z, r = gates[0], gates[1]
        n = np.tanh(pre[3] + r * m)
        return [h + z * (n - h), gates, n, m]

    def slopes(self, now: list[Any], before: list[Any], *, full: bool) -> list[Any]:
        (_, gates, n, m), h = now, before[0]
        z, r = split_last_axis(gates, 2)
        slope, slope_n = (1 - gates) * gates, 1 - n * n
        dz, dr = split_last_axis(slope, 2)
        return [dz * (n - h), dr * m, slope_n * z, 1 - z, r, slope, slope_n]

    def backward(self, ds: list[Any], slopes: list[Any], weights: list[Any]) -> tuple[Any, list[Any]]:
        (WT,), (dh, dgates, dn, dm) = weights, ds
        dz, dr, to_n, keep, r, slope, slope_n = slopes
        da_n = plus(dh * to_n, None if dn is None else dn * slope_n)
        da_gates = np.concatenate([dh * dz, da_n * dr], axis=-1)
        da_gates = da_gates if dgates is None else da_gates + dgates * slope
        da = np.concatenate([da_gates, plus(da_n * r, dm), da_n], axis=-1)
        return da, [dh * keep + da @ WT, None, None, None]


def gates_first(x: Any, hidden: int) -> Any:
    """[..., N, gates * H] as [gates, ..., N, H]; of one gate as it is."""
    gates = x.shape[-1] // hidden
    if gates == 1:
        return x
    return np.moveaxis(np.reshape(x, (*x.shape[:-1], gates, hidden)), -2, 0)


def _gates_last(x: Any) -> Any:
    """[gates, N, H] as [N, gates * H]; [N, H] as it is."""
    return x if x.ndim == 2 else np.reshape(np.moveaxis(x, 0, 1), (x.shape[1], x.shape[0] * x.shape[2]))


def _product(W: Any, pre: Any, hidden: int, v: Any) -> Any:
    return gates_first(v @ W + pre, hidden)


def split_last_axis(x: Any, n: int) -> list[Any]:
    """Views of n equal pieces of the last axis."""
    size = x.shape[-1] // n
    return [x[..., i * size : (i + 1) * size] for i in range(n)]


def plus(x: Any, y: Any) -> Any:
    """The sum; None is zero."""
    return y if x is None else x if y is None else x + y
