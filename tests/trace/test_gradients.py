"""Conventions of gradients, gradients of gradients, and long chains."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from graphlang.trace import Dim, Trace, gradient, needed_steps, replay

N = Dim.symbol("N")


def slopes(function: Any, *points: Any, dtype: Any = np.float64) -> list[Any]:
    """The gradients of function at the points."""
    trace = Trace()
    arrays = [np.asarray(p, dtype) for p in points]
    inputs = [trace.input(a.shape, a.dtype) for a in arrays]
    y = function(*inputs)
    return [
        np.asarray(g).tolist()
        for g in replay(trace, gradient(y, inputs), dict(zip(inputs, arrays, strict=True)))
    ]


def test_relu_has_no_gradient_at_zero_and_below() -> None:
    assert slopes(lambda x: np.maximum(x, 0), [-1.0, 0.0, 2.0]) == [[0, 0, 1]]
    assert slopes(lambda x: np.maximum(0.0, x), [-1.0, 0.0, 2.0]) == [[0, 0, 1]]


def test_ties_of_two_variables_share_the_gradient() -> None:
    assert slopes(np.maximum, [1.0, 2.0], [1.0, 1.0]) == [[0.5, 1], [0.5, 0]]
    assert slopes(np.minimum, [1.0, 2.0], [1.0, 1.0]) == [[0.5, 0], [0.5, 1]]


def test_equal_maxima_share_the_gradient() -> None:
    assert slopes(np.max, [3.0, 1.0, 3.0]) == [[0.5, 0, 0.5]]
    assert slopes(lambda x: np.min(x, axis=0), [[3.0, 1.0], [3.0, 2.0]]) == [[[0.5, 1], [0.5, 0]]]


def test_a_square_has_a_gradient_at_zero_and_below() -> None:
    assert slopes(lambda x: x**2, [0.0, -3.0]) == [[0, -6]]
    assert slopes(lambda x: x**0, [0.0, -3.0]) == [[0, 0]]
    assert slopes(lambda x: x**1, [0.0, -3.0]) == [[1, 1]]


def test_the_exponents_gradient_is_zero_at_base_zero() -> None:
    with np.errstate(all="raise"):
        assert slopes(lambda x, p: x**p, [0.0, 1.0], [2.0, 3.0]) == [[0, 3], [0, 0]]


def test_the_absolute_value_has_gradient_zero_at_zero() -> None:
    assert slopes(np.abs, [-2.0, 0.0, 2.0]) == [[-1, 0, 1]]


def test_a_product_with_zeros_has_the_product_of_the_others() -> None:
    assert slopes(np.prod, [2.0, 0.0, 5.0]) == [[0, 10, 0]]
    assert slopes(np.prod, [2.0, 0.0, 0.0]) == [[0, 0, 0]]


def test_the_branch_not_chosen_brings_no_nan() -> None:
    with np.errstate(divide="ignore"):
        assert slopes(lambda x: np.where(x > 0, np.log(np.where(x > 0, x, 1)), 0), [0.0, 2.0]) == [[0, 0.5]]


def test_clip_passes_the_gradient_on_its_bounds() -> None:
    assert slopes(lambda x: np.clip(x, 0, 1), [-1.0, 0.0, 0.5, 1.0, 2.0]) == [[0, 1, 1, 1, 0]]


def test_a_remainder_has_the_gradients_of_x_minus_floor_times_y() -> None:
    assert slopes(lambda x, y: x % y, 7.5, 2.0) == [1, -3]


def test_a_value_used_twice_gets_the_sum() -> None:
    assert slopes(lambda x: x * x + x, 3.0) == [7]


def test_the_bias_gradient_is_the_sum_over_the_batch() -> None:
    assert slopes(lambda x, b: x + b, np.ones((3, 2)), [0.0, 0.0])[1] == [3, 3]


def test_integers_and_unrelated_values_have_zero_gradients() -> None:
    trace = Trace()
    x, n, stranger = trace.input((2,)), trace.input((2,), np.int64), trace.input((N, 2))
    y = x * n
    dx, dn = replay(trace, gradient(y, [x, n]), {x: [1.0, 2.0], n: [3, 4]})
    assert (dx.tolist(), dn.tolist()) == ([3, 4], [0, 0])
    assert gradient(y, [stranger])[0].shape == (N, 2)
    assert replay(trace, gradient(y, [y], dy=2.0), {})[0].tolist() == [2, 2]


def test_the_gradient_by_a_value_on_the_way_does_not_go_past_it() -> None:
    trace = Trace()
    x = trace.input(())
    h = np.exp(x)
    y = h * h
    dh, dx = gradient(y, [h, x])
    found = replay(trace, [dh, dx], {x: 0.5})
    assert found == pytest.approx([2 * np.exp(0.5), 2 * np.exp(1.0)])


def test_an_upstream_gradient_of_any_kind_is_taken() -> None:
    trace = Trace()
    a, b = trace.input(()), trace.input(())
    assert replay(trace, gradient(a * b, [a, b], dy=1.3), {a: 10.0, b: 5.0}) == pytest.approx([6.5, 13])


def nested(function: Any, order: int, x: Any) -> Any:
    trace = Trace()
    value = trace.input(())
    y = function(value)
    for _ in range(order):
        (y,) = gradient(y, [value])
    return replay(trace, [y], {value: x})[0]


@pytest.mark.parametrize("x", [-1.5, 0.0, 0.3, 2.0])
def test_third_derivatives_are_those_of_the_textbook(x: float) -> None:
    assert nested(lambda v: v**5, 3, x) == pytest.approx(60 * x**2)
    assert nested(np.sin, 3, x) == pytest.approx(-np.cos(x))
    assert nested(np.exp, 3, x) == pytest.approx(np.exp(x))
    assert nested(lambda v: 1 / (1 + np.exp(-v)), 1, x) == pytest.approx(np.exp(-x) / (1 + np.exp(-x)) ** 2)


def test_the_hessian_of_a_softmax_entry_agrees_with_differences() -> None:
    trace = Trace()
    x = trace.input((4,))
    e = np.exp(x - np.max(x))
    y = (e / np.sum(e))[1]
    (dx,) = gradient(y, [x])
    rows = [gradient(dx[i], [x])[0] for i in range(4)]
    point = np.array([0.2, -0.4, 1.0, 0.3])
    hessian = np.array(replay(trace, rows, {x: point}))
    for j in range(4):
        step = np.eye(4)[j] * 1e-5
        high, low = (replay(trace, [dx], {x: point + s * step})[0] for s in (1, -1))
        np.testing.assert_allclose(hessian[:, j], (high - low) / 2e-5, atol=1e-9)


def test_slices_of_one_array_are_put_back_in_one_step() -> None:
    trace = Trace()
    x = trace.input((200, 3))
    y = sum(x[i] * (i + 1) for i in range(200))
    (dx,) = gradient(y, [x])
    names = [step.primitive.name for step in needed_steps([dx])]
    assert names.count("unslice") == 1
    np.testing.assert_array_equal(replay(trace, [dx], {x: np.zeros((200, 3))})[0][:, 0], np.arange(1, 201))


def test_a_chain_of_30_000_steps_does_not_recurse() -> None:
    trace = Trace()
    x = trace.input(())
    y = x
    for _ in range(30_000):
        y = y * 1.0
    found = replay(trace, [y, *gradient(y, [x])], {x: 3.0})
    assert found == [3.0, 1.0]


def test_dead_steps_are_not_replayed() -> None:
    trace = Trace()
    x = trace.input((2,))
    np.log(x)
    with np.errstate(all="raise"):
        assert replay(trace, [x * 2], {x: [0.0, 1.0]})[0].tolist() == [0, 2]


def test_the_first_layers_input_gradient_is_never_recorded() -> None:
    trace = Trace()
    x, w = trace.input((N, 3)), trace.input((3, 2))
    y = x @ w
    before = len(trace.steps)
    gradient(y, [w])
    assert [s.primitive.name for s in trace.steps[before:] if s.primitive.name == "matmul"] == ["matmul"]
