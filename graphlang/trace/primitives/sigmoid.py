"""The sigmoid and its slope, accurate in both tails."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from graphlang.trace.core import Array
from graphlang.trace.primitives.approximation import Approximation
from graphlang.trace.primitives.chain import chain
from graphlang.trace.types import NumPyArray, Out


class Sigmoid(Approximation):
    """y = 1 / (1 + exp(-x)), computed from exp(-|x|), which never overflows."""

    name = "sigmoid"

    def single(self, x: NumPyArray, out: Out) -> None:
        e = _decay(x)
        top = np.maximum(e, x >= 0)
        e += 1
        np.divide(top, e, out=out)

    double = single

    def arithmetic(self, x: Array) -> Any:
        e = np.exp(-np.abs(x))
        return np.maximum(e, x >= 0) / (e + 1)

    def derivative(self, position: int, dy: Array, y: Array, x: Array) -> Any:
        return chain(dy, sigmoid_slope(x))


class SaturatingSlope(Approximation):
    """The derivative of the sigmoid or of tanh, from e = exp(-steepness * |x|).

    Computed from their values, as y * (1 - y) or 1 - y**2, it would be 0 in the tails.
    """

    def __init__(self, name: str, steepness: int, tanh: Callable[[Any], Any]) -> None:
        self.name = name
        self.steepness = steepness
        self.tanh = tanh

    def single(self, x: NumPyArray, out: Out) -> None:
        e = np.abs(x)
        e *= -self.steepness
        np.exp(e, out=e)
        below = e + 1
        if self.steepness == 2:
            below *= 0.5
        below *= below
        np.divide(e, below, out=out)

    double = single

    def arithmetic(self, x: Array) -> Any:
        e = np.exp(np.abs(x) * -self.steepness)
        below = (e + 1) * 0.5 if self.steepness == 2 else e + 1
        return e / (below * below)

    def derivative(self, position: int, dy: Array, y: Array, x: Array) -> Any:
        return -chain(dy, self.steepness * (y * self.tanh(x)))


def _decay(x: Array) -> Any:
    """exp(-|x|)"""
    e = np.abs(x)
    np.negative(e, out=e)
    return np.exp(e, out=e)


sigmoid = Sigmoid()
sigmoid_slope = SaturatingSlope("sigmoid_slope", 1, lambda x: np.tanh(0.5 * x))
"""e / (1 + e)**2 with e = exp(-|x|)"""
tanh_slope = SaturatingSlope("tanh_slope", 2, np.tanh)
"""4 * e / (1 + e)**2 with e = exp(-2 * |x|)"""
