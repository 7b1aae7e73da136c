"""Finds the operation at fault: checks the backward of each one alone, at the values of a run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from graphlang.catalog.operation import outcome
from graphlang.checks.slopes import VANISHING, Slope, slope
from graphlang.engine.random_streams import Draws
from graphlang.engine.tape import Tape
from graphlang.spec.network import Node, Ref

SAMPLES = 24
NEARBY = 16
"""How many points around a corner are checked: a gradient at the corner may have their slopes as well."""
AROUND = 1e-5
RESOLUTION = 1e-6
"""The relative error that the check has to detect."""


def culprit(tape: Tape, of: int, tolerance: float, rng: np.random.Generator) -> str | None:
    """The first operation, in forward order, whose own gradients are wrong at the values of this run."""
    needed = tape.network.ancestors([of])
    for node in tape.network.nodes:
        if (
            needed[node.number]
            and node.operation is not None
            and local_error(tape, node, rng, tolerance) > tolerance
        ):
            return f"{node.name} ({node.spec.operation})"
    return None


def error(gradient: float, there: Slope, largest: float) -> float:
    """The relative distance of a gradient from the derivative, or from the slopes at a corner.

    It is relative to the gradient, but at least to a thousandth of the largest one, and to what the rounding
    of the function's values allows to detect: the gradient of a bias before a BatchNorm is 0, and the
    differences are about 1e-12.
    """
    return outside(gradient, there.sides, there, largest)


def outside(gradient: float, sides: list[float], there: Slope, largest: float) -> float:
    """The relative distance of a gradient from the interval of some slopes."""
    if not np.isfinite(gradient):
        return 0.0 if np.isinf(gradient) and there.kind == "jump" else float("inf")
    if not sides:
        return float("inf") if there.kind == "smooth" else 0.0
    distance = max(min(sides) - gradient, gradient - max(sides), 0.0)
    floor = max(1e-3 * largest, VANISHING * there.around, there.rounding / RESOLUTION)
    scale = max(abs(gradient), *map(abs, sides), floor)
    return distance / scale if scale > 0 else 0.0


def chosen(size: int, samples: int, rng: np.random.Generator) -> Any:
    """The elements to check: all of a few, else a random choice."""
    return np.arange(size) if size <= samples else np.sort(rng.choice(size, samples, replace=False))


def local_error(tape: Tape, node: Node, rng: np.random.Generator, tolerance: float) -> float:
    """The worst relative error of one operation's backward, for a random upstream gradient.

    The upstream gradient is positive everywhere. So with tied maxima in overlapping windows the gradient of
    any choice among them lies between the slopes.
    """
    y = tape.values[node.number]
    if y.dtype.kind != "f":
        return 0.0
    dy = rng.uniform(0.5, 1.5, y.shape)
    parts: dict[int, Any] = {}
    for number, _, part in tape.passed_back(node, dy):
        parts[number] = part if number not in parts else parts[number] + part
    operands = [o.number for o in node.operands if type(o) is Ref]
    worst = 0.0
    for number in dict.fromkeys([*operands, *node.own.values()]):
        value = tape.values[number]
        if value is None or value.dtype.kind != "f":
            continue
        array = np.array(value, dtype=np.float64)
        objective = _local_objective(tape, node, number, array, dy)
        gradient = np.broadcast_to(np.asarray(parts.get(number, 0.0), dtype=np.float64), array.shape)
        worst = max(worst, _worst(gradient, array, objective, tolerance, rng))
    return worst


def _worst(
    gradient: Any, array: Any, objective: Callable[[], float], tolerance: float, rng: np.random.Generator
) -> float:
    largest = float(np.max(np.abs(gradient), initial=0.0))
    here = objective()
    special = _special(array)
    places = chosen(array.size, SAMPLES, rng)
    if array.size > SAMPLES:
        corners = np.flatnonzero(special)
        places = np.union1d(places, corners[chosen(corners.size, SAMPLES, rng)])
    worst = 0.0
    for place in map(int, places):
        expected = float(gradient.reshape(-1)[place])
        there = slope(objective, array, place, here, 1e-3 * largest)
        off = error(expected, there, largest) if np.isfinite(expected) else float("inf")
        if tolerance < off < float("inf") and (special[place] or there.kind != "smooth"):
            off = _nearby_error(expected, there, objective, array, place, largest, rng)
        worst = max(worst, off)
    return worst


def _special(array: Any) -> Any:
    """Marks the elements at which corners are likely: zeros, and values that occur twice."""
    _, inverse, counts = np.unique(array, return_inverse=True, return_counts=True)
    return (array.reshape(-1) == 0) | (counts[inverse.reshape(-1)] > 1)


def _nearby_error(
    gradient: float,
    there: Slope,
    objective: Callable[[], float],
    array: Any,
    place: int,
    largest: float,
    rng: np.random.Generator,
) -> float:
    """The error where the slopes at points nearby are right too, as those of each of several tied maxima."""
    origin = array.copy()
    sides = list(there.sides)
    for _ in range(NEARBY):
        array[...] = origin + AROUND * np.maximum(1.0, np.abs(origin)) * rng.uniform(-1, 1, origin.shape)
        sides += slope(objective, array, place, objective(), 1e-3 * largest).sides
    array[...] = origin
    width = max(sides, default=0.0) - min(sides, default=0.0)
    if width <= 1e-3 * max(map(abs, [gradient, *sides])):  # the same slope all around: this is no corner
        return error(gradient, there, largest)
    return outside(gradient, sides, there, largest)


def _local_objective(tape: Tape, node: Node, number: int, array: Any, dy: Any) -> Callable[[], float]:
    operation, _, keywords, _ = tape.call(node)

    def objective() -> float:
        values = [
            (array if o.number == number else tape.values[o.number]) if type(o) is Ref else o
            for o in node.operands
        ]
        named = {k: array if node.own.get(k) == number else v for k, v in keywords.items()}
        if isinstance(named.get("random"), Draws):
            named["random"] = named["random"].again()
        return float(np.sum(outcome(operation, operation.forward(*values, **named))[0] * dy))

    return objective
