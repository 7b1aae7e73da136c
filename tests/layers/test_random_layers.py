"""Layers that act in training only: what they draw, and that evaluation leaves the values alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphlang as gl
from graphlang.engine.random_streams import StreamRandom
from graphlang.layers.gaussian_noise import GaussianNoise
from graphlang.layers.random_crop import RandomCrop
from graphlang.layers.random_flip import RandomFlip


def drawn(layer: Any, x: Any, seed: int = 0) -> Any:
    random = StreamRandom(np.random.default_rng(seed), np.float64)
    return layer.forward(x, training=True, random=random)[0]


@pytest.mark.parametrize("layer", [GaussianNoise(std=0.5), RandomFlip(), RandomCrop(pad=1)], ids=repr)
def test_evaluation_leaves_values_alone(layer: Any) -> None:
    x = np.arange(24.0).reshape(2, 3, 4)
    np.testing.assert_array_equal(layer.forward(x)[0], x)
    assert not np.array_equal(
        drawn(layer, np.arange(240.0).reshape(20, 3, 4)), np.arange(240.0).reshape(20, 3, 4)
    )


def test_noise_is_normal_with_the_given_deviation() -> None:
    noise = drawn(GaussianNoise(std=0.5), np.full(200_000, 3.0)) - 3
    assert abs(noise.mean()) < 0.01
    assert abs(noise.std() - 0.5) < 0.01
    shares = [np.mean(np.abs(noise) < 0.5 * k) for k in (1, 2, 3)]
    np.testing.assert_allclose(shares, [0.6827, 0.9545, 0.9973], atol=0.01)


def test_noise_is_finite_in_float32_for_every_number_that_may_be_drawn() -> None:
    class Extreme:
        def uniform(self, shape: Any) -> Any:
            return np.resize(np.array([0, 1 - 2**-24], np.float32), shape)

    y = GaussianNoise(std=1).forward(np.zeros(4, np.float32), training=True, random=Extreme())[0]
    assert np.isfinite(y).all()
    assert y.dtype == np.float32


@pytest.mark.parametrize("axis", [-1, 2, 1])
def test_a_flip_turns_about_half_of_the_rows_over_and_no_others(axis: int) -> None:
    x = np.random.default_rng(1).standard_normal((400, 2, 3, 4))
    y = drawn(RandomFlip(axis=axis), x)
    turned = [
        np.array_equal(row, np.flip(old, axis - 1 if axis > 0 else axis))
        for row, old in zip(y, x, strict=True)
    ]
    kept = [np.array_equal(row, old) for row, old in zip(y, x, strict=True)]
    assert all(a != b for a, b in zip(turned, kept, strict=True))
    assert 150 < sum(turned) < 250


@pytest.mark.parametrize("axis", [0, -4, 4])
def test_a_flip_refuses_the_axis_of_the_rows_and_one_that_is_not_there(axis: int) -> None:
    with pytest.raises(ValueError, match="reverses an axis of each row"):
        RandomFlip(axis=axis).forward(np.zeros((2, 1, 3, 3)))


def test_a_crop_is_a_piece_of_the_padded_image_of_each_row() -> None:
    x = np.random.default_rng(1).standard_normal((300, 2, 4, 5))
    y = drawn(RandomCrop(pad=(1, 2)), x)
    padded = np.pad(x, [(0, 0), (0, 0), (1, 1), (2, 2)])
    seen = set()
    for row, whole in zip(y, padded, strict=True):
        places = [
            (i, j) for i in range(3) for j in range(5) if np.array_equal(row, whole[:, i : i + 4, j : j + 5])
        ]
        assert len(places) == 1
        seen |= set(places)
    assert seen == {(i, j) for i in range(3) for j in range(5)}


def test_a_crop_stays_within_its_pad_where_the_largest_number_is_drawn() -> None:
    class Largest:
        def uniform(self, shape: Any) -> Any:
            return np.full(shape, 1 - 2**-24, np.float32)

    x = np.arange(1, 10, dtype=np.float32).reshape(1, 1, 9)
    y = RandomCrop(pad=4).forward(x, training=True, random=Largest())[0]
    assert y[0, 0].tolist() == [5, 6, 7, 8, 9, 0, 0, 0, 0]


def test_training_draws_anew_at_every_step_and_from_the_seed_alone() -> None:
    text = (
        "input x: float[N, 1, 4], t: float[N, 1, 4]\n"
        "y = x -> RandomFlip -> RandomCrop(1) -> GaussianNoise(0.5) -> Affine(4)\n"
        "loss = MeanSquaredError(y, t)\n"
        "train { minimize = loss; optimizer = SGD(lr=1e-9); batch = 8; iterations = 5; seed = 3 }"
    )
    x = np.random.default_rng(0).standard_normal((8, 1, 4))
    losses = [gl.loads(text).fit(x=x, t=x).losses for _ in range(2)]
    assert losses[0] == losses[1]
    assert len(set(losses[0])) == 5
