"""Laws of the layout: the same program, the same comments, and once is as good as twice."""

from __future__ import annotations

import random
import re
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphlang.diagnostics import GraphError, Span
from graphlang.formatting import laid_out
from graphlang.formatting.long_lines import WIDTH
from graphlang.formatting.pieces import pieces_of
from graphlang.syntax.parse import parse

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests/fuzz"))
from grammar_sentences import grammar, joined  # noqa: E402

SPECS = [
    *sorted((ROOT / "specs").glob("*.graph")),
    *sorted((ROOT / "tests/language/examples").glob("*.graph")),
]
SEEDS = st.integers(0, 2**32 - 1)
PIECES = [" ", "  ", "\n", "\n\n", " # note\n", "\t", "\r\n", "\n  # own line\n\n", ";", ""]


def meaning(text: str) -> list[Any]:
    """A tree without places, as a flat list: trees may be deep."""
    found: list[Any] = []
    pending: list[Any] = [parse(text).statements]
    while pending:
        node = pending.pop()
        if isinstance(node, Span):
            continue
        if isinstance(node, tuple):
            found.append((type(node).__name__, len(node)))
            pending += node
        else:
            found.append(node)
    return found


def comments(text: str) -> list[str]:
    return [comment.text for piece in pieces_of(text, "<text>") for comment in piece.comments]


def check(text: str) -> None:
    layout = laid_out(text)
    assert meaning(layout) == meaning(text)
    assert comments(layout) == comments(text)
    assert [p.text for p in pieces_of(layout, "x")] == [p.text for p in pieces_of(text, "x")]
    assert laid_out(layout) == layout
    lines = layout.splitlines()
    assert all(line == line.rstrip() for line in lines)
    assert not any(a == b == "" for a, b in pairwise(lines))


def check_if_valid(text: str) -> None:
    try:
        parse(text)
    except GraphError:
        with pytest.raises(GraphError):
            laid_out(text)
    else:
        check(text)


@settings(max_examples=300, deadline=None)
@given(SEEDS)
def test_a_sentence_of_the_grammar_means_the_same_in_the_layout(seed: int) -> None:
    source = random.Random(seed)
    check_if_valid(joined(grammar().sentence(source, most=source.choice([20, 80, 200])), source))


@pytest.mark.parametrize("spec", SPECS, ids=lambda path: path.stem)
def test_a_file_means_the_same_in_the_layout(spec: Path) -> None:
    check(spec.read_text("utf-8"))


@settings(max_examples=150, deadline=None)
@given(SEEDS)
def test_a_file_with_other_spaces_and_line_ends_means_the_same_in_the_layout(seed: int) -> None:
    source = random.Random(seed)
    check_if_valid("".join(_damaged(source.choice(SPECS).read_text("utf-8"), source)))


def _damaged(text: str, source: random.Random) -> Iterator[str]:
    """The text with other blanks in some places, which may end a statement or go on with one."""
    rate = source.choice([0.01, 0.05, 0.3])
    for part in re.split(r"(#[^\n]*|\"[^\"\n]*\"|\w+|\s+)", text):
        if part[:1] not in '#"' and source.random() < rate:
            yield source.choice(PIECES) if part.isspace() or not part else part + source.choice(PIECES)
        else:
            yield part


@pytest.mark.parametrize("spec", SPECS, ids=lambda path: path.stem)
def test_lines_stay_within_the_width(spec: Path) -> None:
    text = laid_out(spec.read_text("utf-8"))
    code = [re.sub(r"\s*#.*$", "", line) for line in text.splitlines() if '"' not in line]
    assert max(map(len, code)) <= WIDTH


def test_brackets_as_deep_as_a_file_may_have_them_are_broken_in_a_few_rounds() -> None:
    depth = 100
    rows = "".join(f"[{', '.join(f'x{i}' for i in range(40))}, " for _ in range(depth))
    layout = laid_out(f"y = {rows}1{']' * depth}")
    assert laid_out(layout) == layout
    assert layout.count("\n") == depth * 42 + 1


def test_a_chain_as_long_as_a_file_may_be_takes_no_time() -> None:
    chain = " -> ".join(["Relu"] * 20_000)
    assert laid_out(f"y = x -> {chain}").count("\n") == 20_000
