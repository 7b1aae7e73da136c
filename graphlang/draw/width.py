"""The width of texts in terminal columns."""

from __future__ import annotations

import unicodedata


def width(text: str) -> int:
    """The number of columns: two for a wide East Asian character, none for a combining one."""
    return len(text) if text.isascii() else sum(map(character_width, text))


def character_width(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def printable(text: str) -> str:
    """The text on one line, without control characters."""
    if text.isprintable():
        return text
    return "".join("�" if unicodedata.category(c) == "Cc" else c for c in " ".join(text.split()))
