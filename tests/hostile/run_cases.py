"""Runs hostile files, each in a child of its own, and prints what came of each as a line of JSON.

A child has 256 MiB beyond what the parent has, and some seconds: the limits of the system stop it, so that no
time has to be measured.
"""

from __future__ import annotations

import io
import json
import os
import resource
import signal
import sys
import tempfile
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

from hostile_files import CASES, Case

from graphlang.cli import COMMANDS, main

BEYOND_THE_BASE = 256 * 2**20
SECONDS = 20
"""Of processor time; as many seconds of any time, where it hangs."""


def warm_up() -> None:
    """Imports what commands import, so that the children share it."""
    from importlib import import_module

    for name in COMMANDS:
        import_module(f"graphlang.cli.{name.replace('-', '_')}")
    with tempfile.TemporaryDirectory() as folder:
        spec = Path(folder) / "a.graph"
        spec.write_text("input x: float[N, 2] = [[1, 2]]\ny = x -> Affine(2)\nz = sum(y)\n")
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            assert main(["run", str(spec)]) == 0
    import graphlang.datasets.csv
    import graphlang.datasets.idx
    import graphlang.datasets.npz
    import graphlang.datasets.text
    import graphlang.training.loop
    import graphlang.training.run_folder  # noqa: F401


def limit() -> None:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    most = pages * resource.getpagesize() + BEYOND_THE_BASE
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    signal.alarm(5 * SECONDS)


def outcome(case: Case, folder: Path) -> dict[str, Any]:
    """What a command made of a hostile file."""
    case.build(folder)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        _child(case, folder, writer)
    os.close(writer)
    with os.fdopen(reader, "rb") as stream:
        content = stream.read()
    _, status = os.waitpid(child, 0)
    ended = os.waitstatus_to_exitcode(status)
    return {
        "name": case.name,
        **(json.loads(content) if content else {"status": ended, "out": "", "err": ""}),
    }


def _child(case: Case, folder: Path, writer: int) -> None:
    os.chdir(folder)
    sys.stdin = None
    out, err = io.StringIO(), io.StringIO()
    limit()
    with redirect_stdout(out), redirect_stderr(err):
        status = main(list(case.words))
    text = json.dumps({"status": status, "out": out.getvalue()[:1000], "err": err.getvalue()[:100_000]})
    with os.fdopen(writer, "wb") as stream:
        stream.write(text.encode())
    os._exit(0)


if __name__ == "__main__":
    warm_up()
    for name in sys.argv[1:] or CASES:
        with tempfile.TemporaryDirectory() as folder:
            print(json.dumps(outcome(CASES[name], Path(folder))), flush=True)
