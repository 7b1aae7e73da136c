"""Archives of arrays, as `numpy.savez` writes them: headers first, no pickle, no size that is not checked."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from io import BytesIO
from typing import Any, BinaryIO

import numpy as np

from graphlang.files.array_header import MOST_BYTES, MOST_HEADER, ArrayHeader, read_array_header
from graphlang.files.regular import RegularFile
from graphlang.files.unsound import DEFLATE, Announces, CutOff, Unsound, check_inflation
from graphlang.files.zip_directory import DEFLATED, STORED, Member, read_directory, shown_member

NUMBERS = "biuf"
"""The kinds of types that are read; with `TEXTS` also texts."""
NUMBERS_AND_TEXTS = "biufU"

_SUFFIX = ".npy"
_PIECE = 2**20
_USUAL_HEADER = 512


class ArrayArchive:
    """An open archive; its directory is checked when it is made, and a header when it is asked for."""

    def __init__(self, file: RegularFile) -> None:
        self._file = file
        members = read_directory(file.stream, file.size)
        #: the arrays by name
        self.members: Mapping[str, Member] = {
            member.name.removesuffix(_SUFFIX): member for member in members if member.name.endswith(_SUFFIX)
        }
        #: the names of members that are no arrays
        self.others = [member.name for member in members if not member.name.endswith(_SUFFIX)]

    def header(self, name: str) -> ArrayHeader:
        """The header of an array, checked against the size of its member; raises Unsound."""
        member, shown = self.members[name], shown_member(name)
        header = self._header(member, shown)
        if header.extent > MOST_BYTES:
            raise Announces(f"`{shown}`", header.extent, MOST_BYTES)
        if header.dtype is not None and not header.objects and header.total != member.size:
            raise CutOff(f"`{shown}`", header.total, member.size)
        if (most := member.packed * DEFLATE) < member.size:
            raise CutOff(f"`{shown}`", member.size, most, "at most ")
        if member.method == STORED and member.packed != member.size:
            raise CutOff(f"`{shown}`", member.size, member.packed)
        return header

    def check(self) -> None:
        """Checks that all members are arrays of numbers, and what they take together; raises Unsound."""
        self.check_members()
        for name in self.members:
            check_kind(name, self.header(name))

    def check_members(self) -> None:
        """Checks that all members are arrays, and what they take together; raises Unsound."""
        if self.others:
            raise Unsound(f"its member `{shown_member(self.others[0])}` is no array")
        self.check_inflation()

    def check_inflation(self) -> None:
        """Raises Unsound where all arrays together would become far larger than the file."""
        check_inflation(sum(member.size for member in self.members.values()), self._file.size)

    def read(self, name: str, kinds: str = NUMBERS) -> Any:
        """An array as it is stored; raises Unsound."""
        header = self.header(name)
        check_kind(name, header, kinds)
        assert header.dtype is not None
        content = _Content(self._file.stream, self.members[name])
        content.read(header.length)
        flat = np.empty((header.total - header.length) // header.dtype.itemsize, header.dtype)
        content.fill(flat.view(np.uint8))
        content.finish(shown_member(name))
        return shaped(flat, header)

    def _header(self, member: Member, shown: str) -> ArrayHeader:
        content = _Content(self._file.stream, member)
        start = content.read(_USUAL_HEADER)
        try:
            return read_array_header(BytesIO(start), shown)
        except CutOff:
            return read_array_header(BytesIO(start + content.read(MOST_HEADER + 12)), shown)


def check_kind(name: str, header: ArrayHeader, kinds: str = NUMBERS) -> None:
    """Raises Unsound for an array of something other than numbers."""
    if header.objects:
        raise Unsound(f"`{shown_member(name)}` holds Python objects, not numbers")
    if header.dtype is None or header.dtype.kind not in kinds or not header.dtype.itemsize:
        raise Unsound(f"`{shown_member(name)}` holds `{header.description}`, not numbers")


def shaped(flat: Any, header: ArrayHeader) -> Any:
    """Numbers in the order of the file, in the shape of the header."""
    return flat.reshape(header.shape[::-1]).T if header.fortran else flat.reshape(header.shape)


class _Content:
    """The unpacked bytes of a member, piece by piece, and their checksum."""

    def __init__(self, file: BinaryIO, member: Member) -> None:
        file.seek(member.start)
        self._file = file
        self._member = member
        self._packed = member.packed
        self._size = 0
        self._crc = 0
        self._inflater = zlib.decompressobj(-15) if member.method == DEFLATED else None
        self._pending = b""

    def read(self, count: int) -> bytes:
        """The next `count` bytes, fewer at the end."""
        pieces: list[bytes] = []
        while count > 0 and (piece := self._piece(min(count, _PIECE))):
            pieces.append(piece)
            count -= len(piece)
        content = b"".join(pieces)
        self._counted(content)
        return content

    def fill(self, view: Any) -> None:
        """Reads until an array of bytes is full, or to the end."""
        at = 0
        while at < len(view):
            part = view[at : at + _PIECE]
            if self._inflater is None:
                length = self._file.readinto(part[: self._packed])  # type: ignore[attr-defined]
                self._packed -= length
            else:
                piece = self._piece(len(part))
                length = len(piece)
                part[:length] = np.frombuffer(piece, np.uint8)
            if not length:
                return
            self._counted(part[:length])
            at += length

    def finish(self, name: str) -> None:
        """Checks that all was read, and nothing else is there."""
        if self._size == self._member.size and self.read(1):
            raise CutOff(f"`{name}`", self._member.size, self._member.size, "more than ")
        if self._size < self._member.size:
            raise CutOff(f"`{name}`", self._member.size, self._size)
        if self._crc != self._member.crc:
            raise Unsound(f"bad CRC-32 for `{name}`")

    def _counted(self, content: Any) -> None:
        self._size += len(content)
        self._crc = zlib.crc32(content, self._crc)

    def _piece(self, most: int) -> bytes:
        if self._inflater is None:
            return self._raw(most)
        while not self._inflater.eof:
            if not self._pending:
                self._pending = self._raw(_PIECE // 4)
            at_end = not self._pending
            try:
                piece = self._inflater.decompress(self._pending, most)
            except zlib.error as error:
                raise Unsound(str(error).lower()) from None
            self._pending = self._inflater.unconsumed_tail
            if piece or at_end:
                return piece
        return b""

    def _raw(self, most: int) -> bytes:
        content = self._file.read(min(most, self._packed))
        self._packed -= len(content)
        return content
