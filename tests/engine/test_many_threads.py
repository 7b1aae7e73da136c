"""Many threads use one graph: in this interpreter, and in a free-threaded one where there is one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
from checks_by_many_threads import CHECKS, switching_often

from graphlang.lazy import alone, get_or_make

ROOT = Path(__file__).parents[2]
PYTHON = "GRAPHLANG_FREE_THREADED_PYTHON"
"""The environment variable that names a free-threaded interpreter which is not on the path."""
NAMES = ("python3.13t", "python3.14t", "python3.15t", "python3.13-nogil", "python3.14-nogil")
NEEDED = "import lark, networkx, numpy, pydantic, rich, sys, threadpoolctl; assert not sys._is_gil_enabled()"


def free_threaded() -> list[str]:
    """The free-threaded interpreters of this machine that can import what graphlang needs."""
    names = [os.environ[PYTHON]] if os.environ.get(PYTHON) else NAMES
    paths = dict.fromkeys(path for name in names if (path := shutil.which(name)))
    return [path for path in paths if run(path, "-c", NEEDED).returncode == 0]


def run(python: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHON_GIL": "0"}
    return subprocess.run(
        [python, *arguments], env=environment, capture_output=True, text=True, timeout=600, check=False
    )


@pytest.mark.parametrize("name", CHECKS)
def test_it_holds_in_many_threads(name: str) -> None:
    with switching_often():
        CHECKS[name]()


def test_it_holds_without_the_lock_of_the_interpreter() -> None:
    interpreters = free_threaded()
    if not interpreters:
        looked = f"none of {', '.join(NAMES)} with NumPy is on the path, and {PYTHON} names none"
        pytest.skip(f"no free-threaded Python: {looked}")
    for python in interpreters:
        result = run(python, str(Path(__file__).with_name("checks_by_many_threads.py")))
        assert result.returncode == 0, f"{python}\n{result.stdout}\n{result.stderr}"
        lines = result.stdout.splitlines()
        assert lines == [*(f"holds: {name}" for name in CHECKS), "the interpreter's lock is off"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system does not fork")
@pytest.mark.skipif(
    sys.platform == "darwin", reason="a forked child of a threaded process is not reliable there"
)
def test_a_forked_child_makes_what_a_thread_of_its_parent_was_making() -> None:
    import threading

    values: dict[str, int] = {}
    holding, release = threading.Event(), threading.Event()

    def hold() -> None:
        with alone((id(values), "a")):
            holding.set()
            release.wait(60)

    holder = threading.Thread(target=hold)
    holder.start()
    assert holding.wait(60)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # a fork beside threads
        child = os.fork()
    if child == 0:
        made = threading.Thread(target=get_or_make, args=(values, "a", lambda: 7), daemon=True)
        made.start()
        made.join(60)
        os._exit(0 if values == {"a": 7} else 1)
    try:
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    finally:
        release.set()
        holder.join()
