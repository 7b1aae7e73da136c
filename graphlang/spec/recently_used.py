"""A bounded cache: where it is full, what has not been used for longest makes room."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from graphlang.lazy import alone

Value = TypeVar("Value")


class _Entry(Generic[Value]):
    __slots__ = ("used", "value")

    def __init__(self, value: Value, used: int) -> None:
        self.value = value
        #: when it was last used
        self.used = used


class RecentlyUsed(Generic[Value]):
    """At most `capacity` values by key; any number of threads may use it at the same time."""

    __slots__ = ("_entries", "_time", "capacity")

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._entries: dict[Hashable, _Entry[Value]] = {}
        #: counts the uses; two at the same time may get the same number
        self._time = 0

    def get(self, key: Hashable) -> Value | None:
        """The value of a key, which counts as a use of it; None where it is not there."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        entry.used = self._time = self._time + 1
        return entry.value

    def get_or_make(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """The value of a key, made where it is not there: once, also where several threads ask for it."""
        value = self.get(key)
        if value is None:
            with alone((id(self), key)):
                value = self.get(key)
                if value is None:
                    value = make()
                    self[key] = value
        return value

    def __setitem__(self, key: Hashable, value: Value) -> None:
        with alone(id(self)):
            self._time += 1
            self._entries[key] = _Entry(value, self._time)
            if len(self._entries) > self.capacity:
                self._make_room()

    def _make_room(self) -> None:
        """Drops what was not used for longest; of a large cache several values, for looking takes time."""
        from heapq import nsmallest

        entries = self._entries
        for key in nsmallest(1 + self.capacity // 64, entries, key=lambda key: entries[key].used):
            del entries[key]

    def __len__(self) -> int:
        return len(self._entries)

    def values(self) -> list[Value]:
        """All values, the one last used at the end."""
        entries = list(self._entries.values())  # at once, for other threads may add to them meanwhile
        entries.sort(key=lambda entry: entry.used)
        return [entry.value for entry in entries]
