"""Who writes a run: one process at a time.

The lock is one on the file `.lock` in the folder of the run. The system takes it from a process that ends,
however it ends, so it never has to be removed by hand. Where there are no locks (some network file systems),
nobody is kept out; a new folder still is taken by one process alone.
"""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from pathlib import Path

from graphlang.diagnostics import GraphError
from graphlang.diagnostics.weights import RunBusy
from graphlang.files.locks import HELD, lock, unlock
from graphlang.files.regular import open_regular, refuse_others
from graphlang.files.replace import remove_leftovers

LOCK = ".lock"
_FLAGS = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
_MOST_BYTES = 1000


class RunLock:
    """Held until it is released, or until the process ends."""

    def __init__(self, folder: Path) -> None:
        """Raises GraphError where another process writes the run, and OSError where the folder refuses it."""
        self._descriptor: int | None = os.open(folder / LOCK, _FLAGS, 0o666)
        try:
            self._take(folder)
        except BaseException:
            self.release()
            raise
        remove_leftovers(folder)

    def release(self) -> None:
        """Lets another process write."""
        if self._descriptor is not None:
            unlock(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = None

    def _take(self, folder: Path) -> None:
        assert self._descriptor is not None
        refuse_others(os.fstat(self._descriptor), str(folder / LOCK))
        if lock(self._descriptor) == HELD:
            raise GraphError([RunBusy(str(folder), _holder(folder))])
        with suppress(OSError):  # who holds it is for messages alone: a full disk does no harm
            os.ftruncate(self._descriptor, 0)
            os.write(self._descriptor, f"{os.getpid()} {socket.gethostname()}\n".encode())


def _holder(folder: Path) -> str:
    """The process that holds the lock of a folder, as it signed; empty where it did not."""
    try:
        with open_regular(folder / LOCK) as file:
            process, _, host = file.content(_MOST_BYTES).decode().strip().partition(" ")
    except (OSError, ValueError):
        return ""
    if not process.isdigit():
        return ""
    return f", process {process}" if host == socket.gethostname() else f", process {process} on {host}"
