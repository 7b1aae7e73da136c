"""Wraps prose to a width; examples keep their lines."""

from __future__ import annotations

import re
from textwrap import wrap

_LABEL = re.compile(r"[A-Z][a-z]+: ")
_EXAMPLE = "    "


def folded(text: str, width: int) -> str:
    """Wraps paragraphs and labelled items, such as `Shapes: ...`, to the width without breaking words.

    An indented line after an empty line is an example and keeps its line; after prose it continues the prose.
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
    """Wraps a text with a hanging indent."""
    return wrap(text, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
