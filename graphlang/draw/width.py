"""The width of texts in terminal columns, and texts without what a reader cannot see."""

from __future__ import annotations

import re
import unicodedata

_HIDDEN = ("Cc", "Cf", "Cs", "Zl", "Zp")
_JOINERS = "\u200c\u200d"
"""Part of the spelling in some scripts, and of some signs."""
_OBEYED = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)


def width(text: str) -> int:
    """The number of columns: two for a wide East Asian character, none for a combining one."""
    return len(text) if text.isascii() else sum(map(character_width, text))


def character_width(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def printable(text: str) -> str:
    """The text on one line, without control characters and what else is not seen.

    Bidirectional marks are among them, which turn the order of letters around.
    """
    if text.isprintable():
        return text
    return "".join("�" if _is_hidden(c) else c for c in " ".join(text.split()))


def _is_hidden(character: str) -> bool:
    return unicodedata.category(character) in _HIDDEN and character not in _JOINERS


def without_hidden_marks(page: str) -> str:
    """A page without control characters and bidirectional marks, whatever the texts in it hold."""
    return _OBEYED.sub("�", page)
