"""Prose is folded, examples are left alone."""

from __future__ import annotations

from graphlang.draw.prose import folded

TEXT = """\
One paragraph that was written
on two lines.

    an_example = of(code)   # stays as it is, however long

Shapes: x [N, D]
        -> y [N], the sum over
        each row.
Source: a-book-with-hyphens, 5.6.
"""


def test_paragraphs_are_filled_and_examples_stay() -> None:
    assert folded(TEXT, 30).splitlines() == [
        "One paragraph that was written",
        "on two lines.",
        "",
        "    an_example = of(code)   # stays as it is, however long",
        "",
        "Shapes: x [N, D] -> y [N], the",
        "  sum over each row.",
        "Source: a-book-with-hyphens,",
        "  5.6.",
    ]


def test_a_word_is_never_broken() -> None:
    assert folded("a b incomprehensibilities", 10) == "a b\nincomprehensibilities"
