"""Words are told from names without a parser, as the language's own lexer tells them with one."""

from __future__ import annotations

import random
import re
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphlang.diagnostics import GraphError
from graphlang.formatting.pieces import END, pieces_of
from graphlang.highlighting.kinds import kinds_of

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests/fuzz"))
from grammar_sentences import grammar, joined  # noqa: E402

SPECS = [
    *sorted((ROOT / "specs").glob("*.graph")),
    *sorted((ROOT / "tests/language/examples").glob("*.graph")),
]
WRONG = sorted((ROOT / "tests/diagnostics/bad").glob("*.graph"))
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BETWEEN = ("COMMENT", "SPACE", "SEMICOLON")
SEEDS = st.integers(0, 2**32 - 1)


def by_kind(text: str) -> list[tuple[str, str]]:
    return [(token.kind, token.text) for token in kinds_of(text) if token.kind not in BETWEEN]


def by_parser(text: str) -> list[tuple[str, str]]:
    kinds = ((piece.kind, piece.text) for piece in pieces_of(text, "<text>"))
    return [("MINUS" if kind == "NEGATIVE" else kind, value) for kind, value in kinds if kind != END]


def words(text: str) -> list[str]:
    """The words of the language in a text, names left out."""
    return [value for kind, value in by_kind(text) if value.isalpha() and kind != "NAME"]


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.name)
def test_every_spec_has_the_kinds_that_the_parser_reads(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert by_kind(text) == by_parser(text)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_the_blocks_of_a_page_have_the_kinds_that_the_parser_reads(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for block in re.findall(r"^```graph\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        assert by_kind(block) == by_parser(block)


@settings(max_examples=100, deadline=None)
@given(SEEDS)
def test_random_sentences_have_the_kinds_that_the_parser_reads(seed: int) -> None:
    source = random.Random(seed)
    text = joined(grammar().sentence(source), source)
    try:
        expected = by_parser(text)
    except GraphError:
        return
    assert by_kind(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "data = 3",
        "train = data + 1",
        "output, input = f(x)",
        "y = repeat + residual - for",
        "y = LSTM(64, return=last, in=3, float=1)",
        "y = within -> carry -> as",
        "x = scan if float else int",
        "input data: float[train]",
        "y = x -> layers { data: A; repeat: B; A }",
        "train { data = train; layers = 3 }",
        "carry = 3\nwithin = 4\nas = 5",
        "def scan(x, in) = x",
        "y = [in for in in in]",
        "y = scan x in [v if c else w -> residual { f }] carry h = 1 { next h = 2 }",
        "layer f = repeat 3 { A }\ny = f(x)[1:float]",
        'import "a.graph" as as',
        "def f(data) {\n  h = scan x in data { yield x }\n  return h -> repeat train { A }\n}",
        "def f(x: float = [1, 2]): float[3] { param W: int[2]; return W }",
        "y = [\n  data\n,\n input if train else output\n]",
    ],
)
def test_words_of_the_language_are_names_where_the_parser_takes_them_for_names(text: str) -> None:
    assert by_kind(text) == by_parser(text)


@settings(max_examples=200, deadline=None)
@given(
    st.text()
    | st.lists(
        st.sampled_from('input x layers { } [ ( ) ] -> = : ; , # " \n scan in for 1 é'.split(" "))
    ).map(" ".join)
)
def test_the_tokens_of_any_text_are_the_text(text: str) -> None:
    tokens = list(kinds_of(text))
    assert "".join(token.text for token in tokens) == text
    ends = [0, *(token.start + len(token.text) for token in tokens)]
    assert [token.start for token in tokens] == ends[:-1]


@pytest.mark.parametrize("path", WRONG, ids=lambda path: path.stem)
def test_the_tokens_of_a_wrong_file_are_the_file(path: Path) -> None:
    text = path.read_bytes().decode(errors="replace")
    assert "".join(token.text for token in kinds_of(text)) == text


@pytest.mark.parametrize(
    "opened", ["y = f(x", "y = [1, 2", "train { batch = 3", "input x: float[N", "y = x -> layers {"]
)
def test_a_bracket_that_is_never_closed_hides_no_statement_after_it(opened: str) -> None:
    rest = "input a: float[3]\ndef f(x) { return x }\noutput y\ndata { x = y }\n"
    assert words(f"{opened}\n{rest}")[-6:] == ["input", "float", "def", "return", "output", "data"]


def test_what_no_text_of_the_language_has_is_stray() -> None:
    strays = [value for kind, value in by_kind("y = a && b ? c 'd' \"e") if kind == "STRAY"]
    assert strays == ["&&", "?", "'d'", '"e']
