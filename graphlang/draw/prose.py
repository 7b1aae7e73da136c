"""Prose folded to a width: paragraphs anew, examples as they stand."""

from __future__ import annotations

import re
from textwrap import wrap

_LABEL = re.compile(r"[A-Z][a-z]+: ")
_EXAMPLE = "    "


def folded(text: str, width: int) -> str:
    """Paragraphs and labelled items, as `Shapes: ...`, filled to the width; no word is broken.

    An indented line after an empty one is an example and stays; one that follows prose goes on with it.
    """
    lines: list[str] = []
    item: list[str] = []

    def finish() -> None:
        if item:
            joined = " ".join(item)
            lines.extend(hanging(joined, width, "  " if _LABEL.match(joined) else ""))
            item.clear()

    for line in text.split("\n"):
        if not line.strip():
            finish()
            lines.append("")
        elif not item and line.startswith(_EXAMPLE):
            lines.append(line)
        else:
            if _LABEL.match(line):
                finish()
            item.extend(line.split())
    finish()
    return "\n".join(lines)


def hanging(text: str, width: int, indent: str) -> list[str]:
    """A text in lines, all but the first indented."""
    return wrap(text, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
