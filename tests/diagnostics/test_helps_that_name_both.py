"""Where a wrong word may mean two things, the help names both; where a setting is not named, how it gets a name."""

from __future__ import annotations

import pytest

import graphlang as gl


def help_of(text: str, **options: object) -> str:
    with pytest.raises(gl.GraphError) as caught:
        gl.loads(text, **options)  # type: ignore[arg-type]
    return str(caught.value.diagnostics[0].help)


def test_a_layer_of_ones_own_near_a_function_may_be_either() -> None:
    told = help_of("input x: float[N, 4]\ny = x -> Affine(3) -> Square\noutput y\n")
    assert "did you mean the function `square`?" in told
    assert "`gl.load(file, layers=[Square])`" in told


@pytest.mark.parametrize(("wrong", "meant"), [("Afine(3)", "Affine"), ("sofmax(x)", "softmax")])
def test_a_word_near_one_of_its_kind_means_that_one(wrong: str, meant: str) -> None:
    told = help_of(
        f"input x: float[N, 4]\ny = x -> {wrong}\noutput y\n" if wrong[0] == "A" else f"y = {wrong}\n"
    )
    assert told == f"did you mean `{meant}`?"


def test_a_setting_that_has_no_name_yet_is_given_one() -> None:
    told = help_of("input x: float[N, 4]\ny = x -> Affine(50)\noutput y\n", set={"hidden": 100})
    assert "`hyper hidden = ...`" in told
