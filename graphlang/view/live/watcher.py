"""Looks at files until one of them has changed.

Polling needs nothing of the system and sees every kind of save: in place, by a new file under the old name,
or piece by piece.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterable
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

from graphlang.files.regular import read_bytes

EVERY = 0.03
"""Seconds between two looks."""
SETTLED = 0.15
"""Seconds that a file has to stay as it is before it counts as wrong: it may be half written."""
COMPARED = 8 * 2**20
"""Up to so many bytes a file is compared by its content, above by its times and size alone."""
TICK = 16_000_000
"""Nanoseconds between two ticks of the clock with which Windows stamps files. From Python 3.13 on `time_ns`
takes a finer one."""


class Stamp(NamedTuple):
    """When a file was written, as the system tells it."""

    modified: int
    changed: int
    size: int
    inode: int


class Watcher:
    """A thread that calls back when one of some files has another content than before.

    `changed(settled)` is called on every change, with False. It returns whether the files could be used;
    where not, it is called with True once nothing has changed for a while.
    """

    def __init__(self, files: Callable[[], Iterable[Path]], changed: Callable[[bool], bool]) -> None:
        self._files = files
        self._changed = changed
        self._stamps: dict[Path, Stamp | None] = {}
        self._contents: dict[Path, bytes] = {}
        #: when the files were read last, by the clock that stamps them
        self._read = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="graphlang live watcher", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._ended.set()
        self._thread.join(5)

    def look(self) -> bool:
        """Whether a file has another content than when it was read, has come or has gone."""
        files = set(self._files())
        changed = [path for path in files if self._differs(path)]
        for path in self._stamps.keys() - files:
            del self._stamps[path]
            self._contents.pop(path, None)
        return bool(changed)

    def _differs(self, path: Path) -> bool:
        stamp, watched = _stamp(path), path in self._stamps
        if watched and self._stamps[path] == stamp:
            return False
        self._stamps[path] = stamp
        before = self._contents.pop(path, None)
        if stamp is not None and stamp.size <= COMPARED:
            content = _content(path)
            if content is not None:
                self._contents[path] = content
            return content != before if watched else self._came_later(stamp)
        return watched or self._came_later(stamp)

    def _came_later(self, stamp: Stamp | None) -> bool:
        """Whether a file that nobody knew to watch was written while or after the files were read."""
        return stamp is not None and stamp.modified > self._read

    def reading(self) -> None:
        """The files are read now."""
        self._read = _stamping_clock()

    def _run(self) -> None:
        while not self._ended.wait(EVERY):
            if self.look():
                self._until_used()

    def _until_used(self) -> None:
        """Calls back until the files can be used, or have settled and cannot."""
        if self._use(False):
            return
        since = time.monotonic()
        while not self._ended.wait(EVERY):
            if self.look():
                if self._use(False):
                    return
                since = time.monotonic()
            elif time.monotonic() - since >= SETTLED:
                self._use(True)
                return

    def _use(self, settled: bool) -> bool:
        self.reading()
        return self._changed(settled)


def _stamping_clock() -> int:
    """The time in nanoseconds of the clock that stamps files, which may lag behind the finer one."""
    if sys.platform == "linux":
        return time.clock_gettime_ns(5)  # CLOCK_REALTIME_COARSE
    return time.time_ns() - (TICK if sys.platform == "win32" else 0)


def _stamp(path: Path) -> Stamp | None:
    """None for a file that is not there."""
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    return Stamp(status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino)


def _content(path: Path) -> bytes | None:
    """A digest of a file; None for one that cannot be read, as a folder."""
    try:
        return blake2b(read_bytes(path, COMPARED), digest_size=16).digest()
    except OSError:
        return None
