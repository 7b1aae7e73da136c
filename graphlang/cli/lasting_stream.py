"""A stream that outlives its reader: what cannot be written any more is dropped, and the work goes on."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any


def has_no_reader(error: Exception) -> bool:
    """Whether an error says that the reader of a pipe has gone. Windows calls that an invalid argument."""
    if isinstance(error, BrokenPipeError):
        return True
    if sys.platform != "win32" or not isinstance(error, OSError):
        return False
    return error.errno == errno.EINVAL and error.filename is None


class LastingStream:
    """A text stream whose failures, of which `forgives` tells, are no errors."""

    def __init__(self, stream: Any, forgives: Callable[[Exception], bool]) -> None:
        self._stream, self._forgives = stream, forgives
        self._is_lost = False

    def write(self, text: str) -> int:
        """Writes a text, or drops it."""
        if not self._is_lost:
            with self._losing():
                self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Flushes what is written, or drops it."""
        if not self._is_lost:
            with self._losing():
                self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    @contextmanager
    def _losing(self) -> Iterator[None]:
        try:
            yield
        except (OSError, ValueError) as error:
            if not self._forgives(error):
                raise
            self._is_lost = True
            drop(self._stream)


def drop(stream: Any) -> None:
    """Lets everything that a stream holds, and gets from now on, go nowhere: Python flushes it at its end."""
    with suppress(OSError, ValueError):
        number = stream.fileno()
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, number)
        finally:
            os.close(nowhere)


@contextmanager
def lasting_stderr() -> Iterator[None]:
    """Until the block ends, nothing that is told ends what tells it: the reader may have gone, as with
    `2>&1 | head`, or the disk with the log may be full."""
    before = sys.stderr
    sys.stderr = LastingStream(before, lambda error: True)
    try:
        yield
    finally:
        sys.stderr.flush()
        sys.stderr = before


@contextmanager
def lasting_stdout() -> Iterator[None]:
    """Until the block ends, it is no error if the reader of stdout has gone."""
    before = sys.stdout
    sys.stdout = LastingStream(before, has_no_reader)
    try:
        yield
        sys.stdout.flush()
    finally:
        sys.stdout = before
