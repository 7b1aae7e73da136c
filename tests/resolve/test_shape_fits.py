"""Operands that do not fit are told what would make them fit; where that is one change, it is an edit that does."""

from __future__ import annotations

import pytest
from helpers import mistakes

from graphlang.diagnostics import edited

X, A, IMAGES = "input x: float[N, 4]\n", "input a: float[N, 3]\n", "input x: float[N, 28, 28, 1]\n"
FITS = [
    # the text, what the help says, and the text with the edit made (None where there is no one change)
    (A + "input b: float[N]\ny = a - b", "`expand_dims(b, 1)` is (N, 1)", "y = a - expand_dims(b, 1)"),
    (A + "input b: float[N]\ny = b + a", "`expand_dims(b, 1)`", "y = expand_dims(b, 1) + a"),
    (A + "input b: float[N, T, 3]\ny = b + a", "`expand_dims(a, 1)`", "y = b + expand_dims(a, 1)"),
    ("input x: float[N, 3, 8, 8], b: float[N]\ny = x * b", "reshape(b, N, 1, 1, 1)", "y = x * reshape(b, N, 1, 1, 1)"),
    ("input a: float[N, 3], b: float[3, N]\ny = a + b", "`b.T`", "y = a + b.T"),
    (X + "param W: float[4, 3]\nparam b: float[4]\ny = x @ W + b", "declare `b: float[3]`", "param b: float[3]"),
    (A + "input b: float[N, 4]\ny = a + b", "the last axis has 3 and 4", None),
    (A + "input b: float[M, 3]\ny = maximum(a, b)", "the last axis but one has N and M", None),
    (X + "param W: float[3, 4]\ny = x @ W", "`x @ W.T`", "y = x @ W.T"),
    (X + "param W: float[50, 10]\ny = x @ W", "declare `W: float[4, 10]`", "param W: float[4, 10]"),
    ("hyper h = 10\n" + X + "param W: float[50, h]\ny = x @ W", "declare `W: float[4, h]`", "param W: float[4, h]"),
    (X + "param w: float[3]\ny = x @ w", "declare `w: float[4]`", "param w: float[4]"),
    (X + "param w: float[3] = [1, 2, 3]\ny = x @ w", "the last axis of the first", None),
    ("input h: float[N, 4], V: float[N, 4]\ny = h @ V", "`h @ V.T` is (N, N), `h.T @ V` is (4, 4)", None),
    ("input h: float[N, 4]\nparam V: float[3, 4]\ny = h @ V", "`h @ V.T`", "y = h @ V.T"),
    ("input x: float[N, 784]\ny = x -> Conv(8, 3)", "write `reshape(x, N, 1, 28, 28)`", None),
    ("input h: float[7, 4], s: float[N, 4]\ny = arctan2(h, s)", "declare `h: float[N, 4]` or `s: float[7, 4]`", None),
    ("input x: float[N, 6]\na, b = split(x, 2)", "`axis=1`", None),
    (X + "input r: float[N, 3]\nloss = KLDivergence(log_softmax(x), r)",
     "declare `r: float[N, 4]`, or `log_softmax(x)` of shape (N, 3) would fit", None),
    (X + "input r: float[N]\nloss = SoftmaxWithLoss(x, r)", "declare `r: int[N]`", None),
    ("input h: float[N, 3, 8, 8], n: int[N, 6]\ny = reshape(h, N, 24, 8) -> GRU(3, lengths=n)",
     "declare `n: int[N]`", None),
    ("input x: float[4, N], w: float[4, 2]\ny = x @ w", "`x.T @ w`", "y = x.T @ w"),
    ("input x: float[N, 4], s: float\ny = x @ s", "use `*`", None),
    ("input x: float[N, 4], s: float\ny = s @ x", "use `*`", None),
    (X + "a, b = split(x, [1, 2], axis=1)", "`[1, 3]`", "a, b = split(x, [1, 3], axis=1)"),
    (X + "a, b, c = split(x, 3, axis=1)", "`[2, 1, 1]`", None),
    ("input x: float[N, 28, 28]\ny = reshape(x, N, 780)", "784 in place of 780", "y = reshape(x, N, 784)"),
    ("input x: float[N, 28, 28]\ny = x -> reshape(N, 780)", "784 in place of 780", "y = x -> reshape(N, 784)"),
    ("input x: float[N, 28, 28]\ny = reshape(x, -1, 100)", "`reshape(x, N, -1)`", None),
    (A + "input b: float[N, 4]\ny = stack(a, b)", "axis=1", None),
    (X + "y = squeeze(x, 1)", "leave `squeeze` out", None),
    (IMAGES + "y = x -> Conv(16, 3)", "channels come before", "y = x -> transpose(0, 3, 1, 2) -> Conv(16, 3)"),
    (IMAGES + "y = x -> MaxPool(2)", "channels come before", "y = x -> transpose(0, 3, 1, 2) -> MaxPool(2)"),
    ("input x: float[N, 3, 2, 2]\ny = x -> Conv(16, 3)", "`pad=same`", None),
    (X + "y = x -> LSTM(5)", "`x: float[N, T, 4]`", "y = x -> expand_dims(1) -> LSTM(5)"),
    (X + "y = x -> Attention(2)", "`x: float[N, T, 4]`", "y = x -> expand_dims(1) -> Attention(2)"),
    ("input x: float[N, 6]\ny = x -> GroupNorm(4)", "1, 2, 3, 6", None),
    ("input x: float[N, T, 3], h: float[N, 5]\ny = GRU(x, 4, start=h)", "`GRU(5)`", None),
    (X + "input t: float[N]\ny = x -> Affine(1)\nloss = MeanSquaredError(y, t)", "`y[..., 0]`",
     "loss = MeanSquaredError(y[..., 0], t)"),
    (X + "input t: int[N, 1]\ny = x -> Affine(3)\nloss = SoftmaxWithLoss(y, t)", "`t[..., 0]`",
     "loss = SoftmaxWithLoss(y, t[..., 0])"),
    (A + "y = a -> residual { Affine(5); Relu }", "`Affine(3)`", None),
    ("def F(h: float[N, 5]) = h -> Affine(2)\n" + X + "y = F(x)", "declare it `float[N, 4]`", None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "told", "mended"), FITS, ids=[text.replace("\n", "; ") for text, _, _ in FITS]
)
def test_what_does_not_fit_is_told_what_would(text: str, told: str, mended: str | None) -> None:
    (problem,) = mistakes(text)
    assert told in (problem.help or "")
    assert bool(problem.edits) == (mended is not None)
    if mended is not None:
        after = edited(text, problem.edits)
        assert mended in after.splitlines()
        assert not mistakes(after)


def test_no_fit_is_certain_enough_to_be_made_unasked() -> None:
    assert not any(problem.sure for text, _, _ in FITS for problem in mistakes(text))
