"""Decodes text files."""

from __future__ import annotations

from graphlang.diagnostics import GraphError
from graphlang.diagnostics.data import BinaryAsText, WrongFormat

MOST_TEXT = 256 * 2**20
"""The largest text or table in bytes; in memory it takes some 16 times as much."""


def decoded(path: str, content: bytes) -> str:
    """UTF-8, with or without a byte order mark; every line end becomes a newline, as on every platform."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
            raise GraphError([WrongFormat.utf16(path)]) from None
        line = content.count(b"\n", 0, error.start) + 1
        wrong = BinaryAsText if b"\0" in content[:1000] else BinaryAsText.other_encoding
        raise GraphError([wrong(path, line, content[error.start], error.start)]) from None
    return text.replace("\r\n", "\n").replace("\r", "\n")
