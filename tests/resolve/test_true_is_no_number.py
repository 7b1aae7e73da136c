"""`true` is not 1 and 1 is not `true`: what an attribute or a setting takes is said by its type."""

from __future__ import annotations

import pytest

import graphlang as gl

NET = "input x: float[N, 4, 6, 6], t: float[N]\ny = x -> {}\noutput y"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("Affine(true)", "`units` of `Affine` must be a whole number, but it is `true`"),
        ("Conv(4, true)", "`kernel` of `Conv` must be a whole number, but it is `true`"),
        ("Conv(4, [3, true])", "`kernel` of `Conv` must be a whole number"),
        ("Flatten -> Affine(2, bias=1)", "`bias` of `Affine` must be `true` or `false`, but it is `1`"),
        ("LeakyRelu(slope=true)", "`slope` of `LeakyRelu` must be a number, but it is `true`"),
        ("sum(axis=true)", "`axis` of `sum` must be a whole number, but it is `true`"),
        ("sum(axis=0, keepdims=1)", "`keepdims` of `sum` must be `true` or `false`, but it is `1`"),
        ("Flatten -> Affine(2, init=normal(true))", "`std` of `normal` must be a number, but it is `true`"),
        ("mean(axis=[2, 3]) -> reshape(N, 1, 4) -> LSTM(3, bidirectional=1)",
         "`bidirectional` of `LSTM` must be `true` or `false`, but it is `1`"),
    ],
)  # fmt: skip
def test_an_attribute_of_the_other_kind_is_refused(call: str, message: str) -> None:
    with pytest.raises(gl.GraphError) as caught:
        gl.loads(NET.format(call))
    assert caught.value.diagnostics[0].message == message


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("optimizer = SGD(lr=true); batch = 2", "`lr` of `SGD` must be a number, but it is `true`"),
        ("optimizer = SGD(lr=1); batch = true", "`train.batch` must be a whole number, but it is `true`"),
        ("optimizer = SGD(lr=1); batch = 2; shuffle = 1", "`train.shuffle` must be `true` or `false`, but it is `1`"),
        ("optimizer = SGD(lr=1); batch = 2; schedule = step(every=true)",
         "`every` of `step` must be a whole number, but it is `true`"),
    ],
)  # fmt: skip
def test_a_setting_of_the_other_kind_is_refused(settings: str, message: str) -> None:
    text = NET.format("Flatten -> Affine(1)") + "\nloss = mean(y)\ntrain { minimize = loss; epochs = 1; "
    with pytest.raises(gl.GraphError) as caught:
        gl.loads(f"{text}{settings} }}")
    assert caught.value.diagnostics[0].message == message
