"""The graphlang command line as a process."""

from __future__ import annotations

import importlib.util
import sys

from benchmarks.work import Command, Skip

START = "import sys; from graphlang.cli import main; sys.exit(main())"


def graphlang(*arguments: str) -> Command:
    """What the installed command does, from this source: the entry point that pyproject.toml names."""
    if importlib.util.find_spec("graphlang.cli") is None:
        raise Skip("graphlang.cli is missing")
    return Command((sys.executable, "-c", START, *arguments))
