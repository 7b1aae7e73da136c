"""The one way to turn the bytes of a text file into characters."""

from __future__ import annotations

from graphlang.diagnostics import GraphError
from graphlang.diagnostics.data import WrongFormat

_SAVE = "save the file as UTF-8"


def decoded(path: str, content: bytes) -> str:
    """UTF-8, with or without a byte order mark; every line end becomes a newline, as on every platform."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
            raise GraphError(
                [WrongFormat(path, "a text in UTF-8", "it is in UTF-16: save it as UTF-8", _SAVE)]
            ) from None
        line = content.count(b"\n", 0, error.start) + 1
        found = f"line {line} has the byte {content[error.start]:02x} at offset {error.start}"
        help = None if b"\0" in content[:1000] else f"{_SAVE}; it may be in Latin-1 or Windows-1252"
        raise GraphError([WrongFormat(path, "a text in UTF-8", found, help)]) from None
    return text.replace("\r\n", "\n").replace("\r", "\n")
