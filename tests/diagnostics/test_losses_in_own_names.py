"""What a loss, a metric or a layer refuses is told in the texts of the file, with one advice."""

from __future__ import annotations

import pytest
from helpers import mistakes

from graphlang.diagnostics import edited

HEAD = "input x: float[N, 8], t: int[N], rent: float[N]\nz = x -> Affine(3)\nc = x -> Affine(1)\n"
CALLS = [
    f"{name}({{}})" for name in "SoftmaxWithLoss FocalLoss accuracy precision recall f1 perplexity".split()
]
SAME_SHAPE = (
    "MeanSquaredError SumSquaredError L1Loss HuberLoss KLDivergence BinaryCrossEntropy mae rmse r2".split()
)


@pytest.mark.parametrize("call", [*CALLS, "CrossEntropyError({})", "confusion({})", "top_k({}, 2)"])
@pytest.mark.parametrize("scores", ["z", "softmax(z)", "z * 2"])
def test_targets_before_scores_are_told_and_exchanged(call: str, scores: str) -> None:
    text = f"{HEAD}q = {call.format(f't, {scores}')}\n"
    (problem,) = mistakes(text)
    assert "fit" not in problem.message
    assert "the scores come first" in (problem.help or "")
    assert edited(text, problem.edits) == f"{HEAD}q = {call.format(f'{scores}, t')}\n"
    assert not mistakes(edited(text, problem.edits))


@pytest.mark.parametrize("call", CALLS[:3])
def test_targets_that_a_chain_gives_to_scores_are_told_without_an_edit(call: str) -> None:
    (problem,) = mistakes(f"{HEAD}q = t -> {call.format('z')}\n")
    assert problem.help == "exchange the two: the scores come first, then the targets"
    assert not problem.edits


@pytest.mark.parametrize("name", SAME_SHAPE)
@pytest.mark.parametrize("target", ["rent", "(rent - 800) / 300", "relu(rent)"])
def test_a_column_beside_a_vector_gets_one_advice_in_the_texts_of_the_file(name: str, target: str) -> None:
    text = f"{HEAD}q = {name}(c, {target})\n"
    (problem,) = mistakes(text)
    assert "`t`" not in problem.message
    assert "column" not in problem.message
    assert (problem.help or "").startswith("write `c[..., 0]`, the one column of it")
    assert not mistakes(edited(text, problem.edits))


def test_an_operand_that_is_an_expression_is_named_by_its_text() -> None:
    (problem,) = mistakes(f"{HEAD}q = MeanSquaredError(c * 2, (rent - 800) / 300)\n")
    assert "`c * 2` has the shape (N, 1) and `(rent - 800) / 300` (N,)" in problem.message
    assert "`(c * 2)[..., 0]`" in (problem.help or "")


def test_a_stage_of_a_chain_is_named_as_what_it_gives() -> None:
    (problem,) = mistakes(f"{HEAD}q = x -> Affine(16) -> Relu -> LSTM(8)\n")
    assert "the value of `Relu` has the shape (N, 16)" in problem.message
    assert "Relu:" not in (problem.help or "")
    (problem,) = mistakes(f"{HEAD}q = x -> Affine(1) -> L1Loss(rent)\n")
    assert "the value of `Affine(1)` has the shape (N, 1)" in problem.message


@pytest.mark.parametrize("name", SAME_SHAPE)
def test_labels_beside_scores_become_rows(name: str) -> None:
    (problem,) = mistakes(f"{HEAD}q = {name}(z, t)\n")
    assert problem.help == "labels become rows by `one_hot(t, 3)`"
    assert not mistakes(f"{HEAD}q = {name}(z, one_hot(t, 3))\n")
