"""The size of the processor's second-level cache, from which the size of blocks follows."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

__all__ = ["second_level_bytes"]

_CACHES = Path("/sys/devices/system/cpu/cpu0/cache")
_UNITS = {"K": 2**10, "M": 2**20, "G": 2**30}


def second_level_bytes(caches: Path = _CACHES) -> int | None:
    """Bytes of the second-level cache of the first core, as Linux tells it in a folder; None where it does
    not."""
    with suppress(OSError, ValueError, KeyError):
        for cache in sorted(caches.glob("index*")):
            level, kind, size = (
                (cache / name).read_text(encoding="ascii").strip() for name in ("level", "type", "size")
            )
            if level == "2" and kind != "Instruction":
                return int(size[:-1]) * _UNITS[size[-1]]
    return None
