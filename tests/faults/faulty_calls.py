"""Calls of the system that end the process, or fail, at a step that was chosen: every step of a save."""

from __future__ import annotations

import errno
import io
import os
import signal
from collections.abc import Callable
from typing import Any

ERRORS = {"open": errno.ENOSPC, "write": errno.ENOSPC, "fsync": errno.EIO, "replace": errno.EIO}
"""How a disk that is full or broken answers each call."""


class Steps:
    """Counts the calls that write, of this process; the chosen one kills it (also amid a write), or fails."""

    def __init__(self, chosen: int | None, *, kills: bool = True) -> None:
        self.chosen, self.kills = chosen, kills
        self.calls: list[str] = []

    def install(self) -> None:
        """Lets all files that are written from now on be written through here."""
        self._open, self._fdopen = os.open, os.fdopen
        os.open = self._opened  # type: ignore[assignment]
        os.fdopen = self._file  # type: ignore[assignment]
        os.fsync = self._counted("fsync", os.fsync)  # type: ignore[assignment]
        os.replace = self._counted("replace", os.replace)  # type: ignore[assignment]

    def step(self, name: str, half: Callable[[], Any] | None = None) -> None:
        """Comes before each call; `half` does a part of it."""
        self.calls.append(name)
        if len(self.calls) != self.chosen:
            return
        if half is not None:
            half()
        if self.kills:
            os.kill(os.getpid(), signal.SIGKILL)
        raise OSError(ERRORS[name], os.strerror(ERRORS[name]))

    def _opened(self, path: Any, flags: int, *more: Any, **options: Any) -> int:
        if flags & os.O_EXCL:
            self.step("open")
        return self._open(path, flags, *more, **options)

    def _file(self, descriptor: int, mode: str = "r", *more: Any, **options: Any) -> Any:
        if mode != "wb":
            return self._fdopen(descriptor, mode, *more, **options)
        return io.BufferedWriter(_Raw(descriptor, self))

    def _counted(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any) -> Any:
            self.step(name)
            return call(*arguments)

        return counted


class _Raw(io.FileIO):
    """A file whose writes are steps, each of which may end half way."""

    def __init__(self, descriptor: int, steps: Steps) -> None:
        super().__init__(descriptor, "wb")
        self._steps = steps

    def write(self, content: Any) -> int:
        part = memoryview(content)[: max(1, len(content) // 2)]
        self._steps.step("write", lambda: io.FileIO.write(self, part))
        return super().write(content)
