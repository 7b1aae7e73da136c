"""Reads a text file of lines as pieces: each some whole records, in UTF-8, every line end a newline."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from graphlang.datasets.reading import Reading
from graphlang.datasets.text_format import decoded
from graphlang.diagnostics import GraphError
from graphlang.diagnostics.data import TooManyCells
from graphlang.files.regular import ChangedFile, RegularFile

PIECE = 2**20
"""How many bytes are read at once: what is computed with a piece fits into a cache."""
_LONG = 2**22
"""A record of more bytes than this is a long one."""
QUOTE, NEWLINE = ord('"'), ord("\n")


class TablePiece(NamedTuple):
    """Whole records of a text, of which the last ends with a newline."""

    text: bytes
    #: the number of the first line, from 1
    line: int

    @property
    def is_quoted(self) -> bool:
        """Whether there is a quote in it."""
        return b'"' in self.text


def read_pieces(
    path: str, file: RegularFile, delimiter: str, most_cells: int, *, quotes: bool = True
) -> list[TablePiece]:
    """The text of a file; raises GraphError where it is not UTF-8, or has more cells than allowed.

    With `quotes`, a newline between two quotes is no end of a record. Raises OSError where the file changed
    meanwhile.
    """
    keep_freed_memory()
    reading = Reading(path, file.size)
    pieces: list[TablePiece] = []
    parts: list[bytes] = []
    held, line, size, cells = 0, 1, PIECE, 0
    contents = _with_newlines(file, reading)
    for content in contents:
        parts.append(content)
        held += len(content)
        if held > _LONG:  # a very long record: its cells are counted before all of it is kept
            cells += sum(_cells(part, delimiter) for part in ([content] if cells else parts))
            if cells > most_cells:
                cells += sum(_cells(more, delimiter) for more in contents)
                raise GraphError([TooManyCells(path, cells, most_cells)])
        if held < size:
            continue
        text = b"".join(parts)
        end = _end_of_records(text, quotes=quotes)
        size = PIECE if end else 2 * held
        if end:
            pieces.append(_checked(path, file, text[:end], line))
            line += _newlines(pieces[-1].text)
            cells = 0
        parts = [text[end:]]
        held = len(parts[0])
    rest = b"".join(parts)
    if rest:
        pieces.append(_checked(path, file, rest if rest.endswith(b"\n") else rest + b"\n", line))
    return pieces


def keep_freed_memory() -> None:
    """Has glibc keep the memory of freed arrays for the next ones.

    It hands back what is freed at the end of its heap, and every block would have its pages made anew, until
    a larger array was freed.
    """
    np.empty(2**24, np.uint8)


def _cells(text: bytes, delimiter: str) -> int:
    """How many cells end in a text."""
    if len(delimiter) > 1 or not delimiter.isascii():
        return text.count(delimiter.encode()) + _newlines(text)
    array = np.frombuffer(text, np.uint8)
    return int(np.count_nonzero(array == ord(delimiter))) + _newlines(text)


def _newlines(text: bytes) -> int:
    return int(np.count_nonzero(np.frombuffer(text, np.uint8) == NEWLINE))


def _with_newlines(file: RegularFile, reading: Reading) -> Iterator[bytes]:
    """The bytes of a file without a byte order mark, with every line end a newline."""
    held, total = b"", 0
    while content := file.stream.read(PIECE):
        total += len(content)
        if total > file.size:
            raise ChangedFile(file.name)
        if total == len(content):
            content = content.removeprefix(b"\xef\xbb\xbf")
        reading.told(total)
        content, held = held + content, b""
        if content.endswith(b"\r"):
            content, held = content[:-1], b"\r"
        if b"\r" in content:
            content = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        yield content
    if total != file.size:
        raise ChangedFile(file.name)
    if held:
        yield b"\n"


def _end_of_records(text: bytes, *, quotes: bool) -> int:
    """Where the last whole record ends that the text holds; 0 where it holds none."""
    if not quotes or b'"' not in text:
        return text.rfind(b"\n") + 1
    array = np.frombuffer(text, np.uint8)
    ends = np.flatnonzero((array == NEWLINE) & ~within_quotes(array))
    return int(ends[-1]) + 1 if ends.size else 0


def within_quotes(
    array: np.ndarray[tuple[int], np.dtype[np.uint8]],
) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Whether an odd number of quotes stands before each byte."""
    quotes = (array == QUOTE).view(np.uint8)
    return np.bitwise_xor.accumulate(quotes).view(np.bool_)


def _checked(path: str, file: RegularFile, text: bytes, line: int) -> TablePiece:
    if not text.isascii():
        try:
            text.decode()
        except UnicodeDecodeError:
            file.stream.seek(0)
            decoded(path, file.content(file.size))  # names the place in the file as it is
            raise ChangedFile(file.name) from None
    return TablePiece(text, line)
