"""Every backward that is written by hand, against central differences and a random upstream gradient."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from helpers import layer_name
from numpy.typing import NDArray

from graphlang.catalog.operation import Layer
from graphlang.layers.affine import Affine
from graphlang.layers.batch_norm import BatchNorm
from graphlang.layers.dropout import Dropout
from graphlang.layers.embedding import Embedding
from graphlang.layers.gelu import Gelu
from graphlang.layers.identity import Identity
from graphlang.layers.layer_norm import LayerNorm
from graphlang.layers.log_softmax import LogSoftmax
from graphlang.layers.relu import Relu
from graphlang.layers.rms_norm import RMSNorm
from graphlang.layers.sigmoid import Sigmoid
from graphlang.layers.silu import Silu
from graphlang.layers.softmax import Softmax
from graphlang.layers.tanh import Tanh
from graphlang.losses.binary_cross_entropy import BinaryCrossEntropy
from graphlang.losses.cross_entropy_error import CrossEntropyError
from graphlang.losses.huber_loss import HuberLoss
from graphlang.losses.mean_squared_error import MeanSquaredError
from graphlang.losses.softmax_with_loss import SoftmaxWithLoss
from graphlang.losses.sum_squared_error import SumSquaredError

Array = NDArray[Any]
RNG = np.random.default_rng(7)
LABELS = np.array([2, 0, 4])
STATE = {"mean": np.zeros(4), "var": np.ones(4)}


def normal(*shape: int) -> Array:
    return RNG.standard_normal(shape)


def positive(*shape: int) -> Array:
    return RNG.uniform(0.1, 1, shape)


def numerical(f: Callable[[], float], x: Array, h: float = 1e-5) -> Array:
    """The gradient of f by central differences, with x changed in place."""
    gradient = np.zeros(x.shape)
    for place in np.ndindex(x.shape):
        kept = float(x[place])
        x[place] = kept + h
        above = f()
        x[place] = kept - h
        gradient[place] = (above - f()) / (2 * h)
        x[place] = kept
    return gradient


CASES: list[tuple[Layer, tuple[Array, ...], dict[str, Any]]] = [
    (Identity(), (normal(3, 4),), {}),
    (Relu(), (normal(3, 4),), {}),
    (Sigmoid(), (normal(3, 4),), {}),
    (Tanh(), (normal(3, 4),), {}),
    (Gelu(), (normal(3, 4),), {}),
    (Silu(), (normal(3, 4),), {}),
    (Softmax(), (normal(3, 4),), {}),
    (Softmax(axis=1), (normal(2, 3, 4),), {}),
    (LogSoftmax(axis=0), (normal(3, 4),), {}),
    (Affine(units=5), (normal(4),), {"W": normal(4, 5), "b": normal(5)}),
    (Affine(units=5), (normal(3, 4),), {"W": normal(4, 5), "b": normal(5)}),
    (Affine(units=5), (normal(2, 3, 4),), {"W": normal(4, 5), "b": normal(5)}),
    (Affine(units=5, bias=False), (normal(3, 4),), {"W": normal(4, 5)}),
    (LayerNorm(), (normal(2, 3, 4),), {"gamma": normal(4), "beta": normal(4)}),
    (LayerNorm(), (normal(4),), {"gamma": normal(4), "beta": normal(4)}),
    (RMSNorm(), (normal(2, 3, 4),), {"gamma": normal(4)}),
    (BatchNorm(), (normal(3, 4),), {"gamma": normal(4), "beta": normal(4), **STATE, "training": True}),
    (BatchNorm(), (normal(3, 4, 2, 2),), {"gamma": normal(4), "beta": normal(4), **STATE, "training": True}),
    (BatchNorm(), (normal(3, 4, 2),), {"gamma": normal(4), "beta": normal(4), **STATE}),
    (Dropout(ratio=0.3), (normal(3, 4),), {}),
    (Embedding(vocab=5, dim=2), (np.array([[1, 4], [1, 1]]),), {"W": normal(5, 2)}),
    (SoftmaxWithLoss(), (normal(3, 5), LABELS), {}),
    (SoftmaxWithLoss(), (normal(3, 2, 5), RNG.integers(0, 5, (3, 2))), {}),
    (SoftmaxWithLoss(), (normal(5), np.array(3)), {}),
    (SoftmaxWithLoss(ignore=0), (normal(3, 5), LABELS), {}),
    (SoftmaxWithLoss(smoothing=0.2), (normal(3, 5), LABELS), {}),
    (SoftmaxWithLoss(ignore=0, smoothing=0.2), (normal(3, 5), LABELS), {}),
    (SoftmaxWithLoss(), (normal(3, 5), positive(3, 5)), {}),
    (SoftmaxWithLoss(smoothing=0.2), (normal(3, 5), positive(3, 5)), {}),
    (CrossEntropyError(), (positive(3, 5), LABELS), {}),
    (CrossEntropyError(), (positive(3, 5), positive(3, 5)), {}),
    (SumSquaredError(), (normal(3, 5), normal(3, 5)), {}),
    (SumSquaredError(), (normal(3, 5), normal()), {}),
    (MeanSquaredError(), (normal(3, 5), normal(3, 5)), {}),
    (HuberLoss(delta=0.5), (normal(3, 5), normal(3, 5)), {}),
    (BinaryCrossEntropy(), (normal(3, 5), positive(3, 5)), {}),
    (BinaryCrossEntropy(), (normal(3), np.array([0, 1, 1])), {}),
]


@pytest.mark.parametrize(("layer", "tensors", "own"), CASES, ids=layer_name)
def test_the_gradient_is_the_slope(layer: Layer, tensors: tuple[Array, ...], own: dict[str, Any]) -> None:
    y, saved, *_ = layer.forward(*tensors, **own)
    dy = np.asarray(np.random.default_rng(3).standard_normal(np.shape(y)))
    assert layer.backward is not None
    gradients = layer.backward(dy, saved)
    gradients = gradients if isinstance(gradients, tuple) else (gradients,)
    parameters = [v for k, v in own.items() if k not in ("mean", "var", "training")]
    arguments = [*tensors, *parameters]
    for x, gradient in zip(arguments, gradients, strict=not isinstance(layer, Affine)):
        if x.dtype.kind != "f":
            assert gradient is None
            continue
        slope = numerical(lambda: float(np.sum(dy * layer.forward(*tensors, **own)[0])), x)
        np.testing.assert_allclose(gradient, slope, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize(("layer", "tensors", "own"), CASES, ids=layer_name)
def test_float32_stays_float32(layer: Layer, tensors: tuple[Array, ...], own: dict[str, Any]) -> None:
    def single(x: Any) -> Any:
        return x.astype(np.float32) if isinstance(x, np.ndarray) and x.dtype == np.float64 else x

    y, saved, *rest = layer.forward(*map(single, tensors), **{k: single(v) for k, v in own.items()})
    assert layer.backward is not None
    gradients = layer.backward(np.ones(np.shape(y), np.float32), saved)
    values = [y, *(gradients if isinstance(gradients, tuple) else (gradients,))]
    values += [v for state in rest for v in state.values()]
    assert {v.dtype for v in values if v is not None} == {np.dtype(np.float32)}


@pytest.mark.parametrize(("layer", "tensors", "own"), CASES, ids=layer_name)
def test_no_argument_is_written_to(layer: Layer, tensors: tuple[Array, ...], own: dict[str, Any]) -> None:
    def locked(x: Any) -> Any:
        if isinstance(x, np.ndarray):
            x = x.copy()
            x.flags.writeable = False
        return x

    y, saved, *_ = layer.forward(*map(locked, tensors), **{k: locked(v) for k, v in own.items()})
    assert layer.backward is not None
    layer.backward(locked(np.ones(np.shape(y))), saved)
