"""What a signal does to a training: it ends between two steps, and the run is saved."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NoReturn, Self

if TYPE_CHECKING:
    from graphlang.training.record import Progress

NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
SIGNALS = tuple(getattr(signal, name) for name in NAMES if hasattr(signal, name))
"""Windows has no SIGHUP, but SIGBREAK: that of Ctrl-Break, which one process can send to another."""
SAME = 1.0
"""Signals within so many seconds count as one: a terminal and a parent process may both send it."""


class BetweenSteps:
    """Delays Ctrl-C, SIGTERM and SIGHUP to the end of the training step, so that no checkpoint holds half a
    step. A later signal ends the process at once: `message` says then from where the run can go on.

    Where SIGHUP is ignored, as under `nohup`, it stays so.
    """

    def __init__(self, message: Callable[[], str]) -> None:
        self._message = message
        self._before: dict[int, Any] = {}
        self._when = 0.0
        #: the signal that asked for the end
        self.asked: int | None = None

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in SIGNALS:
                if number == signal.SIGINT or signal.getsignal(number) is not signal.SIG_IGN:
                    self._before[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(self, *error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before.clear()

    @property
    def status(self) -> int:
        """The exit status: 130 for Ctrl-C, 143 for SIGTERM, 129 for SIGHUP."""
        return 128 + (self.asked or signal.SIGINT)

    @property
    def told(self) -> str:
        """What ended the training, for a message."""
        number = self.asked or signal.SIGINT
        return "interrupted" if number == signal.SIGINT else f"ended by {signal.Signals(number).name}"

    def check(self, progress: Progress) -> None:
        """Raises KeyboardInterrupt if a signal came during the step."""
        if self.asked is not None:
            raise KeyboardInterrupt

    def _on_signal(self, number: int, frame: Any) -> None:
        self._ask(number)

    def _ask(self, number: int) -> None:
        """What a signal asks for."""
        if self.asked is None:
            self.asked, self._when = number, time.monotonic()
        elif time.monotonic() - self._when > SAME:
            _end(128 + number, self._message())


def _end(status: int, message: str) -> NoReturn:
    """Ends the process at once. Files are replaced whole, so none is torn."""
    with suppress(OSError, ValueError):  # Python's own streams may be in use
        os.write(sys.stderr.fileno(), f"{message}\n".encode(errors="replace"))
    os._exit(status)
