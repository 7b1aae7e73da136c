"""The IDX file format of MNIST: a header of sizes, then the numbers; plain or gzipped."""

from __future__ import annotations

import gzip
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from typing import Any, BinaryIO, cast

import numpy as np

from graphlang.datasets.dataset import Array, Column, check_size
from graphlang.datasets.files import FoundFile
from graphlang.datasets.pixels import Pixels
from graphlang.diagnostics import GraphError
from graphlang.diagnostics.data import (
    DamagedFile,
    DataInflated,
    FileCutOff,
    FileUnreadable,
    NotIdx,
    WrongChecksum,
)
from graphlang.files.array_header import MOST_AXES
from graphlang.files.unsound import DEFLATE, Inflated, check_inflation

#: the third byte of a file says what its numbers are; they are big-endian
_TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


@dataclass(frozen=True)
class IdxHeader:
    """The type and shape of the numbers; the lengths of the header and of the whole file in bytes."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]

    @property
    def length(self) -> int:
        return 4 + 4 * len(self.shape)

    @property
    def extent(self) -> int:
        """The bytes with every size 0 taken for 1: NumPy multiplies the sizes of empty arrays too."""
        return self.length + prod(max(n, 1) for n in self.shape) * self.dtype.itemsize

    @property
    def total(self) -> int:
        return self.length + prod(self.shape) * self.dtype.itemsize


def image_column(
    file: FoundFile, *, flatten: bool, pixels: Pixels | None = None, digest: str | None = None
) -> Column:
    """A column of images; [N, rows, columns] becomes [N, 1, rows, columns], with a channel axis."""
    header = read_header(file)
    n, *rest = header.shape
    stored = (n, 1, *rest) if len(rest) == 2 else header.shape
    return _column(file, header, stored, digest, pixels, flatten and len(stored) > 1)


def label_column(file: FoundFile, *, digest: str | None = None) -> Column:
    """A column of labels, as stored."""
    header = read_header(file)
    return _column(file, header, header.shape, digest, None, flatten=False)


def _column(
    file: FoundFile,
    header: IdxHeader,
    stored: tuple[int, ...],
    digest: str | None,
    pixels: Pixels | None,
    flatten: bool,
) -> Column:
    native = header.dtype.newbyteorder("=")
    size = prod(stored) * native.itemsize
    return Column(stored, native, lambda: read_content(file, header, digest), pixels, flatten, in_file=size)


def read_header(file: FoundFile) -> IdxHeader:
    """The header, checked against the size of the file."""
    with _content(file) as (stream, size, gzipped):
        header = _parse(file.path, stream)
    path = file.path
    check_size(path, "the header", header.extent)
    if not gzipped:
        if header.total != size:
            raise GraphError([FileCutOff(path, "the header", header.total, size)])
        return header
    if header.total > size * DEFLATE:
        raise GraphError([FileCutOff(path, "the header", header.total, size * DEFLATE, "at most ")])
    try:
        check_inflation(header.total, size)
    except Inflated as error:
        raise GraphError([DataInflated(path, error.announced, error.size)]) from None
    return header


def _parse(path: str, stream: BinaryIO) -> IdxHeader:
    magic = stream.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in _TYPES or not 0 < magic[3] <= MOST_AXES:
        raise GraphError([NotIdx(path, magic)])
    sizes = stream.read(4 * magic[3])
    if len(sizes) < 4 * magic[3]:
        raise GraphError([FileCutOff(path, "the header", 4 + 4 * magic[3], 4 + len(sizes))])
    return IdxHeader(np.dtype(_TYPES[magic[2]]), struct.unpack(f">{magic[3]}I", sizes))


def read_content(file: FoundFile, header: IdxHeader, digest: str | None = None) -> Array:
    """All numbers, in this machine's byte order; `digest` is the SHA-256 that the content must have."""
    path = file.path
    with _content(file) as (stream, _, _):
        if _parse(path, stream) != header:
            raise GraphError([FileUnreadable.changed(path)])
        buffer = np.empty(header.total, np.uint8)
        stream.seek(0)
        length = _fill(stream, buffer.data)
        if length < header.total:
            raise GraphError([FileCutOff(path, "the header", header.total, length)])
        if stream.read(1):
            raise GraphError([FileCutOff(path, "the header", header.total, header.total, "more than ")])
    _check_digest(path, buffer, digest)
    numbers = np.frombuffer(buffer, header.dtype, offset=header.length)
    return numbers.astype(header.dtype.newbyteorder("="), copy=False).reshape(header.shape)


def _fill(stream: BinaryIO, view: memoryview) -> int:
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


def _check_digest(path: str, content: Array, expected: str | None) -> None:
    if expected is None:
        return
    from hashlib import sha256

    actual = sha256(content.data).hexdigest()
    if actual != expected:
        raise GraphError([WrongChecksum(path, expected, actual)])


@contextmanager
def _content(file: FoundFile) -> Iterator[tuple[BinaryIO, int, bool]]:
    """The content as a stream, decompressed if the file is gzipped, whatever its name; the size of the file;
    and whether it is gzipped."""
    with file.open() as opened:
        gzipped = opened.stream.read(2) == b"\x1f\x8b"
        opened.stream.seek(0)
        if not gzipped:
            yield opened.stream, opened.size, False
            return
        try:
            with gzip.GzipFile(fileobj=opened.stream, mode="rb") as stream:
                yield cast("BinaryIO", stream), opened.size, True
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise GraphError([DamagedFile.gzip(file.path, str(error).lower())]) from None
