"""Tells whoever listens how far a large file is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from time import perf_counter

_AFTER = 1.0
"""Seconds before the first sentence."""
_EVERY = 0.2
"""Seconds between two."""
_listener: ContextVar[Callable[[str, float], object] | None] = ContextVar("listener", default=None)


@contextmanager
def listening(tell: Callable[[str, float], object]) -> Iterator[None]:
    """Until the block ends, `tell` gets the name of a file and the share of it that is read.

    It is called where that takes longer than a second, for the last time with a share of 1.
    """
    token = _listener.set(tell)
    try:
        yield
    finally:
        _listener.reset(token)


class Reading:
    """One pass over a file under way."""

    def __init__(self, path: str, total: int) -> None:
        self._path = path
        self._total = max(1, total)
        self._tell = _listener.get()
        self._next = perf_counter() + _AFTER
        self._told = False

    def told(self, done: int) -> None:
        """Says how much of the total is done, where it is time for it."""
        if self._tell is None:
            return
        now = perf_counter()
        if now >= self._next or (self._told and done >= self._total):
            self._next, self._told = now + _EVERY, True
            self._tell(self._path, min(1.0, done / self._total))
