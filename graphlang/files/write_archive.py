"""Writes archives of arrays, which `numpy.load` reads too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, BinaryIO
from zipfile import ZipFile, ZipInfo

import numpy as np


def write_archive(stream: BinaryIO, arrays: Mapping[str, Any]) -> None:
    """Writes arrays by name, uncompressed; the same arrays give the same bytes.

    `numpy.savez` would put the time into the file, and before NumPy 2.2 it takes its own option
    `allow_pickle` for the name of an array.
    """
    with ZipFile(stream, "w") as archive:
        for name, array in arrays.items():
            member = ZipInfo(f"{name}.npy")
            member.external_attr = 0o600 << 16
            with archive.open(member, "w", force_zip64=True) as file:
                np.lib.format.write_array(file, np.asanyarray(array), allow_pickle=False)
