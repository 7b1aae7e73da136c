"""A diagnostic is data: facts as fields, and texts that are templates over them."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

import graphlang as gl
from graphlang.diagnostics import Diagnostic, Edit, Source, Span
from graphlang.diagnostics.base import listed
from graphlang.diagnostics.sarif import sarif

TEXT = Source("a.graph", "y = aple * 2\n")
APLE = Span(4, 8, TEXT)


class Missing(Diagnostic):
    """A name is missing."""

    code = "GL999"
    message = "`{span}` is none of {names}"
    label = "not {names:or}"
    help = "write {{ {names:bare and} }}"
    replacement = "{first}"
    places = {"line_above": "`{first}` is here", "absent": "never shown"}  # noqa: RUF012

    span: Span
    names: Sequence[str]
    line_above: Span | None = None
    absent: Span | None = None

    @property
    def first(self) -> str:
        return self.names[0]


class MissingTwice(Missing):
    message = "`{span}` is missing {times} times"

    times: int = 2


def test_templates_are_filled_with_facts_and_properties() -> None:
    d = Missing(APLE, ["apple", "pear", "fig"], line_above=Span(0, 1, TEXT))
    assert d.message == "`aple` is none of `apple`, `pear`, `fig`"
    assert d.label == "not `apple`, `pear` or `fig`"
    assert d.help == "write { apple, pear and fig }"
    assert d.edits == (Edit(APLE, "apple"),)
    assert [place.message for place in d.related] == ["`apple` is here"]


def test_a_wording_adds_facts_and_keeps_the_code() -> None:
    d = MissingTwice(APLE, ["apple"], times=3)
    assert (d.code, d.message) == ("GL999", "`aple` is missing 3 times")
    (rule,) = sarif([d], helps=False)["runs"][0]["tool"]["driver"]["rules"]
    assert rule == {"id": "GL999", "name": "Missing", "shortDescription": {"text": "A name is missing."}}


def test_facts_are_checked_and_frozen() -> None:
    with pytest.raises(TypeError, match="names"):
        Missing(APLE)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="other"):
        Missing(APLE, [], other=1)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="takes"):
        Missing(APLE, [], None, None, 1)  # type: ignore[call-arg]
    d = Missing(APLE, ["apple"])
    with pytest.raises(AttributeError, match="replaced"):
        d.names = []  # type: ignore[misc]


def test_another_diagnostic_with_other_facts_leaves_the_first_as_it_is() -> None:
    d = Missing(APLE, ["apple"])
    other = d.replaced(names=["pear"], called=[("f", Span(0, 1, TEXT))])
    assert (d.names, d.called) == (["apple"], ())
    assert (other.names, other.span) == (["pear"], APLE)
    assert [place.message for place in other.related] == ["in this use of `f`"]


def test_a_span_is_its_text_cut_short_on_demand() -> None:
    long = Span(0, 60, Source("a.graph", "a" * 60))
    assert f"{APLE}" == "aple"
    assert f"{long:short}" == "a" * 37 + "..."
    assert f"{Span(0, 13, TEXT):short}" == "y = aple * 2"


def test_words_are_listed_as_prose() -> None:
    assert listed(["a"]) == "a"
    assert listed(["a", "b"]) == "a or b"
    assert listed(["a", "b", "c"], "and") == "a, b and c"
    assert listed(["a", "b"], "") == "a, b"


def test_a_mistake_in_a_def_is_told_once_though_its_uses_have_other_sizes() -> None:
    text = "def f(x: float[N, M]) = x + ones(M, 3)\ninput a: float[4, 5], b: float[6, 7]\ny = f(a)\nz = f(b)"
    with pytest.raises(gl.GraphError) as caught:
        gl.loads(text)
    (mistake,) = caught.value.diagnostics
    assert mistake.message == "`+`: shapes (4, 5) and (5, 3) do not broadcast: 4 against 5"
