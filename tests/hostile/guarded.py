"""Runs commands on hostile specs in one process whose memory and time are bounded, and tells how each ended.

python -m tests.hostile.guarded CASES.json     [[name, [words of the command line]], ...]
"""

from __future__ import annotations

import io
import json
import resource
import signal
import sys
import time
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

SECONDS = 20
"""The processor time of one command; a process that needs more is ended."""
SPACE = 1536 * 2**20
"""The address space beyond that of the started process."""


def address_space() -> int:
    """The bytes of address space that this process has."""
    pages = Path("/proc/self/statm").read_text().split()[0]
    return int(pages) * resource.getpagesize()


def outcome(words: list[str]) -> dict[str, Any]:
    """The exit status of a command, what it writes, and what it costs."""
    from graphlang.cli import main

    out, err, start = io.StringIO(), io.StringIO(), time.process_time()
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    with redirect_stdout(out), redirect_stderr(err):
        status = main(words)
    signal.setitimer(signal.ITIMER_PROF, 0)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return {
        "status": status,
        "stdout": out.getvalue()[:20_000],
        "stderr": err.getvalue()[:20_000],
        "seconds": round(time.process_time() - start, 2),
        "peak": peak,
    }


def run(cases: list[tuple[str, list[str]]]) -> None:
    import graphlang as gl

    gl.loads("input x: float[N, 3] = [[1, 2, 3]]\ny = sum(x -> Affine(2))").run()
    resource.setrlimit(resource.RLIMIT_AS, (address_space() + SPACE, resource.RLIM_INFINITY))
    for name, words in cases:
        print(json.dumps({"name": name, **outcome(words)}), flush=True)


if __name__ == "__main__":
    run(json.loads(Path(sys.argv[1]).read_text()))
