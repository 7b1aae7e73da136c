"""Imports each hostile ONNX file in a child of its own, and prints what came of it as a line of JSON.

A child has 256 MiB of address space beyond what the parent has, and some seconds of processor time: the system ends
one that takes more. `seconds` and `memory` (MiB beyond the parent's) are what it took; 2 seconds are promised.

python -m tests.onnx_import.run_hostile_models [NAME ...]
"""

from __future__ import annotations

import io
import json
import os
import re
import sys
import tempfile
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

from graphlang.cli import main
from tests.onnx_import.hostile_models import CASES, HostileModel, model, node

SPACE = 256 * 2**20
SECONDS = 6
"""Three times what is promised, for slow machines."""


def resident() -> int:
    """The most KiB of memory that this process has had."""
    return int(re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())[0])


def imported(file: Path) -> tuple[int, str]:
    """The exit status of the command and what it says."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        status = main(["import", str(file), "-o", str(file.with_suffix(".graph"))])
    return status, err.getvalue()


def limit() -> None:
    import resource  # of POSIX alone

    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    most = pages * resource.getpagesize() + SPACE
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 1))


def outcome(case: HostileModel) -> dict[str, Any]:
    """What became of a case."""
    with tempfile.TemporaryDirectory() as folder:
        file = case.build(Path(folder))
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reader)
            limit()
            before = resident()
            status, said = imported(file)
            made = file.with_suffix(".graph").exists()
            text = {
                "status": status,
                "err": said[:20_000],
                "made": made,
                "memory": (resident() - before) // 1024,
            }
            with os.fdopen(writer, "wb") as stream:
                stream.write(json.dumps(text).encode())
            os._exit(0)
        os.close(writer)
        with os.fdopen(reader, "rb") as stream:
            content = stream.read()
        _, ended, used = os.wait4(child, 0)
    seconds = round(used.ru_utime + used.ru_stime, 2)
    said = (
        json.loads(content)
        if content
        else {"status": os.waitstatus_to_exitcode(ended), "err": "", "made": False}
    )
    return {"name": case.name, "seconds": seconds, **said}


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:  # what is imported first is shared by the children
        warm = HostileModel("warm", model([node("Relu")]), "").build(Path(place))
        assert imported(warm)[0] == 0
    for name in sys.argv[1:] or CASES:
        print(json.dumps(outcome(CASES[name])), flush=True)
