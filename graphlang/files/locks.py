"""Locks on open files, which the system takes from a process that ends in whatever way.

POSIX has flock; Windows locks bytes, through msvcrt. A file system that refuses both has no locks: then
nothing is held.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import ModuleType

HELD, TAKEN, NO_LOCKS = "held", "taken", "no locks"
_FLAGS = os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
_BYTE = 2**31 - 2
"""The byte that is locked on Windows, where nobody else may read or write it then. It lies behind what others
read, as who holds the lock, and need not be there."""


def _module(name: str) -> ModuleType | None:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


_fcntl = _module("fcntl")
_msvcrt = None if _fcntl is not None else _module("msvcrt")


def lock(descriptor: int) -> str:
    """Locks an open file if it can: `TAKEN`, or `HELD` where another process holds it, or `NO_LOCKS`."""
    if _fcntl is not None:
        return _taken(BlockingIOError, lambda: _fcntl.flock(descriptor, _fcntl.LOCK_EX | _fcntl.LOCK_NB))
    if _msvcrt is not None:
        return _taken(PermissionError, lambda: _change_byte(descriptor, _msvcrt.LK_NBLCK))
    return NO_LOCKS


def unlock(descriptor: int) -> None:
    """To be called before a file is closed, which on Windows lets go of the lock only some time later."""
    if _msvcrt is not None:
        with suppress(OSError):  # it was not locked
            _change_byte(descriptor, _msvcrt.LK_UNLCK)


def is_free(path: Path) -> bool:
    """Whether a file is there, can be locked, and nobody has locked it; raises OSError."""
    descriptor = os.open(path, _FLAGS)
    try:
        return lock(descriptor) == TAKEN
    finally:
        unlock(descriptor)
        os.close(descriptor)


def _taken(where_held: type[OSError], take: Callable[[], object]) -> str:
    """What came of taking a lock; `where_held` is raised where another process holds it."""
    try:
        take()
    except where_held:
        return HELD
    except OSError:
        return NO_LOCKS
    return TAKEN


def _change_byte(descriptor: int, mode: int) -> None:
    """Locks or unlocks the byte, and leaves the position in the file as it is."""
    assert _msvcrt is not None
    position = os.lseek(descriptor, 0, os.SEEK_CUR)
    os.lseek(descriptor, _BYTE, os.SEEK_SET)
    try:
        _msvcrt.locking(descriptor, mode, 1)
    finally:
        os.lseek(descriptor, position, os.SEEK_SET)
