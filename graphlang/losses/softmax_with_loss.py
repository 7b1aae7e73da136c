"""Softmax and cross entropy in one, exact at any score."""

from typing import NamedTuple

import numpy as np
from pydantic import Field

from graphlang.catalog.operation import DERIVED, Array, Loss
from graphlang.layers.softmax import LEAST
from graphlang.losses._classes import weighted_cross_entropy
from graphlang.losses._reduction import REDUCTION, Reduction, is_plain
from graphlang.losses._targets import hint_of_one_class, is_float, kind_of_targets, like, over
from graphlang.trace import Size, mean
from graphlang.trace import total as added
from graphlang.trace.primitives import chain, excess, one_hot, stop_gradient, zero_times


class Saved(NamedTuple):
    """What backward needs: exp(x - max(x)), its sum, log(softmax) for one-hot targets, and the targets."""

    e: Array
    total: Array
    log_y: Array
    t: Array
    counted: Array


class SoftmaxWithLoss(Loss):
    """L = -sum(t * log(y)) / N, y = softmax(x) along the last axis

    Gradient: dx = (y - t) / N, or (y * sum(t) - t) / N where a row of t does not add up to 1;
    dt = -log(y) / N for float targets.
    Shapes: x [..., C], t [...] int labels or [..., C] one-hot, weight [C], sample_weight [N] -> L []; N
    counts every axis but the last; with `reduction=none` L is [...].
    Source: Deep Learning from Scratch, 5.6.3 and appendix A.
    Convention: log(y) = x - max(x) - log(sum(exp(x - max(x)))), so there is no 1e-7 and nothing is lost at
    any score. A class whose score is -inf has the share 0: it costs nothing where it is no target, and inf
    where it is one. `ignore` leaves out the places whose label it is, and N does not count them; if none is
    left the loss is 0; it may be any number, such as -1, and every other label must be a class.
    `smoothing` takes (1 - smoothing) * t + smoothing / C for t. With `weight`, a number per class, or
    `sample_weight`, one per row or place, L is the mean over the weights, sum(w * loss) / sum(w), as
    PyTorch's for labels: w of a place is its own times those of its classes, each as often as t has it.
    Example: input x: float[N, 4], t: int[N]; L = SoftmaxWithLoss(x, t, ignore=0, smoothing=0.1)
    Example: input x: float[N, T, 4], t: float[N, T, 4]; L = SoftmaxWithLoss(x, softmax(t), smoothing=0.1)
    Example: input x: float[N, 4], t: int[N]; L = SoftmaxWithLoss(x, t, reduction=none)
    Example: input x: float[N, 4], t: float[N, 4]; \
L = SoftmaxWithLoss(x, softmax(t), smoothing=0.1, reduction=sum)
    Example: input x: float[N, 4], t: int[N], w: float[4]; L = SoftmaxWithLoss(x, t, weight=exp(w), ignore=0)
    Example: input x: float[N, 4], t: int[N], w: float[4], s: float[N]; \
L = SoftmaxWithLoss(x, t, weight=exp(w), sample_weight=exp(s), smoothing=0.1)
    Example: input x: float[N, T, 4], t: int[N, T], s: float[N]; \
L = SoftmaxWithLoss(x, t, sample_weight=exp(s))
    """

    ignore: int | None = Field(None, description="a label that does not count, as of padding: any number")
    smoothing: float = Field(0.0, ge=0, le=1, description="the share of a target given to all classes")
    reduction: Reduction = REDUCTION

    def hint(self, x: Array, t: Array, *weights: Array) -> str | None:
        return hint_of_one_class(x)

    def index_bounds(self, x: Array, t: Array, *weights: Array) -> dict[str, Size]:
        return {"t": x.shape[-1]} if t.ndim < x.ndim else {}

    def ignored_index(self) -> int | None:
        return self.ignore

    def unfolding(self, x: Array, t: Array, *weights: Array) -> str:
        if self.ignore is not None or not is_plain(self.reduction, *weights):
            return ""
        classes = x.shape[-1]
        rows = f"one_hot(t, {classes})" if t.ndim < x.ndim else "t"
        if self.smoothing:
            rows = f"({1 - self.smoothing} * {rows} + {self.smoothing / classes})"
        share = "e = exp(x); p = e * (1 / sum(e, axis=-1, keepdims=true))"
        return f"{share}; y = -1 * sum({rows} * log(p))" + over(_count(x, None))

    def forward(
        self, x: Array, t: Array, weight: Array = None, sample_weight: Array = None
    ) -> tuple[Array, object]:
        labels = kind_of_targets("SoftmaxWithLoss", x, t) == "labels"
        z = excess(x, stop_gradient(np.max(x, axis=-1, keepdims=True)))
        e = np.exp(z)
        total = np.maximum(added(e, axis=-1, keepdims=True), LEAST)
        if not is_plain(self.reduction, weight, sample_weight):
            return self._weighted(z - np.log(total), t, weight, sample_weight), DERIVED
        return self._of_labels(z, e, total, t) if labels else self._of_rows(z, e, total, t)

    def _weighted(self, log_y: Array, t: Array, weight: Array | None, sample_weight: Array | None) -> Array:
        counted = None
        if self.ignore is not None:
            self._need_labels(t, log_y)
            counted = t != self.ignore
            t = np.where(counted, t, 0)
        return weighted_cross_entropy(
            "SoftmaxWithLoss",
            log_y,
            t,
            self.reduction,
            weight,
            sample_weight,
            smoothing=self.smoothing,
            counted=counted,
        )

    def _need_labels(self, t: Array, x: Array) -> None:
        if self.ignore is not None and t.ndim == x.ndim:
            raise ValueError("`SoftmaxWithLoss` has `ignore`, but one-hot targets: make them int labels")

    def _of_labels(self, z: Array, e: Array, total: Array, t: Array) -> tuple[Array, Saved]:
        counted = None if self.ignore is None else t != self.ignore
        t = t if counted is None else np.where(counted, t, 0)
        hit = np.take_along_axis(z, np.expand_dims(t, -1), axis=-1)
        if self.smoothing:
            hit = (1 - self.smoothing) * hit + self.smoothing * mean(z, axis=-1, keepdims=True)
        loss = np.log(total) - hit
        if counted is not None:
            loss = np.where(np.expand_dims(counted, -1), loss, 0)
        return added(loss) / _count(z, counted), Saved(e, total, None, t, counted)

    def _of_rows(self, z: Array, e: Array, total: Array, t: Array) -> tuple[Array, Saved]:
        self._need_labels(t, z)
        log_y = z - np.log(total)
        return -added(zero_times(self._smoothed(t, z), log_y)) / _count(z, None), Saved(
            e, total, log_y, t, None
        )

    def backward(self, dy: Array, saved: Saved) -> tuple[Array, Array | None]:
        e, total, log_y, t, counted = saved
        share = dy / _count(e, counted)
        y = e / total
        if log_y is not None:
            rows = self._smoothed(t, e)
            dt = chain(share * (self.smoothing - 1), log_y) if is_float(t) else None
            return chain(share, y * added(rows, axis=-1, keepdims=True) - rows), dt
        dx = y - self._smoothed(one_hot(t, e.shape[-1], e.dtype), e)
        if counted is not None:
            share = np.where(np.expand_dims(counted, -1), share, 0)
        return chain(share, dx), None

    def _smoothed(self, t: Array, x: Array) -> Array:
        t = like(x, t)
        return (1 - self.smoothing) * t + self.smoothing / x.shape[-1] if self.smoothing else t


def _count(x: Array, counted: Array | None) -> Array:
    """The number of labels that the mean counts."""
    if counted is None:
        return x.size // x.shape[-1]
    return np.maximum(added(counted), 1).astype(
        x.dtype
    )  # cast, because NumPy makes float64 of float32 and int64
