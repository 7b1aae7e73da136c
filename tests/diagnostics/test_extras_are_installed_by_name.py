"""Whatever says how a package is installed says it as it works outside of the repository too."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from graphlang.diagnostics.extras import DISTRIBUTION, installing

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
FOR_DEVELOPMENT = {"dev", "docs", "bench"}
SOURCES = [
    *ROOT.glob("graphlang/**/*.py"),
    *ROOT.glob("docs/**/*.md"),
    ROOT / "README.md",
    ROOT / "CHANGELOG.md",
]


def test_the_name_is_that_of_the_distribution() -> None:
    assert PROJECT["name"] == DISTRIBUTION
    assert installing("plot") == 'pip install "graphlang-dsl[plot]"'


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_extra_is_there_and_is_installed_by_the_name(path: Path) -> None:
    text = path.read_text()
    named = re.findall(rf"{DISTRIBUTION}\[([\w-]+)\]", text) + re.findall(r"installing\(\"([\w-]+)\"\)", text)
    assert set(named) <= set(PROJECT["optional-dependencies"])
    in_repository = set(re.findall(r"pip install (?:-\w )*['\"]\.\[([\w-]+)\]", text))
    assert in_repository <= FOR_DEVELOPMENT
