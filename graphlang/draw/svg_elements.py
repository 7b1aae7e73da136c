"""The elements of an SVG picture, as text: labels, arrows and bends, and the widths of texts."""

from __future__ import annotations

from xml.sax.saxutils import escape

from graphlang.draw.line_labels import Label
from graphlang.draw.svg_style import TEXT
from graphlang.draw.width import character_width, printable

Point = tuple[float, float]

ARROW = 9


def bend(x: float, y: float, to_x: float, to_y: float) -> str:
    if abs(to_y - y) < 0.05:
        return f"H{xy(to_x)}" if to_x > x else ""
    middle = (x + to_x) / 2
    return f"C{xy(middle)} {xy(y)} {xy(middle)} {xy(to_y)} {xy(to_x)} {xy(to_y)}"


def arrow(tip: Point, ux: float, uy: float) -> str:
    x, y = tip
    foot_x, foot_y = x - ARROW * ux, y - ARROW * uy
    left = foot_x + 3.6 * uy, foot_y - 3.6 * ux
    right = foot_x - 3.6 * uy, foot_y + 3.6 * ux
    points = "L".join(f"{xy(px)} {xy(py)}" for px, py in (tip, left, right))
    return f'<path class="arrow" d="M{points}Z"/>'


def label_elements(start: float, end: float, y: float, label: Label) -> list[str]:
    middle = (start + end) / 2
    parts = []
    if label.value:
        parts.append(text_element(middle, y - 6, label.value, "value", "middle"))
    if label.gradient:
        parts.append(text_element(middle, y + 16, f"← {label.gradient}", "gradient", "middle"))
    return parts


def text_element(x: float, y: float, text: str, style: str, anchor: str = "start") -> str:
    at = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return f'<text class="{style}" x="{xy(x)}" y="{xy(y)}"{at}>{escaped(text)}</text>'


def label_width(label: Label) -> float:
    return max(
        text_width(label.value, TEXT), text_width(f"← {label.gradient}", TEXT) if label.gradient else 0
    )


def text_width(text: str, size: float, bold: bool = False) -> float:
    """An upper bound of the width of a text in the common sans-serif fonts."""
    return size * (1.06 if bold else 1.0) * sum(map(_em, text))


def _em(character: str) -> float:
    if character_width(character) != 1:
        return 1.0 if character_width(character) else 0.0
    if character in "ijl.,:;|!'() []":
        return 0.38
    return 0.9 if character in "mwMW@←→" else 0.72 if character.isupper() else 0.63


def xy(number: float) -> str:
    """A coordinate rounded to a tenth, so that a picture is the same on every machine."""
    text = f"{number:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def escaped(text: str) -> str:
    return escape(printable(text), {'"': "&quot;"})
