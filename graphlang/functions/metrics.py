"""Metrics: how good the predictions are; not differentiable."""

import numpy as np

from graphlang.trace import mean, shape_text

__all__ = ["accuracy"]


def accuracy(y, t):
    """mean(argmax(y) == t), the argmax over the last axis

    Gradient: none.
    Shapes: scores [..., C], labels [...] int or one-hot [..., C]; a scalar.
    Convention: the first of equal scores counts as the answer.
    """
    if t.shape == y.shape:
        t = np.argmax(t, axis=-1)
    elif t.shape != y.shape[:-1]:
        raise ValueError(
            f"`accuracy` compares scores {shape_text(y.shape)} with labels {shape_text(t.shape)}: "
            f"labels of shape {shape_text(y.shape[:-1])} or one-hot rows of shape {shape_text(y.shape)} fit"
        )
    return mean(np.equal(np.argmax(y, axis=-1), t))
