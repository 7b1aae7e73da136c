"""Runs commands in a Python that lacks what another system lacks, and tells what became of them as JSON.

python commands.py < '[["check", "net.graph"], ...]'
"""

from __future__ import annotations

import io
import json
import sys
from typing import Any

from graphlang.cli import main

ENCODING = {"win32": "cp1252"}
"""That of a pipe, by `sys.platform`."""


def result(words: list[str]) -> dict[str, Any]:
    """The status of a command and what it wrote, byte by byte."""
    before = sys.stdout, sys.stderr
    encoding = ENCODING.get(sys.platform, "utf-8")
    newline = "\r\n" if sys.platform == "win32" else "\n"
    streams = [io.TextIOWrapper(io.BytesIO(), encoding, newline=newline) for _ in before]
    sys.stdout, sys.stderr = streams
    try:
        status = main(words)
        written = []
        for stream in streams:
            stream.flush()
            written.append(stream.buffer.getvalue().decode("latin-1"))  # type: ignore[attr-defined]
    finally:
        sys.stdout, sys.stderr = before
    return {"status": status, "out": written[0], "err": written[1]}


if __name__ == "__main__":
    print(json.dumps([result(words) for words in json.load(sys.stdin)]))
