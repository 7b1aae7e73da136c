"""A vector for each word."""

import numpy as np
from pydantic import Field

from graphlang.catalog.operation import Array, Layer, Parameter
from graphlang.contracts.initializer import Initializer
from graphlang.initializers.normal import normal
from graphlang.initializers.zero_row import zero_row
from graphlang.trace import Size
from graphlang.trace.primitives import scatter_add


class Embedding(Layer):
    """y[...] = W[x[...]]: the rows of W that the ids x name

    Gradient: dW[k] = the sum of dy where x = k: a word that occurs twice gets both; none for x.
    Shapes: x [...] int, W [vocab, dim] -> y [..., dim].
    Source: Deep Learning from Scratch 2, 4.1.
    Convention: with `padding=0`, as PyTorch's `padding_idx`, row 0 starts as zeros, gets no gradient, and so
    stays 0; whatever W holds there, the id 0 gives zeros.
    """

    vocab: int = Field(gt=0, description="how many ids there are: 0 to vocab - 1")
    dim: int = Field(gt=0, description="numbers per id")
    init: Initializer = Field(normal(std=0.01), description="how W starts")
    padding: int | None = Field(None, ge=0, description="an id whose row is 0 and stays 0")

    def parameters(self, x: Array) -> dict[str, Parameter]:
        if x.dtype.kind not in "iu":
            raise ValueError("`Embedding` looks up ids, but `x` is not int: declare it as in `x: int[N, T]`")
        if self.padding is None:
            return {"W": Parameter((self.vocab, self.dim), self.init)}
        if self.padding >= self.vocab:
            raise ValueError(f"`Embedding` has padding={self.padding}, and its ids end at {self.vocab - 1}")
        return {"W": Parameter((self.vocab, self.dim), zero_row.like(self.padding, self.init))}

    def index_bounds(self, x: Array) -> dict[str, Size]:
        return {"x": self.vocab}

    def forward(self, x: Array, *, W: Array) -> tuple[Array, Array]:
        return self._without_padding(np.take(W, x, axis=0), x), x

    def backward(self, dy: Array, x: Array) -> tuple[None, Array]:
        return None, scatter_add(self._without_padding(dy, x), x, axis=0, size=self.vocab)

    def _without_padding(self, rows: Array, x: Array) -> Array:
        """Rows for the ids x, with zeros for the padding."""
        return rows if self.padding is None else np.where(np.expand_dims(x != self.padding, -1), rows, 0)
