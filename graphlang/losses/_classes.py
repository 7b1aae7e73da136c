"""Cross entropies with weights, from the logarithms of probabilities."""

import numpy as np

from graphlang.catalog.operation import Array
from graphlang.losses._reduction import Reduction, class_weight, reduced
from graphlang.losses._targets import like
from graphlang.trace import total
from graphlang.trace.primitives import one_hot, zero_times


def weighted_cross_entropy(
    loss: str,
    log_y: Array,
    t: Array,
    reduction: Reduction,
    weight: Array | None,
    sample_weight: Array | None,
    *,
    smoothing: float = 0.0,
    counted: Array | None = None,
    factor: Array | None = None,
) -> Array:
    """Minus the sum of weight * t * log_y over the classes of each place, times a factor of it, reduced.

    The mean divides by the sum of the weights: that of a place is its row's, times those of its classes, each
    as often as t has it. Places that are not counted cost nothing and weigh nothing.
    """
    classes = log_y.shape[-1]
    rows = one_hot(t, classes, log_y.dtype) if t.ndim < log_y.ndim else like(log_y, t)
    targets, counts = rows, None
    if smoothing:
        targets = (1 - smoothing) * rows + smoothing / classes
    if weight is not None:
        w = class_weight(loss, weight, classes, log_y)
        targets, counts = targets * w, total(rows * w, axis=-1)
    losses = -total(zero_times(targets, log_y), axis=-1)
    if factor is not None:
        losses = zero_times(factor, losses)
    if counted is not None:
        losses = np.where(counted, losses, 0)
        counts = counted if counts is None else np.where(counted, counts, 0)
    return reduced(loss, losses, reduction, sample_weight, counts)
