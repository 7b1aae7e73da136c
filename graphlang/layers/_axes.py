"""The axes that a normalisation averages over, and one number per channel shaped to broadcast."""

import numpy as np

from graphlang.catalog.operation import Array
from graphlang.trace import Size, shape_text


def all_but_channels(x: Array) -> tuple[int, ...]:
    """All axes of [N, C, ...] except the channels."""
    return (0, *range(2, x.ndim))


def per_channel(v: Array, x: Array) -> Array:
    """v [C], reshaped to broadcast against x [N, C, ...]."""
    return v if x.ndim == 2 else np.reshape(v, (-1, *(1,) * (x.ndim - 2)))


def need_channels(layer: str, x: Array, least: int = 2) -> None:
    """Refuses a tensor that is not [N, C, ...]."""
    if x.ndim < least:
        shape = "[N, C]" if least == 2 else "[N, C, ...]"
        raise ValueError(f"`{layer}` needs {shape}, channels at axis 1, but `x` is {shape_text(x.shape)}")


def last_size(layer: str, x: Array) -> Size:
    """The size of the last axis; refuses a scalar."""
    if x.ndim == 0:
        raise ValueError(f"`{layer}` acts on the last axis, but `x` is a scalar: declare it `float[N, D]`")
    size: Size = x.shape[-1]
    return size
