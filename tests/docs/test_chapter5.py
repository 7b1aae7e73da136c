"""The tutorial on chapter 5: its pages run, its figures are what its commands draw, its exercises can be solved."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest
from page_runs import DOCS, Block, blocks_of, output_of, run_whole_page

import graphlang as gl
from graphlang.checks.expectations import check_expectations

FOLDER = DOCS / "tutorial" / "chapter5"
PAGES = [
    "tutorial/chapter5/index.md",
    "tutorial/chapter5/graphs.md",
    "tutorial/chapter5/chain-rule.md",
    "tutorial/chapter5/backward.md",
    "tutorial/chapter5/simple-layers.md",
    "tutorial/chapter5/activations.md",
    "tutorial/chapter5/affine-softmax.md",
    "tutorial/chapter5/network.md",
]
SECTIONS = [page for page in PAGES if not page.endswith("index.md")]


def text_of(page: str) -> str:
    return (DOCS / page).read_text(encoding="utf-8")


def figures_of(page: str) -> list[str]:
    return re.findall(r"^\[!\[[^]]+\]\(([\w-]+\.svg)\)\]\(\1\)$", text_of(page), re.MULTILINE)


def exercise_of(page: str) -> tuple[Block, Block]:
    """The file of a page's exercise, with its blanks and with the right answer."""
    blank, solution = (block for block in blocks_of(page) if block.title.startswith("exercise_"))
    return blank, solution


def claims(block: Block) -> list[str]:
    return re.findall(r"^expect .*", block.text, re.MULTILINE)


def test_every_page_is_listed() -> None:
    assert sorted(PAGES) == sorted(path.relative_to(DOCS).as_posix() for path in FOLDER.rglob("*.md"))


@pytest.mark.parametrize("page", PAGES)
def test_a_page_of_the_chapter_shows_and_draws_what_its_commands_give(page: str, tmp_path: Path) -> None:
    run_whole_page(page, tmp_path)
    for block in blocks_of(page):
        if block.language == "graph" and not block.title.startswith("exercise_"):
            graph = gl.load(tmp_path / block.title)
            assert graph.notes == ()
            assert [f"{e.text}: {e.message}" for e in check_expectations(graph.model) if not e.ok] == []
    drawn = {path.name: path.read_bytes() for path in tmp_path.glob("*.svg")}
    assert list(drawn) == [] or sorted(drawn) == sorted(figures_of(page))
    for name, picture in drawn.items():
        assert picture == ((DOCS / page).parent / name).read_bytes(), f"python docs/make_pictures.py chapter5: {name}"


def test_every_figure_of_the_chapter_stands_in_a_page() -> None:
    shown = {(DOCS / page).parent / name for page in PAGES for name in figures_of(page)}
    assert shown == set(FOLDER.rglob("*.svg"))


@pytest.mark.parametrize("page", SECTIONS)
def test_an_exercise_fails_with_its_blanks_and_passes_with_the_answer(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    blank, solution = exercise_of(page)
    file = Path(blank.title)
    file.write_text(blank.text, encoding="utf-8")
    status, said = output_of(f"graphlang test {file}")
    failures = re.findall(rf"^FAIL  {re.escape(str(file))}:\d+: (expect .*)\n      \S.*\d", said, re.MULTILINE)
    assert status == 1
    assert failures
    assert set(failures) <= set(claims(blank))
    file.write_text(solution.text, encoding="utf-8")
    status, said = output_of(f"graphlang test {file}")
    assert (status, said.count("pass ")) == (0, len(claims(solution))), said


@pytest.mark.parametrize("page", SECTIONS)
def test_each_blank_of_an_exercise_matters_and_its_claims_stay(page: str, tmp_path: Path) -> None:
    blank, solution = exercise_of(page)
    assert claims(blank) == claims(solution)
    lines = list(zip(blank.text.splitlines(), solution.text.splitlines(), strict=True))
    open_places = [place for place, (asked, answer) in enumerate(lines) if asked != answer]
    assert [place for place, (asked, _) in enumerate(lines) if "  # " in asked] == open_places
    for place in open_places:
        one_left = [asked if place == at else answer for at, (asked, answer) in enumerate(lines)]
        file = tmp_path / blank.title
        file.write_text("\n".join(one_left), encoding="utf-8")
        status, said = output_of(f"graphlang test '{file.as_posix()}'")
        assert status == 1, one_left[place]
        assert "Traceback" not in said


def test_each_section_leads_to_the_next() -> None:
    titles = {page: text_of(page).partition("\n")[0].removeprefix("# ") for page in SECTIONS}
    assert [re.match(r"5\.\d", title)[0] for title in titles.values()] == [f"5.{n}" for n in range(1, 8)]  # type: ignore[index]
    for page, following in pairwise(SECTIONS):
        assert f"[{titles[following]}]({Path(following).name})" in text_of(page)
