"""The directory of a zip file, read strictly: every byte belongs to one member or to the directory.

`zipfile` takes archives with bytes in front, behind and between, with one name twice, and with members that
share their bytes; all of them are ways to hide something or to announce more than there is.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from graphlang.files.unsound import Unsound

STORED, DEFLATED = 0, 8
MOST_MEMBERS = 65_535
MOST_DIRECTORY = 16 * 2**20
"""Bytes of the directory."""

_END = struct.Struct("<4s4H2IH")
_END_64 = struct.Struct("<4sQ2H2I4Q")
_LOCATOR = struct.Struct("<4sIQI")
_ENTRY = struct.Struct("<4s4H4xL2L5H2L")
_LOCAL = struct.Struct("<4s5H3I2H")
_EXTRA = struct.Struct("<2H")
_WIDE = 0xFFFFFFFF
"""A number that stands in the 64-bit field instead."""
_ENCRYPTED, _DESCRIPTOR, _UTF8 = 0x1, 0x8, 0x800
_LONGEST_DESCRIPTOR = 24


class Member(NamedTuple):
    """One file of an archive: where its bytes are, and how many."""

    name: str
    method: int
    crc: int
    #: bytes in the archive
    packed: int
    #: bytes once unpacked, as the directory says
    size: int
    #: where the bytes start
    start: int


class _Entry(NamedTuple):
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    offset: int
    name: bytes


def read_directory(stream: BinaryIO, size: int) -> list[Member]:
    """The members of an archive of `size` bytes, in the order of the directory; raises Unsound."""
    stream.seek(0)
    if stream.read(4) not in (b"PK\3\4", b"PK\5\6"):
        raise Unsound("file is not a zip file")
    start, end, count = _find_directory(stream, size)
    if count > MOST_MEMBERS or end - start > MOST_DIRECTORY:
        raise Unsound(f"it has more than {MOST_MEMBERS:,} members, or names of them that are too long")
    stream.seek(start)
    entries = list(_entries(_exactly(stream, end - start)))
    if len(entries) != count:
        raise Unsound(f"it announces {count:,} members, and its directory has {len(entries):,}")
    _check_names(entries)
    return _located(stream, entries, start)


def _find_directory(stream: BinaryIO, size: int) -> tuple[int, int, int]:
    """Where the directory starts and ends, and how many entries it announces."""
    end = size - _END.size
    if end < 0:
        raise Unsound("it is cut off")
    stream.seek(end)
    sign, disk, first, here, count, length, start, comment = _END.unpack(_exactly(stream, _END.size))
    if sign != b"PK\5\6" or comment:
        raise Unsound("it is cut off, or something follows its end")
    if _WIDE in (length, start) or count == 0xFFFF:
        end, here, count, length, start = _wide_directory(stream, end)
    if disk or first or here != count:
        raise Unsound("it is one of several parts")
    if start + length != end:
        raise Unsound("its directory is not where it should be")
    return start, end, count


def _wide_directory(stream: BinaryIO, end: int) -> tuple[int, int, int, int, int]:
    """The same from the records with 64 bits, which stand in front of those with 32."""
    place = end - _LOCATOR.size - _END_64.size
    if place < 0:
        raise Unsound("its directory is damaged")
    stream.seek(place)
    record = _END_64.unpack(_exactly(stream, _END_64.size))
    sign, disk, at, disks = _LOCATOR.unpack(_exactly(stream, _LOCATOR.size))
    if (sign, disk, at, disks) != (b"PK\6\7", 0, place, 1) or record[:2] != (b"PK\6\6", _END_64.size - 12):
        raise Unsound("its directory is damaged")
    *_, here, count, length, start = record
    return place, here, count, length, start


def _entries(directory: bytes) -> Iterator[_Entry]:
    at = 0
    while at < len(directory):
        if len(directory) - at < _ENTRY.size:
            raise Unsound("its directory is cut off")
        fields = _ENTRY.unpack_from(directory, at)
        sign, _, _, flags, method, crc, packed, size, name, extra, comment, _, _, _, offset = fields
        at += _ENTRY.size
        end = at + name + extra + comment
        if sign != b"PK\1\2" or end > len(directory):
            raise Unsound("its directory is damaged")
        packed, size, offset = _wide_sizes(directory[at + name : at + name + extra], packed, size, offset)
        yield _Entry(flags, method, crc, packed, size, offset, directory[at : at + name])
        at = end


def _wide_sizes(extra: bytes, packed: int, size: int, offset: int) -> tuple[int, int, int]:
    """The three numbers, taken from the field with 64 bits where they stand there."""
    numbers = [size, packed, offset]  # in this order in the field
    if _WIDE not in numbers:
        return packed, size, offset
    at = 0
    while at + _EXTRA.size <= len(extra):
        kind, length = _EXTRA.unpack_from(extra, at)
        at += _EXTRA.size
        if kind == 1:
            wanted = [i for i, number in enumerate(numbers) if number == _WIDE]
            if length < 8 * len(wanted) or at + length > len(extra):
                break
            for n, i in enumerate(wanted):
                (numbers[i],) = struct.unpack_from("<Q", extra, at + 8 * n)
            return numbers[1], numbers[0], numbers[2]
        at += length
    raise Unsound("its directory is damaged")


def _check_names(entries: list[_Entry]) -> None:
    names: set[bytes] = set()
    for entry in entries:
        if entry.name in names:
            raise Unsound(f"it has the member `{shown_member(entry.name)}` twice")
        if any(sign in entry.name for sign in (b"/", b"\\", b"\0")) or entry.name.startswith(b".."):
            raise Unsound(f"the name of its member `{shown_member(entry.name)}` is a path")
        names.add(entry.name)


def _located(stream: BinaryIO, entries: list[_Entry], end: int) -> list[Member]:
    """The members, after checking that they fill the file up to the directory and share nothing."""
    members: dict[int, Member] = {}
    position, gap = 0, 0
    for index in sorted(range(len(entries)), key=lambda i: entries[i].offset):
        entry = entries[index]
        if not position <= entry.offset <= position + gap:
            raise Unsound("its members overlap, or there is something between them")
        member = members[index] = _member(stream, entry)
        position = member.start + member.packed
        gap = _LONGEST_DESCRIPTOR if entry.flags & _DESCRIPTOR else 0
    if not position <= end <= position + gap:
        raise Unsound("its members overlap, or there is something between them")
    return [members[i] for i in range(len(entries))]


def _member(stream: BinaryIO, entry: _Entry) -> Member:
    name = shown_member(entry.name)
    stream.seek(entry.offset)
    sign, _, flags, method, *_, length, extra = _LOCAL.unpack(_exactly(stream, _LOCAL.size))
    if sign != b"PK\3\4" or method != entry.method or stream.read(length) != entry.name:
        raise Unsound(f"its directory does not agree with the member `{name}`")
    if (flags | entry.flags) & _ENCRYPTED:
        raise Unsound(f"its member `{name}` is encrypted")
    if method not in (STORED, DEFLATED):
        raise Unsound(f"its member `{name}` is compressed in a way that is not read")
    start = entry.offset + _LOCAL.size + length + extra
    decoded = entry.name.decode("utf-8" if entry.flags & _UTF8 else "cp437", "replace")
    return Member(decoded, method, entry.crc, entry.packed, entry.size, start)


def _exactly(stream: BinaryIO, count: int) -> bytes:
    content = stream.read(count)
    if len(content) < count:
        raise Unsound("it is cut off")
    return content


def shown_member(name: bytes | str) -> str:
    """The name of a member in a message, of bounded length."""
    text = name.decode("utf-8", "replace") if isinstance(name, bytes) else name
    return text if len(text) <= 60 else f"{text[:40]}...{text[-15:]}"
