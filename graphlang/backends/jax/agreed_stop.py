"""How the processes of a training agree on the step after which all of them stop.

A checkpoint takes all of them, at the same step. So the one that is interrupted asks the first one, which
asks every process to hold where it is and to say how far it has come; then all go on to the step after the
furthest. Each has that step before it, and none waits for numbers of one that has stopped earlier.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from typing import TypeAlias

Send: TypeAlias = Callable[[int, str], None]
"""Sends a line to a process."""
FIRST = 0
NEVER = 2**62
"""Further than any training goes: where a process that has ended is."""


class AgreedStop:
    """One process's part of the agreement.

    `others` are the processes that it talks to: for the first one all others, for those the first one.
    """

    def __init__(self, process: int, others: Collection[int], send: Send) -> None:
        self._process, self._others, self._send = process, frozenset(others), send
        self._changed = threading.Condition()
        #: the last step that this process has recorded, and whether it may not record another one now
        self._recorded = 0
        self._holds = False
        #: the step after which all stop
        self._last: int | None = None
        self._stopped = False
        #: for the first process, how far the others are
        self._steps: dict[int, int] = {}

    @property
    def has_stopped(self) -> bool:
        """Whether all processes have stopped, or will at the same step."""
        return self._stopped

    def ask(self) -> None:
        """Asks all processes to stop."""
        if self._process == FIRST:
            self.hear(FIRST, "stop")
        else:
            self._send(FIRST, "stop")

    def is_after(self, step: int) -> bool:
        """Called for every step that is recorded: whether it is the last one. Waits while nobody knows."""
        with self._changed:
            while self._holds and self._last is None:
                self._changed.wait()
            self._recorded = step
            self._stopped = self._last is not None and step >= self._last
            return self._stopped

    def ended(self, process: int) -> None:
        """Another process has nothing left to compute."""
        with self._changed:
            self._steps[process] = NEVER
            self._decide()

    def hear(self, process: int, line: str) -> None:
        """Takes a line of another process."""
        word, _, number = line.partition(" ")
        with self._changed:
            if word == "stop" and not self._holds:
                self._holds = True
                self._tell("hold")
                self._decide()
            elif word == "hold":
                self._holds = True
                self._send(FIRST, f"at {self._recorded}")
            elif word == "at":
                self._steps.setdefault(process, int(number))
                self._decide()
            elif word == "until":
                self._last = int(number)
                self._changed.notify_all()

    def _decide(self) -> None:
        """Once all have said how far they are, the first process says where they stop."""
        if (
            self._process == FIRST
            and self._holds
            and self._last is None
            and self._others <= self._steps.keys()
        ):
            self._last = max(self._recorded, *self._steps.values(), 0) + 1
            self._tell(f"until {self._last}")
            self._changed.notify_all()

    def _tell(self, line: str) -> None:
        for process in self._others:
            if self._steps.get(process) != NEVER:
                self._send(process, line)
