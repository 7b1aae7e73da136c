"""Numerical derivatives that tell smooth points of a function from corners and jumps."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import numpy as np

STEP = 1e-4
"""The first step, that of the book. The derivative is extrapolated from two central difference quotients, for
the step and for half of it."""
SHRINK = 8
"""The factor by which the step shrinks from round to round."""
ROUNDS = 11
"""The number of rounds; the last step is 1e-13. Some smooth functions turn within 1e-9."""
FINEST = 1e-12
"""The smallest step that confirms a corner or a jump."""
ROUNDING = 32 * float(np.finfo(np.float64).eps)
"""The assumed relative rounding error of the function's values."""
GROWS = 2.0
"""A difference quotient that grows by more than this factor when the step shrinks to an eighth has no limit:
the function jumps, or is as steep as a root at 0."""
VANISHING = 1e-3
"""A slope smaller than this fraction of the largest one of the first round needs no more absolute precision
than that fraction has."""
FLAT = 1e-7
"""The largest relative difference between two difference quotients at a smooth point."""

SlopeKind = Literal["smooth", "corner", "jump"]


class Slope(NamedTuple):
    """The derivative with respect to one element.

    At a corner or a jump, `left` and `right` are the one-sided derivatives; nan where there is none.
    """

    kind: SlopeKind
    value: float
    left: float
    right: float
    rounding: float
    """the estimated error, from rounding and from difference quotients that have not converged"""
    around: float
    """the largest difference quotient of the first round"""

    @property
    def sides(self) -> list[float]:
        """The limits between which a gradient is accepted: the derivative, or the one-sided derivatives."""
        sides = [self.value] if self.kind == "smooth" else [self.left, self.right]
        return [side for side in sides if math.isfinite(side)]


class _Round(NamedTuple):
    """The left and the right difference quotient, for the step `h` (`wide`) and for h / 2 (`narrow`)."""

    h: float
    wide: tuple[float, float]
    narrow: tuple[float, float]
    rounding: float

    @property
    def centers(self) -> tuple[float, float]:
        """The central difference quotients for h and for h / 2."""
        return sum(self.wide) / 2, sum(self.narrow) / 2

    @property
    def gap(self) -> float:
        """How far the two central difference quotients are apart."""
        wide, narrow = self.centers
        return abs(wide - narrow)

    @property
    def bend(self) -> float:
        """The right derivative minus the left one, extrapolated to h = 0: curvature has no part in it."""
        return 2 * (self.narrow[1] - self.narrow[0]) - (self.wide[1] - self.wide[0])

    @property
    def step_up(self) -> float:
        """How much the function changes within the step, on the steeper side."""
        return self.h * max(map(abs, self.narrow))

    @property
    def size(self) -> float:
        """The largest difference quotient."""
        return max(map(abs, (*self.wide, *self.narrow)))

    def smooth(self, floor: float) -> bool:
        """Whether the quotients agree, up to rounding and to FLAT times their size, or times `floor`."""
        slack = max(FLAT * max(self.size, floor), 8 * self.rounding)
        return abs(self.bend) <= slack and self.gap <= slack

    def slope(self, kind: SlopeKind) -> Slope:
        wide, narrow = self.centers
        left, right = (2 * n - w for n, w in zip(self.narrow, self.wide, strict=True))
        return Slope(kind, (4 * narrow - wide) / 3, left, right, self.rounding, 0.0)


def slope(objective: Callable[[], float], array: Any, place: int, here: float, floor: float = 0.0) -> Slope:
    """The derivative of the objective with respect to `array.flat[place]`; `here` is its value now.

    A slope smaller than `floor` is only computed to the absolute precision that one of that size would have.

    At a smooth point, the left and the right difference quotient differ by the curvature times the step, so
    they approach each other as the step shrinks. At a corner their difference stays the same, and at a jump
    one of them grows without bound. The step shrinks until one of the three is certain.
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
    """Whether the rounds show a jump or a corner: a change of the value, or of the slope, that stays the same
    as the step shrinks."""
    bends, jumps = [r.bend for r in rounds], [r.step_up for r in rounds]
    if _constant(jumps[-2:], 1e-1):
        return "jump"
    return "corner" if _constant(bends, 1e-1) else None


def _constant(numbers: list[float], relative: float) -> bool:
    """Whether all numbers are within a relative distance of the last one, which is neither 0 nor infinite."""
    last = numbers[-1]
    return math.isfinite(last) and last != 0 and all(abs(n - last) <= relative * abs(last) for n in numbers)


def _finest(last: _Round, unit: float) -> float:
    """The step that confirms a corner or a jump: small, but with a rounding error well below the bend."""
    blurred = 800 * last.rounding * last.h / abs(last.bend) if last.bend else 0.0
    return min(max(FINEST * unit, blurred), last.h / SHRINK)


def _sided(rounds: list[_Round], kind: SlopeKind) -> Slope:
    """The one-sided derivatives; nan for a side whose difference quotient grows without bound."""
    result = rounds[-1].slope(kind)
    before, last = rounds[-2].narrow, rounds[-1].narrow
    left, right = (
        math.nan if abs(now) > GROWS * abs(then) else side
        for then, now, side in zip(before, last, (result.left, result.right), strict=True)
    )
    return result._replace(left=left, right=right)


def _unsettled(rounds: list[_Round]) -> Slope:
    """The best estimate where the rounds have not settled.

    The point counts as smooth where the bend has become a thousandth of what it was, or where rounding hides
    it; otherwise as a corner, or as a jump where a side has no limit.
    """
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
