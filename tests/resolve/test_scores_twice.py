"""A note says where probabilities go to a loss that has softmax or sigmoid in it."""

from __future__ import annotations

import pytest

import graphlang as gl

INPUTS = "input x: float[N, 4], t: int[N], u: float[N, 1]\n"


@pytest.mark.parametrize(
    "lines",
    [
        "p = x -> Affine(3) -> Softmax\nloss = SoftmaxWithLoss(p, t)",
        "y = x -> Affine(3)\np = softmax(y)\nq = p\nloss = FocalLoss(q, t)",
        "p = x -> Affine(1) -> Sigmoid\nloss = BinaryCrossEntropy(p, u)",
        "p = sigmoid(x -> Affine(1))\nloss = BinaryCrossEntropy(p[:, 0], u[:, 0])",
        "p = x -> Affine(1) -> Sigmoid -> reshape(N, 1)\nloss = FocalLoss(p, u, binary=true)",
    ],
)
def test_a_note_says_where_softmax_or_sigmoid_would_act_twice(lines: str) -> None:
    (note,) = gl.loads(INPUTS + lines).notes
    assert note.code == "GL224"


@pytest.mark.parametrize(
    "lines",
    [
        "y = x -> Affine(3)\np = softmax(y)\nloss = SoftmaxWithLoss(y, t)",
        "p = x -> Affine(3) -> Softmax\nloss = CrossEntropyError(p, t)",
        "p = x -> Affine(3) -> Sigmoid\nloss = SoftmaxWithLoss(p, t)",
        "p = x -> Affine(1) -> Sigmoid -> Affine(1)\nloss = BinaryCrossEntropy(p, u)",
    ],
)
def test_no_note_disturbs_what_is_meant(lines: str) -> None:
    assert gl.loads(INPUTS + lines).notes == ()
