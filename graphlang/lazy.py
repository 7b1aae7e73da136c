"""What is made when it is first needed: once, whichever thread asks first.

`functools.cached_property` (from Python 3.12 on) and `functools.cache` let two threads that ask at the same
time make a value each, and keep one of them: whoever got the other one writes into an array that nobody else
sees.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Hashable, Iterator, MutableMapping
from contextlib import contextmanager
from functools import update_wrapper
from typing import Any, Generic, ParamSpec, Self, TypeVar, cast, overload

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
P = ParamSpec("P")
_MISSING: Any = object()


class _CountedLock:
    """A lock with the number of threads that hold it or wait for it."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.users = 0


class _Locks:
    """The locks of what is being made now, by key."""

    def __init__(self) -> None:
        self.guard = threading.Lock()
        self.by_key: dict[Hashable, _CountedLock] = {}


_locks = _Locks()
if hasattr(os, "register_at_fork"):
    # A forked child inherits the locks of the parent's other threads, which nobody there would release.
    os.register_at_fork(after_in_child=_locks.__init__)  # type: ignore[misc]


@contextmanager
def alone(key: Hashable) -> Iterator[None]:
    """Lets one thread at a time into the blocks of a key; the same thread may enter them again.

    A key begins with the `id` of what the block belongs to.
    """
    with _locks.guard:
        counted = _locks.by_key.setdefault(key, _CountedLock())
        counted.users += 1
    try:
        with counted.lock:
            yield
    finally:
        with _locks.guard:
            counted.users -= 1
            if not counted.users and _locks.by_key.get(key) is counted:
                del _locks.by_key[key]


def get_or_make(values: MutableMapping[K, V], key: K, make: Callable[[], V]) -> V:
    """The value of a key, made where it is missing; threads that ask at the same time get the same one."""
    value: V = values.get(key, _MISSING)
    if value is _MISSING:
        with alone((id(values), key)):
            value = values.get(key, _MISSING)
            if value is _MISSING:
                value = values[key] = make()
    return value


class lazy(Generic[V]):  # noqa: N801 - a decorator
    """A property that is computed when first looked at, and then is an ordinary attribute."""

    def __init__(self, compute: Callable[[Any], V]) -> None:
        self._compute = compute
        self.__doc__ = compute.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...

    @overload
    def __get__(self, instance: object, owner: type) -> V: ...

    def __get__(self, instance: object | None, owner: type) -> Self | V:
        if instance is None:
            return self
        attributes: dict[str, V] = vars(instance)
        return get_or_make(attributes, self._name, lambda: self._compute(instance))


class _MadeOnce(Generic[P, V]):
    def __init__(self, make: Callable[P, V]) -> None:
        self._make = make
        self._values: dict[Any, V] = {}
        update_wrapper(cast("Any", self), make)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> V:
        assert not kwargs, "the arguments are the key, so they are passed by position"
        value: V = self._values.get(args, _MISSING)
        if value is not _MISSING:
            return value
        return get_or_make(self._values, args, lambda: self._make(*args, **kwargs))

    def forget(self) -> None:
        """Drops all results."""
        self._values.clear()


def made_once(make: Callable[P, V]) -> _MadeOnce[P, V]:
    """A function whose result is kept for each combination of its arguments."""
    return _MadeOnce(make)
