"""The recipes of CONTRIBUTING.md work: each is followed to the letter in a copy, and its commands succeed there."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from recipes import ROOT, follow, recipes, run

RECIPES = recipes()
KINDS = (
    "function",
    "layer",
    "kernel",
    "optimizer",
    "diagnostic",
    "command",
    "pass",
    "data source",
    "operator",
)


def test_there_is_a_recipe_for_everything_that_one_adds() -> None:
    titles = {title.removeprefix("Add a ").removeprefix("Add an ") for title in RECIPES}
    assert titles == set(KINDS)


@pytest.mark.parametrize("title", RECIPES)
def test_a_recipe_that_is_followed_works(title: str, tmp_path: Path) -> None:
    recipe = RECIPES[title]
    if any("--backend jax" in command for command in recipe.commands):
        pytest.importorskip("jax", reason="the extra `jax`")
    assert recipe.files or recipe.edits, "a recipe adds something"
    assert recipe.commands, "a recipe ends with commands that show it at work"
    copy = follow(recipe, tmp_path)
    for command in recipe.commands:
        run(command, copy)


def test_the_table_of_tests_names_every_folder() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    folders = {p.name for p in (ROOT / "tests").iterdir() if p.is_dir() and p.name[0] not in "._"}
    assert {name for name in folders if f"`{name}/`" not in text} == set()
