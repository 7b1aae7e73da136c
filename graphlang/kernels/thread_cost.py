"""How many threads pay for a piece of work: an estimate of the time that it takes on 1, 2, ... threads.

The time on several threads is the work's share of the busiest thread, what handing out the jobs takes, and
what the threads wait for the interpreter's lock: each needs it for a moment at every call of NumPy. A
free-threaded Python has no such lock. Threads also share the memory's bandwidth.
"""

from __future__ import annotations

import sys
from functools import lru_cache
from math import ceil
from typing import NamedTuple

from graphlang.trace.work import Work

__all__ = ["PAYS", "Prices", "Work", "prices", "seconds", "seconds_on", "set_prices", "threads_that_pay"]


class Prices(NamedTuple):
    """What the machine takes, in seconds. The defaults are those of a processor of the 2020s."""

    #: one operation of a product of float32 matrices, within BLAS
    flop: float = 1.2e-11
    #: one operation on an element that is in cache
    operation: float = 6e-11
    #: one byte read from memory, or written to it
    byte: float = 5e-11
    #: what a call of NumPy takes under the interpreter's lock
    call: float = 5e-7
    #: from handing out the first job until its result is back, without the job itself
    handover: float = 2e-5
    #: handing out one more job
    job: float = 7e-6
    #: whether threads wait for the interpreter's lock
    locked: bool = getattr(sys, "_is_gil_enabled", lambda: True)()


PAYS = 0.9
"""More threads must take at most this share of the time that fewer take: the estimate is rough, and a thread
that hardly helps is better left to others."""
_CROWD = 0.02
"""By how much each further thread slows down the others, which share caches, power and often a core."""
_SHARED_MEMORY = 0.15
"""The same for what is read from memory or written to it."""


class _Machine:
    """The prices of the machine that this process runs on."""

    prices = Prices()


def set_prices(prices: Prices) -> None:
    """Sets the prices that all further decisions of the process are made with."""
    _Machine.prices = prices
    threads_that_pay.cache_clear()


def prices() -> Prices:
    """The prices that decisions are made with."""
    return _Machine.prices


@lru_cache(maxsize=4096)
def threads_that_pay(work: Work, limit: int, parts: int) -> int:
    """How many threads, of `limit` at most, to divide a work over that consists of `parts` equal parts."""
    best, best_time = 1, seconds_on(work, 1, parts)
    for count in _counts(min(limit, parts)):
        time = seconds_on(work, count, parts)
        if time < PAYS * best_time:
            best, best_time = count, time
    return best


def seconds(work: Work, prices: Prices) -> float:
    """The time on one thread, without what each call takes under the lock."""
    return work.flops * prices.flop + work.operations * prices.operation + work.moved * prices.byte


def seconds_on(work: Work, threads: int, parts: int, prices: Prices | None = None) -> float:
    """The estimated time on some threads, which share out equal parts."""
    prices = prices or _Machine.prices
    alone = seconds(work, prices) + work.calls * prices.call
    if threads == 1:
        return alone
    share = ceil(parts / threads) / parts
    crowd, crowd_at_memory = 1 + _CROWD * (threads - 1), 1 + _SHARED_MEMORY * (threads - 1)
    moved = work.moved * prices.byte
    busy = (alone - moved) * crowd + moved * crowd_at_memory
    handing_over = prices.handover + prices.job * (threads - 2)
    if not prices.locked:
        return share * busy + handing_over
    # Another thread holds the lock with this probability; then the thread sleeps, and has to be woken up,
    # while nobody holds the lock.
    taken = min(1.0, (threads - 1) * prices.call * work.calls / alone) if alone else 0.0
    waiting = work.calls * taken * prices.handover
    locked = work.calls * prices.call + waiting
    return max(share * (busy + waiting), locked) + handing_over


def _counts(most: int) -> list[int]:
    """The numbers of threads to look at: every small one, and fewer of the large ones."""
    return [n for n in range(2, most + 1) if n <= 8 or n % 4 == 0 or n == most]
