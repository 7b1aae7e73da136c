"""Numerical differentiation that knows a corner from a smooth stretch: the slopes on either side."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import numpy as np

STEP = 1e-4
"""The book's step. Two central differences, at the step and at half of it, are extrapolated."""
SHRINK = 8
ROUNDS = 11
"""From the first step down to 1e-13: a function may be smooth and still bend within 1e-9."""
FINEST = 1e-12
ROUNDING = 32 * float(np.finfo(np.float64).eps)
"""What the value of a function may be off by, relative to it: a few roundings for each of its many sums."""
GROWS = 2.0
"""A slope that grows by more, when the step shrinks to an eighth, has no limit: at a root, at a jump."""
VANISHING = 1e-3
"""A slope that is so small beside those within the first step is not looked at for its own digits."""
FLAT = 1e-7
"""By how much, relative to the slope, the differences of a smooth function disagree at most."""

Kind = Literal["smooth", "corner", "jump"]


class Slope(NamedTuple):
    """The derivative by one element. At a corner or a jump there is one on either side, or none (nan)."""

    kind: Kind
    value: float
    left: float
    right: float
    rounding: float
    """how far the rounding of the function's own values, and what has not settled, may move it"""
    around: float
    """the largest slope within the first step"""

    @property
    def sides(self) -> list[float]:
        """What a gradient may lie between."""
        sides = [self.value] if self.kind == "smooth" else [self.left, self.right]
        return [side for side in sides if math.isfinite(side)]


class _Round(NamedTuple):
    """The differences to both sides at a step and at half of it."""

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
        """How much steeper it is on the right, extrapolated to a step of 0: curvature drops out."""
        return 2 * (self.narrow[1] - self.narrow[0]) - (self.wide[1] - self.wide[0])

    @property
    def step_up(self) -> float:
        """How much the function itself changes between the sides."""
        return self.h * max(map(abs, self.narrow))

    @property
    def size(self) -> float:
        return max(map(abs, (*self.wide, *self.narrow)))

    def smooth(self, floor: float) -> bool:
        slack = max(FLAT * max(self.size, floor), 8 * self.rounding)
        return abs(self.bend) <= slack and self.gap <= slack

    def slope(self, kind: Kind) -> Slope:
        wide, narrow = self.centers
        left, right = (2 * n - w for n, w in zip(self.narrow, self.wide, strict=True))
        return Slope(kind, (4 * narrow - wide) / 3, left, right, self.rounding, 0.0)


def slope(objective: Callable[[], float], array: Any, place: int, here: float, floor: float = 0.0) -> Slope:
    """The derivative of the objective by one element; `here` is the objective as it stands.

    Slopes much smaller than `floor` are not looked at for their own digits.

    On a smooth stretch the slopes to the left and the right differ by the curvature times the step, and so
    less and less as the step shrinks. At a corner they keep their distance, and at a jump one of them grows
    without bound. What bends only within a very small step shows when the step is smaller still.
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
    found: list[tuple[float, float]] = []
    height = abs(here)
    for size in (h, h / 2):
        sides = []
        for point in (origin - size, origin + size):
            flat[place] = point
            value = objective()
            height = max(height, abs(value))
            sides.append((value - here) / (point - origin) if point != origin else math.nan)
        found.append((sides[0], sides[1]))
    flat[place] = origin
    return _Round(h, found[0], found[1], ROUNDING * height / h)


def _persistent(rounds: list[_Round]) -> Kind | None:
    """Whether the slopes keep their distance, or the function its jump, however small the step."""
    bends, jumps = [r.bend for r in rounds], [r.step_up for r in rounds]
    if _constant(jumps[-2:], 1e-1):
        return "jump"
    return "corner" if _constant(bends, 1e-1) else None


def _constant(numbers: list[float], relative: float) -> bool:
    last = numbers[-1]
    return math.isfinite(last) and last != 0 and all(abs(n - last) <= relative * abs(last) for n in numbers)


def _finest(last: _Round, unit: float) -> float:
    """A step at which rounding blurs a hundredth of the bend."""
    blurred = 800 * last.rounding * last.h / abs(last.bend) if last.bend else 0.0
    return min(max(FINEST * unit, blurred), last.h / SHRINK)


def _sided(rounds: list[_Round], kind: Kind) -> Slope:
    """The slopes of both sides; none for a side on which the function jumps."""
    found = rounds[-1].slope(kind)
    before, last = rounds[-2].narrow, rounds[-1].narrow
    left, right = (
        math.nan if abs(now) > GROWS * abs(then) else side
        for then, now, side in zip(before, last, (found.left, found.right), strict=True)
    )
    return found._replace(left=left, right=right)


def _unsettled(rounds: list[_Round]) -> Slope:
    """What has not become smooth in sight: it is where its bend dies away, and else has the sides it has."""
    seen = [r for r in rounds if not 8 * r.rounding > max(abs(r.bend), r.gap)]
    if len(seen) < 3:
        return min(rounds, key=lambda r: r.gap).slope("smooth")
    first, last = seen[0], seen[-1]
    if max(abs(last.bend), last.gap) <= 1e-3 * max(abs(first.bend), first.gap):
        found = last.slope("smooth")
        vanishes = last.size <= 1e-3 * first.size
        return found._replace(
            rounding=max(last.rounding, last.size if vanishes else abs(last.bend), last.gap)
        )
    found = _sided(seen, "corner")
    drift = [abs(now - then) for then, now in zip(seen[-2].narrow, last.narrow, strict=True)]
    unclear = max((d for d, side in zip(drift, found[2:4], strict=True) if math.isfinite(side)), default=0.0)
    grows = any(
        not math.isfinite(side) and math.isfinite(now)
        for side, now in zip(found[2:4], last.narrow, strict=True)
    )
    return found._replace(kind="jump" if grows else "corner", rounding=max(last.rounding, unclear))
