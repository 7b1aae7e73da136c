"""Self attention with several heads."""

import math

import numpy as np
from pydantic import Field

from graphlang.catalog.operation import Array, Layer, Parameter, Random
from graphlang.functions.creation import causal_mask
from graphlang.functions.einops import rearrange
from graphlang.initializers.xavier import xavier
from graphlang.initializers.zeros import zeros
from graphlang.layers.affine import Affine
from graphlang.layers.dropout import Dropout
from graphlang.layers.softmax import Softmax
from graphlang.trace import shape_text


class Attention(Layer):
    """y = softmax(q @ k.T / sqrt(D / heads)) @ v in each head, then @ Wo + bo; q, k, v = x @ Wqkv + bqkv

    Gradient: through each product as Affine's, through softmax as Softmax's; what `causal` hides has the
    weight 0, and so no gradient.
    Shapes: x [N, T, D], Wqkv [D, 3*D], bqkv [3*D], Wo [D, D], bo [D] -> y [N, T, D]; the heads divide D.
    Source: Vaswani et al., Attention Is All You Need, 2017.
    Convention: the columns of Wqkv are q, k, v, each by heads. `causal` hides what comes later;
    `dropout` leaves out attention weights in training.
    """

    heads: int = Field(gt=0, description="heads, each over D / heads of the numbers")
    causal: bool = Field(False, description="whether a place sees only itself and what came before")
    dropout: float = Field(0.0, ge=0, lt=1, description="the share of attention weights left out in training")

    def parameters(self, x: Array) -> dict[str, Parameter]:
        if x.ndim != 3:
            raise ValueError(f"`Attention` needs [N, T, D], but `x` has the shape {shape_text(x.shape)}")
        D = x.shape[2]
        if D % self.heads != 0:
            raise ValueError(f"`Attention` cannot divide {D} numbers among {self.heads} heads equally")
        return {
            "Wqkv": Parameter((D, 3 * D), xavier()),
            "bqkv": Parameter((3 * D,), zeros()),
            "Wo": Parameter((D, D), xavier()),
            "bo": Parameter((D,), zeros()),
        }

    def forward(
        self,
        x: Array,
        *,
        Wqkv: Array,
        bqkv: Array,
        Wo: Array,
        bo: Array,
        training: bool = False,
        random: Random | None = None,
    ) -> tuple[Array, tuple[Array, ...]]:
        qkv, _ = _affine(Wqkv).forward(x, W=Wqkv, b=bqkv)
        qkv = rearrange(qkv, "n t (s h d) -> s n h t d", s=3, h=self.heads)
        q, k, v = qkv[0] * (1 / math.sqrt(qkv.shape[-1])), qkv[1], qkv[2]
        scores = q @ np.swapaxes(k, -1, -2)
        weights, _ = Softmax().forward(causal_mask(scores) if self.causal else scores)
        left, kept = self._dropout.forward(weights, training=training, random=random)
        heads = rearrange(left @ v, "n h t d -> n t (h d)")
        y, _ = _affine(Wo).forward(heads, W=Wo, b=bo)
        return y, (x, Wqkv, Wo, q, k, v, weights, left, kept, heads)

    def backward(self, dy: Array, saved: tuple[Array, ...]) -> tuple[Array, ...]:
        x, Wqkv, Wo, q, k, v, weights, left, kept, heads = saved
        dheads, dWo, dbo = _affine(Wo).backward(dy, (heads, Wo))
        dheads = rearrange(dheads, "n t (h d) -> n h t d", h=self.heads)
        dv = np.swapaxes(left, -1, -2) @ dheads
        dweights = self._dropout.backward(dheads @ np.swapaxes(v, -1, -2), kept)
        dscores = Softmax().backward(dweights, weights)
        dq, dk = dscores @ k * (1 / math.sqrt(k.shape[-1])), np.swapaxes(dscores, -1, -2) @ q
        dqkv = rearrange(np.stack([dq, dk, dv]), "s n h t d -> n t (s h d)")
        dx, dWqkv, dbqkv = _affine(Wqkv).backward(dqkv, (x, Wqkv))
        return dx, dWqkv, dbqkv, dWo, dbo

    @property
    def _dropout(self) -> Dropout:
        return Dropout(ratio=self.dropout)


def _affine(W: Array) -> Affine:
    return Affine(units=W.shape[1])
