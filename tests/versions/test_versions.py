"""The bounds of pyproject.toml are read as they stand there; `python -m tests.versions` says what it skips."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import version as installed_version
from pathlib import Path

import pytest
from bounds import lowest, newest, project, requirements, supported
from interpreters import NAMES, asked, found
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parents[2]
CORE = [Requirement(line) for line in project()["dependencies"]]


def test_the_lowest_version_is_the_lower_bound() -> None:
    assert lowest(Requirement("lark>=1.2,<1.4")) == "lark==1.2"
    assert newest(Requirement("lark>=1.2,<1.4")) == "lark<1.4,>=1.2"
    with pytest.raises(ValueError, match="no lower bound"):
        lowest(Requirement("lark<2"))


@pytest.mark.parametrize("version", supported())
def test_every_dependency_has_one_lower_bound_on_every_python(version: str) -> None:
    names = [r.name for r in requirements(version, tuple(project()["optional-dependencies"]))]
    assert {r.name for r in CORE} <= set(names)
    assert all(lowest(r) for r in requirements(version, ("jax", "plot", "safetensors")))
    core = [r.name for r in requirements(version)]
    assert len(core) == len(set(core))


def test_the_versions_here_are_within_the_bounds() -> None:
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    for requirement in requirements(here):
        assert requirement.specifier.contains(installed_version(requirement.name), prereleases=True), (
            requirement
        )


def test_the_classifiers_begin_with_the_python_that_is_required() -> None:
    assert project()["requires-python"] == f">={min(supported(), key=Version)}"


def test_this_interpreter_is_found_and_every_other_version_is_named() -> None:
    interpreters, skipped = found()
    here = asked(sys.executable)
    assert here is not None
    assert here.full == sys.version.split()[0]
    names = {i.name for i in interpreters}
    assert here.name in names
    assert {name for name in NAMES if f"Python {name}: not found" in skipped} == set(NAMES) - names


def test_what_does_not_run_is_named(tmp_path: Path) -> None:
    _, skipped = found([str(tmp_path / "python")])
    assert f"{tmp_path / 'python'}: does not run" in skipped


def test_the_command_lists_what_it_would_run_and_what_it_skips() -> None:
    words = [sys.executable, "-m", "tests.versions", "--list", "--only", "3.99"]
    run = subprocess.run(words, check=False, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stderr
    assert re.search(r"^skipped: Python 3\.\d+: not asked for$", run.stdout, re.MULTILINE)
    run = subprocess.run(
        [*words[:4], "--bounded"], check=False, cwd=ROOT, capture_output=True, text=True, timeout=300
    )
    assert run.returncode == 0, run.stderr
    assert "would run" in run.stdout or "the bounds are for" in run.stdout
