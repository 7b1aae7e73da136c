"""Runs commands on specs in one process whose memory and time are bounded, and tells how each ended, what it cost,
and what it did beside computing.

python -m tests.hostile.guarded CASES.json     [{"name", "words", "reads": [folders], "writes": [folders]}, ...]
"""

from __future__ import annotations

import io
import json
import re
import resource
import signal
import sys
import time
from contextlib import redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from typing import Any

from tests.hostile.audit import Watch

SECONDS = 20
"""The processor time of one command; a process that needs more is ended."""
SPACE = 256 * 2**20
"""The address space beyond that of the started process, which is what SECURITY.md promises."""


def address_space() -> int:
    """The bytes of address space that this process has."""
    pages = Path("/proc/self/statm").read_text().split()[0]
    return int(pages) * resource.getpagesize()


def peak() -> int:
    """The most MiB of memory that this process has had since they were last forgotten."""
    text = Path("/proc/self/status").read_text()
    return int(re.findall(r"VmHWM:\s+(\d+) kB", text)[0]) // 1024


def forget_peak() -> None:
    with suppress(OSError):  # then it is that of the whole process
        Path("/proc/self/clear_refs").write_text("5")


def outcome(case: dict[str, Any], watch: Watch) -> dict[str, Any]:
    """The exit status of a command, what it writes, what it costs, and what it touches that it may not."""
    from graphlang.cli import main

    forget_peak()
    base, start = peak(), time.process_time()
    out, err = io.StringIO(), io.StringIO()
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    watch.start(case["reads"], case["writes"])
    with redirect_stdout(out), redirect_stderr(err):
        status = main(case["words"])
    touched = watch.stop()
    signal.setitimer(signal.ITIMER_PROF, 0)
    return {
        "name": case["name"],
        "status": status,
        "stdout": out.getvalue()[:20_000],
        "stderr": err.getvalue()[:20_000],
        "seconds": round(time.process_time() - start, 2),
        "memory": peak() - base,
        "touched": touched,
    }


def run(cases: list[dict[str, Any]], space: int = SPACE) -> None:
    import graphlang as gl

    watch = Watch()
    gl.loads("input x: float[N, 3] = [[1, 2, 3]]\ny = sum(x -> Affine(2))").run()
    resource.setrlimit(resource.RLIMIT_AS, (address_space() + space, resource.RLIM_INFINITY))
    for case in cases:
        print(json.dumps(outcome(case, watch)), flush=True)


if __name__ == "__main__":
    run(json.loads(Path(sys.argv[1]).read_text()), *map(int, sys.argv[2:]))
