"""Where every step of a recurrent layer meets one answer for each row, the help names `return=last`."""

from __future__ import annotations

import pytest

from tests.helpers import mistakes

HEAD = "input x: float[N, 5, 3], t: int[N], r: float[N, 1]\n"


@pytest.mark.parametrize("layer", ["LSTM(8)", "GRU(8, bidirectional=true)", "RNN(8, layers=2)"])
@pytest.mark.parametrize(
    "rest",
    [
        "y = h -> Affine(4)\nloss = SoftmaxWithLoss(y, t)",
        "y = h -> Dropout(0.1) -> Affine(4) -> Relu -> Affine(1)\nloss = MeanSquaredError(y, r)",
        "y = h -> Affine(1)\nloss = BinaryCrossEntropy(y[:, 0], t)",
        "y = concat(h, r, axis=1)",
    ],
)
def test_the_help_names_return_last(layer: str, rest: str) -> None:
    first = mistakes(f"{HEAD}h = x -> {layer}\n{rest}")[0]
    name = layer.partition("(")[0]
    assert str(first.help).startswith(f"`{name}` gives every step, [N, 5, ")
    assert f"write `{layer[:-1]}, return=last)`" in str(first.help)


def test_the_layer_next_to_the_mistake_is_named() -> None:
    text = f"{HEAD}y = x -> RNN(2) -> LSTM(3) -> Affine(1)\nloss = MeanSquaredError(y, r)"
    assert "write `LSTM(3, return=last)`" in str(mistakes(text)[0].help)


@pytest.mark.parametrize(
    "text",
    [
        "y = x -> GRU(8, return=last) -> Affine(2)\nloss = MeanSquaredError(y, r)",
        "y = mean(x -> GRU(8), axis=1) -> Affine(2)\nloss = MeanSquaredError(y, r)",
        "y = x -> Affine(2)\nloss = MeanSquaredError(y, r)",
    ],
)
def test_other_mistakes_of_shape_say_nothing_of_it(text: str) -> None:
    assert "return=last" not in str(mistakes(HEAD + text)[0].help)
