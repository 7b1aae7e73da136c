"""A run of a sweep under way: its process, what it tells, and its result."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from graphlang.cli.sweep_worker import BEGIN
from graphlang.sweeps.sweep_folder import SweptRun

KEPT = 200
"""The last lines of stderr that are kept."""
LONGEST = 4000
"""How many characters of them are told."""
RECORDS = ("epoch ", "iteration ")
"""How the lines begin that tell of an epoch."""


class SweepProcess:
    """`graphlang train` in a process; two threads read what it writes."""

    def __init__(self, run: SweptRun, words: Sequence[str], environment: Mapping[str, str]) -> None:
        self.run = run
        #: the last line about an epoch
        self.record = ""
        self._lines: deque[str] = deque(maxlen=KEPT)
        self._out = ""
        self._asked = False
        self._started = time.monotonic()
        root = str(Path(__file__).parents[2])
        self._process = subprocess.Popen(  # noqa: S603 - starts this program again, by no shell
            [sys.executable, "-P", "-c", BEGIN, root, "train", *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            env={**environment, "PYTHONIOENCODING": "utf-8"},
        )
        self._readers = [threading.Thread(target=t, daemon=True) for t in (self._read_out, self._read_err)]
        for reader in self._readers:
            reader.start()

    @property
    def has_ended(self) -> bool:
        return self._process.poll() is not None

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._started

    def ask(self, number: int) -> None:
        """Hands a signal on to it, once. On Windows, where a signal would end it at once, the end of its
        standard input asks it to save and end."""
        if self._asked:
            return
        self._asked = True
        with suppress(OSError):
            if sys.platform != "win32":
                self._process.send_signal(number)
            elif self._process.stdin is not None:
                self._process.stdin.close()

    def status(self) -> int:
        """Its exit status, once it has ended."""
        for reader in self._readers:
            reader.join()
        status = self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream is not None:
                with suppress(OSError):
                    stream.close()
        return status

    def result(self) -> Mapping[str, Any]:
        """The history that it wrote; empty where it wrote none."""
        try:
            content = json.loads(self._out)
        except ValueError:
            return {}
        return content if isinstance(content, dict) else {}

    def complaint(self) -> str:
        """What it told beside its records."""
        return "\n".join(self._lines).strip()[-LONGEST:]

    def _read_out(self) -> None:
        assert self._process.stdout is not None
        self._out = self._process.stdout.read()

    def _read_err(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            if line.startswith(RECORDS):
                self.record = line.strip()
            else:
                self._lines.append(line.rstrip("\n"))
