"""The interpreters of this machine: on the path, of pyenv, and those that are named."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

NAMES = tuple(f"3.{minor}{letter}" for minor in range(11, 16) for letter in ("", "t"))
"""The versions that are looked for; `t` is the free-threaded build."""
QUESTION = """
import json, sys, sysconfig
free = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
print(json.dumps([sys.version_info[:2], free, sys.version.split()[0]]))
"""


class Interpreter(NamedTuple):
    """An interpreter: its version as `3.13` or `3.13t`, in full, and where it is."""

    name: str
    full: str
    path: str

    @property
    def version(self) -> str:
        """The version without the mark of the free-threaded build."""
        return self.name.removesuffix("t")


def asked(path: str) -> Interpreter | None:
    """What an interpreter says of itself; None where it does not run."""
    try:
        run = subprocess.run(
            [path, "-I", "-c", QUESTION], check=False, capture_output=True, text=True, timeout=60
        )
        (major, minor), free, full = json.loads(run.stdout)
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None
    return Interpreter(f"{major}.{minor}{'t' if free else ''}", full, path)


def found(named: Iterable[str] = ()) -> tuple[list[Interpreter], list[str]]:
    """One interpreter of each version, those that are named first; and a line for each that is left out."""
    chosen: dict[str, Interpreter] = {}
    skipped = []
    for path in [*named, *_places()]:
        interpreter = asked(path)
        if interpreter is None:
            if path in named:
                skipped.append(f"{path}: does not run")
        elif interpreter.name in NAMES:
            chosen.setdefault(interpreter.name, interpreter)
        elif path in named:
            skipped.append(f"{path}: is Python {interpreter.full}, and graphlang needs 3.11 or newer")
    skipped += [f"Python {name}: not found" for name in NAMES if name not in chosen]
    return [chosen[name] for name in NAMES if name in chosen], skipped


def _places() -> Iterator[str]:
    yield sys.executable
    for name in NAMES:
        path = shutil.which(f"python{name}")
        if path is not None and ".pyenv" not in path:
            yield path
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    if versions.is_dir():
        for folder in sorted(versions.glob("3.*"), reverse=True):
            if (folder / "bin" / "python").exists():
                yield str(folder / "bin" / "python")
