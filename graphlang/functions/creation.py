"""Arrays made from sizes, and triangles of arrays."""

import numpy as np

from graphlang.trace import Size, primitives
from graphlang.trace.dims import maximum

__all__ = ["arange", "causal_mask", "eye", "full", "linspace", "ones", "tril", "zeros"]


def arange(*bounds: Size):
    """y = 0, 1, ..., n - 1; or start, start + step, ... below stop

    Gradient: none.
    Shapes: [n] int; `arange(n)`, `arange(start, stop)` or `arange(start, stop, step)`.
    Example: y = arange(5)
    Example: input x: float[N, 3]; y = arange(2, 2*N, 2) * sum(x)
    """
    if not 1 <= len(bounds) <= 3:
        raise ValueError(f"`arange` has {len(bounds)} numbers: `n`, or `start, stop`, or those and a step")
    start, stop, step = (0, *bounds, 1) if len(bounds) == 1 else (*bounds, 1)[:3]
    if not isinstance(step, int) or step == 0:
        raise ValueError(f"`arange` has step {step}: give a number that is not 0")
    return primitives.arange(start, stop, step)


def zeros(*shape: Size):
    """y = 0 everywhere

    Gradient: none.
    Shapes: as given, float.
    Example: y = zeros(2, 3)
    Example: input x: float[N, 3]; y = zeros(N, 1) + x
    """
    return primitives.zeros(shape)


def ones(*shape: Size):
    """y = 1 everywhere

    Gradient: none.
    Shapes: as given, float.
    Example: y = ones(2, 3)
    Example: input x: float[N, 3]; y = ones(N, 1) + x
    """
    return primitives.ones(shape)


def full(*shape: Size, value: float):
    """y = `value` everywhere: full(2, 3, value=0.5)

    Gradient: none.
    Shapes: as given, float.
    Example: y = full(2, 3, value=0.5)
    Example: input x: float[N, 3]; y = full(N, 1, value=2) * x
    """
    return primitives.full(shape, value)


def eye(n: Size):
    """y[i, j] = 1 where i = j, else 0: the identity matrix

    Gradient: none.
    Shapes: [n, n] float.
    Example: input x: float[N, 3]; y = eye(N) @ x
    """
    if isinstance(n, int) and n < 0:
        raise ValueError(f"`eye` cannot have {n} rows: give 0 or more")
    return primitives.eye(n)


def linspace(start, stop, num: Size = 50):
    """y = start, ..., stop: `num` numbers at equal distances

    Gradient: dstart = the sum of dy * (1 - k / (num - 1)), dstop = the sum of dy * k / (num - 1).
    Shapes: broadcast, with a new first axis of size `num`.
    Convention: both ends are included, as in NumPy; of one number it is start.
    Example: input a: float, b: float; y = linspace(a, b, 5)
    Example: input a: float[N, 1], b: float[4]; y = linspace(a, b, num=3)
    Example: input x: float[N], a: float, b: float; y = x * linspace(a, b, N)
    """
    if isinstance(num, int) and num < 1:
        raise ValueError(f"`linspace` cannot have {num} numbers: give 1 or more")
    share = primitives.arange(num) / maximum(num - 1, 1)
    share = np.reshape(share, (num,) + (1,) * max(np.ndim(start), np.ndim(stop)))
    kind = np.result_type(*(getattr(x, "dtype", float) for x in (start, stop)))
    share = share.astype(kind if kind.kind == "f" else np.float64)
    return start * (1 - share) + stop * share


def tril(x, k: int = 0):
    """y[..., i, j] = x[..., i, j] where j <= i + k, else 0: the lower triangle

    Gradient: dx = tril(dy, k).
    Shapes: as x, two axes or more.
    """
    return np.tril(x, k)


def causal_mask(x):
    """y[..., i, j] = x[..., i, j] where j <= i, else -inf: position i sees itself and earlier ones

    Gradient: dx = tril(dy).
    Shapes: [..., T, T] -> [..., T, T].
    Domain: any x; y holds -inf on purpose.
    Convention: meant for scores before a softmax, which maps -inf to exactly 0.
    Source: Vaswani et al., Attention Is All You Need, 3.2.3.
    Example: input x: float[N, T, T]; y = softmax(causal_mask(x))
    """
    if x.ndim < 2:
        raise ValueError("`causal_mask` needs two axes or more: the place that looks, the place looked at")
    looks, looked_at = x.shape[-2:]
    seen = np.greater_equal(np.expand_dims(primitives.arange(looks), 1), primitives.arange(looked_at))
    return np.where(seen, x, -np.inf)
