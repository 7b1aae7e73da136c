"""The tutorial from digits to a transformer: each page runs from its top to its end, and leads to the next one."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest
from page_runs import DOCS, blocks_of, run_whole_page

from graphlang.cli import main

PAGES = [
    "tutorial/second/digits.md",
    "tutorial/second/convnet.md",
    "tutorial/second/deeper.md",
    "tutorial/second/recurrent.md",
    "tutorial/second/attention.md",
    "tutorial/second/transformer.md",
]


@pytest.mark.parametrize("page", PAGES)  # each trains for some seconds: what it shows is what training gives
def test_what_a_page_of_the_tutorial_shows_is_what_happens(page: str, tmp_path: Path) -> None:
    run_whole_page(page, tmp_path)


def test_the_pages_are_numbered_and_each_leads_to_the_next() -> None:
    assert sorted(PAGES) == sorted(
        path.relative_to(DOCS).as_posix() for path in (DOCS / "tutorial" / "second").glob("*.md")
    )
    texts = {page: (DOCS / page).read_text(encoding="utf-8") for page in PAGES}
    titles = {page: text.partition("\n")[0].removeprefix("# ") for page, text in texts.items()}
    assert [re.match(r"\d+", title)[0] for title in titles.values()] == list("123456")  # type: ignore[index]
    for page, following in pairwise(PAGES):
        assert f"[{titles[following]}]({Path(following).name})" in texts[page]


@pytest.mark.parametrize(("scores", "status"), [("causal_mask(", 0), ("(", 1)])
def test_the_lines_that_hold_the_transformer_to_its_promise_do(
    scores: str, status: int, tmp_path: Path
) -> None:
    page = (DOCS / "tutorial" / "second" / "transformer.md").read_text(encoding="utf-8")
    spec = next(b.text for b in blocks_of("tutorial/second/transformer.md") if b.title == "fables.graph")
    lines = re.search(r"^```\n(rows .*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert lines is not None
    spec, changed = re.subn(r"^h    = .*\n", lines[1], spec, flags=re.MULTILINE)
    assert changed == 1
    file = tmp_path / "fables.graph"
    file.write_text(spec.replace("causal_mask(", scores), encoding="utf-8")
    assert main(["test", str(file)]) == status
