"""A mistake in the value of a `hyper` is told once, and with the place of that value."""

from __future__ import annotations

import pytest

import graphlang as gl


def mistakes(text: str, **options: object) -> list[gl.Diagnostic]:
    with pytest.raises(gl.GraphError) as caught:
        gl.loads(text, **options)  # type: ignore[arg-type]
    return list(caught.value.diagnostics)


def places(found: gl.Diagnostic) -> list[tuple[str, str]]:
    return [(place.span.text, place.message) for place in found.related if place.span is not None]


TWICE = "hyper hidden = 5.5\ninput x: float[N, 4]\ny = x -> Affine(hidden)\nz = x -> Affine(hidden)\n"


def test_the_value_of_a_hyper_that_is_wrong_where_it_is_used_is_shown_and_told_once() -> None:
    (found,) = mistakes(TWICE)
    assert found.code == "GL402"
    assert places(found) == [("5.5", "`hidden` is set here")]


def test_a_value_from_outside_is_not_looked_for_in_the_file() -> None:
    (first, _) = mistakes(TWICE, set={"hidden": 3.5})
    assert "`3.5`" in first.message
    assert places(first) == []


@pytest.mark.parametrize(
    "text",
    [
        "hyper k = 3\ninput x: float[N, 4]\ndef B(x, k=2.5) = x -> Affine(k)\ny = B(x)\n",
        "hyper k = 3\ninput x: float[N, 4]\ny = x -> for k in [2.5, 3] { Affine(k) }\n",
    ],
)
def test_a_name_that_hides_a_hyper_is_not_taken_for_it(text: str) -> None:
    for found in mistakes(text):
        assert all("is set here" not in message for _, message in places(found))
