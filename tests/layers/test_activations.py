"""Values of the activations: hand sums and the tails."""

import math
from typing import Any, cast

import numpy as np
import pytest

from graphlang.catalog.finder import Catalog, CatalogEntry
from graphlang.catalog.operation import Array, Layer
from graphlang.engine.derived import Derived
from graphlang.layers.dropout import Dropout
from graphlang.layers.elu import Elu
from graphlang.layers.gelu import Gelu
from graphlang.layers.hard_swish import HardSwish
from graphlang.layers.identity import Identity
from graphlang.layers.leaky_relu import LeakyRelu
from graphlang.layers.log_softmax import LogSoftmax
from graphlang.layers.mish import Mish
from graphlang.layers.p_relu import PRelu
from graphlang.layers.relu import Relu
from graphlang.layers.sigmoid import Sigmoid
from graphlang.layers.silu import Silu
from graphlang.layers.softmax import Softmax
from graphlang.layers.softplus import Softplus
from graphlang.layers.tanh import Tanh
from graphlang.trace import Trace, gradient, replay


def _is_plain(entry: CatalogEntry) -> bool:
    """A layer of one value at a time, which needs nothing but that."""
    required = any(a.required for a in entry.attributes.values())
    by_itself = "Shapes: as x." in (entry.target.__doc__ or "")
    return entry.kind == "layer" and by_itself and not (required or entry.own or entry.supplied)


PLAIN: list[Layer] = [cast("type[Layer]", e.target)() for e in Catalog().entries() if _is_plain(e)]


def test_the_plain_layers_of_the_catalog_are_found() -> None:
    assert {type(layer) for layer in PLAIN} >= {Identity, Relu, LeakyRelu, Elu, Gelu, Silu, Mish, HardSwish}


def value(layer: Layer, x: Array, **own: Any) -> Array:
    return layer.forward(np.asarray(x), **own)[0]


def test_the_gradient_of_relu_is_0_at_0_and_below() -> None:
    relu = Relu()
    y, saved = relu.forward(np.array([[1.0, -0.5], [-2.0, 3.0], [0.0, -0.0]]))
    assert y.tolist() == [[1, 0], [0, 3], [0, 0]]
    assert relu.backward(np.full((3, 2), 7.0), saved).tolist() == [[7, 0], [0, 7], [0, 0]]


def test_the_sigmoid_is_one_over_one_plus_exp() -> None:
    x = np.linspace(-5, 5, 11)
    np.testing.assert_allclose(value(Sigmoid(), x), 1 / (1 + np.exp(-x)), rtol=1e-15)
    assert value(Sigmoid(), 0.0) == 0.5


def test_the_sigmoid_is_exact_in_its_tails() -> None:
    assert value(Sigmoid(), -700.0) == pytest.approx(math.exp(-700), rel=1e-14)
    assert value(Sigmoid(), np.array([-1e4, 1e4])).tolist() == [0, 1]


def slope(layer: Layer, x: Array) -> Array:
    """The derivative, by the layer's own backward or the derived one."""
    if layer.backward is not None:
        return layer.backward(np.ones_like(x), layer.forward(x)[1])
    return Derived().backward(layer, [x], {}, value(layer, x), np.ones_like(x))[0]


@pytest.mark.parametrize(("dtype", "rounding"), [(np.float64, 3e-16), (np.float32, 1.5e-7)])
def test_gelu_is_exact_in_its_left_tail(dtype: Any, rounding: float) -> None:
    x = -np.array(
        [0.01, 0.5, 0.75, 1, 2, 3, 4, 5, 6, 8, 10, 12.5] + [20, 30, 37] * (dtype is np.float64), dtype
    )
    exact = np.array([v * 0.5 * math.erfc(-v * math.sqrt(0.5)) for v in x.tolist()])
    off = 4 * rounding * (1 + x.astype(float) ** 2 / 2)  # of exp(-x**2 / 2), whose argument is rounded
    assert np.all(np.abs(value(Gelu(), x) / exact - 1) <= off)
    density = np.exp(-0.5 * x.astype(float) ** 2) / math.sqrt(2 * math.pi)
    slopes = exact / x + x * density
    far = x < -1  # nearer to 0 it crosses 0, at -0.75
    assert np.all(np.abs(slope(Gelu(), x)[far] / slopes[far] - 1) <= 2 * off[far])


def test_the_second_derivative_of_gelu_at_0_is_that_of_its_formula() -> None:
    trace = Trace()
    x = trace.input(())
    y, _ = Gelu().forward(x)
    (first,) = gradient(y, [x])
    (second,) = gradient(first, [x])
    found = replay(trace, [first, second], {x: np.array(0.0)})
    np.testing.assert_allclose(found, [0.5, math.sqrt(2 / math.pi)], rtol=1e-15)


@pytest.mark.parametrize(("dtype", "rounding"), [(np.float64, 1e-15), (np.float32, 5e-7)])
def test_the_slope_of_elu_is_exact_far_to_the_left(dtype: Any, rounding: float) -> None:
    x = np.array([-80, -40, -20, -1, 0], dtype)
    np.testing.assert_allclose(slope(Elu(alpha=2), x), 2 * np.exp(x.astype(float)), rtol=rounding)


def test_every_derivative_of_the_sigmoid_at_0_can_be_derived() -> None:
    trace = Trace()
    x = trace.input(())
    y, _ = Sigmoid().forward(x)
    derivatives = [y]
    for _ in range(3):
        derivatives += gradient(derivatives[-1], [x])
    assert replay(trace, derivatives, {x: np.array(0.0)}) == [1 / 2, 1 / 4, 0, -1 / 8]


def test_softplus_is_exact_in_its_tails() -> None:
    x = np.array([-1e4, -50.0, 0.0, 50.0, 1e4])
    np.testing.assert_allclose(value(Softplus(), x), [0, math.exp(-50), math.log(2), 50, 1e4], rtol=1e-15)


def test_softmax_is_the_books_and_does_not_overflow() -> None:
    np.testing.assert_allclose(
        value(Softmax(), np.array([0.3, 2.9, 4.0])), [0.01821127, 0.24519181, 0.73659691], atol=1e-8
    )
    np.testing.assert_allclose(
        value(Softmax(), np.array([1010.0, 1000.0, 990.0])),
        [9.99954600e-01, 4.53978686e-05, 2.06106005e-09],
        rtol=1e-8,
    )


def test_softmax_runs_along_its_axis() -> None:
    assert value(Softmax(axis=0), np.zeros((2, 4))).tolist() == [[0.5] * 4] * 2


def test_softmax_makes_exactly_0_of_minus_infinity() -> None:
    assert value(Softmax(), np.array([0.0, -np.inf, 0.0])).tolist() == [0.5, 0, 0.5]


def test_log_softmax_is_exact_where_softmax_is_0() -> None:
    assert value(LogSoftmax(), np.array([0.0, 1e4])).tolist() == [-1e4, 0]


@pytest.mark.parametrize("layer", [*PLAIN, Softmax(), LogSoftmax()], ids=repr)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_no_finite_input_overflows(layer: Layer, dtype: Any) -> None:
    x = np.array([-1e4, -800, -90, -1, -0.0, 0, 1, 90, 800, 1e4], dtype)
    with np.errstate(all="raise", under="ignore"):
        y, saved = layer.forward(x)
        gradient = layer.backward(np.ones_like(x), saved) if layer.backward else y
    assert y.dtype == gradient.dtype == dtype
    assert np.isfinite(y).all()
    assert np.isfinite(gradient).all()


@pytest.mark.parametrize(
    ("layer", "x", "expected"),
    [
        (LeakyRelu(slope=0.2), -3.0, -0.6),
        (Elu(alpha=2), -1.0, 2 * (math.exp(-1) - 1)),
        (Gelu(), 1.0, 0.5 * (1 + math.erf(1 / math.sqrt(2)))),
        (Silu(), 2.0, 2 / (1 + math.exp(-2))),
        (Mish(), 1.5, 1.5 * math.tanh(math.log(1 + math.exp(1.5)))),
        (HardSwish(), 1.0, 4 / 6),
        (HardSwish(), -4.0, 0.0),
        (HardSwish(), 5.0, 5.0),
        (Tanh(), 0.3, math.tanh(0.3)),
    ],
    ids=repr,
)
def test_a_value_is_its_formula(layer: Layer, x: float, expected: float) -> None:
    assert value(layer, x) == pytest.approx(expected, rel=1e-14)


def test_the_slope_of_prelu_is_one_or_one_per_channel() -> None:
    x = -np.ones((1, 2, 2))
    assert PRelu().parameters(x)["alpha"].shape == ()
    assert PRelu(per_channel=True).parameters(x)["alpha"].shape == (2,)
    assert value(PRelu(), x, alpha=np.array(0.25)).tolist() == [[[-0.25] * 2] * 2]
    assert value(PRelu(per_channel=True), x, alpha=np.array([0.0, 2.0])).tolist() == [[[0, 0], [-2, -2]]]


class Stream:
    """A stream of random numbers with a known beginning."""

    def uniform(self, shape: Any) -> Array:
        return np.linspace(0, 1, math.prod(shape), endpoint=False).reshape(shape)


def test_dropout_scales_what_it_keeps_and_passes_the_gradient_there() -> None:
    dropout = Dropout(ratio=0.75)
    x = np.arange(1.0, 9).reshape(2, 4)
    y, saved = dropout.forward(x, training=True, random=Stream())
    assert y.tolist() == [[0, 0, 0, 0], [0, 0, 28, 32]]
    assert dropout.backward(np.ones((2, 4)), saved).tolist() == [[0, 0, 0, 0], [0, 0, 4, 4]]


def test_dropout_does_nothing_in_evaluation() -> None:
    x = np.ones(3)
    assert value(Dropout(ratio=0.5), x).tolist() == [1, 1, 1]
