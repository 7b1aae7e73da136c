"""A stream that outlives its reader: what cannot be written any more is dropped, and the work goes on."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any


class LastingStream:
    """A text stream whose failures, of the kinds that are given, are no errors."""

    def __init__(self, stream: Any, *failures: type[Exception]) -> None:
        self._stream, self._failures = stream, failures
        self._is_lost = False

    def write(self, text: str) -> int:
        """Writes a text, or drops it."""
        if not self._is_lost:
            try:
                self._stream.write(text)
            except self._failures:
                self._lose()
        return len(text)

    def flush(self) -> None:
        """Flushes what is written, or drops it."""
        if not self._is_lost:
            try:
                self._stream.flush()
            except self._failures:
                self._lose()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def _lose(self) -> None:
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
    sys.stderr = LastingStream(before, OSError, ValueError)
    try:
        yield
    finally:
        sys.stderr.flush()
        sys.stderr = before


@contextmanager
def lasting_stdout() -> Iterator[None]:
    """Until the block ends, it is no error if the reader of stdout has gone."""
    before = sys.stdout
    sys.stdout = LastingStream(before, BrokenPipeError)
    try:
        yield
        sys.stdout.flush()
    finally:
        sys.stdout = before
