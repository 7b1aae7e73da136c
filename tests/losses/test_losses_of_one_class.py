"""Where there is one class, a warning says which loss is meant."""

from __future__ import annotations

import pytest

import graphlang as gl
from graphlang.diagnostics import Diagnostic

TARGETS = {"labels": "int[N]", "one-hot": "float[N, 1]"}


def warnings(loss: str, scores: str, target: str) -> list[Diagnostic]:
    graph = gl.loads(f"input x: {scores}, t: {target}\nloss = {loss}\noutput loss\n")
    return [d for d in graph.notes if d.code == "GL307"]


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
@pytest.mark.parametrize(
    ("loss", "binary"),
    [
        ("SoftmaxWithLoss(x, t)", "BinaryCrossEntropy"),
        ("CrossEntropyError(x, t)", "BinaryCrossEntropy"),
        ("FocalLoss(x, t)", "binary=true"),
    ],
)
def test_one_class_leaves_no_choice(loss: str, binary: str, target: str) -> None:
    (warning,) = warnings(loss, "float[N, 1]", target)
    assert warning.severity == "warning"
    assert warning.help == (
        f"one class leaves no choice: `{binary}` is for yes or no, `MeanSquaredError` for a number"
    )


@pytest.mark.parametrize(
    ("loss", "scores", "target"),
    [
        ("SoftmaxWithLoss(x, t)", "float[N, 2]", "int[N]"),
        ("SoftmaxWithLoss(x, t)", "float[N, C]", "int[N]"),
        ("CrossEntropyError(x, t)", "float[N, 3]", "int[N]"),
        ("FocalLoss(x, t, binary=true)", "float[N, 1]", "float[N, 1]"),
        ("BinaryCrossEntropy(x, t)", "float[N, 1]", "float[N, 1]"),
        ("MeanSquaredError(x, t)", "float[N, 1]", "float[N, 1]"),
    ],
)
def test_other_losses_have_no_warning(loss: str, scores: str, target: str) -> None:
    assert warnings(loss, scores, target) == []
