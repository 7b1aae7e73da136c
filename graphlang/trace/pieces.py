"""Piecewise linear functions of one whole number: what the lengths of slices are, as functions of a size."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from typing import NamedTuple


class Pieces(NamedTuple):
    """f(p) = intercept + slope*p + the sum of c * max(p - k, 0) over `kinks`, for whole p from `low` on.

    The form is unique: kinks lie above `low` in rising order, and no c is 0.
    """

    intercept: int
    slope: int
    kinks: tuple[tuple[int, int], ...] = ()
    low: int | None = None

    def from_(self, low: int | None) -> Pieces:
        """The same function for p of at least `low`."""
        return self._replace(low=low)

    def at(self, p: int) -> int:
        """f(p)."""
        return self.intercept + self.slope * p + sum(c * max(p - k, 0) for k, c in self.kinks)

    def lines(self) -> list[tuple[int, int]]:
        """Intercept and slope of each linear piece, from left to right."""
        lines = [(self.intercept, self.slope)]
        for k, c in self.kinks:
            intercept, slope = lines[-1]
            lines.append((intercept - c * k, slope + c))
        return lines

    def least(self) -> int | None:
        """The least value; None where there is none."""
        lines = self.lines()
        if lines[-1][1] < 0 or (self.low is None and lines[0][1] > 0):
            return None
        places = [k for k, _ in self.kinks] + ([0] if self.low is None else [self.low])
        return min(map(self.at, places))

    def positive_part(self) -> Pieces:
        """max(f, 0). Where f changes its sign between two whole numbers, both become kinks."""
        places = sorted({*(k for k, _ in self.kinks), *self._changes_of_sign()})
        low = self.low
        if low is None:
            first = (places[0] if places else 0) - 1
        else:
            first = low
            places = places[bisect_right(places, low) :]

        def value(p: int) -> int:
            return max(self.at(p), 0)

        slope = value(first + 1) - value(first)
        bends = [(k, value(k + 1) - 2 * value(k) + value(k - 1)) for k in places]
        return Pieces(value(first) - slope * first, slope, tuple([b for b in bends if b[1]]), low)

    def _changes_of_sign(self) -> Iterator[int]:
        """The whole numbers around each zero of a piece's line."""
        for intercept, slope in self.lines():
            if slope:
                yield -intercept // slope
                yield -(intercept // slope)
