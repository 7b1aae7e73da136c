"""Makes archives and arrays byte by byte, so that every number in them may lie."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

WIDE = 0xFFFFFFFF


def npy(
    shape: str = "(3,)",
    data: bytes = bytes(24),
    *,
    descr: str = "'<f8'",
    order: str = "False",
    header: str | None = None,
    version: int = 1,
    length: int | None = None,
) -> bytes:
    """One array: its header as text, and the bytes behind it."""
    text = header or f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}"
    body = f"{text:<117}\n".encode("latin-1")
    size = struct.pack("<H" if version == 1 else "<I", len(body) if length is None else length)
    return b"\x93NUMPY" + bytes([version, 0]) + size + body + data


@dataclass
class Member:
    """A member of an archive; what is None is what belongs there."""

    name: str | bytes
    content: bytes = b""
    method: int = 0
    #: the bytes in the archive
    packed: bytes | None = None
    crc: int | None = None
    #: the sizes that the directory announces
    packed_size: int | None = None
    size: int | None = None
    flags: int = 0
    #: where the directory says that it starts
    offset: int | None = None
    #: its name in front of its bytes
    local_name: bytes | None = None
    extra: bytes = b""


def archive(
    members: Sequence[Member],
    *,
    before: bytes = b"",
    between: bytes = b"",
    after: bytes = b"",
    count: int | None = None,
    start: int | None = None,
    wide: Sequence[int] | None = None,
) -> bytes:
    """A zip file. `wide` are the four numbers of a record with 64 bits: entries here, entries, bytes, start."""
    content, directory = bytearray(before), bytearray()
    for member in members:
        name = member.name.encode() if isinstance(member.name, str) else member.name
        packed = member.packed
        if packed is None:
            packed = _deflated(member.content) if member.method == 8 else member.content
        crc = zlib.crc32(member.content) if member.crc is None else member.crc
        packed_size = len(packed) if member.packed_size is None else member.packed_size
        size = len(member.content) if member.size is None else member.size
        offset = len(content) if member.offset is None else member.offset
        local = name if member.local_name is None else member.local_name
        numbers = (20, member.flags, member.method, 0, 33, crc, packed_size, size)
        content += struct.pack("<4s5H3I2H", b"PK\3\4", *numbers, len(local), 0) + local + packed + between
        directory += struct.pack(
            "<4s6H3I5H2I", b"PK\1\2", 20, *numbers, len(name), len(member.extra), 0, 0, 0, 0, offset
        )
        directory += name + member.extra
    place = len(content)
    content += directory
    count = len(members) if count is None else count
    end = [count, count, len(directory), place if start is None else start]
    if wide is not None:
        record = len(content)
        content += struct.pack("<4sQ2H2I4Q", b"PK\6\6", 44, 45, 45, 0, 0, *wide)
        content += struct.pack("<4sIQI", b"PK\6\7", 0, record, 1)
        end = [0xFFFF, 0xFFFF, WIDE, WIDE]
    return bytes(content) + struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, *end, 0) + after


def _deflated(content: bytes) -> bytes:
    deflater = zlib.compressobj(wbits=-15)
    return deflater.compress(content) + deflater.flush()


def zeros(mebibytes: int) -> bytes:
    """Deflated zeros: after a full flush every piece is inflated on its own, so one may be repeated."""
    deflater = zlib.compressobj(9, wbits=-15)
    piece = deflater.compress(bytes(2**20)) + deflater.flush(zlib.Z_FULL_FLUSH)
    return piece * mebibytes + b"\3\0"


def bomb(name: str, mebibytes: int) -> bytes:
    """An archive of one array of zeros; its sizes agree with one another."""
    start = npy(f"({mebibytes * 2**20 // 8 - 16},)", b"")
    deflater = zlib.compressobj(9, wbits=-15)
    first = deflater.compress(start + bytes(2**20 - len(start))) + deflater.flush(zlib.Z_FULL_FLUSH)
    packed = first + zeros(mebibytes - 1)
    return archive([Member(f"{name}.npy", b"", 8, packed, size=mebibytes * 2**20)])
