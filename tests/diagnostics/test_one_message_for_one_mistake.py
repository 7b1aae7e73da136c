"""A mistake gets one message, and what an edit wrote gets none."""

from __future__ import annotations

import pytest
from helpers import mistakes

from graphlang.diagnostics import closest
from graphlang.diagnostics.render import full


def test_a_unit_behind_a_setting_is_one_mistake() -> None:
    text = "input x: float[N]\nparam w: float = 0\nloss = mean(w * x)\ntrain { minimize = loss; epochs = 5 epochs }"
    assert [p.code for p in mistakes(text) if "epochs" in p.message] == ["GL125"]


def test_a_def_of_julia_is_told_without_what_the_edits_wrote() -> None:
    text = "function Block(x)\n  x -> residual { LayerNorm; Affine(8) }\nend\ninput x: float[N, 8]\ny = x -> Block\n"
    found = mistakes(text)
    assert found
    assert all(full(problem) for problem in found)
    assert "GL102" not in [problem.code for problem in found]


@pytest.mark.parametrize(("written", "meant"), [("r1sk", "risk"), ("w1dth", "width"), ("l0ss", "loss")])
def test_signs_that_look_alike_are_one_slip(written: str, meant: str) -> None:
    assert closest(written, ["gain", meant]) == meant


def test_a_vector_beside_a_matrix_does_not_join_along_an_axis_that_it_lacks() -> None:
    (problem,) = mistakes("input h: float[N, 5], t: float[N]\ny = concat(h, t, axis=1)")
    assert problem.code == "GL301"
    assert "equally many axes" in (problem.help or "")
