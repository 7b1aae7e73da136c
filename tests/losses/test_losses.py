"""Values of the losses: the book's numbers, hand sums, the tails, and what is refused."""

import math
from typing import Any

import numpy as np
import pytest

from graphlang.catalog.operation import Array, Loss
from graphlang.losses.binary_cross_entropy import BinaryCrossEntropy
from graphlang.losses.cross_entropy_error import CrossEntropyError
from graphlang.losses.huber_loss import HuberLoss
from graphlang.losses.mean_squared_error import MeanSquaredError
from graphlang.losses.softmax_with_loss import SoftmaxWithLoss
from graphlang.losses.sum_squared_error import SumSquaredError

# Deep Learning from Scratch, 4.2: ten probabilities, and the digit 2 as the right answer.
Y = np.array([0.1, 0.05, 0.6, 0.0, 0.05, 0.1, 0.0, 0.1, 0.0, 0.0])
T = np.eye(10)[2]


def value(loss: Loss, x: Array, t: Array) -> Any:
    return float(loss.forward(x, t)[0])


def gradients(loss: Loss, x: Array, t: Array, dy: float = 1) -> Any:
    assert loss.backward is not None
    return loss.backward(np.asarray(dy, x.dtype), loss.forward(x, t)[1])


def test_the_sum_of_squares_is_the_books() -> None:
    assert value(SumSquaredError(), Y, T) == pytest.approx(0.097500000000000031, rel=1e-15)


def test_the_cross_entropy_is_the_books_but_for_its_1e_7() -> None:
    found = value(CrossEntropyError(), Y, T)
    assert found == pytest.approx(0.51082545709933802, abs=1e-6)
    assert found == pytest.approx(-math.log(0.6), rel=1e-15)
    assert value(CrossEntropyError(), Y, np.array(2)) == found


def test_a_probability_of_zero_costs_much_but_not_infinity() -> None:
    with np.errstate(all="raise"):
        x, t = np.array([[1.0, 0.0]]), np.array([1])
        assert value(CrossEntropyError(), x, t) == pytest.approx(708.4, abs=0.1)
        dx, _ = gradients(CrossEntropyError(), x, t)
    assert np.isfinite(dx).all()


def test_the_gradient_of_softmax_with_loss_is_y_minus_t_over_n() -> None:
    x = np.array([[0.3, 2.9, 4.0], [1.0, 1.0, 1.0]])
    y = np.exp(x) / np.exp(x).sum(1, keepdims=True)
    t = np.eye(3)[[1, 0]]
    labels: Array = np.array([1, 0])
    for targets in (t, labels):
        assert value(SoftmaxWithLoss(), x, targets) == pytest.approx(-np.log(y[[0, 1], [1, 0]]).mean())
        np.testing.assert_allclose(gradients(SoftmaxWithLoss(), x, targets)[0], (y - t) / 2, rtol=1e-14)


def test_sequences_have_labels_or_rows_which_need_not_sum_to_one() -> None:
    rng = np.random.default_rng(0)
    x, t = rng.standard_normal((2, 3, 4)), rng.uniform(0, 2, (2, 3, 4))
    y = np.exp(x) / np.exp(x).sum(-1, keepdims=True)
    assert value(SoftmaxWithLoss(), x, t) == pytest.approx(-(t * np.log(y)).sum() / 6)
    dx, dt = gradients(SoftmaxWithLoss(), x, t)
    np.testing.assert_allclose(dx, (y * t.sum(-1, keepdims=True) - t) / 6, rtol=1e-12)
    np.testing.assert_allclose(dt, -np.log(y) / 6, rtol=1e-12)
    labels = rng.integers(0, 4, (2, 3))
    dx, _ = gradients(SoftmaxWithLoss(), x, labels)
    np.testing.assert_allclose(dx, (y - np.eye(4)[labels]) / 6, rtol=1e-12)


def test_softmax_with_loss_is_exact_at_scores_a_thousand_apart() -> None:
    x = np.array([[1000.0, 0.0], [0.0, 1e4], [-1e4, -1e4]])
    t = np.array([1, 0, 0])
    with np.errstate(all="raise", under="ignore"):
        assert value(SoftmaxWithLoss(), x, t) == pytest.approx((1000 + 1e4 + math.log(2)) / 3)
        dx, _ = gradients(SoftmaxWithLoss(), x, t)
    expected = np.array([[1, -1], [-1, 1], [-0.5, 0.5]])
    np.testing.assert_allclose(3 * dx, expected)


def test_sequences_are_averaged_over_every_place() -> None:
    x, t = np.zeros((2, 3, 4)), np.zeros((2, 3), int)
    assert value(SoftmaxWithLoss(), x, t) == pytest.approx(math.log(4))


def test_an_ignored_label_counts_neither_in_the_sum_nor_in_the_mean() -> None:
    x = np.random.default_rng(0).standard_normal((4, 3))
    t = np.array([1, -1, 2, -1])
    ignoring = SoftmaxWithLoss(ignore=-1)
    assert value(ignoring, x, t) == pytest.approx(value(SoftmaxWithLoss(), x[::2], t[::2]), rel=1e-15)
    dx, _ = gradients(ignoring, x, t)
    assert not dx[1::2].any()
    np.testing.assert_allclose(dx[::2], gradients(SoftmaxWithLoss(), x[::2], t[::2])[0], rtol=1e-15)


def test_a_batch_of_ignored_labels_costs_nothing() -> None:
    with np.errstate(all="raise"):
        assert value(SoftmaxWithLoss(ignore=0), np.ones((2, 3)), np.array([0, 0])) == 0


def test_smoothing_is_one_hot_rows_moved_towards_even() -> None:
    x, t = np.random.default_rng(1).standard_normal((4, 5)), np.array([0, 4, 2, 2])
    rows = 0.9 * np.eye(5)[t] + 0.1 / 5
    for targets in (t, np.eye(5)[t]):
        smoothed = value(SoftmaxWithLoss(smoothing=0.1), x, targets)
        assert smoothed == pytest.approx(value(SoftmaxWithLoss(), x, rows))


@pytest.mark.parametrize("loss", [SoftmaxWithLoss(), CrossEntropyError()])
def test_targets_of_another_shape_are_refused_with_both_shapes(loss: Loss) -> None:
    x = np.full((4, 3), 1 / 3)
    for t in (np.zeros(3, int), np.zeros((4, 1), int), np.zeros((4, 2))):
        with pytest.raises(ValueError, match=r"scores of shape \(4, 3\) .* \(4,\) or one-hot rows"):
            loss.forward(x, t)
    with pytest.raises(ValueError, match=r"not int: declare them as int, or give one-hot rows"):
        loss.forward(x, np.zeros(4))


def test_only_labels_have_a_bound() -> None:
    x = np.zeros((4, 3))
    for loss in (SoftmaxWithLoss(), CrossEntropyError()):
        assert loss.index_bounds(x, np.zeros(4, int)) == {"t": 3}
        assert loss.index_bounds(x, x) == {}


def test_ignoring_needs_labels() -> None:
    with pytest.raises(ValueError, match="one-hot targets: make them int labels"):
        SoftmaxWithLoss(ignore=0).forward(np.zeros((2, 3)), np.zeros((2, 3)))


def test_the_gradient_of_the_sum_of_squares_is_x_minus_t() -> None:
    x, t = np.array([1.0, 2.0]), np.array([0.5, 4.0])
    dx, dt = gradients(SumSquaredError(), x, t, dy=10)
    assert dx.tolist() == [5, -20]
    assert dt.tolist() == [-5, 20]


def test_the_mean_of_squares_is_over_every_element() -> None:
    x = np.array([[1.0, 2.0], [3.0, 4.0]])
    assert value(MeanSquaredError(), x, np.zeros((2, 2))) == 7.5
    assert value(MeanSquaredError(), x, 0) == 7.5
    assert gradients(MeanSquaredError(), x, 0)[1] is None


def test_huber_is_a_parabola_near_and_a_line_far() -> None:
    assert value(HuberLoss(), np.array([0.5]), np.array([0.0])) == 0.125
    assert value(HuberLoss(), np.array([3.0]), np.array([0.0])) == 2.5
    assert value(HuberLoss(delta=2), np.array([-3.0]), np.array([0.0])) == 4


def test_the_binary_cross_entropy_is_exact_in_both_tails() -> None:
    x, t = np.array([40.0, -40.0, 1e4, -1e4]), np.array([1.0, 0.0, 0.0, 1.0])
    with np.errstate(all="raise", under="ignore"):
        values = [value(BinaryCrossEntropy(), x[[i]], t[[i]]) for i in range(4)]
    assert values == pytest.approx([math.exp(-40), math.exp(-40), 1e4, 1e4], rel=1e-14)


def test_bool_and_int_targets_keep_float32() -> None:
    x = np.ones(3, np.float32)
    for loss in (BinaryCrossEntropy(), SumSquaredError(), HuberLoss()):
        for t in (np.array([0, 1, 1]), np.array([False, True, True])):
            assert loss.forward(x, t)[0].dtype == np.float32
            assert [g is None or g.dtype == np.float32 for g in gradients(loss, x, t)] == [True, True]


@pytest.mark.parametrize("loss", [SumSquaredError(), MeanSquaredError(), HuberLoss(), BinaryCrossEntropy()])
def test_a_regression_refuses_to_broadcast_its_targets(loss: Loss) -> None:
    with pytest.raises(ValueError, match=r"`x` has the shape \(4, 1\) and `t` \(4,\)$"):
        loss.forward(np.zeros((4, 1)), np.zeros(4))
