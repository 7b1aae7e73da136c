"""Lets atheris look for texts that reach new code of graphlang: `python tests/fuzz/with_atheris.py SECONDS`.

It is a program of its own, since graphlang is instrumented while it is imported.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent


def look_with_atheris(seconds: float) -> int:
    """Starts this file as a program; 1 where it finds a fault, 0 where atheris is missing."""
    if importlib.util.find_spec("atheris") is None:
        print("skipped: atheris is not installed")
        return 0
    variables = {**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE.parents[1]), *sys.path])}
    with tempfile.TemporaryDirectory() as folder:
        words = [sys.executable, str(HERE / "with_atheris.py"), str(max(1, int(seconds)))]
        return int(subprocess.run(words, check=False, cwd=folder, env=variables).returncode != 0)


def _fuzz(seconds: str) -> None:
    import atheris

    with atheris.instrument_imports(include=["graphlang.syntax", "graphlang.resolve", "graphlang.spec"]):
        from text_checks import fault_of_text
    from text_mutations import corpus

    folder = Path("corpus")
    folder.mkdir()
    for i, text in enumerate(corpus()):
        (folder / f"{i}.graph").write_text(text, encoding="utf-8")

    def one(data: bytes) -> None:
        fault = fault_of_text(data.decode("utf-8", "replace"))
        if fault is not None:
            raise AssertionError(fault)

    atheris.Setup(
        [sys.argv[0], str(folder), f"-max_total_time={seconds}", "-max_len=1500", "-timeout=60"], one
    )
    atheris.Fuzz()


if __name__ == "__main__":
    _fuzz(sys.argv[1])
