"""Curves as inline SVG, whose colours come from the style of the page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from graphlang.draw.numbers import short

WIDTH, HEIGHT = 640, 260
LEFT, RIGHT, TOP, BOTTOM = 70, 14, 14, 44
POINTS = 400
"""As many points as a curve has at most: each is then the mean of several numbers."""
COLOURS = 8
"""How many colours the style of the page has."""
DECADES = 1.5
"""Numbers over more decades than this, all of them positive, get a logarithmic axis."""


@dataclass(frozen=True)
class Curve:
    """A line of a chart: its name, its numbers, and which colour and dashes it has."""

    name: str
    xs: Sequence[float]
    ys: Sequence[float]
    colour: int = 0
    dashed: bool = False
    #: drawn thin and pale, behind the others
    faint: bool = False


class _Axis:
    """Positions for numbers between two ends, on a logarithmic or a plain scale."""

    def __init__(self, low: float, high: float, start: float, end: float, *, log: bool = False) -> None:
        if low == high:
            low, high = (low / 2, high * 2) if log else (low - 0.5, high + 0.5)
        self.low, self.high, self.log = low, high, log
        self._start, self._end = start, end

    def at(self, number: float) -> float:
        scale = math.log if self.log else float
        share = (scale(number) - scale(self.low)) / (scale(self.high) - scale(self.low))
        return self._start + share * (self._end - self._start)

    def ticks(self) -> list[float]:
        """Round numbers between the ends, about five of them."""
        if self.log:
            first, last = math.floor(math.log10(self.low)), math.floor(math.log10(self.high))
            every = max(1, -(-(last - first) // 5))
            steps = (1, 2, 5) if last - first < 3 else (1,)
            numbers = [step * 10.0**n for n in range(first, last + 1, every) for step in steps]
            return [n for n in numbers if self.low <= n <= self.high]
        rough = (self.high - self.low) / 4
        unit = 10.0 ** math.floor(math.log10(rough))
        width = next(unit * n for n in (1, 2, 5, 10) if unit * n >= rough)
        start = math.ceil(self.low / width)
        count = math.floor((self.high - start * width) / width) + 1
        return [(start + i) * width for i in range(count)]


def chart(title: str, curves: Sequence[Curve], ends: tuple[float, float] | None = None) -> str:
    """A chart over the iterations, with its legend, as an HTML figure; empty where no curve has a number.
    `ends` are those of the axis, where they are not those of the numbers."""
    thinned = [thin(curve) for curve in curves]
    drawn = [curve for curve in thinned if curve.xs]
    if not drawn:
        return ""
    ys = [y for curve in drawn for y in curve.ys] if ends is None else list(ends)
    xs = [x for curve in drawn for x in curve.xs]
    log = min(ys) > 0 and max(ys) / min(ys) > 10**DECADES
    x_axis = _Axis(min(xs), max(xs), LEFT, WIDTH - RIGHT)
    y_axis = _Axis(min(ys), max(ys), HEIGHT - BOTTOM, TOP, log=log)
    lines = [_line(curve, x_axis, y_axis) for curve in sorted(drawn, key=lambda c: not c.faint)]
    label = f"{title}: {'; '.join(_spoken(curve) for curve in drawn if not curve.faint)}"
    scale = " (logarithmic)" if log else ""
    return (
        f'<figure class="chart"><figcaption>{escape(title)}{scale}</figcaption>'
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(label)}">'
        f"{_grid(x_axis, y_axis)}{''.join(lines)}</svg>{_legend(drawn)}</figure>"
    )


def thin(curve: Curve) -> Curve:
    """The curve with its finite numbers alone, and where there are many, their means."""
    pairs = [(x, y) for x, y in zip(curve.xs, curve.ys, strict=True) if math.isfinite(y)]
    each = -(-len(pairs) // POINTS) or 1
    groups = [pairs[i : i + each] for i in range(0, len(pairs), each)]
    xs = [sum(x for x, _ in group) / len(group) for group in groups]
    ys = [sum(y for _, y in group) / len(group) for group in groups]
    return Curve(curve.name, xs, ys, curve.colour, curve.dashed, curve.faint)


def _line(curve: Curve, x_axis: _Axis, y_axis: _Axis) -> str:
    points = [(x_axis.at(x), y_axis.at(y)) for x, y in zip(curve.xs, curve.ys, strict=True)]
    classes = f"c{curve.colour % COLOURS}{' dashed' if curve.dashed else ''}{' faint' if curve.faint else ''}"
    if len(points) == 1:
        return f'<circle class="{classes}" cx="{points[0][0]:.1f}" cy="{points[0][1]:.1f}" r="3"/>'
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline class="{classes}" points="{path}"/>'


def _grid(x_axis: _Axis, y_axis: _Axis) -> str:
    parts = []
    for number in y_axis.ticks():
        y = y_axis.at(number)
        parts.append(f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{short(number, 3)}</text>')
    for number in x_axis.ticks():
        if number == round(number):
            x = x_axis.at(number)
            parts.append(
                f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 20}" text-anchor="middle">{number:,.0f}</text>'
            )
    parts.append(
        f'<text class="across" x="{WIDTH - RIGHT}" y="{HEIGHT - 4}" text-anchor="end">iteration</text>'
    )
    return "".join(parts)


def _spoken(curve: Curve) -> str:
    return f"{curve.name} from {short(curve.ys[0], 4)} to {short(curve.ys[-1], 4)}"


def _legend(curves: Sequence[Curve]) -> str:
    named = [curve for curve in curves if not curve.faint]
    if len(named) < 2:
        return ""
    items = "".join(
        f'<li><svg viewBox="0 0 24 8" aria-hidden="true"><path class="c{curve.colour % COLOURS}'
        f'{" dashed" if curve.dashed else ""}" d="M0 4H24"/></svg>{escape(curve.name)}</li>'
        for curve in named
    )
    return f'<ul class="legend">{items}</ul>'
