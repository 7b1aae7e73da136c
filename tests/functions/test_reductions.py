"""Values of the reductions, and that the logarithm of a sum of exponentials is exact."""

import math

import numpy as np
import pytest

from graphlang.functions import reductions
from graphlang.functions.metrics import accuracy

X = np.array([[1.0, 5.0, 3.0], [4.0, 2.0, 6.0]])


def test_a_reduction_runs_over_everything_by_default() -> None:
    names = ("sum", "mean", "max", "min", "prod", "argmax", "argmin")
    found = {name: getattr(reductions, name)(X) for name in names}
    assert found == {"sum": 21, "mean": 3.5, "max": 6, "min": 1, "prod": 720, "argmax": 5, "argmin": 0}


def test_a_reduction_takes_one_axis_or_several_and_may_keep_them() -> None:
    assert reductions.sum(X, 0).tolist() == [5, 7, 9]
    assert reductions.max(X, axis=-1, keepdims=True).tolist() == [[5], [6]]
    assert reductions.mean(np.ones((2, 3, 4)), axis=(0, 2)).tolist() == [1, 1, 1]
    assert reductions.argmax(X, axis=1).tolist() == [1, 2]


def test_variance_divides_by_n_or_by_n_minus_ddof() -> None:
    assert reductions.var(np.array([1.0, 2.0, 3.0])) == pytest.approx(2 / 3)
    assert reductions.var(np.array([1.0, 2.0, 3.0]), ddof=1) == pytest.approx(1)
    assert reductions.std(np.array([1.0, 3.0])) == 1
    with pytest.raises(ValueError, match=r"`var` has ddof = -1"):
        reductions.var(X, ddof=-1)


def test_the_cumulative_sum_of_no_axis_is_that_of_the_flat_array() -> None:
    assert reductions.cumsum(X).tolist() == [1, 6, 9, 13, 15, 21]
    assert reductions.cumsum(X, axis=0).tolist() == [[1, 5, 3], [5, 7, 9]]


@pytest.mark.parametrize("shift", [0.0, 1e4, -1e4])
def test_logsumexp_is_exact_at_any_height(shift: float) -> None:
    with np.errstate(all="raise", under="ignore"):
        y = reductions.logsumexp(np.array([shift, shift, shift - 1e4]))
    assert y == pytest.approx(shift + math.log(2), rel=1e-15)


def test_logsumexp_takes_axes_as_sum_does() -> None:
    expected = np.log(np.sum(np.exp(X), axis=1))
    np.testing.assert_allclose(reductions.logsumexp(X, 1), expected, rtol=1e-14)
    assert reductions.logsumexp(X, axis=(0, 1), keepdims=True).shape == (1, 1)
    assert reductions.logsumexp(X, axis=(0, -1)).shape == ()
    assert reductions.logsumexp(X).shape == ()


def test_accuracy_takes_labels_and_one_hot_rows() -> None:
    t = np.array([1, 0])
    assert accuracy(X, t) == 0.5
    assert accuracy(X, np.eye(3)[t]) == 0.5


def test_accuracy_of_sequences_counts_every_place() -> None:
    y = np.eye(4)[[[0, 1, 2], [3, 3, 3]]]
    assert accuracy(y, np.array([[0, 1, 2], [3, 0, 0]])) == pytest.approx(4 / 6)


def test_accuracy_names_the_shapes_that_do_not_fit() -> None:
    with pytest.raises(ValueError, match=r"scores \(2, 3\) with labels \(3,\): labels of shape \(2,\) or"):
        accuracy(X, np.array([0, 1, 2]))
