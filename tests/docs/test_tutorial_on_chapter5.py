"""The tutorial on chapter 5: its pages run, its figures are what its commands draw, its exercises can be solved."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from page_runs import DOCS, Block, blocks_of, output_of, run_whole_page

import graphlang as gl
from graphlang.checks.expectations import check_expectations

FOLDER = DOCS / "tutorial" / "chapter5"
ENGLISH = [
    "tutorial/chapter5/index.md",
    "tutorial/chapter5/graphs.md",
    "tutorial/chapter5/chain-rule.md",
    "tutorial/chapter5/backward.md",
    "tutorial/chapter5/simple-layers.md",
    "tutorial/chapter5/activations.md",
    "tutorial/chapter5/affine-softmax.md",
    "tutorial/chapter5/network.md",
]
KOREAN = [
    "tutorial/chapter5/ko/index.md",
    "tutorial/chapter5/ko/graphs.md",
    "tutorial/chapter5/ko/chain-rule.md",
    "tutorial/chapter5/ko/backward.md",
    "tutorial/chapter5/ko/simple-layers.md",
    "tutorial/chapter5/ko/activations.md",
    "tutorial/chapter5/ko/affine-softmax.md",
    "tutorial/chapter5/ko/network.md",
]
JAPANESE = [
    "tutorial/chapter5/ja/index.md",
    "tutorial/chapter5/ja/graphs.md",
    "tutorial/chapter5/ja/chain-rule.md",
    "tutorial/chapter5/ja/backward.md",
    "tutorial/chapter5/ja/simple-layers.md",
    "tutorial/chapter5/ja/activations.md",
    "tutorial/chapter5/ja/affine-softmax.md",
    "tutorial/chapter5/ja/network.md",
]
QUOTED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
TRANSLATIONS = {"ko": KOREAN, "ja": JAPANESE}
PAGES = [*ENGLISH, *KOREAN, *JAPANESE]
TRANSLATED = [pair for pages in TRANSLATIONS.values() for pair in zip(ENGLISH, pages, strict=True)]
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
        assert picture == ((DOCS / page).parent / name).read_bytes(), (
            f"python docs/make_pictures.py chapter5: {name}"
        )


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
    failures = re.findall(
        rf"^FAIL  {re.escape(str(file))}:\d+: (expect .*)\n      \S.*\d", said, re.MULTILINE
    )
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
    for pages in (ENGLISH, *TRANSLATIONS.values()):
        titles = [text_of(page).partition("\n")[0].removeprefix("# ") for page in pages[1:]]
        assert [title[:4] for title in titles] == [f"5.{n} " for n in range(1, 8)]
        for page, title, following in zip(pages[1:-1], titles[1:], pages[2:], strict=True):
            assert f"[{title}]({Path(following).name})" in text_of(page)
        for page, title in zip(pages[1:], titles, strict=True):
            assert f"[{title}]({Path(page).name})" in text_of(pages[0])


# ---- the translations --------------------------------------------------------------------------------


def outline(page: str) -> list[tuple[str, str]]:
    """The headings of a page: how deep each is, and its number or its anchor."""
    found = re.findall(
        r"^(#+) (?:([\d.]+) )?.*?(?:\{ (#\w+) \})?$", QUOTED.sub("", text_of(page)), re.MULTILINE
    )
    return [(depth, number or anchor) for depth, number, anchor in found]


def programs(page: str) -> list[list[str]]:
    """The words and signs of every block but what commands print; comments count as one sign."""
    code = []
    for block in blocks_of(page):
        text = (
            block.text
            if block.language != "console"
            else "".join(re.findall(r"^\$ .*\n", block.text, re.MULTILINE))
        )
        text = re.sub(r"(?<!^)#.*", "#", text) if block.language == "graph" else text
        code.append([block.language, block.title, *re.findall(r"\w+|[^\w\s]", text)])
    return code


@pytest.mark.parametrize(("original", "translation"), TRANSLATED)
def test_a_translation_has_the_same_sections_figures_and_exercises(original: str, translation: str) -> None:
    assert outline(translation) == outline(original)
    assert figures_of(translation) == figures_of(original)
    for count in (r"^<details .*", r"^- ", r"^\d\. ", r"^\| ", r"^$"):
        assert len(re.findall(count, text_of(translation), re.MULTILINE)) == len(
            re.findall(count, text_of(original), re.MULTILINE)
        ), count


@pytest.mark.parametrize(("original", "translation"), TRANSLATED)
def test_the_blocks_of_a_translation_differ_in_names_alone(original: str, translation: str) -> None:
    ours, theirs = programs(original), programs(translation)
    assert len(ours) == len(theirs)
    for one, other in zip(ours, theirs, strict=True):
        assert len(one) == len(other), other
        pairs = {(word, name) for word, name in zip(one, other, strict=True) if word != name}
        assert all(word.isidentifier() and name.isidentifier() and not name.isascii() for word, name in pairs)
        assert len(dict(pairs)) == len({name for _, name in pairs}) == len(pairs)  # one name for each


def test_every_page_leads_to_its_other_languages() -> None:
    folders = {"": ENGLISH, **TRANSLATIONS}
    for folder, pages in folders.items():
        for page in pages:
            links = set(re.findall(r"\]\(([^)]*)\)", text_of(page).split("\n")[2]))
            up = "../" if folder else ""
            others = [f"{other}/" if other else "" for other in folders if other != folder]
            assert links == {f"{up}{other}{Path(page).name}" for other in others}
