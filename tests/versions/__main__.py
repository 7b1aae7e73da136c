"""Runs the suite on the lowest and the newest versions of all dependencies, on every Python that is found.

    python -m tests.versions                     # all of it: hours
    python -m tests.versions --list              # what would be run, and what is skipped
    python -m tests.versions --bounded           # the lowest versions on this Python, a choice of tests
    python -m tests.versions --only 3.13 --versions newest -- tests/engine -x

Each pair has a virtual environment of its own, made from the package index, without building anything from source. What
stands behind `--` goes to pytest in place of the whole suite. The exit status is 1 where a run failed.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parent))

from bounds import ROOT, lowest, newest, requirements, supported
from interpreters import Interpreter, asked, found

SMOKE = (
    "tests/test_api.py",
    "tests/cli/test_numbers_too_large.py",
    "tests/cli/test_outputs.py",
    "tests/diagnostics/test_render.py",
    "tests/draw/test_terminal.py",
    "tests/engine/test_passes.py",
    "tests/functions/test_infinities.py",
    "tests/kernels/test_routine.py",
    "tests/lessons/test_specs.py",
    "tests/spec/test_unsound_specs.py",
    "tests/syntax/test_grammar.py",
    "tests/syntax/test_lark_internals.py",
    "tests/trace/test_calls.py",
    "tests/training/test_training.py",
    "tests/training/test_weight_files.py",
)
"""Files in which every dependency is used, each at the places where versions differ."""
CHOICES = {"lowest": lowest, "newest": newest}


class Trial(NamedTuple):
    """A Python, versions of the dependencies, and the arguments of pytest."""

    interpreter: Interpreter
    versions: str
    words: tuple[str, ...]
    extras: tuple[str, ...] = ()

    @property
    def requirements(self) -> list[str]:
        return [CHOICES[self.versions](r) for r in requirements(self.interpreter.version, self.extras)]

    def __str__(self) -> str:
        return (
            f"Python {self.interpreter.full}{' free-threaded' if self.free else ''}, {self.versions} versions"
        )

    @property
    def free(self) -> bool:
        return self.interpreter.name.endswith("t")


def main() -> int:
    options = _parser().parse_args()
    trials, skipped = _bounded() if options.bounded else _trials(options)
    for line in skipped:
        print(f"skipped: {line}")
    for trial in trials:
        print(
            f"{'would run' if options.list else 'to run'}: {trial}: {', '.join(trial.requirements)}",
            flush=True,
        )
    if options.list:
        return 0
    if not trials:
        print("there is nothing to run")
        return 1
    return int([_passes(trial, options.keep) for trial in trials].count(False) > 0)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.versions",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--bounded", action="store_true", help="the lowest versions on this Python, a choice of tests"
    )
    parser.add_argument("--list", action="store_true", help="say what would be run, and run nothing")
    parser.add_argument(
        "--only", action="append", default=[], help="this Python alone, as 3.12 or 3.13t; repeatable"
    )
    parser.add_argument("--versions", choices=[*CHOICES, "both"], default="both")
    parser.add_argument(
        "--python", action="append", default=[], help="the path of another interpreter; repeatable"
    )
    parser.add_argument("--extra", action="append", default=[], help="with an extra, as jax; repeatable")
    parser.add_argument("--keep", type=Path, help="a folder for the environments, which are used again")
    parser.add_argument("words", nargs="*", help="arguments of pytest, behind --")
    return parser


def _bounded() -> tuple[list[Trial], list[str]]:
    here = asked(sys.executable)
    assert here is not None
    if here.name.endswith("t"):
        return [], [_why_not_lowest(here)]
    return [Trial(here, "lowest", SMOKE)], []


def _trials(options: argparse.Namespace) -> tuple[list[Trial], list[str]]:
    interpreters, skipped = found(options.python)
    trials = []
    for interpreter in interpreters:
        if options.only and interpreter.name not in options.only:
            skipped.append(f"Python {interpreter.name}: not asked for")
            continue
        for versions in CHOICES if options.versions == "both" else [options.versions]:
            if versions == "lowest" and interpreter.name not in supported():
                skipped.append(_why_not_lowest(interpreter))
                continue
            words = tuple(options.words) or ("tests",)
            trials.append(Trial(interpreter, versions, words, tuple(options.extra)))
    return trials, skipped


def _why_not_lowest(interpreter: Interpreter) -> str:
    """The bounds are those of the builds that the classifiers name; others have wheels of newer versions only."""
    return f"Python {interpreter.name}, lowest versions: the bounds are for {', '.join(supported())}"


def _passes(trial: Trial, keep: Path | None) -> bool:
    with _folder(keep, trial) as folder:
        start = time.monotonic()
        python = _environment(trial, folder)
        if python is None:
            print(f"FAILED: {trial}: the environment cannot be made", flush=True)
            return False
        made = time.monotonic() - start
        words = ["-q", "-p", "no:cacheprovider", "--no-header", "-W", "ignore::pytest.PytestCacheWarning"]
        run = subprocess.run(
            [python, "-m", "pytest", *words, *trial.words], check=False, cwd=ROOT, env=_variables()
        )
        word = "passed" if run.returncode == 0 else "FAILED"
        took = time.monotonic() - start
        print(f"{word}: {trial} ({made:.0f} s for the environment, {took:.0f} s in all)", flush=True)
        return run.returncode == 0


def _environment(trial: Trial, folder: Path) -> str | None:
    """The interpreter of a virtual environment with the requirements of a trial; None where pip refuses."""
    python = folder / "bin" / "python"
    if not python.exists():
        python = folder / "Scripts" / "python.exe" if sys.platform == "win32" else python
        subprocess.run([trial.interpreter.path, "-m", "venv", str(folder)], check=True)
    pip = [
        str(python),
        "-m",
        "pip",
        "install",
        "-qq",
        "--disable-pip-version-check",
        "--only-binary",
        ":all:",
    ]
    run = subprocess.run([*pip, *trial.requirements], check=False, env=_variables())
    return str(python) if run.returncode == 0 else None


@contextmanager
def _folder(keep: Path | None, trial: Trial) -> Iterator[Path]:
    if keep is not None:
        yield keep / f"{trial.interpreter.name}-{trial.versions}"
        return
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder) / "environment"


def _variables() -> dict[str, str]:
    """The environment of the commands: graphlang is that of the repository."""
    return {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}


if __name__ == "__main__":
    sys.exit(main())
