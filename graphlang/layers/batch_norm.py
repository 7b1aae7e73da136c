"""Normalisation of each channel over the batch."""

import numpy as np
from pydantic import Field

from graphlang.catalog.operation import Array, Layer, Parameter
from graphlang.initializers.ones import ones
from graphlang.initializers.zeros import zeros
from graphlang.layers._axes import all_but_channels, need_channels, per_channel
from graphlang.trace import mean as mean_of
from graphlang.trace import total
from graphlang.trace.primitives import chain


class BatchNorm(Layer):
    """y = gamma * z + beta, z = (x - mean) / sqrt(var + eps), for each channel

    Gradient: dgamma = sum(dy * z), dbeta = sum(dy) over the n elements of a channel;
    dx = gamma / sqrt(var + eps) * (dy - dbeta / n - z * dgamma / n) in training, where mean and var are
    the batch's own; without the last two terms in evaluation, where they are constants.
    Shapes: x [N, C, ...], gamma [C], beta [C] -> y as x; state mean [C], var [C].
    Source: Ioffe and Szegedy, Batch Normalization, 2015; Deep Learning from Scratch, 6.3.
    Convention: running = momentum * running + (1 - momentum) * batch, as in the book (PyTorch's momentum
    is 1 - this one). The variance divides by n, in the batch and in the running one, as in the book;
    PyTorch divides by n - 1 for the running one. The running variance starts at 1.
    """

    momentum: float = Field(0.9, ge=0, le=1, description="how much of the running statistics a step keeps")
    eps: float = Field(1e-5, gt=0, description="added to the variance, against division by 0")

    def parameters(self, x: Array) -> dict[str, Parameter]:
        need_channels("BatchNorm", x)
        return {"gamma": Parameter((x.shape[1],), ones()), "beta": Parameter((x.shape[1],), zeros())}

    def state(self, x: Array) -> dict[str, Parameter]:
        return {"mean": Parameter((x.shape[1],), zeros()), "var": Parameter((x.shape[1],), ones())}

    def forward(
        self, x: Array, *, gamma: Array, beta: Array, mean: Array, var: Array, training: bool = False
    ) -> tuple[Array, ...]:
        if not training:
            y, saved = self._normalised(x - per_channel(mean, x), var, gamma, beta)
            return y, (*saved, False)
        axes = all_but_channels(x)
        batch_mean = mean_of(x, axis=axes)
        d = x - per_channel(batch_mean, x)
        batch_var = mean_of(d * d, axis=axes)
        y, saved = self._normalised(d, batch_var, gamma, beta)
        state = {"mean": self._running(mean, batch_mean), "var": self._running(var, batch_var)}
        return y, (*saved, True), state

    def backward(self, dy: Array, saved: tuple[Array, Array, Array, bool]) -> tuple[Array, Array, Array]:
        z, scale, gamma, training = saved
        axes = all_but_channels(dy)
        dgamma, dbeta = total(chain(dy, z), axis=axes), total(dy, axis=axes)
        if training:
            n = dy.size // dy.shape[1]
            dz = dy - per_channel(dbeta / n, dy) - chain(per_channel(dgamma / n, dy), z)
        else:
            dz = dy
        return per_channel(gamma * scale, dy) * dz, dgamma, dbeta

    def _normalised(self, d: Array, var: Array, gamma: Array, beta: Array) -> tuple[Array, tuple[Array, ...]]:
        scale = 1 / np.sqrt(var + self.eps)
        z = d * per_channel(scale, d)
        return per_channel(gamma, d) * z + per_channel(beta, d), (z, scale, gamma)

    def _running(self, old: Array, new: Array) -> Array:
        return self.momentum * old + (1 - self.momentum) * new
