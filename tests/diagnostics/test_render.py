"""How a diagnostic looks, for people and for machines."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

import graphlang as gl
from graphlang.diagnostics import Diagnostic, Related, Source, Span
from graphlang.diagnostics.render import concise, full, github

FRUIT = """\
# Fruit
input apple = 100
input num = 2
input orange = 150, onum = 3
input tax = 1.1

price = (aple * num + orange * onum) * tax
"""


class Sample(Diagnostic):
    """A name is used that nothing defines."""

    code = "GL201"
    message = "{sentence}"
    label = "{beside}"

    span: Span | None
    sentence: str = "m"
    beside: str = ""
    others: Sequence[Related] = ()
    fix: str = ""

    @property
    def help(self) -> str | None:
        return self.fix or None

    @property
    def also(self) -> Sequence[Related]:
        return self.others


def span_of(text: str, part: str, name: str = "a.graph") -> Span:
    return Span(text.index(part), text.index(part) + len(part), Source(name, text))


def unknown_name() -> Sample:
    source = Source("specs/apple_orange.graph", FRUIT)
    span = Span(FRUIT.index("aple"), FRUIT.index("aple") + 4, source)
    defined = Related(Span(FRUIT.index("apple"), FRUIT.index("apple") + 5, source), "`apple` is defined here")
    return Sample(
        span, "unknown name `aple`", "not an input, parameter or node", [defined], "did you mean `apple`?"
    )


def test_the_full_form_shows_both_places_and_the_fix() -> None:
    assert (
        full(unknown_name())
        == """\
error[GL201]: unknown name `aple`
  --> specs/apple_orange.graph:7:10
   |
 2 | input apple = 100
   |       ----- `apple` is defined here
 7 | price = (aple * num + orange * onum) * tax
   |          ^^^^ not an input, parameter or node
   |
help: did you mean `apple`?"""
    )


def test_the_concise_form_is_one_line() -> None:
    assert (
        concise(unknown_name())
        == "specs/apple_orange.graph:7:10: error[GL201] unknown name `aple` (did you mean `apple`?)"
    )


def test_a_diagnostic_without_a_place_names_its_file() -> None:
    problem = Sample(None, "too large", fix="raise the limit").replaced(file="a.graph")
    assert full(problem) == "error[GL201]: too large\n  --> a.graph\nhelp: raise the limit"
    assert concise(problem) == "a.graph: error[GL201] too large (raise the limit)"
    assert full(Sample(None)) == "error[GL201]: m"
    assert github(problem) == "::error file=a.graph,title=GL201::too large%0Ahelp: raise the limit"


def test_colours_change_nothing_else() -> None:
    import re

    painted = full(unknown_name(), color=True)
    assert "\x1b[1;31m^^^^" in painted
    assert re.sub(r"\x1b\[[0-9;]*m", "", painted) == full(unknown_name())


def test_two_places_on_one_line_share_it() -> None:
    text = "y = a < b < c"
    first, second = span_of(text, "< b"), span_of(text, "< c")
    first = first._replace(end=first.start + 1)
    second = second._replace(end=second.start + 1, source=first.source)
    shown = full(Sample(second, beside="second", others=[Related(first, "first")])).split("\n")
    assert shown[3:6] == [" 1 | y = a < b < c", "   |       - first", "   |           ^ second"]


def test_a_place_in_another_file_gets_a_snippet_of_its_own() -> None:
    here, there = span_of("y = b.f(x)", "b.f", "a.graph"), span_of("\n\ndef f(x) = x", "f(", "b.graph")
    assert full(Sample(here, others=[Related(there, "defined here")])).split("\n")[1:] == [
        "  --> a.graph:1:5", "   |", " 1 | y = b.f(x)", "   |     ^^^", "   |",
        "  ::: b.graph:3:5", "   |", " 3 | def f(x) = x", "   |     -- defined here", "   |",
    ]  # fmt: skip


def test_wide_characters_and_tabs_keep_the_caret_in_its_place() -> None:
    text = "\t사과 = 배 * x"
    assert full(Sample(span_of(text, "배"))).split("\n")[3:5] == [
        " 1 |     사과 = 배 * x",
        "   |            ^^",
    ]
    decomposed = "cafe\u0301 = b"
    assert full(Sample(span_of(decomposed, "b"))).split("\n")[4] == "   |        ^"


def test_control_and_invisible_characters_are_shown_as_replacements() -> None:
    text = "y = \x1b[31m\u202e a"
    assert full(Sample(span_of(text, "a"))).split("\n")[3:5] == [
        " 1 | y = \ufffd[31m\ufffd a",
        "   |            ^",
    ]


def test_a_long_line_is_cut_around_its_caret() -> None:
    text = "y = " + "a + " * 1000 + "BAD" + " + c" * 1000
    line, under = full(Sample(span_of(text, "BAD"))).split("\n")[3:5]
    assert len(line) <= 5 + 120
    assert line.startswith(" 1 | ...")
    assert line.endswith("...")
    assert line[under.index("^") : under.index("^") + 3] == "BAD"
    assert under.count("^") == 3


def test_a_very_long_place_is_cut_too() -> None:
    text = "y = " + "a" * 5000
    line, under = full(Sample(span_of(text, "a" * 5000))).split("\n")[3:5]
    assert max(len(line), len(under)) <= 5 + 120


def test_a_place_over_several_lines_shows_its_first() -> None:
    text = "y = f(\n  a\n)"
    assert full(Sample(span_of(text, "f(\n  a\n)"))).split("\n")[3:5] == [" 1 | y = f(", "   |     ^^"]


def test_a_place_at_the_end_of_the_text_has_a_caret() -> None:
    text = "y = 3"
    place = Span(5, 5, Source("a.graph", text))
    assert full(Sample(place)).split("\n")[3:5] == [" 1 | y = 3", "   |      ^"]


def test_line_numbers_of_different_width_are_aligned() -> None:
    text = "a = 1\n" * 9 + "b = 2"
    source = Source("a.graph", text)
    first, last = Span(0, 1, source), Span(54, 55, source)
    assert full(Sample(last, others=[Related(first, "here")])).split("\n")[1:] == [
        "   --> a.graph:10:1", "    |", "  1 | a = 1", "    | - here", " 10 | b = 2", "    | ^", "    |",
    ]  # fmt: skip


def test_github_gets_a_workflow_command() -> None:
    assert github(unknown_name()) == (
        "::error file=specs/apple_orange.graph,line=7,endLine=7,col=10,endColumn=14,title=GL201"
        "::unknown name `aple`%0Ahelp: did you mean `apple`?"
    )
    assert "%25%0A%0D" in github(Sample(None, "%\n\r"))


def test_the_concise_form_names_the_calls_that_led_into_a_def() -> None:
    text = "def f(x: float[3]) = x @ x.T\ndef g(x) = f(x)\ninput x: float[3]\ny = g(x)\n"
    with pytest.raises(gl.GraphError) as caught:
        gl.loads(text, name="a.graph")
    line = concise(caught.value.diagnostics[0])
    assert line.startswith(
        "a.graph:1:28: error[GL305] `.T` swaps the last two axes, and this is float[3], in the use of"
    )
    calls = ", in the use of `f` at a.graph:2:12, in the use of `g` at a.graph:4:5"
    assert line.partition(" (")[0].endswith(calls)


FORGED = "a\nnet.graph:1:1: error[GL101]: forged.graph"


def test_a_newline_in_the_name_of_a_file_starts_no_line() -> None:
    span = Span(0, 1, Source(FORGED, "x"))
    for problem in (
        Sample(None).replaced(file=FORGED),
        Sample(span),
        Sample(span, others=[Related(span, "m")]),
    ):
        for text in (full(problem), concise(problem)):
            assert r"a\nnet.graph:1:1" in text
            assert not any(line.startswith("net.graph") for line in text.split("\n"))


def test_a_newline_in_a_message_starts_no_line_at_the_margin() -> None:
    problem = Sample(None, f"there is no file `{FORGED}`", fix=f"did you mean `{FORGED}`?")
    for text in (full(problem), concise(problem)):
        assert not any(line.startswith("net.graph") for line in text.split("\n"))


def test_what_reorders_a_line_is_escaped_in_the_name_of_a_file_and_a_long_one_is_cut() -> None:
    assert r"\u202e" in full(Sample(None).replaced(file="a\u202eb"))
    assert r"\x1b[31m" in full(Sample(None).replaced(file="a\x1b[31m"))
    assert len(full(Sample(None).replaced(file="a" * 10**6))) < 2000
