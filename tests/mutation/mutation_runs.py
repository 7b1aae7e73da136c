"""Runs tests against a mutant: in a copy of the repository, in a child of a process that has the libraries loaded."""

from __future__ import annotations

import compileall
import contextlib
import os
import resource
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from mutants import Mutant

ROOT = Path(__file__).parents[2]
COPIED = ("graphlang", "tests", "specs", "pyproject.toml", "README.md")
PRELOADED = ("numpy", "pytest", "hypothesis", "lark", "pydantic", "networkx")
"""What every child would import anew; graphlang itself is not among them."""

TICK = 0.02
"""Seconds between two looks at a child."""
PASSED, FAILED, NO_TESTS = 0, 1, 5
"""Exit statuses of pytest."""


class Outcome(NamedTuple):
    """How a run of tests ended: its exit status, negative for a signal; and what it cost."""

    status: int
    seconds: float
    output: str


class Workplace:
    """A copy of the repository, in which one file at a time is mutated."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        ignored = shutil.ignore_patterns("__pycache__", "*.pyc", ".mypy_cache")
        for name in COPIED:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, folder / name, ignore=ignored)
            elif source.exists():
                shutil.copy2(source, folder / name)
        compileall.compile_dir(folder / "graphlang", quiet=1)
        for name in PRELOADED:
            import_module(name)

    @contextlib.contextmanager
    def mutated(self, mutant: Mutant) -> Iterator[None]:
        """While it lasts, the file of the mutant has its change."""
        path = self.folder / mutant.file
        original, stat = path.read_bytes(), path.stat()
        path.write_bytes(mutant.applied(original.decode()).encode())
        # Another second than that of the compiled file, which is valid again once the time is set back.
        os.utime(path, (stat.st_atime, stat.st_mtime + 10))
        try:
            yield
        finally:
            path.write_bytes(original)
            os.utime(path, (stat.st_atime, stat.st_mtime))

    def run(self, words: list[str], seconds: float) -> Outcome:
        """Runs pytest with these arguments until the first failure, within so many seconds of processor time."""
        log = self.folder / "pytest.log"
        start = time.monotonic()
        child = os.fork()
        if child == 0:
            self._child(words, seconds, log)
        status = _waited(child, 10 * seconds + 60)
        return Outcome(status, time.monotonic() - start, log.read_text(encoding="utf-8", errors="replace"))

    def _child(self, words: list[str], seconds: float, log: Path) -> None:
        """Never returns: the process ends with pytest's status."""
        status: int = 3
        try:
            os.setsid()
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            stream = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            for number in (1, 2):
                os.dup2(stream, number)
            limit = int(seconds) + 1
            resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 5))
            os.chdir(self.folder)
            sys.dont_write_bytecode = True
            sys.path[:] = [str(self.folder), *(p for p in sys.path if not _is_of_the_repository(p))]
            os.environ["PYTHONPATH"] = str(self.folder)
            import pytest

            options = ["-x", "-q", "-p", "no:cacheprovider", "--no-header", "--tb=line"]
            options += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]  # hypothesis is there already
            status = int(pytest.main([*options, *words]))
        except BaseException:  # noqa: BLE001 - the child ends here, and says why
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)


def _is_of_the_repository(path: str) -> bool:
    return Path(path or ".").resolve().is_relative_to(ROOT) and "site-packages" not in path


def _waited(child: int, seconds: float) -> int:
    """The exit status of a child; one that does not end is killed with all that it has started.

    Its processor time is limited: this is for what waits. Where the machine, or this process, is stopped for a while,
    that does not count.
    """
    try:
        for _ in range(int(seconds / TICK)):
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                return os.waitstatus_to_exitcode(status)
            time.sleep(TICK)
        os.killpg(child, signal.SIGKILL)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    finally:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child, signal.SIGKILL)  # what it has left running
