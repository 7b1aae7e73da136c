"""One array in a file, as `numpy.save` writes it."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphlang.files.array_archive import NUMBERS, check_kind, shaped
from graphlang.files.array_header import MOST_BYTES, read_array_header
from graphlang.files.regular import ChangedFile, RegularFile
from graphlang.files.unsound import Announces, CutOff


def read_array_file(file: RegularFile, name: str, kinds: str = NUMBERS) -> Any:
    """The array; raises Unsound, or ChangedFile. `name` is that of the array in messages."""
    file.stream.seek(0)
    header = read_array_header(file.stream, name)
    check_kind(name, header, kinds)
    if header.extent > MOST_BYTES:
        raise Announces(f"`{name}`", header.extent, MOST_BYTES)
    if header.total != file.size:
        raise CutOff(f"`{name}`", header.total, file.size)
    assert header.dtype is not None
    flat = np.empty((header.total - header.length) // header.dtype.itemsize, header.dtype)
    length = file.stream.readinto(flat.view(np.uint8))  # type: ignore[attr-defined]
    if length != flat.nbytes or file.stream.read(1):
        raise ChangedFile(file.name)
    return shaped(flat, header)
