"""Values of the functions that move numbers about, and what they refuse."""

import numpy as np
import pytest

from graphlang.functions import creation, indexing, shapes

X = np.arange(6.0).reshape(2, 3)


def test_reshape_takes_sizes_one_of_which_may_be_left_open() -> None:
    assert shapes.reshape(X, 3, -1).tolist() == [[0, 1], [2, 3], [4, 5]]
    with pytest.raises(ValueError, match=r"more than one -1 in \(-1, -1\)"):
        shapes.reshape(X, -1, -1)


def test_transpose_reverses_or_takes_an_order() -> None:
    x = np.zeros((2, 3, 4))
    assert shapes.transpose(x).shape == (4, 3, 2)
    assert shapes.transpose(x, 0, -1, 1).shape == (2, 4, 3)
    with pytest.raises(ValueError, match=r"needs each axis of \(2, 3, 4\) once, not \(0, 1\)"):
        shapes.transpose(x, 0, 1)


def test_axes_are_swapped_added_and_removed() -> None:
    assert shapes.swapaxes(X, 0, 1).shape == (3, 2)
    assert shapes.expand_dims(X, 1).shape == (2, 1, 3)
    assert shapes.squeeze(np.zeros((1, 2, 1))).shape == (2,)
    assert shapes.squeeze(np.zeros((1, 2, 1)), axis=0).shape == (2, 1)


def test_concat_joins_along_an_axis_and_stack_along_a_new_one() -> None:
    assert shapes.concat(X, X, axis=1).shape == (2, 6)
    assert shapes.stack(X, X, X, axis=-1).shape == (2, 3, 3)
    with pytest.raises(ValueError, match="`stack` needs something to join"):
        shapes.stack()


def test_split_cuts_into_equal_parts_or_listed_sizes() -> None:
    a, b, c = shapes.split(X, 3, axis=1)
    assert (a.tolist(), c.tolist()) == ([[0], [3]], [[2], [5]])
    a, b = shapes.split(X, (1, 2), axis=1)
    assert (a.tolist(), b.tolist()) == ([[0], [3]], [[1, 2], [4, 5]])
    assert isinstance(shapes.split(X, 2), tuple)


def test_split_says_why_it_cannot() -> None:
    with pytest.raises(ValueError, match="axis 1 of size 3 into 2 equal parts: list the sizes"):
        shapes.split(X, 2, axis=1)
    with pytest.raises(ValueError, match=r"parts \[1, 1\], which make 2: axis 1 has size 3"):
        shapes.split(X, (1, 1), axis=1)
    with pytest.raises(ValueError, match="into 0 parts"):
        shapes.split(X, 0)
    with pytest.raises(ValueError, match=r"cannot cut \(2, 3\) along axis 2"):
        shapes.split(X, 1, axis=2)


def test_repeat_axis_repeats_each_slice_in_place() -> None:
    assert shapes.repeat_axis(X, 2, axis=0).tolist() == [[0, 1, 2], [0, 1, 2], [3, 4, 5], [3, 4, 5]]


def test_flip_roll_and_broadcast() -> None:
    assert shapes.flip(X).tolist() == [[5, 4, 3], [2, 1, 0]]
    assert shapes.flip(X, axis=1).tolist() == [[2, 1, 0], [5, 4, 3]]
    assert shapes.roll(X, 1).tolist() == [[5, 0, 1], [2, 3, 4]]
    assert shapes.roll(X, -1, axis=1).tolist() == [[1, 2, 0], [4, 5, 3]]
    assert shapes.broadcast_to(np.array([1.0, 2.0]), 3, 2).tolist() == [[1, 2]] * 3


def test_pad_takes_a_width_for_all_axes_or_for_each_of_the_last() -> None:
    x = np.ones((1, 2))
    assert shapes.pad(x, 1).tolist() == [[0, 0, 0, 0], [0, 1, 1, 0], [0, 0, 0, 0]]
    assert shapes.pad(x, ((1, 0), 0), value=7).tolist() == [[7, 7], [1, 1]]
    assert shapes.pad(x, (2,)).shape == (1, 6)
    with pytest.raises(ValueError, match=r"3 widths for \(1, 2\)"):
        shapes.pad(x, (1, 1, 1))
    with pytest.raises(ValueError, match="negative width"):
        shapes.pad(x, -1)


def test_take_takes_rows_unless_told_otherwise() -> None:
    assert indexing.take(X, np.array([1, 1])).tolist() == [[3, 4, 5], [3, 4, 5]]
    assert indexing.take(X, np.array([2, 0]), axis=1).tolist() == [[2, 0], [5, 3]]


def test_one_hot_makes_a_row_per_label() -> None:
    assert indexing.one_hot(np.array([2, 0]), 3).tolist() == [[0, 0, 1], [1, 0, 0]]


def test_arrays_are_made_from_sizes() -> None:
    assert creation.zeros(2, 1).tolist() == [[0], [0]]
    assert creation.ones().shape == ()
    assert creation.full(2, value=0.5).tolist() == [0.5, 0.5]
    assert creation.eye(2).tolist() == [[1, 0], [0, 1]]


def test_arange_counts_as_range_does() -> None:
    for bounds in [(4,), (1, 4), (1, 8, 3), (5, 0, -2), (3, 1)]:
        assert creation.arange(*bounds).tolist() == list(range(*bounds))
    with pytest.raises(ValueError, match="step 0"):
        creation.arange(0, 1, 0)
    with pytest.raises(ValueError, match="has 0 numbers"):
        creation.arange()


def test_the_causal_mask_hides_what_comes_later() -> None:
    y = creation.causal_mask(np.ones((1, 2, 2), np.float32))
    assert y.tolist() == [[[1, -np.inf], [1, 1]]]
    assert y.dtype == np.float32
    with pytest.raises(ValueError, match="two axes or more"):
        creation.causal_mask(np.ones(3))


def test_tril_keeps_the_lower_triangle() -> None:
    assert creation.tril(np.ones((2, 2))).tolist() == [[1, 0], [1, 1]]
    assert creation.tril(np.ones((2, 2)), k=-1).tolist() == [[0, 0], [1, 0]]
