"""A vector for each word."""

import numpy as np
from pydantic import Field

from graphlang.catalog.operation import Array, Layer, Parameter
from graphlang.contracts.initializer import Initializer
from graphlang.initializers.normal import normal
from graphlang.trace import Size
from graphlang.trace.primitives import scatter_add


class Embedding(Layer):
    """y[...] = W[x[...]]: the rows of W that the ids x name

    Gradient: dW[k] = the sum of dy where x = k: a word that occurs twice gets both; none for x.
    Shapes: x [...] int, W [vocab, dim] -> y [..., dim].
    Source: Deep Learning from Scratch 2, 4.1.
    """

    vocab: int = Field(gt=0, description="how many ids there are: 0 to vocab - 1")
    dim: int = Field(gt=0, description="numbers per id")
    init: Initializer = Field(normal(std=0.01), description="how W starts")

    def parameters(self, x: Array) -> dict[str, Parameter]:
        if x.dtype.kind not in "iu":
            raise ValueError("`Embedding` looks up ids, but `x` is not int: declare it as in `x: int[N, T]`")
        return {"W": Parameter((self.vocab, self.dim), self.init)}

    def index_bounds(self, x: Array) -> dict[str, Size]:
        return {"x": self.vocab}

    def forward(self, x: Array, *, W: Array) -> tuple[Array, Array]:
        return np.take(W, x, axis=0), x

    def backward(self, dy: Array, x: Array) -> tuple[None, Array]:
        return None, scatter_add(dy, x, axis=0, size=self.vocab)
