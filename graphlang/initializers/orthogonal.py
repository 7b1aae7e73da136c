"""An orthogonal start matrix, which keeps the length of every vector."""

from __future__ import annotations

from math import prod

import numpy as np
from pydantic import Field

from graphlang.contracts.initializer import Drawn, Initializer, Shape


class orthogonal(Initializer):
    """W = gain * Q  with  Q^T Q = I  (or Q Q^T = I where there are fewer rows than columns)

    Uniform over all such matrices: the Q of a normal matrix's QR decomposition, with the signs of R's
    diagonal. All axes after the first count as columns, so a convolution's kernels are orthogonal to each
    other. A vector counts as one row, and its norm is `gain`.
    Source: Saxe, McClelland, Ganguli 2014 (arXiv:1312.6120); Mezzadri 2007 (arXiv:math-ph/0609050) for the
    signs.
    """

    gain: float = Field(default=1.0, description="the factor on lengths")

    def draw(self, rng: np.random.Generator, shape: Shape, fan_in: int, fan_out: int) -> Drawn:
        rows = shape[0] if len(shape) > 1 else 1
        columns = prod(shape[1:]) if len(shape) > 1 else prod(shape)
        q, r = np.linalg.qr(rng.standard_normal((max(rows, columns), min(rows, columns))))
        q = q * np.where(np.diagonal(r) < 0, -1.0, 1.0)
        return np.asarray(self.gain * (q if rows >= columns else q.T).reshape(shape), dtype=np.float64)
