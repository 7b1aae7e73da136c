"""When a run is saved."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import inf

SECONDS = 10.0
"""After so long without an end of an epoch, a run is saved between two steps."""
SHARE = 9
"""Training gets at least so many times the time that saving takes, unless the user says how often to save."""


@dataclass(frozen=True)
class Interval:
    """How often a run is to be saved: every so many epochs, or after so many seconds."""

    epochs: int | None = None
    seconds: float | None = None


class SavingTimes:
    """Says when a run is saved: as often as the user says, and else at the end of an epoch, in a long epoch
    every ten seconds, and never for more than a tenth of the time.

    Processes that train `together` save at the same steps, so no clock decides for them.
    """

    def __init__(
        self,
        interval: Interval | None,
        *,
        together: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        #: whether one process trains
        self.alone = not together
        self._epochs = 1 if interval is None else interval.epochs
        self._seconds = SECONDS if interval is None else interval.seconds
        self._is_told = interval is not None
        if together:
            self._seconds, self._epochs = None, self._epochs or 1
        self._count(clock(), 0.0)

    def after_step(self) -> bool:
        """Whether to save between two steps."""
        return self._clock() >= self._due

    def after_epoch(self, epoch: int) -> bool:
        """Whether to save at the end of an epoch."""
        if self._epochs is None:
            return self.after_step()
        return epoch % self._epochs == 0 and (self._is_told or self.pays())

    def pays(self) -> bool:
        """Whether writing takes little of the time since the last one."""
        return not self.alone or self._clock() >= self._paid

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Measures what writing takes."""
        start = self._clock()
        yield
        end = self._clock()
        self._count(end, end - start)

    def _count(self, written: float, took: float) -> None:
        """Says when writing pays again, and when it is due between steps; this is asked at every step."""
        self._paid = written + SHARE * took
        self._due = inf if self._seconds is None else max(written + self._seconds, self._paid)
