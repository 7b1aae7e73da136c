"""The recipes of CONTRIBUTING.md as they are written: files to add, edits to make, commands to run.

A block of Python, of a graph or of JSON whose first line is a comment with a path, `# graphlang/layers/snake.py`,
is a file. A block of `diff` with the line `+++ PATH` is an edit: the lines that begin with a space or a minus stand
in that file once. A block of `sh` is a list of commands, which have to succeed.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SECTION = re.compile(r"^## (Add an? [^\n]*)$\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)


class Edit(NamedTuple):
    """A change of a file that is there: the text that stands in it once, and what takes its place."""

    path: str
    before: str
    after: str


class Recipe(NamedTuple):
    """A section of CONTRIBUTING.md."""

    title: str
    files: dict[str, str]
    edits: list[Edit]
    commands: list[str]


def recipes() -> dict[str, Recipe]:
    """The recipes by their titles."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    return {title: _recipe(title, body) for title, body in _SECTION.findall(text)}


def _recipe(title: str, body: str) -> Recipe:
    recipe = Recipe(title, {}, [], [])
    for language, text in _BLOCK.findall(body):
        path = re.match(r"# (\S+\.\w+)\n", text)
        if language == "diff":
            recipe.edits.append(_edit(text))
        elif language == "sh":
            recipe.commands.extend(text.splitlines())
        elif path is not None:
            recipe.files[path[1]] = text[path.end() :].lstrip("\n")
    return recipe


def _edit(text: str) -> Edit:
    head, _, diff = text.partition("\n")
    assert head.startswith("+++ "), f"an edit begins with `+++ PATH`: {text}"
    lines = diff.splitlines(keepends=True)
    assert all(line[0] in " +-\n" for line in lines), diff
    before = "".join(line[1:] if line[0] != "\n" else line for line in lines if line[0] != "+")
    after = "".join(line[1:] if line[0] != "\n" else line for line in lines if line[0] != "-")
    return Edit(head.removeprefix("+++ "), before, after)


def follow(recipe: Recipe, folder: Path) -> Path:
    """A copy of the package and its tests in which the recipe has been followed, commands excepted."""
    copy = folder / "copy"
    unwanted = shutil.ignore_patterns(".*", "runs", "data")  # what is compiled stays valid in the copy
    for name in ("graphlang", "tests"):
        shutil.copytree(ROOT / name, copy / name, ignore=unwanted)
    for name in ("pyproject.toml", "README.md", "CONTRIBUTING.md"):
        shutil.copy(ROOT / name, copy / name)
    for path, text in recipe.files.items():
        target = copy / path
        assert not target.exists(), f"{path} is there already"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    for edit in recipe.edits:
        target = copy / edit.path
        text = target.read_text(encoding="utf-8")
        assert text.count(edit.before) == 1, f"{edit.path} does not hold this once:\n{edit.before}"
        target.write_text(text.replace(edit.before, edit.after), encoding="utf-8")
    return copy


def run(command: str, copy: Path) -> str:
    """The output of a command of a recipe, run in the copy; it has to succeed."""
    words = command.split()
    assert words[0] == "python", f"the commands of recipes are those of Python: {command}"
    environment = os.environ | {"PYTHONPATH": str(copy), "NO_COLOR": "1", "PYTHONSAFEPATH": "1"}
    done = subprocess.run(
        [sys.executable, *words[1:]], cwd=copy, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout
