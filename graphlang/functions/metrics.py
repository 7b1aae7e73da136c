"""Metrics of classifications: how good the predictions are; not differentiable."""

from typing import Literal

import numpy as np

from graphlang.functions._predictions import (
    labels_of,
    mean_over_rows,
    predicted,
    rows_of_classes,
    two_classes,
)
from graphlang.trace import mean, shape_text, total
from graphlang.trace.primitives import arange, scatter_add, stop_gradient

__all__ = ["accuracy", "auc", "confusion", "f1", "perplexity", "precision", "recall", "top_k"]

Average = Literal["macro", "micro", "binary"]


@mean_over_rows
def accuracy(y, t, threshold: float = 0.0):
    """mean(argmax(y) == t), the argmax over the last axis; of a score per row, mean((y > threshold) == t)

    Gradient: none.
    Shapes: scores [..., C], labels [...] int or one-hot [..., C]; or scores [N] or [N, 1] of two classes and
    t [N] of 0 and 1; a scalar.
    Convention: the first of equal scores counts as the answer. Where there is one score per row, training and
    `evaluate` refuse data with other targets than 0 and 1; else those above 0.5 count as 1. A score is what
    `BinaryCrossEntropy` takes; of probabilities write `threshold=0.5`.
    """
    labels, truth, _ = predicted("accuracy", y, t, threshold)
    return mean(np.equal(labels, truth))


@mean_over_rows
def top_k(y, t, k: int):
    """mean(t is among the k largest scores of y)

    Gradient: none.
    Shapes: scores [..., C], labels [...] int or one-hot [..., C]; a scalar.
    Convention: of equal scores the first count as the larger, as in `accuracy`, which is `top_k(y, t, 1)`.
    Example: input x: float[N, 4], t: int[N]; y = top_k(x, t, 2)
    Example: input x: float[N, T, 4], t: int[N, T]; y = top_k(x, t, k=3)
    Example: input x: float[N, 4], t: float[N, 4]; y = top_k(x, t, 1)
    """
    if k < 1:
        raise ValueError(f"`top_k` looks at the {k} largest scores: give 1 or more")
    truth = np.expand_dims(labels_of("top_k", y, t), -1)
    own = np.take_along_axis(y, truth, axis=-1)
    earlier = np.logical_and(np.equal(y, own), np.less(arange(y.shape[-1]), truth))
    return mean(np.less(total(np.logical_or(np.greater(y, own), earlier), axis=-1), k))


def precision(y, t, average: Average | None = None, threshold: float = 0.0):
    """of what is taken for a class, the share that is of it: tp / (tp + fp)

    Gradient: none.
    Shapes: as of `accuracy`; a scalar.
    Convention: `macro` is the mean over the classes that occur, among the targets or the answers; `micro`
    counts all classes together; `binary` is that of class 1. By default `macro`, and `binary` where y has one
    score per row. A quotient 0 / 0 counts as 0, as in scikit-learn.
    Example: input x: float[N, 4], t: int[N]; y = precision(x, t)
    Example: input x: float[N, 4], t: int[N]; y = precision(x, t, average=micro)
    Example: input x: float[N], t: int[N]; y = precision(x, t, threshold=0.1)
    Example: input x: float[N, 2], t: int[N]; y = precision(x, t, binary)
    """
    hits, taken, there = _counts("precision", y, t, threshold)
    return _averaged("precision", hits, taken, taken + there, average or _usual(y, t))


def recall(y, t, average: Average | None = None, threshold: float = 0.0):
    """of what is of a class, the share that is taken for it: tp / (tp + fn)

    Gradient: none.
    Shapes: as of `accuracy`; a scalar.
    Convention: `average` as of `precision`.
    Example: input x: float[N, 4], t: int[N]; y = recall(x, t)
    Example: input x: float[N, T, 4], t: int[N, T]; y = recall(x, t, average=micro)
    Example: input x: float[N], t: int[N]; y = recall(x, t, threshold=0.1)
    Example: input x: float[N, 2], t: int[N]; y = recall(x, t, binary)
    """
    hits, taken, there = _counts("recall", y, t, threshold)
    return _averaged("recall", hits, there, taken + there, average or _usual(y, t))


def f1(y, t, average: Average | None = None, threshold: float = 0.0):
    """2 * precision * recall / (precision + recall) = 2 * tp / (2 * tp + fp + fn)

    Gradient: none.
    Shapes: as of `accuracy`; a scalar.
    Convention: `average` as of `precision`.
    Example: input x: float[N, 4], t: int[N]; y = f1(x, t)
    Example: input x: float[N, 4], t: float[N, 4]; y = f1(x, t, average=micro)
    Example: input x: float[N], t: int[N]; y = f1(x, t, threshold=0.1)
    Example: input x: float[N, 2], t: int[N]; y = f1(x, t, binary)
    """
    hits, taken, there = _counts("f1", y, t, threshold)
    return _averaged("f1", 2 * hits, taken + there, taken + there, average or _usual(y, t))


def confusion(y, t, threshold: float = 0.0):
    """z[i, j] = how many rows of class i are taken for class j

    Gradient: none.
    Shapes: scores and targets as of `accuracy`; [C, C] int, [2, 2] for one score per row.
    Convention: the rows are what is true, the columns what is answered, as in scikit-learn.
    Example: input x: float[N, 4], t: int[N]; y = confusion(x, t)
    Example: input x: float[N], t: int[N]; y = confusion(x, t, threshold=0.1)
    Example: input x: float[N, T, 4], t: int[N, T]; y = confusion(x, t)
    """
    labels, truth, classes = predicted("confusion", y, t, threshold)
    pairs = rows_of_classes(truth, classes).T @ rows_of_classes(labels, classes)
    return np.rint(pairs).astype(np.int64)


def auc(y, t):
    """the share of pairs of a row of class 1 and one of class 0 in which the first has the larger score

    Gradient: none.
    Shapes: scores [N] or [N, 1], or [N, 2] of two classes; t [N] (or as y) of 0 and 1; a scalar.
    Domain: rows of both classes.
    Convention: the area under the ROC curve; a pair of equal scores counts as half. Where there is no pair it
    is nan.
    Example: input x: float[5]; y = auc(x, [0, 1, 1, 0, 1])
    Example: input x: float[5, 2]; y = auc(x, [0, 1, 1, 0, 1])
    """
    if y.ndim == 2 and y.shape[1] == 2:
        t = labels_of("auc", y, t)
        y = y[:, 1] - y[:, 0]
    binary = two_classes(y, t)
    if binary is None or binary[0].ndim != 1:
        shapes = f"{shape_text(y.shape)} and {shape_text(t.shape)}"
        raise ValueError(f"`auc` takes a score per row and targets of 0 and 1, not {shapes}")
    score, truth = binary
    order = np.argsort(score)
    score, ones = np.take(score, order), np.take(np.greater(truth, 0.5), order).astype(np.float64)
    # Rows of equal scores form a group; each group has its counts of ones and zeros.
    starts = np.not_equal(score[1:], score[:-1]).astype(np.int64)
    steps = np.concatenate([np.zeros_like(score[:1], dtype=np.int64), starts])
    group, size = np.cumsum(steps), score.shape[0]
    ones, zeros = scatter_add(ones, group, 0, size), scatter_add(1 - ones, group, 0, size)
    above = total(ones) - np.cumsum(ones)
    return total(zeros * (above + ones / 2)) / (total(ones) * total(zeros))


def perplexity(y, t, ignore: int | None = None):
    """exp of the mean of -log(p), p the probability that softmax(y) gives the target

    Gradient: dy = z * (softmax(y) - t) / n, n the number of labels that count.
    Shapes: scores [..., C], labels [...] int or one-hot [..., C]; a scalar.
    Convention: exp(SoftmaxWithLoss(y, t, ignore=ignore)) over all rows together.
    Example: input x: float[N, T, 4], t: int[N, T]; y = perplexity(x, t)
    Example: input x: float[N, 4], t: int[N]; y = perplexity(x, t, ignore=0)
    """
    truth = labels_of("perplexity", y, t)
    counted = np.not_equal(truth, -1 if ignore is None else ignore)
    truth = np.where(counted, truth, 0)
    z = y - stop_gradient(np.max(y, axis=-1, keepdims=True))
    own = np.take_along_axis(z, np.expand_dims(truth, -1), axis=-1)[..., 0]
    losses = np.where(counted, np.log(total(np.exp(z), axis=-1)) - own, 0)
    loss = total(losses) / np.maximum(total(counted), 1).astype(y.dtype)
    return np.exp(loss)


def _counts(metric, y, t, threshold):
    """For each class how many rows of it are taken for it, how many rows are, and how many there are."""
    labels, truth, classes = predicted(metric, y, t, threshold)
    answers, targets = rows_of_classes(labels, classes), rows_of_classes(truth, classes)
    return total(answers * targets, axis=0), total(answers, axis=0), total(targets, axis=0)


def _usual(y, t):
    return "macro" if two_classes(y, t) is None else "binary"


def _averaged(metric, hits, of, occurring, average):
    """hits / of, averaged over the classes."""
    if average == "micro":
        return _share(total(hits), total(of))
    if average == "binary":
        if hits.shape != (2,):
            raise ValueError(
                f"`{metric}` has `average=binary`, but {hits.shape[0]} classes: `macro` or `micro`"
            )
        return _share(hits[1], of[1])
    there = np.greater(occurring, 0)
    return _share(total(np.where(there, _share(hits, of), 0)), total(there.astype(np.float64)))


def _share(part, whole):
    return np.where(np.greater(whole, 0), part / np.maximum(whole, 1), 0)
