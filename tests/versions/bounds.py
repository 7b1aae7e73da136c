"""The requirements of pyproject.toml, at their lowest or newest versions."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.specifiers import Specifier
from packaging.version import Version

ROOT = Path(__file__).parents[2]
TEST_TOOLS = ("hypothesis", "pytest", "pytest-xdist")
"""What the suite itself needs; the other tools of `dev` check the code and do not run it."""


def project() -> dict[str, Any]:
    table: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return table


def requirements(version: str, extras: tuple[str, ...] = ()) -> list[Requirement]:
    """What graphlang and its suite require on that version of Python; with extras, what these require too."""
    table = project()
    optional = table["optional-dependencies"]
    lines = [*table["dependencies"], *(line for extra in extras for line in optional[extra])]
    lines += [line for line in optional["dev"] if Requirement(line).name in TEST_TOOLS]
    environment = {"python_version": version, "python_full_version": f"{version}.0"}
    parsed = [Requirement(line) for line in lines]
    return [r for r in parsed if r.marker is None or r.marker.evaluate(environment)]


def lowest(requirement: Requirement) -> str:
    """The requirement at its lower bound, as pip takes it."""
    bounds = [Version(s.version) for s in requirement.specifier if _is_lower(s)]
    if not bounds:
        raise ValueError(f"{requirement} has no lower bound")
    return f"{requirement.name}=={max(bounds)}"


def newest(requirement: Requirement) -> str:
    """The requirement as it stands, of which pip takes the newest."""
    return f"{requirement.name}{requirement.specifier}"


def _is_lower(specifier: Specifier) -> bool:
    return specifier.operator in (">=", "==", "~=")


def supported() -> list[str]:
    """The versions of Python among the classifiers."""
    prefix = "Programming Language :: Python :: 3."
    return [c.removeprefix(prefix[:-2]) for c in project()["classifiers"] if c.startswith(prefix)]
