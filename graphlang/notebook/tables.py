"""HTML for notebooks: tables, lines of text, and a page in a frame. Everything from outside is escaped."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from typing import Any

from graphlang.draw.numbers import short
from graphlang.draw.width import without_hidden_marks

FRAME_HEIGHT = 620
MOST_ROWS = 200
"""The most rows of a table in a notebook; a note says how many there are."""
_STYLES = {"1;31": "color:#c62828;font-weight:bold", "1;33": "color:#b26a00;font-weight:bold"}
_ANSI = re.compile(r"\x1b\[([\d;]*)m")


def html_table(heads: Sequence[str], rows: Sequence[Sequence[Any]], digits: int = 6) -> str:
    """A table; numbers and arrays as in the terminal, numbers to the right."""
    head = "".join(f"<th style='text-align:left'>{_escaped(name)}</th>" for name in heads)
    body = "".join(f"<tr>{''.join(_cell(cell, digits) for cell in row)}</tr>" for row in rows[:MOST_ROWS])
    more = len(rows) - MOST_ROWS
    note = paragraph(f"and {more:,} more rows") if more > 0 else ""
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{note}"


def _cell(value: Any, digits: int) -> str:
    side = "right" if isinstance(value, int | float) and not isinstance(value, bool) else "left"
    return f"<td style='text-align:{side}'>{_escaped(short(value, digits))}</td>"


def paragraph(text: str) -> str:
    return f"<p>{_escaped(text)}</p>"


def colored(text: str) -> str:
    """Text for a terminal, with its colours, as HTML."""
    parts: list[str] = []
    opened = False
    for i, part in enumerate(_ANSI.split(text)):
        if i % 2 == 0:
            parts.append(_escaped(part))
            continue
        parts.append("</span>" if opened else "")
        opened = part not in ("", "0")
        parts.append(f"<span style='{_STYLES.get(part, 'font-weight:bold')}'>" if opened else "")
    return f"<pre>{''.join(parts)}{'</span>' if opened else ''}</pre>"


def framed(page: str) -> str:
    """A whole page in a frame that may run its scripts and reach nothing of the notebook."""
    return (
        f'<iframe srcdoc="{escape(page)}" sandbox="allow-scripts allow-downloads" loading="lazy" '
        f'style="width:100%;height:{FRAME_HEIGHT}px;border:1px solid #8884;border-radius:6px"></iframe>'
    )


def loss_curve(numbers: Sequence[float], what: str = "the loss", width: int = 480, height: int = 120) -> str:
    """A line through finite numbers, as SVG; empty where there are fewer than two."""
    finite = [(i, n) for i, n in enumerate(numbers) if n - n == 0]
    if len(finite) < 2:
        return ""
    finite = finite[:: max(1, len(finite) // width)]
    low, high = min(n for _, n in finite), max(n for _, n in finite)
    across, up = (width - 8) / (len(numbers) - 1), (height - 8) / ((high - low) or 1)
    points = " ".join(f"{4 + i * across:.1f},{height - 4 - (n - low) * up:.1f}" for i, n in finite)
    label = f"from {short(finite[0][1], 4)} to {short(finite[-1][1], 4)}, lowest {short(low, 4)}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" role="img" '
        f'aria-label="{_escaped(what)}, {label}"><polyline points="{points}" fill="none" stroke="#1f77b4" '
        f'stroke-width="1.5"/></svg>{paragraph(f"{what}: {label}")}'
    )


def _escaped(text: str) -> str:
    return escape(without_hidden_marks(text))
