"""The memory that Windows can still give."""

from __future__ import annotations

import ctypes
import sys


class _MemoryStatus(ctypes.Structure):
    """MEMORYSTATUSEX of kernel32."""

    _fields_ = (
        ("length", ctypes.c_uint32),
        ("load", ctypes.c_uint32),
        *(
            (f"{kind}_{of}", ctypes.c_uint64)
            for of in ("physical", "page_file", "virtual")
            for kind in ("total", "available")
        ),
        ("available_extended", ctypes.c_uint64),
    )


def available_bytes() -> int | None:
    """The bytes of memory that are free, or can be freed at once; None where Windows does not say."""
    if sys.platform != "win32":
        return None
    status = _MemoryStatus(length=ctypes.sizeof(_MemoryStatus))
    if not ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status)):
        return None
    size: int = status.available_physical
    return size
