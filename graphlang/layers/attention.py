"""Attention with several heads: of a sequence over itself, or over another one."""

import math
from typing import Any

import numpy as np
from pydantic import Field

from graphlang.catalog.operation import Array, Layer, Parameter, Random
from graphlang.functions.creation import causal_mask
from graphlang.functions.einops import rearrange
from graphlang.initializers.xavier import xavier
from graphlang.initializers.zeros import zeros
from graphlang.layers._sequences import no_sequence
from graphlang.layers.affine import Affine
from graphlang.layers.dropout import Dropout
from graphlang.layers.softmax import Softmax
from graphlang.trace import ShapeError, shape_text
from graphlang.trace.primitives import arange


class Attention(Layer):
    """y = softmax(q @ k.T / sqrt(D / heads)) @ v in each head, then @ Wo + bo; q, k, v = x @ Wqkv + bqkv

    Gradient: through each product as Affine's, through softmax as Softmax's; what is hidden has the weight 0,
    and so no gradient.
    Shapes: x [N, T, D], Wqkv [D, 3*D], bqkv [3*D], Wo [D, D], bo [D] -> y [N, T, D]; the heads divide D. With
    kv [N, S, E] instead Wq [D, D], bq [D], Wkv [E, 2*D], bkv [2*D]; mask [N, S] or [N, T, S] bool.
    Source: Vaswani et al., Attention Is All You Need, 2017.
    Convention: the columns of Wqkv are q, k, v, each by heads. With `kv`, as in `Attention(x, kv, 4)`, places
    of x look at places of kv: q = x @ Wq + bq, and k, v = kv @ Wkv + bkv. `mask` is true where a place may
    be looked at, by all ([N, S]) or by each place of x ([N, T, S]). `causal` hides what comes later. A place
    that may look at nothing has the result 0. `dropout` leaves out attention weights in training.
    Example: input x: float[N, T, 4]; y = Attention(x, 2)
    Example: input x: float[N, T, 4]; y = Attention(x, 2, causal=true)
    Example: input x: float[N, T, 4]; y = Attention(x, 1, dropout=0.25)
    Example: input x: float[N, T, 4], m: bool[N, T]; y = Attention(x, 2, mask=m)
    Example: input x: float[N, T, 4], m: bool[N, T, T]; y = Attention(x, 2, mask=m, causal=true)
    Example: input x: float[N, T, 4], u: float[N, 3, 5]; y = Attention(x, u, 2)
    Example: input x: float[N, T, 4], u: float[N, 3, 5], m: bool[N, 3]; y = Attention(x, u, 2, mask=m)
    Example: input x: float[N, 1, 4]; y = Attention(x, 4)
    """

    heads: int = Field(gt=0, description="heads, each over D / heads of the numbers")
    causal: bool = Field(False, description="whether a place sees only itself and what came before")
    dropout: float = Field(0.0, ge=0, lt=1, description="the share of attention weights left out in training")

    def parameters(self, x: Array, kv: Array = None, mask: Array = None) -> dict[str, Parameter]:
        if x.ndim != 3:
            raise no_sequence("Attention", x)
        D = x.shape[2]
        if D % self.heads != 0:
            message = f"`Attention` cannot divide {D} numbers among {self.heads} heads equally"
            fitting = [n for n in range(1, min(D, 64) + 1) if D % n == 0] if isinstance(D, int) else []
            counts = f"`heads` that divide {D}: {', '.join(map(str, fitting))}" if fitting else None
            raise ShapeError(message, help=counts)
        last = {"Wo": Parameter((D, D), xavier()), "bo": Parameter((D,), zeros())}
        if kv is None:
            first = {"Wqkv": Parameter((D, 3 * D), xavier()), "bqkv": Parameter((3 * D,), zeros())}
            return first | last
        if kv.ndim != 3 or kv.dtype.kind != "f":
            shape = shape_text(kv.shape)
            raise ValueError(
                f"`Attention` looks at `kv` [N, S, E], but that has the shape {shape}: a mask is `mask=`"
            )
        E = kv.shape[2]
        first = {"Wq": Parameter((D, D), xavier()), "bq": Parameter((D,), zeros())}
        first |= {"Wkv": Parameter((E, 2 * D), xavier()), "bkv": Parameter((2 * D,), zeros())}
        return first | last

    def forward(
        self,
        x: Array,
        kv: Array = None,
        mask: Array = None,
        *,
        Wqkv: Array = None,
        bqkv: Array = None,
        Wo: Array,
        bo: Array,
        Wq: Array = None,
        bq: Array = None,
        Wkv: Array = None,
        bkv: Array = None,
        training: bool = False,
        random: Random | None = None,
    ) -> tuple[Array, tuple[Any, ...]]:
        if kv is None:
            qkv, _ = _affine(Wqkv).forward(x, W=Wqkv, b=bqkv)
            qkv = rearrange(qkv, "n t (s h d) -> s n h t d", s=3, h=self.heads)
            q, k, v = qkv[0] * (1 / math.sqrt(qkv.shape[-1])), qkv[1], qkv[2]
        else:
            q = rearrange(_affine(Wq).forward(x, W=Wq, b=bq)[0], "n t (h d) -> n h t d", h=self.heads)
            both, _ = _affine(Wkv).forward(kv, W=Wkv, b=bkv)
            both = rearrange(both, "n t (s h d) -> s n h t d", s=2, h=self.heads)
            q, k, v = q * (1 / math.sqrt(q.shape[-1])), both[0], both[1]
        scores = q @ np.swapaxes(k, -1, -2)
        looks = None
        if mask is not None:
            seen = self._seen(mask, scores)
            looks = np.any(seen, axis=-1, keepdims=True)
            # A place that may look at nothing looks at everything, and its result is left out below.
            scores = np.where(np.logical_or(seen, np.logical_not(looks)), scores, -np.inf)
            looks = looks[:, 0]
        elif self.causal:
            scores = causal_mask(scores)
        weights, _ = Softmax().forward(scores)
        left, kept = self._dropout.forward(weights, training=training, random=random)
        heads = rearrange(left @ v, "n h t d -> n t (h d)")
        y, _ = _affine(Wo).forward(heads, W=Wo, b=bo)
        saved = (x, kv, mask, Wqkv, Wq, Wkv, Wo, q, k, v, weights, left, kept, heads, looks)
        return (y if looks is None else np.where(looks, y, 0)), saved

    def backward(self, dy: Array, saved: tuple[Any, ...]) -> tuple[Array, ...]:
        x, kv, mask, Wqkv, Wq, Wkv, Wo, q, k, v, weights, left, kept, heads, looks = saved
        dy = dy if looks is None else np.where(looks, dy, 0)
        dheads, dWo, dbo = _affine(Wo).backward(dy, (heads, Wo))
        dheads = rearrange(dheads, "n t (h d) -> n h t d", h=self.heads)
        dv = np.swapaxes(left, -1, -2) @ dheads
        dweights = self._dropout.backward(dheads @ np.swapaxes(v, -1, -2), kept)
        dscores = Softmax().backward(dweights, weights)
        dq, dk = dscores @ k * (1 / math.sqrt(k.shape[-1])), np.swapaxes(dscores, -1, -2) @ q
        none = () if mask is None else (None,)
        if kv is None:
            dqkv = rearrange(np.stack([dq, dk, dv]), "s n h t d -> n t (s h d)")
            dx, dWqkv, dbqkv = _affine(Wqkv).backward(dqkv, (x, Wqkv))
            return dx, *none, *none, dWqkv, dbqkv, dWo, dbo
        dx, dWq, dbq = _affine(Wq).backward(rearrange(dq, "n h t d -> n t (h d)"), (x, Wq))
        both = rearrange(np.stack([dk, dv]), "s n h t d -> n t (s h d)")
        dkv, dWkv, dbkv = _affine(Wkv).backward(both, (kv, Wkv))
        return dx, dkv, *none, None, None, dWo, dbo, dWq, dbq, dWkv, dbkv

    def _seen(self, mask: Array, scores: Array) -> Array:
        """Which place may look at which, for scores [N, heads, T, S]."""
        rows, _, looking, there = scores.shape
        if mask.dtype.kind not in "biu" or mask.shape not in ((rows, there), (rows, looking, there)):
            shapes = f"{shape_text((rows, there))} or {shape_text((rows, looking, there))}"
            has = f"{shape_text(mask.shape)} {mask.dtype}"
            raise ValueError(
                f"`Attention` has a `mask` of {has}: it is bool of shape {shapes}, true where seen"
            )
        mask = mask if mask.dtype.kind == "b" else np.not_equal(mask, 0)
        seen = np.expand_dims(mask, (1, 2) if mask.ndim == 2 else 1)
        if not self.causal:
            return np.broadcast_to(seen, (rows, 1, looking, there))
        before = np.greater_equal(np.expand_dims(arange(looking), 1), arange(there))
        return np.logical_and(seen, before)

    @property
    def _dropout(self) -> Dropout:
        return Dropout(ratio=self.dropout)


def _affine(W: Array) -> Affine:
    return Affine(units=W.shape[1])
