"""Random values: new numbers at every training step, and constants for gradients."""

from typing import Literal

import numpy as np

from graphlang.trace import Size

__all__ = ["random_bernoulli", "random_like", "random_normal", "random_uniform"]

Distribution = Literal["normal", "uniform", "bernoulli"]


def random_normal(*shape: Size, stream):
    """y ~ normal(0, 1): random numbers with the mean 0 and the variance 1

    Gradient: none: the numbers are constants.
    Shapes: as given, float.
    Convention: each node has a stream of its own, which its name, the seed and the step decide.
    Example: y = random_normal(2, 3)
    Example: input x: float[N, 3]; y = random_normal(N, 1) * x
    """
    return stream.normal(shape)


def random_uniform(*shape: Size, low: float = 0, high: float = 1, stream):
    """y ~ uniform(low, high): random numbers from `low` to below `high`, all equally likely

    Gradient: none: the numbers are constants.
    Shapes: as given, float.
    Convention: each node has a stream of its own, which its name, the seed and the step decide.
    Example: y = random_uniform(2, 3, low=-1)
    Example: input x: float[N, 3]; y = random_uniform(N, 1, high=2) * x
    """
    if not low <= high:
        raise ValueError(f"`random_uniform` has low = {low} above high = {high}: exchange them")
    return low + (high - low) * stream.uniform(shape)


def random_bernoulli(*shape: Size, p: float = 0.5, stream):
    """y = 1 with the probability p, else 0

    Gradient: none: the numbers are constants.
    Shapes: as given, float.
    Convention: each node has a stream of its own, which its name, the seed and the step decide.
    Example: y = random_bernoulli(2, 3)
    Example: input x: float[N, 3]; y = random_bernoulli(N, 1, p=0.25) * x
    """
    if not 0 <= p <= 1:
        raise ValueError(f"`random_bernoulli` has p = {p}: a probability lies between 0 and 1")
    return np.where(stream.uniform(shape) < p, np.ones((), stream.dtype), np.zeros((), stream.dtype))


def random_like(x, kind: Distribution = "normal", *, stream):
    """y = random_normal, random_uniform or random_bernoulli in the shape of x

    Gradient: none: the numbers are constants.
    Shapes: as x, float.
    Convention: each node has a stream of its own, which its name, the seed and the step decide.
    """
    if kind == "normal":
        return stream.normal(x.shape)
    uniform = stream.uniform(x.shape)
    half = np.ones((), stream.dtype), np.zeros((), stream.dtype)
    return uniform if kind == "uniform" else np.where(uniform < 0.5, *half)
