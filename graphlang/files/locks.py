"""Locks on files, which the system takes from a process that ends in whatever way (flock).

A system without flock (Windows), or a file system that refuses it, has no locks: then nothing is held.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

try:
    _fcntl: Any = importlib.import_module("fcntl")
except ImportError:  # Windows
    _fcntl = None

HELD, TAKEN, NO_LOCKS = "held", "taken", "no locks"
_FLAGS = os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)


def lock(descriptor: int) -> str:
    """Locks an open file if it can: `TAKEN`, or `HELD` where another process holds it, or `NO_LOCKS`."""
    if _fcntl is None:
        return NO_LOCKS
    flock: Callable[[int, int], None] = _fcntl.flock
    try:
        flock(descriptor, _fcntl.LOCK_EX | _fcntl.LOCK_NB)
    except BlockingIOError:
        return HELD
    except OSError:
        return NO_LOCKS
    return TAKEN


def is_free(path: Path) -> bool:
    """Whether a file is there, can be locked, and nobody has locked it; raises OSError."""
    descriptor = os.open(path, _FLAGS)
    try:
        return lock(descriptor) == TAKEN
    finally:
        os.close(descriptor)
