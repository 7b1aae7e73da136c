"""The classes that scores and targets stand for, as metrics compare them."""

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from graphlang.trace import count, shape_text
from graphlang.trace.primitives import one_hot

F = TypeVar("F", bound=Callable[..., Any])


def mean_over_rows(function: F) -> F:
    """Declares that a metric is a mean over rows: that of two parts is theirs, weighted by their rows."""
    function.mean_over_rows = True  # type: ignore[attr-defined]
    return function


def labels_of(metric: str, y: Any, t: Any) -> Any:
    """The class of each place, from labels [...] or one-hot rows [..., C]."""
    if y.ndim == 0:
        raise ValueError(f"`{metric}` needs a score per class along the last axis, but `y` is a scalar")
    if t.shape == y.shape:
        return np.argmax(t, axis=-1)
    if t.shape != y.shape[:-1]:
        told = f"`{metric}` compares scores {shape_text(y.shape)} with labels {shape_text(t.shape)}"
        if y.shape == t.shape[:-1]:  # in the other order
            raise ValueError(told)
        labels, rows = shape_text(y.shape[:-1]), shape_text(y.shape)
        raise ValueError(f"{told}: labels of shape {labels} or one-hot rows of shape {rows} fit")
    return t


def two_classes(y: Any, t: Any) -> tuple[Any, Any] | None:
    """Scores and targets [N] where there is one score per row; None where there is one per class."""
    if y.ndim and y.shape[-1:] == (1,) and t.shape in (y.shape, y.shape[:-1]):
        return np.reshape(y, y.shape[:-1]), np.reshape(t, y.shape[:-1])
    return (y, t) if y.ndim == 1 and t.shape == y.shape else None


def predicted(metric: str, y: Any, t: Any, threshold: float) -> tuple[Any, Any, Any]:
    """The class that each row is taken for, the one that it is of, and how many there are."""
    binary = two_classes(y, t)
    if binary is not None:
        score, truth = binary
        return np.greater(score, threshold), np.greater(truth, 0.5), 2
    truth = labels_of(metric, y, t)
    return np.argmax(y, axis=-1), truth, y.shape[-1]


def rows_of_classes(labels: Any, classes: Any) -> Any:
    """A row with a 1 for its class for each of labels of any shape."""
    labels = labels.astype(np.int64) if labels.dtype.kind != "i" else labels
    return one_hot(np.reshape(labels, (count(labels.shape),)), classes, np.dtype(np.float64))
