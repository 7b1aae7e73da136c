"""Whatever the text: a tree, or diagnostics with a place."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from graphlang.diagnostics import Diagnostic, GraphError
from graphlang.diagnostics.render import concise, full, github
from graphlang.diagnostics.sarif import sarif
from graphlang.syntax import lexer
from graphlang.syntax.parse import parse

PIECES = [
    *lexer.SYMBOLS, *lexer.FOREIGN_SYMBOLS, *lexer.WORDS, "x", "Affine", "3", "0.5", '"s"', "\n", ";", " ",
    "# c\n", "'", '"', "^", "|", "\\", "True", "и", "²", "\u200b", "\r\n", "\t", "for i in range(3):", "y = ",
]  # fmt: skip
SENTENCES = [
    "y = x -> layers { A; b: B(3) }\n", "input x: float[N, 3], t = 1\n",
    "def f(x, k=3) { h = x; return h }\n", "train { lr = 0.1; batch = 3 }\n", "expect a ~= b within 1e-3\n",
    "s = scan x in xs carry h = a { yield h }\n",
]  # fmt: skip


def check_diagnostics(problems: list[Diagnostic]) -> None:
    assert 0 < len(problems) <= 20
    for problem in problems:
        assert problem.span is not None
        assert 0 <= problem.span.start <= problem.span.end <= len(problem.span.source.text)
        assert problem.message
        assert problem.help
        assert all((full(problem), concise(problem), github(problem)))
    sarif(problems)


def check(text: str) -> None:
    try:
        tree = parse(text)
    except GraphError as error:
        check_diagnostics(error.diagnostics)
    else:
        ends = [statement.span.end for statement in tree.statements]
        assert ends == sorted(ends)


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=40).map(" ".join))
def test_any_sequence_of_tokens_gives_a_tree_or_diagnostics(text: str) -> None:
    check(text)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60))
def test_any_text_gives_a_tree_or_diagnostics(text: str) -> None:
    check(text)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(SENTENCES), max_size=5).map("".join), st.data())
def test_a_damaged_file_gives_a_tree_or_diagnostics(text: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(text)))
    until = data.draw(st.integers(at, min(len(text), at + 6)))
    check(text[:at] + data.draw(st.sampled_from(["", *PIECES])) + text[until:])
