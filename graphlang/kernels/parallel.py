"""Divides the work of a kernel into ranges that run at the same time, if the caller provides threads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple, TypeVar

from graphlang.kernels.thread_cost import Work, threads_that_pay

T = TypeVar("T")
Jobs = Sequence[Callable[[], None]]


class _Threads(NamedTuple):
    limit: int
    run: Callable[[Jobs], None]


_threads: ContextVar[_Threads | None] = ContextVar("kernel_threads", default=None)


@contextmanager
def worker_threads(count: int, run: Callable[[Jobs], None]) -> Iterator[None]:
    """Until the block ends, kernels pass up to `count` jobs to `run`, which returns when all are done.

    This affects the calling thread only, so that a kernel within a job does not divide its work again.
    """
    token = _threads.set(_Threads(count, run))
    try:
        yield
    finally:
        _threads.reset(token)


def parallel(
    work: Callable[[int, int], T], n: int, cost: Callable[[], Work] | None = None, grain: int = 1
) -> list[T]:
    """The results of `work(start, stop)` on ranges that cover 0 to n, in order.

    `cost` gives the whole work, which decides how many threads pay; without it all are used. Ranges begin at
    multiples of `grain`: work in tiles of that many then has the same tiles, and the same bits, on any number
    of threads.
    """
    tiles = -(-n // grain)
    count = threads_for(cost, tiles)
    if count < 2:
        return [work(0, n)]
    results: dict[int, T] = {}

    def job(start: int, stop: int) -> Callable[[], None]:
        return lambda: results.update({start: work(start, stop)})

    parts = [(start * grain, min(stop * grain, n)) for start, stop in ranges(tiles, count)]
    run_all([job(*part) for part in parts])
    return [results[start] for start, _ in parts]


def threads_for(cost: Callable[[], Work] | None, parts: int) -> int:
    """The number of threads to divide a work of some equal parts over, of those that the caller provides."""
    limit = min(available(), parts)
    return limit if cost is None or limit < 2 else threads_that_pay(cost(), limit, parts)


def shares(work: Work, n: int, limit: int, grain: int) -> list[slice]:
    """The ranges of 0 to n for each thread, on as many of `limit` threads as pay; they begin at multiples of
    `grain`."""
    tiles = -(-n // grain)
    count = threads_that_pay(work, limit, tiles)
    return [slice(start * grain, min(stop * grain, n)) for start, stop in ranges(tiles, count)]


def available() -> int:
    """The number of threads that a kernel may divide its work over."""
    threads = _threads.get()
    return 1 if threads is None else threads.limit


def run_all(jobs: Jobs) -> None:
    """Runs jobs at the same time, or one after the other if the caller provides no threads."""
    threads = _threads.get()
    if threads is not None and len(jobs) > 1:
        threads.run(jobs)
        return
    for job in jobs:
        job()


def ranges(n: int, count: int) -> list[tuple[int, int]]:
    """`count` ranges of about equal size that cover 0 to n; n ranges of one number if n is smaller."""
    count = max(1, min(count, n))
    return [(n * i // count, n * (i + 1) // count) for i in range(count)]


def blocks(start: int, stop: int, item_bytes: int, block_bytes: int = 2**18) -> Iterator[slice]:
    """Slices from `start` to `stop`, each of as many items as fit into `block_bytes`, but of one at least."""
    items = max(1, block_bytes // max(1, item_bytes))
    for first in range(start, stop, items):
        yield slice(first, min(first + items, stop))
