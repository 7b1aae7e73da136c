"""Numerical differentiation that tells corners and jumps from smooth places."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import numpy as np

STEP = 1e-4
"""The book's step. Two central differences, at the step and at half of it, are extrapolated."""
SHRINK = 8
ROUNDS = 11
"""How often the step shrinks, down to 1e-13: a smooth function may still bend within 1e-9."""
FINEST = 1e-12
ROUNDING = 32 * float(np.finfo(np.float64).eps)
"""The relative error of a value of the function: a few roundings for each of its many sums."""
GROWS = 2.0
"""A slope that grows by a larger factor when the step shrinks to an eighth has no limit: a root, a jump."""
VANISHING = 1e-3
"""A slope that is smaller, relative to those within the first step, needs no exact digits of its own."""
FLAT = 1e-7
"""The largest disagreement, relative to the slope, between the differences of a smooth function."""

SlopeKind = Literal["smooth", "corner", "jump"]


class Slope(NamedTuple):
    """The derivative by one element. At a corner or a jump each side has its own, or none (nan)."""

    kind: SlopeKind
    value: float
    left: float
    right: float
    rounding: float
    """the error that comes from rounding, and from differences that have not converged"""
    around: float
    """the largest slope within the first step"""

    @property
    def sides(self) -> list[float]:
        """The slopes between which a gradient is right."""
        sides = [self.value] if self.kind == "smooth" else [self.left, self.right]
        return [side for side in sides if math.isfinite(side)]


class _Round(NamedTuple):
    """The difference quotients to both sides, for a step and for half of it."""

    h: float
    wide: tuple[float, float]
    narrow: tuple[float, float]
    rounding: float

    @property
    def centers(self) -> tuple[float, float]:
        return sum(self.wide) / 2, sum(self.narrow) / 2

    @property
    def gap(self) -> float:
        wide, narrow = self.centers
        return abs(wide - narrow)

    @property
    def bend(self) -> float:
        """The slope on the right minus that on the left, extrapolated to a step of 0, without curvature."""
        return 2 * (self.narrow[1] - self.narrow[0]) - (self.wide[1] - self.wide[0])

    @property
    def step_up(self) -> float:
        """The change of the function itself between the sides."""
        return self.h * max(map(abs, self.narrow))

    @property
    def size(self) -> float:
        return max(map(abs, (*self.wide, *self.narrow)))

    def smooth(self, floor: float) -> bool:
        slack = max(FLAT * max(self.size, floor), 8 * self.rounding)
        return abs(self.bend) <= slack and self.gap <= slack

    def slope(self, kind: SlopeKind) -> Slope:
        wide, narrow = self.centers
        left, right = (2 * n - w for n, w in zip(self.narrow, self.wide, strict=True))
        return Slope(kind, (4 * narrow - wide) / 3, left, right, self.rounding, 0.0)


def slope(objective: Callable[[], float], array: Any, place: int, here: float, floor: float = 0.0) -> Slope:
    """The derivative of the objective by one element; `here` is the value of the objective now.

    A slope much smaller than `floor` is computed only to the absolute precision of one of that size.

    At a smooth place the slopes to the left and the right differ by the curvature times the step, so they
    approach each other as the step shrinks. At a corner their difference stays, and at a jump one of them
    grows without bound. A function that bends within a very small step needs a smaller one still.
    """
    flat = array.reshape(-1)
    unit = max(1.0, abs(float(flat[place])))
    rounds = [_measured(objective, flat, place, here, STEP * unit)]
    around = rounds[0].size if math.isfinite(rounds[0].size) else 0.0
    floor = max(floor, VANISHING * around)
    while not rounds[-1].smooth(floor):
        if len(rounds) == ROUNDS:
            return _unsettled(rounds)._replace(around=around)
        if len(rounds) >= 3 and (kind := _persistent(rounds[-3:])):
            tiny = _measured(objective, flat, place, here, _finest(rounds[-1], unit))
            if kind == _persistent([*rounds[-2:], tiny]):
                return _sided(rounds, kind)._replace(around=around)
        rounds.append(_measured(objective, flat, place, here, rounds[-1].h / SHRINK))
    return rounds[-1].slope("smooth")._replace(around=around)


def _measured(objective: Callable[[], float], flat: Any, place: int, here: float, h: float) -> _Round:
    origin = float(flat[place])
    quotients: list[tuple[float, float]] = []
    height = abs(here)
    for size in (h, h / 2):
        sides = []
        for point in (origin - size, origin + size):
            flat[place] = point
            value = objective()
            height = max(height, abs(value))
            sides.append((value - here) / (point - origin) if point != origin else math.nan)
        quotients.append((sides[0], sides[1]))
    flat[place] = origin
    return _Round(h, quotients[0], quotients[1], ROUNDING * height / h)


def _persistent(rounds: list[_Round]) -> SlopeKind | None:
    """The kind of place where the difference of the slopes, or the jump, stays as the step shrinks."""
    bends, jumps = [r.bend for r in rounds], [r.step_up for r in rounds]
    if _constant(jumps[-2:], 1e-1):
        return "jump"
    return "corner" if _constant(bends, 1e-1) else None


def _constant(numbers: list[float], relative: float) -> bool:
    last = numbers[-1]
    return math.isfinite(last) and last != 0 and all(abs(n - last) <= relative * abs(last) for n in numbers)


def _finest(last: _Round, unit: float) -> float:
    """A step for which the rounding error is a hundredth of the bend."""
    blurred = 800 * last.rounding * last.h / abs(last.bend) if last.bend else 0.0
    return min(max(FINEST * unit, blurred), last.h / SHRINK)


def _sided(rounds: list[_Round], kind: SlopeKind) -> Slope:
    """The slopes of both sides; none for a side on which the function jumps."""
    result = rounds[-1].slope(kind)
    before, last = rounds[-2].narrow, rounds[-1].narrow
    left, right = (
        math.nan if abs(now) > GROWS * abs(then) else side
        for then, now, side in zip(before, last, (result.left, result.right), strict=True)
    )
    return result._replace(left=left, right=right)


def _unsettled(rounds: list[_Round]) -> Slope:
    """The slope where no step was small enough: smooth where the bend still vanishes, else with two sides."""
    seen = [r for r in rounds if not 8 * r.rounding > max(abs(r.bend), r.gap)]
    if len(seen) < 3:
        return min(rounds, key=lambda r: r.gap).slope("smooth")
    first, last = seen[0], seen[-1]
    if max(abs(last.bend), last.gap) <= 1e-3 * max(abs(first.bend), first.gap):
        smooth = last.slope("smooth")
        vanishes = last.size <= 1e-3 * first.size
        return smooth._replace(
            rounding=max(last.rounding, last.size if vanishes else abs(last.bend), last.gap)
        )
    corner = _sided(seen, "corner")
    drift = [abs(now - then) for then, now in zip(seen[-2].narrow, last.narrow, strict=True)]
    unclear = max((d for d, side in zip(drift, corner[2:4], strict=True) if math.isfinite(side)), default=0.0)
    grows = any(
        not math.isfinite(side) and math.isfinite(now)
        for side, now in zip(corner[2:4], last.narrow, strict=True)
    )
    return corner._replace(kind="jump" if grows else "corner", rounding=max(last.rounding, unclear))
