"""The IDX file format of MNIST: a header of sizes, then the numbers; plain or gzipped."""

from __future__ import annotations

import gzip
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedIOBase
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from graphlang.datasets.dataset import Array, Column, check_size
from graphlang.datasets.files import readable
from graphlang.datasets.pixels import Pixels
from graphlang.diagnostics import GraphError
from graphlang.diagnostics.data import DamagedFile, FileCutOff, FileUnreadable, NotIdx, WrongChecksum

#: the third byte of a file says what its numbers are; they are big-endian
_TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}

#: deflate shrinks at most 1032 times: a gzipped file that announces more is damaged or forged
_DEFLATE = 1040


@dataclass(frozen=True)
class IdxHeader:
    """The type and shape of the numbers; the lengths of the header and of the whole file in bytes."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]

    @property
    def length(self) -> int:
        return 4 + 4 * len(self.shape)

    @property
    def total(self) -> int:
        return self.length + prod(self.shape) * self.dtype.itemsize


def image_column(
    path: str, file: Path, *, flatten: bool, pixels: Pixels | None = None, digest: str | None = None
) -> Column:
    """A column of images; [N, rows, columns] becomes [N, 1, rows, columns], with a channel axis."""
    header = read_header(path, file)
    n, *rest = header.shape
    stored = (n, 1, *rest) if len(rest) == 2 else header.shape
    return _column(path, file, header, stored, digest, pixels, flatten and len(stored) > 1)


def label_column(path: str, file: Path, *, digest: str | None = None) -> Column:
    """A column of labels, as stored."""
    header = read_header(path, file)
    return _column(path, file, header, header.shape, digest, None, flatten=False)


def _column(
    path: str,
    file: Path,
    header: IdxHeader,
    stored: tuple[int, ...],
    digest: str | None,
    pixels: Pixels | None,
    flatten: bool,
) -> Column:
    native = header.dtype.newbyteorder("=")
    return Column(stored, native, lambda: read_content(path, file, header, digest), pixels, flatten)


def read_header(path: str, file: Path) -> IdxHeader:
    """The header, checked against the size of the file."""
    with _content(path, file) as stream:
        header = _parse(path, stream)
    check_size(path, "the header", header.total)
    size = file.stat().st_size
    if _gzipped(file):
        if header.total > size * _DEFLATE:
            raise GraphError([FileCutOff(path, "the header", header.total, size * _DEFLATE, "at most ")])
    elif header.total != size:
        raise GraphError([FileCutOff(path, "the header", header.total, size)])
    return header


def _parse(path: str, stream: BufferedIOBase) -> IdxHeader:
    magic = stream.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in _TYPES or magic[3] == 0:
        raise GraphError([NotIdx(path, magic)])
    sizes = stream.read(4 * magic[3])
    if len(sizes) < 4 * magic[3]:
        raise GraphError([FileCutOff(path, "the header", 4 + 4 * magic[3], 4 + len(sizes))])
    return IdxHeader(np.dtype(_TYPES[magic[2]]), struct.unpack(f">{magic[3]}I", sizes))


def read_content(path: str, file: Path, header: IdxHeader, digest: str | None = None) -> Array:
    """All numbers, in this machine's byte order; `digest` is the SHA-256 that the content must have."""
    buffer = bytearray(header.total)
    with _content(path, file) as stream:
        length = _fill(stream, memoryview(buffer))
        if length < header.total:
            raise GraphError([FileCutOff(path, "the header", header.total, length)])
        rest = stream.read(1)
    if rest:
        raise GraphError([FileCutOff(path, "the header", header.total, header.total, "more than ")])
    _check_digest(path, buffer, digest)
    with _content(path, file) as stream:
        if _parse(path, stream) != header:
            raise GraphError([FileUnreadable.changed(path)])
    numbers = np.frombuffer(buffer, header.dtype, offset=header.length)
    return numbers.astype(header.dtype.newbyteorder("="), copy=False).reshape(header.shape)


def _fill(stream: BufferedIOBase, view: memoryview) -> int:
    """Reads until `view` is full or the stream ends; returns the number of bytes read."""
    length = 0
    while length < len(view):
        try:
            piece = stream.read(min(2**20, len(view) - length))
        except (EOFError, zlib.error):  # a truncated or damaged gzip stream
            break
        if not piece:
            break
        view[length : length + len(piece)] = piece
        length += len(piece)
    return length


def _check_digest(path: str, content: bytearray, expected: str | None) -> None:
    if expected is None:
        return
    from hashlib import sha256

    actual = sha256(content).hexdigest()
    if actual != expected:
        raise GraphError([WrongChecksum(path, expected, actual)])


def _gzipped(file: Path) -> bool:
    with file.open("rb") as stream:
        return stream.read(2) == b"\x1f\x8b"


@contextmanager
def _content(path: str, file: Path) -> Iterator[BufferedIOBase]:
    """The content as a stream, decompressed if the file is gzipped, whatever its name."""
    with readable(path):
        try:
            with gzip.open(file) if _gzipped(file) else file.open("rb") as stream:
                yield stream
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise GraphError([DamagedFile.gzip(path, str(error).lower())]) from None
