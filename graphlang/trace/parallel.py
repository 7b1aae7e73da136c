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
    cuts = [n * i // count for i in range(count + 1)]
    results: dict[int, T] = {}

    def job(i: int) -> Callable[[], None]:
        return lambda: results.update({i: work(cuts[i], cuts[i + 1])})

    given.run([job(i) for i in range(count)])
    return [results[i] for i in range(count)]


def blocks(start: int, stop: int, item_bytes: int, block_bytes: int = 2**18) -> Iterator[slice]:
    """Slices from `start` to `stop`, each of as many items as stay in cache, of one at least."""
    items = max(1, block_bytes // max(1, item_bytes))
    for first in range(start, stop, items):
        yield slice(first, min(first + items, stop))
