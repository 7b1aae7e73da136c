"""The cores that a contender gets: its process is tied to them, and libraries choose their threads by it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ALL = "all"
SETTING = "GRAPHLANG_BENCHMARK_THREADS"
"""The environment variable for graphlang's own threads, where a process cannot be tied to cores."""
_SETTINGS = (SETTING, "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
_SIBLINGS = "/sys/devices/system/cpu/cpu{}/topology/thread_siblings_list"


def counts_of(asked: Sequence[str]) -> list[int]:
    """The numbers of threads to measure at, in order: those that are asked for and that the machine has."""
    there = available()
    numbers = {there if text == ALL else int(text) if text.isdecimal() else 0 for text in asked}
    if not numbers or min(numbers) < 1:
        raise ValueError("a number of threads is 1 or more, or `all`")
    return sorted({min(number, there) for number in numbers})


def available() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if can_tie() else os.cpu_count() or 1


def can_tie() -> bool:
    """Whether the system ties processes to cores."""
    return hasattr(os, "sched_setaffinity")


def settings(count: int) -> dict[str, str]:
    """The environment of a contender: empty where it is tied to cores, else its libraries' own settings."""
    return {} if can_tie() else dict.fromkeys(_SETTINGS, str(count))


@contextmanager
def held_to(count: int) -> Iterator[None]:
    """Ties the processes that the block starts to so many cores."""
    if not can_tie():
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, in_order(before)[:count])
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def in_order(processors: set[int]) -> list[int]:
    """Processors, so that the first ones are cores of their own: the second thread of a core comes late."""
    cores: dict[str, list[int]] = {}
    for processor in sorted(processors):
        cores.setdefault(_core_of(processor), []).append(processor)
    return sorted(sorted(processors), key=lambda p: next(c.index(p) for c in cores.values() if p in c))


def _core_of(processor: int) -> str:
    try:
        return Path(_SIBLINGS.format(processor)).read_text(encoding="ascii").strip()
    except OSError:
        return str(processor)
