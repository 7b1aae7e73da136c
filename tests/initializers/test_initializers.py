"""Initializers: their spread, their streams and the fans of a shape."""

import numpy as np
import pytest
from pydantic import ValidationError

from graphlang.contracts.initializer import fans, stream
from graphlang.initializers.constant import constant
from graphlang.initializers.fan_uniform import fan_uniform
from graphlang.initializers.glorot import glorot
from graphlang.initializers.he import he
from graphlang.initializers.lecun import lecun
from graphlang.initializers.normal import normal
from graphlang.initializers.ones import ones
from graphlang.initializers.orthogonal import orthogonal
from graphlang.initializers.uniform import uniform
from graphlang.initializers.xavier import xavier
from graphlang.initializers.zero_row import zero_row
from graphlang.initializers.zeros import zeros

ALL = [
    constant(c=3),
    fan_uniform(),
    glorot(),
    he(),
    lecun(),
    normal(std=0.01),
    ones(),
    orthogonal(),
    uniform(a=-1, b=2),
    xavier(),
    zeros(),
]


@pytest.mark.parametrize("init", ALL, ids=lambda init: type(init).__name__)
@pytest.mark.parametrize("shape", [(), (5,), (4, 3), (3, 4), (6, 2, 3, 3), (0, 3)])
def test_every_initializer_draws_float64_of_the_shape(init, shape):
    values = init.start(0, "W", shape)
    assert values.shape == shape
    assert values.dtype == np.float64
    assert np.isfinite(values).all()


@pytest.mark.parametrize(
    ("init", "variance"),
    [
        (normal(std=0.5), 0.25),
        (he(), 2 / 400),
        (xavier(), 1 / 400),
        (lecun(), 1 / 400),
        (glorot(), 2 / 1025),
        (fan_uniform(), 1 / 1200),
        (uniform(a=-1, b=2), 9 / 12),
    ],
    ids=lambda value: type(value).__name__,
)
def test_the_variance_is_the_formula_s(init, variance):
    """250,000 numbers: the estimate of the variance is within 0.3 % (one sigma)."""
    assert init.start(0, "W", (400, 625)).var() == pytest.approx(variance, rel=0.015)


def test_a_uniform_start_lies_in_its_interval_and_has_its_mean():
    values = uniform(a=2, b=6).start(0, "W", (100_000,))
    assert values.min() >= 2
    assert values.max() < 6
    assert values.mean() == pytest.approx(4, abs=0.02)


@pytest.mark.parametrize("shape", [(5, 3), (3, 5), (4, 4), (4, 2, 3, 3), (7,)])
def test_an_orthogonal_start_has_orthonormal_rows_or_columns(shape):
    W = orthogonal(gain=2).start(0, "W", shape)
    W = W.reshape(shape[0], -1) if len(shape) > 1 else W.reshape(1, -1)
    product = W @ W.T if W.shape[0] <= W.shape[1] else W.T @ W
    np.testing.assert_allclose(product, 4 * np.eye(len(product)), atol=1e-12)


def test_half_of_all_orthogonal_matrices_are_reflections():
    signs = [np.linalg.det(orthogonal().start(seed, "W", (3, 3))) for seed in range(200)]
    assert 70 < sum(sign < 0 for sign in signs) < 130


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((784, 50), (784, 50)),
        ((20, 3, 5, 5), (75, 500)),  # Conv: 3 * 25 inputs, 20 * 25 outputs
        ((8, 4, 3), (12, 24)),
        ((7,), (7, 1)),
        ((), (1, 1)),
        ((0, 5), (1, 5)),
    ],
)
def test_the_fans_of_a_shape(shape, expected):
    assert fans(shape) == expected


def test_a_stream_depends_on_seed_and_name_alone():
    draws = {(seed, name): stream(seed, name).random() for seed in (0, 1) for name in ("W1", "W2", "가중치")}
    assert len(set(draws.values())) == 6
    assert stream(1, "W2").random() == draws[1, "W2"]


def test_a_stream_is_the_same_in_every_release():
    """PCG64 over SHA-256 of "0:Affine1.W": both are fixed by their definitions."""
    assert stream(0, "Affine1.W").bit_generator.random_raw(2).tolist() == [
        3748502501258670288,
        7066212333086014801,
    ]


def test_negative_seeds_are_seeds_like_any_other():
    assert stream(-1, "W").random() != stream(1, "W").random()


def test_drawing_leaves_numpy_s_global_state_alone():
    np.random.seed(7)  # noqa: NPY002 -- this is the state that must not change
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    normal(std=1).start(0, "W", (10,))
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


@pytest.mark.parametrize(
    ("kind", "fields"), [(uniform, {"a": 2, "b": 1}), (normal, {"std": -1}), (normal, {})]
)
def test_a_wrong_attribute_is_refused(kind, fields):
    with pytest.raises(ValidationError):
        kind(**fields)


def test_a_row_of_zeros_stands_among_rows_of_another_initializer() -> None:
    own = uniform(a=1, b=2)
    values, others = zero_row.like(2, own).start(0, "W", (4, 3)), own.start(0, "W", (4, 3))
    np.testing.assert_array_equal(np.delete(values, 2, axis=0), np.delete(others, 2, axis=0))
    np.testing.assert_array_equal(values[2], 0)
    with pytest.raises(ValidationError, match="no initializer `os`"):
        zero_row(row=0, of="os")
