"""Divides the work of one kernel into ranges, which run at the same time where a caller provides threads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple, TypeVar

T = TypeVar("T")
Jobs = Sequence[Callable[[], None]]


class _Threads(NamedTuple):
    limit: int
    run: Callable[[Jobs], None]


_threads: ContextVar[_Threads | None] = ContextVar("kernel_threads", default=None)


@contextmanager
def threads(count: int, run: Callable[[Jobs], None]) -> Iterator[None]:
    """Within it kernels hand up to `count` jobs at once to `run`, which returns when all are done.

    It holds for the calling thread alone, so that a kernel inside of a job does not divide its work again.
    """
    token = _threads.set(_Threads(count, run))
    try:
        yield
    finally:
        _threads.reset(token)


def parallel(work: Callable[[int, int], T], n: int) -> list[T]:
    """The results of `work(start, stop)` on ranges that cover 0 to n, in order.

    The ranges depend on `n` and the number of threads alone, so what is added up in their order has the
    same bits in every run.
    """
    given = _threads.get()
    count = 1 if given is None else min(given.limit, n)
    if given is None or count < 2:
        return [work(0, n)]
    results: dict[int, T] = {}

    def job(start: int, stop: int) -> Callable[[], None]:
        return lambda: results.update({start: work(start, stop)})

    given.run([job(*part) for part in ranges(n, count)])
    return [results[start] for start, _ in ranges(n, count)]


def available() -> int:
    """Over how many threads a kernel may divide its work here."""
    given = _threads.get()
    return 1 if given is None else given.limit


def at_once(jobs: Jobs) -> None:
    """Runs jobs at the same time, or one after the other where there are no threads for them."""
    given = _threads.get()
    if given is not None and len(jobs) > 1:
        given.run(jobs)
        return
    for job in jobs:
        job()


def ranges(n: int, count: int) -> list[tuple[int, int]]:
    """Ranges of about equal size that cover 0 to n: `count`, or as many as there are numbers."""
    count = max(1, min(count, n))
    return [(n * i // count, n * (i + 1) // count) for i in range(count)]


def blocks(start: int, stop: int, item_bytes: int, block_bytes: int = 2**18) -> Iterator[slice]:
    """Slices from `start` to `stop`, each of as many items as stay in cache, of one at least."""
    items = max(1, block_bytes // max(1, item_bytes))
    for first in range(start, stop, items):
        yield slice(first, min(first + items, stop))
