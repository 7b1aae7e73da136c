"""Writes archives of arrays, which `numpy.load` reads too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, BinaryIO, NamedTuple
from zipfile import ZipFile, ZipInfo

import numpy as np

from graphlang.files.seal import SEAL, seal_of


class _Written(NamedTuple):
    """What is sealed of a member."""

    size: int
    crc: int


def write_archive(stream: BinaryIO, arrays: Mapping[str, Any], *, sealed: bool = False) -> None:
    """Writes arrays by name, uncompressed; the same arrays give the same bytes.

    `numpy.savez` would put the time into the file, and before NumPy 2.2 it takes its own option
    `allow_pickle` for the name of an array.
    """
    with ZipFile(stream, "w") as archive:
        written = {name: _member(archive, name, array) for name, array in arrays.items()}
        if sealed:
            _member(archive, SEAL, np.asarray(seal_of(written)))


def _member(archive: ZipFile, name: str, array: Any) -> _Written:
    member = ZipInfo(f"{name}.npy")
    member.create_system = 3  # POSIX, on Windows too, so that the bytes are the same
    member.external_attr = 0o600 << 16
    with archive.open(member, "w", force_zip64=True) as file:
        np.lib.format.write_array(file, np.asanyarray(array), allow_pickle=False)
    return _Written(member.file_size, member.CRC)
