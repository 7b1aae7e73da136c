"""Words that attributes accept, and what is said of others."""

from __future__ import annotations

import pytest
from helpers import mistakes


@pytest.mark.parametrize(
    ("call", "word"),
    [
        ("x -> Conv(4, 3, pad=sme)", "same"),
        ("x -> LSTM(4, return=lsat)", "last"),
        ("SoftmaxWithLoss(x, t, reduction=summ)", "sum"),
    ],
)
def test_a_misspelt_word_of_an_attribute_gets_the_word_that_is_meant(call: str, word: str) -> None:
    (problem,) = mistakes(f"input x: float[N, T, 3], t: int[N, T]\ny = {call}\noutput y")
    assert problem.code == "GL201"
    assert problem.help == f"did you mean `{word}`?"


def test_a_hyper_whose_name_is_close_to_a_word_is_used() -> None:
    text = "hyper sme = 1\ninput x: float[N, 3, 8, 8]\ny = x -> Conv(4, 3, pad=sme)\noutput y"
    assert mistakes(text) == []


@pytest.mark.parametrize("index", ["x > 0", ":, x > 0"])
def test_a_mask_as_an_index_is_told_of_where(index: str) -> None:
    (problem,) = mistakes(f"input x: float[N, 3]\ny = x[{index}]\noutput y")
    assert "whole number" in problem.message
    assert "where(mask, x, 0)" in problem.message + (problem.help or "")


@pytest.mark.parametrize("name", ["train.objectives", "data.fields", "data.prepared"])
def test_what_a_section_computes_is_no_setting_from_outside(name: str) -> None:
    text = """
        input x: float[N]
        param w = 1
        loss = mean((w * x)**2)
        data { source = csv("a.csv"); x = x }
        train { minimize = loss; optimizer = SGD(0.1); epochs = 1 }
        """
    (problem,) = mistakes(text, set={name: 3})
    assert problem.code == "GL504"
    assert name not in (problem.help or "")
    (problem,) = mistakes(text, set={"hiden": 3})
    assert name not in (problem.help or "")
