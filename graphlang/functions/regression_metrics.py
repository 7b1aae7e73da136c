"""Metrics of predicted numbers."""

import numpy as np

from graphlang.functions._predictions import mean_over_rows
from graphlang.trace import mean, shape_text, total

__all__ = ["mae", "mape", "r2", "rmse"]


@mean_over_rows
def mae(y, t):
    """mean(|y - t|)

    Gradient: dy = dz * sign(y - t) / n, dt = -dy, n the number of elements.
    Shapes: y and t of one shape; a scalar.
    """
    _need_same_shape("mae", y, t)
    return mean(np.abs(y - t))


@mean_over_rows
def mape(y, t):
    """mean(|y - t| / |t|), a share: 0.1 is ten percent

    Gradient: derived.
    Shapes: y and t of one shape; a scalar.
    Convention: |t| counts as at least 2.2e-16, as in scikit-learn.
    """
    _need_same_shape("mape", y, t)
    return mean(np.abs(y - t) / np.maximum(np.abs(t), 2.0**-52))


def rmse(y, t):
    """sqrt(mean((y - t)**2))

    Gradient: dy = dz * (y - t) / (n * z), dt = -dy; 0 where z is 0.
    Shapes: y and t of one shape; a scalar.
    Convention: the root of the mean over all elements and all rows, not a mean of roots.
    """
    _need_same_shape("rmse", y, t)
    d = 1.0 * (y - t)  # the square of a large whole number is none that an int can hold
    square = mean(d * d)
    same = np.equal(square, 0)
    return np.where(same, 0, np.sqrt(np.where(same, 1, square)))


def r2(y, t):
    """1 - sum((y - t)**2) / sum((t - mean(t))**2), the share of the variance that is explained

    Gradient: derived.
    Shapes: y and t [N, ...], the sums go over the rows; a scalar, the mean over what is beside the rows.
    Convention: where all targets are equal, 1 if y equals them and 0 otherwise, as in scikit-learn.
    """
    _need_same_shape("r2", y, t)
    if y.ndim == 0:
        raise ValueError("`r2` compares rows, but `y` is a scalar")
    t = t.astype(y.dtype)
    left, spread = total(np.square(y - t), axis=0), total(np.square(t - mean(t, axis=0)), axis=0)
    share = 1 - left / np.where(np.equal(spread, 0), 1, spread)
    alike = np.where(np.equal(left, 0), 1, 0).astype(y.dtype)
    return mean(np.where(np.equal(spread, 0), alike, share))


def _need_same_shape(metric, y, t):
    if y.shape != t.shape:
        shapes = f"{shape_text(y.shape)} with {shape_text(t.shape)}"
        raise ValueError(f"`{metric}` compares number by number, not {shapes}")
