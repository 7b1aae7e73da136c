"""Blocks of commands with what they print: `console` blocks get their output when the site is built."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[2]
CONSOLE = re.compile(r"^```console\n((?:\$ graphlang .*\n)+)```$", re.MULTILINE)
WIDTH = "100"


def filled(markdown: str) -> str:
    """A page whose `console` blocks have their output below each command."""
    return CONSOLE.sub(lambda block: "```text\n" + _outputs(block[1]) + "\n```", markdown)


def _outputs(lines: str) -> str:
    return "\n\n".join(f"{line}\n{_output(line.removeprefix('$ '))}" for line in lines.splitlines())


def _output(command: str) -> str:
    environment = os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": WIDTH, "NO_COLOR": "1"}
    words = [sys.executable, "-m", *shlex.split(command)]
    with TemporaryDirectory() as folder:
        done = subprocess.run(  # noqa: S603 - the commands are those of the pages
            words, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False
        )
    if done.returncode:
        raise ValueError(f"`{command}` in a page ends with {done.returncode}: {done.stderr}")
    return done.stdout.rstrip()
