"""What a signal to one of several processes does: all stop after the same step, and the run is saved."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self

from graphlang.cli.between_steps import BetweenSteps

if TYPE_CHECKING:
    from graphlang.backends.jax.companions import Companions
    from graphlang.training.record import Progress


class StopsTogether(BetweenSteps):
    """Delays a signal to the step after which all processes of a training stop.

    A thread notices signals: the main one may be waiting for numbers of another process, and handles none
    then. So a later signal ends this process, and the others with it, wherever it is.
    """

    def __init__(self, message: Callable[[], str], companions: Companions | None) -> None:
        super().__init__(message)
        self._companions = companions
        self._ends: tuple[socket.socket, socket.socket] | None = None

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._ends = socket.socketpair()
            read, write = self._ends
            write.setblocking(False)
            self._fd_before = signal.set_wakeup_fd(write.fileno())
            threading.Thread(target=self._listen, args=(read,), name="graphlang_signals", daemon=True).start()
        return super().__enter__()

    def __exit__(self, *error: object) -> None:
        super().__exit__(*error)
        if self._ends is not None:
            signal.set_wakeup_fd(self._fd_before)
            self._ends[1].close()

    def check(self, progress: Progress) -> None:
        """Raises KeyboardInterrupt after the step at which all processes stop."""
        if self._companions is None:
            super().check(progress)
        elif self._companions.stop.is_after(progress.iteration):
            raise KeyboardInterrupt

    def _on_signal(self, number: int, frame: Any) -> None:
        """The thread has noticed it."""

    def _listen(self, read: socket.socket) -> None:
        with read:
            while numbers := read.recv(64):
                for number in set(numbers) & self._before.keys():
                    is_first = self.asked is None
                    self._ask(number)
                    if is_first and self._companions is not None:
                        self._companions.stop.ask()
