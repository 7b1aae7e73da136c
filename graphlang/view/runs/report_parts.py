"""Pieces of a report: tables, numbers, images, all text escaped."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np

from graphlang.draw.numbers import short
from graphlang.training.outcomes import Outcomes, WrongRow
from graphlang.view.runs.first_layer import UnitImages
from graphlang.view.runs.png import data_uri, grey, is_image, side_by_side, signed

INVISIBLE = {" ": "\u2423", "\n": "\u23ce", "\t": "\u21e5"}
"""Signs for characters that cannot be seen."""
NUMBERS = 12
"""How many numbers of a row are written out."""


def exact_number(value: Any) -> str:
    """A number for the eye, with all its digits in the page; text as it is."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return escape("" if value is None else str(value))
    return f'<data value="{value!r}">{escape(short(value, 5))}</data>'


def scrolling_table(label: str, heads: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """A table whose first column names the rows; wide ones scroll, also by keyboard."""
    numeric = [all(isinstance(row[place], int | float) for row in rows) for place in range(len(heads))]
    head = "".join(
        f'<th scope="col"{" class=number" if place and numeric[place] else ""}>{escape(text)}</th>'
        for place, text in enumerate(heads)
    )
    body = "".join(_row(row) for row in rows)
    return scrolling(label, f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>")


def _row(row: Sequence[Any]) -> str:
    cells = "".join(
        f"<td{' class=number' if isinstance(value, int | float) else ''}>{exact_number(value)}</td>"
        for value in row[1:]
    )
    return f'<tr><th scope="row">{exact_number(row[0])}</th>{cells}</tr>'


def scrolling(label: str, inside: str) -> str:
    return f'<div class="scroll" role="region" tabindex="0" aria-label="{escape(label)}">{inside}</div>'


def confusion(name: str, outcome: Outcomes) -> str:
    """The table of confusion, each cell coloured by its share of its row."""
    counts = np.asarray(outcome.confusion)
    heads = "".join(f'<th scope="col">{_plain(text)}</th>' for text in outcome.classes)
    totals = np.maximum(counts.sum(axis=1), 1)
    rows = []
    for place, label in enumerate(outcome.classes):
        cells = "".join(
            _share(count, count / totals[place], right=other == place)
            for other, count in enumerate(counts[place].tolist())
        )
        rows.append(f'<tr><th scope="row">{_plain(label)}</th>{cells}</tr>')
    inside = (
        f'<table class="confusion"><thead><tr><th scope="col">truth / predicted</th>{heads}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table>"
    )
    return scrolling(f"confusion of {name}", inside)


def _share(count: int, share: float, *, right: bool) -> str:
    """A cell, coloured by its share; not so much that its text could not be read."""
    return f'<td{" class=right" if right else ""} style="--of:{0.45 * share:.2f}">{count}</td>'


def wrong_rows(outcome: Outcomes) -> str:
    """The rows most wrong, as images where they are images."""
    return f'<ol class="wrong">{"".join(_wrong(outcome, wrong) for wrong in outcome.worst)}</ol>'


def _wrong(outcome: Outcomes, wrong: WrongRow) -> str:
    shown = "".join(_shown(name, value, wrong.row) for name, value in wrong.inputs.items())
    lines = [f"row {wrong.row:,}"]
    if is_image(wrong.predicted):
        shown += _image(wrong.predicted, f"{outcome.value} of row {wrong.row}")
    else:
        texts = [_plain(v) if outcome.classes else _listed(v) for v in (wrong.truth, wrong.predicted)]
        lines += [f"truth {texts[0]}", f"predicted {texts[1]}"]
    what = "probability of the truth" if outcome.classes else "mean squared error"
    lines.append(f"{what} {escape(short(wrong.measure, 3))}")
    return f"<li>{shown}{'<br>'.join(lines)}</li>"


def _shown(name: str, value: Any, row: int) -> str:
    if is_image(value):
        return _image(value, f"{name} of row {row}")
    return f"{escape(name)} = {_plain(value) if isinstance(value, list) else _listed(value)}<br>"


def _image(value: Any, text: str) -> str:
    return f'<img class="pixels" alt="{escape(text)}" src="{data_uri(grey(value))}">'


def _plain(value: Any) -> str:
    """A class, or several; characters make a text, in which those that cannot be seen have signs."""
    several = value if isinstance(value, list) else [str(value)]
    between = "" if all(len(one) == 1 for one in several) and not all(map(str.isdigit, several)) else " "
    return escape(between.join(INVISIBLE.get(one, one) for one in several))


def _listed(value: Any) -> str:
    numbers = np.ravel(np.asarray(value))
    texts = [short(n.item(), 4) for n in numbers[:NUMBERS]]
    more = f", ... {numbers.size - NUMBERS:,} more" if numbers.size > NUMBERS else ""
    return escape(", ".join(texts) + more)


def unit_images(shown: UnitImages) -> str:
    """The weights of units side by side."""
    images = [signed(image) for image in shown.images]
    columns = min(range(8, 17), key=lambda width: (-len(images) % width, -width))
    sheet = data_uri(side_by_side(images, columns))
    some = f"{len(images)} of {shown.units}" if len(images) < shown.units else f"all {shown.units}"
    text = f"the weights {shown.parameter} of {some} units as images: blue below 0, red above"
    sentence = escape(f"{text[0].upper()}{text[1:]}.")
    return f'<p class="quiet">{sentence}</p><img class="sheet" alt="{escape(text)}" src="{sheet}">'
