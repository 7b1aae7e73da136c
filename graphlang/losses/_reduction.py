"""How the losses of rows become one: their mean, weighted if wanted, their sum, or each by itself."""

from typing import Any, Literal, TypeAlias

import numpy as np
from pydantic import Field

from graphlang.catalog.operation import Array
from graphlang.losses._targets import like
from graphlang.trace import shape_text, total
from graphlang.trace.primitives import zero_times

Reduction: TypeAlias = Literal["mean", "sum", "none"]
REDUCTION: Any = Field(
    "mean", description="what is returned: the mean, the `sum`, or `none`: each loss by itself"
)


def is_plain(reduction: Reduction, *weights: Array | None) -> bool:
    """Whether a loss is the mean of losses that all count the same."""
    return reduction == "mean" and all(weight is None for weight in weights)


def reduced(
    loss: str,
    losses: Array,
    reduction: Reduction,
    sample_weight: Array | None = None,
    counts: Array | None = None,
) -> Array:
    """Losses of some places, each times the weight of its row, as their sum, their mean, or as they are.

    The mean divides by the sum of the weights, each times what its place counts (1 by default), and is 0
    where that is 0.
    """
    if sample_weight is not None:
        sample_weight = _along_rows(loss, sample_weight, losses)
        losses = zero_times(sample_weight, losses)
    if reduction == "none":
        return losses
    if reduction == "sum":
        return total(losses)
    if sample_weight is None and counts is None:
        return total(losses) / losses.size
    counts = 1 if counts is None else like(losses, counts)
    divisor = total(
        np.broadcast_to(counts if sample_weight is None else sample_weight * counts, losses.shape)
    )
    return total(losses) / np.where(np.equal(divisor, 0), 1, divisor)


def class_weight(loss: str, weight: Array, classes: Any, x: Array) -> Array:
    """A weight for each class [C], of the type of x."""
    if weight.shape != (classes,):
        shape = shape_text(weight.shape)
        raise ValueError(
            f"`{loss}` has {classes} classes, and `weight` the shape {shape}: one number per class"
        )
    return like(x, weight)


def _along_rows(loss: str, weight: Array, losses: Array) -> Array:
    """A weight [N], or one for each place, shaped to multiply the losses [N, ...]."""
    shape = getattr(weight, "shape", ())
    if losses.ndim and shape == losses.shape[: len(shape)] and shape:
        return np.reshape(like(losses, weight), (*shape, *(1,) * (losses.ndim - len(shape))))
    if not losses.ndim and not shape:
        return like(losses, weight)
    raise ValueError(
        f"`{loss}` has losses of shape {shape_text(losses.shape)}, and `sample_weight` the shape "
        f"{shape_text(shape)}: give a number for each row"
    )
