"""How much memory this process may still take: of the machine, its control groups, its own limits."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

UNLIMITED = 2**60
"""A control group of version 1 states a number near 2**63 where it sets no limit."""


class FreeMemory(NamedTuple):
    """Bytes that may still be taken, and what sets the bound."""

    size: int
    #: `on this machine`, `in its control group`, `within the limit on its address space`
    where: str


def free_memory(root: Path = Path("/")) -> FreeMemory | None:
    """The memory that is free for this process; None where the system does not say. `root` is where `/proc`
    and `/sys` are."""
    bounds = [*_of_machine(root), *_of_groups(root), *_of_process(root)]
    return min(bounds, default=None)


def _of_machine(root: Path) -> Iterator[FreeMemory]:
    if sys.platform == "win32":
        from graphlang.engine.windows_memory import available_bytes

        if (size := available_bytes()) is not None:
            yield FreeMemory(size, "on this machine")
    available = _numbers(root / "proc/meminfo").get("MemAvailable")
    if available is not None:
        yield FreeMemory(available * 1024, "on this machine")


def _of_groups(root: Path) -> Iterator[FreeMemory]:
    """What is left in each control group that this process is in, of version 2 and of version 1."""
    for line in _lines(root / "proc/self/cgroup"):
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if number == "0" and not controllers:
            files = "memory.max", "memory.current", ""
            folders = _upwards(root / "sys/fs/cgroup", path)
        elif "memory" in controllers.split(","):
            files = "memory.limit_in_bytes", "memory.usage_in_bytes", "total_"
            folders = _upwards(root / "sys/fs/cgroup/memory", path)
        else:
            continue
        for folder in folders:
            limit, used = _number(folder / files[0]), _number(folder / files[1])
            if limit is not None and used is not None and limit < UNLIMITED:
                kept = _numbers(folder / "memory.stat")
                cached = sum(kept.get(f"{files[2]}{age}_file", 0) for age in ("active", "inactive"))
                yield FreeMemory(max(0, limit - max(0, used - cached)), "in its control group")


def _upwards(mount: Path, path: str) -> Iterator[Path]:
    """The folders of a group and of those around it; in a container only some of them are there."""
    folder = mount / path.strip("/")
    yield folder
    while folder != mount:
        folder = folder.parent
        yield folder


def _of_process(root: Path) -> Iterator[FreeMemory]:
    if sys.platform == "win32":  # it sets no such limits
        return
    import resource

    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    taken = _numbers(root / "proc/self/status").get("VmSize")
    if limit != resource.RLIM_INFINITY and taken is not None:
        yield FreeMemory(max(0, limit - taken * 1024), "within the limit on its address space")


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return []


def _number(file: Path) -> int | None:
    """The number in a file; None where there is another word, such as `max`, or no file."""
    text = "".join(_lines(file)[:1]).strip()
    return int(text) if text.isdecimal() else None


def _numbers(file: Path) -> dict[str, int]:
    """The numbers of a file whose lines are a name, perhaps with a colon, and a number."""
    rows = [line.split() for line in _lines(file)]
    return {row[0].removesuffix(":"): int(row[1]) for row in rows if len(row) > 1 and row[1].isdecimal()}
