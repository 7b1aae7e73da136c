"""Habits from other frameworks that can be read, but mean something else here: a fix that leads on."""

from __future__ import annotations

import pytest
from helpers import mistakes

from graphlang.diagnostics import edited

HEAD = "input x: float[N, 3], t: int[N]\nparam w = 0\ny = x -> Affine(4)\nloss = SoftmaxWithLoss(y, t)\n"
TRAIN = "train {{ minimize = loss; optimizer = {}; batch = 10; epochs = 2 }}"
DATA = "data {{ source = {}; x = x; t = t }}"

MENDED = [
    # members that are texts, and what they take
    (TRAIN.format('"adam"'), '"adam"', TRAIN.format("Adam")), (TRAIN.format('"SGD"'), '"SGD"', TRAIN.format("SGD")),
    ('z = x -> Affine(4, init="he")', '"he"', "z = x -> Affine(4, init=he)"),
    ('z = x -> Affine(4, init="glorot_uniform")', '"glorot_uniform"', "z = x -> Affine(4, init=glorot)"),
    (DATA.format('"train.npz"'), '"train.npz"', DATA.format('npz("train.npz")')), (DATA.format('"a/b.csv"'), '"a/b.csv"', DATA.format('csv("a/b.csv")')),
    (DATA.format("csv(train.csv, target=t)"), "train.csv", DATA.format('csv("train.csv", target=t)')),
    ("param W: float[3, 4] = randn", "randn", "param W: float[3, 4] = normal(1)"),
    ("param W: float[3, 4] = zeros(3, 4)", "zeros(3, 4)", "param W: float[3, 4] = zeros"),
    ("param W: float[3, 4] = normal(0, 0.1)", "normal(0, 0.1)", "param W: float[3, 4] = normal(0.1)"),
    # sizes
    ("input a: float[none, 3]", "none", "input a: float[N, 3]"), ("input a: float[-1, 3]", "-1", "input a: float[N, 3]"),
    ('input a: float["M", 3]', '"M"', "input a: float[M, 3]"),
    # lists
    ("z = y -> for n in arange(3) { Affine(n + 1) }", "arange(3)", "z = y -> for n in [0, 1, 2] { Affine(n + 1) }"),
    ("z = x -> layers [Affine(4), Relu]", "layers [Affine(4), Relu]", "z = x -> layers { Affine(4); Relu }"),
    ("z = x -> layers(Affine(4), Relu)", "layers", "z = x -> layers { Affine(4); Relu }"),
    ("z = x -> residual(Affine(3))", "residual", "z = x -> residual { Affine(3) }"),
    ("z = x -> Affine[4]", "Affine[4]", "z = x -> Affine(4)"),
    # methods
    ("z = x.permute(1, 0)", "permute", "z = transpose(x, 1, 0)"), ("z = x.view(3, N)", "view", "z = reshape(x, 3, N)"),
    # names
    ("g = derivative(loss, w)", "derivative", "g = grad(loss, w)"), ("g = deriv(loss, w)", "deriv", "g = grad(loss, w)"),
    ("a = float[N, 3]", "float", None), ("l = SoftmaxWithLoss(t, y)", "SoftmaxWithLoss(t, y)", None),
]  # fmt: skip
TOLD = [
    ("W = param(3, 4)", "param", "`param W: float[3, 4]`"), ("a = Input(shape=[3])", "Input", "input x: float[N, 784]"),
    ("W = Parameter(3, 4)", "Parameter", "`param W: float[3, 4]`"), ("W = Variable(3)", "Variable", "`param W: float[3, 4]`"),
    ("optimizer = SGD(lr=0.1)", "SGD", "train {"), ("W = normal(0.01)", "normal", "= normal(0.01)`"), ("d = csv(3)", "csv", "data {"),
    ("s = cosine()", "cosine", "schedule = cosine()"), ('data { source = csv("a.csv"); target = t; x = x; t = t }', "target", "csv("),
    ("l = SoftmaxWithLoss(t, y)", "SoftmaxWithLoss(t, y)", "scores come first"), ("a = x.shape[0]", "shape", "`N` is the length"),
    ("a = float[N, 3]", "float", "input x: float[N, 3]"), ("z = x.dot(w)", "x.dot", "`dot(x, w)`"), ("z = tan[x]", "tan", "tan(x)"),
    ("train { maximize = loss; optimizer = SGD; batch = 10; epochs = 1 }", "maximize", "minimize = -loss"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "at", "mended"), MENDED, ids=[text for text, _, _ in MENDED])
def test_a_habit_that_can_be_read_is_mended(text: str, at: str, mended: str | None) -> None:
    (first,) = mistakes(HEAD + text)
    assert first.span is not None
    assert first.span.text == at
    if mended is not None:
        assert edited(HEAD + text, first.edits) == HEAD + mended
        assert not mistakes(HEAD + mended)


@pytest.mark.parametrize(("text", "at", "help_"), TOLD, ids=[text for text, _, _ in TOLD])
def test_help_says_what_to_write(text: str, at: str, help_: str) -> None:
    first = mistakes(HEAD + text)[0]
    assert first.span is not None
    assert first.span.text == at
    assert help_ in f"{first.message} {first.help}"


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("z = x -> Afine(4, biass=false)", ["GL202", "GL401"]),
        ("z = x -> Afine(-4)", ["GL202", "GL402"]),
        ("z = Sequential(Affine(4), Relu, Affine(2))", ["GL202"]),
        ("train { minimize = loss; optimizer = adam(learning_rate=0.1); batch = 10; epochs = 1 }", ["GL202", "GL401"]),
        ("train { loss = mse; optimizer = SGD; batch = 10; epochs = 1 }", ["GL501", "GL201"]),
        ("z = sofmax(x, axs=1)", ["GL202", "GL401"]),
        ("z = nothing_like_it(x, axs=1)", ["GL202"]),
    ],
)  # fmt: skip
def test_a_misspelt_name_is_checked_as_the_name_that_was_meant(text: str, codes: list[str]) -> None:
    assert [d.code for d in mistakes(HEAD + text)] == codes
