"""Values and gradients in float64 next to PyTorch's, where PyTorch is installed."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from helpers import layer_name
from planned_layers import planned

from graphlang.catalog.operation import Array, Layer, is_by_hand
from graphlang.layers.affine import Affine
from graphlang.layers.attention import Attention
from graphlang.layers.batch_norm import BatchNorm
from graphlang.layers.depthwise_conv import DepthwiseConv
from graphlang.layers.elu import Elu
from graphlang.layers.embedding import Embedding
from graphlang.layers.flatten import Flatten
from graphlang.layers.gelu import Gelu
from graphlang.layers.global_avg_pool import GlobalAvgPool
from graphlang.layers.global_max_pool import GlobalMaxPool
from graphlang.layers.group_norm import GroupNorm
from graphlang.layers.hard_swish import HardSwish
from graphlang.layers.identity import Identity
from graphlang.layers.instance_norm import InstanceNorm
from graphlang.layers.layer_norm import LayerNorm
from graphlang.layers.leaky_relu import LeakyRelu
from graphlang.layers.log_softmax import LogSoftmax
from graphlang.layers.mish import Mish
from graphlang.layers.p_relu import PRelu
from graphlang.layers.relu import Relu
from graphlang.layers.rms_norm import RMSNorm
from graphlang.layers.sigmoid import Sigmoid
from graphlang.layers.silu import Silu
from graphlang.layers.softmax import Softmax
from graphlang.layers.softplus import Softplus
from graphlang.layers.tanh import Tanh
from graphlang.layers.upsample import Upsample
from graphlang.losses.binary_cross_entropy import BinaryCrossEntropy
from graphlang.losses.cross_entropy_error import CrossEntropyError
from graphlang.losses.huber_loss import HuberLoss
from graphlang.losses.mean_squared_error import MeanSquaredError
from graphlang.losses.softmax_with_loss import SoftmaxWithLoss
from graphlang.losses.sum_squared_error import SumSquaredError
from graphlang.trace import Trace, gradient, replay

torch = pytest.importorskip("torch")
F = torch.nn.functional
RNG = np.random.default_rng(5)


def normal(*shape: int) -> Array:
    return RNG.standard_normal(shape)


def attention(causal: bool, x: Any, *own: Any) -> Any:
    Wqkv, bqkv, Wo, bo = own
    q, k, v = (x @ Wqkv + bqkv).unflatten(-1, (3, 2, 4)).permute(2, 0, 3, 1, 4)
    y = F.scaled_dot_product_attention(q, k, v, is_causal=causal)
    return y.transpose(1, 2).flatten(2) @ Wo + bo


def scaled(x: Any, gamma: Any, beta: Any) -> Any:
    return gamma.reshape(1, -1, 1) * F.instance_norm(x) + beta.reshape(1, -1, 1)


IMAGES, SCORES, LABELS = normal(3, 4, 5), 3 * normal(4, 6), np.array([1, 5, 0, 2])
EDGES = np.array([[-1e3, -40.0, -3.5, -1.0, 0.0, 1.0, 2.9, 40.0, 1e3]])
CHANNELS = {"gamma": normal(4), "beta": normal(4)}
PLACES = {"gamma": normal(5), "beta": normal(5)}
HEADS = {"Wqkv": normal(8, 24), "bqkv": normal(24), "Wo": normal(8, 8), "bo": normal(8)}
TEXTS, WORDS = normal(2, 3, 6), np.array([[0, 5, 2], [2, 1, 4]])
ROW_OF_ZEROS = np.concatenate([normal(5, 3), np.zeros((1, 3))])
CHANCES = RNG.uniform(0.05, 1, (4, 6))


def over_time(loss: Callable[..., Any]) -> Callable[..., Any]:
    """PyTorch has the classes at axis 1."""
    return lambda x, t: loss(x.transpose(1, 2), t)


CASES: list[tuple[Layer, Array, dict[str, Array], Callable[..., Any]]] = [
    (Relu(), EDGES, {}, F.relu),
    (LeakyRelu(slope=0.2), EDGES, {}, lambda x: F.leaky_relu(x, 0.2)),
    (Elu(alpha=0.7), EDGES, {}, lambda x: F.elu(x, 0.7)),
    (Gelu(), EDGES, {}, F.gelu),
    (Silu(), EDGES, {}, F.silu),
    (Sigmoid(), EDGES, {}, torch.sigmoid),
    (Tanh(), EDGES, {}, torch.tanh),
    (Softplus(), EDGES, {}, lambda x: torch.logaddexp(x, torch.zeros_like(x))),
    (Mish(), EDGES, {}, F.mish),
    (HardSwish(), EDGES, {}, F.hardswish),
    (Softmax(axis=1), IMAGES, {}, lambda x: F.softmax(x, 1)),
    (LogSoftmax(axis=0), IMAGES, {}, lambda x: F.log_softmax(x, 0)),
    (PRelu(), IMAGES, {"alpha": np.array(0.3)}, lambda x, a: F.prelu(x, a.reshape(1))),
    (PRelu(per_channel=True), IMAGES, {"alpha": normal(4)}, F.prelu),
    (Affine(units=2), IMAGES, {"W": normal(5, 2), "b": normal(2)}, lambda x, W, b: F.linear(x, W.T, b)),
    (LayerNorm(), IMAGES, PLACES, lambda x, g, b: F.layer_norm(x, (5,), g, b)),
    (RMSNorm(), IMAGES, {"gamma": normal(5)}, lambda x, g: F.rms_norm(x, (5,), g, 1e-5)),
    (GroupNorm(groups=2), IMAGES, CHANNELS, lambda x, g, b: F.group_norm(x, 2, g, b)),
    (InstanceNorm(), IMAGES, CHANNELS, scaled),
    (Embedding(vocab=6, dim=3), LABELS, {"W": normal(6, 3)}, F.embedding),
    (Identity(), IMAGES, {}, lambda x: torch.nn.Identity()(x)),
    (Flatten(), IMAGES, {}, lambda x: x.flatten(1)),
    (GlobalAvgPool(), IMAGES, {}, lambda x: F.adaptive_avg_pool1d(x, 1).squeeze(2)),
    (GlobalAvgPool(), normal(2, 3, 4, 5), {}, lambda x: F.adaptive_avg_pool2d(x, 1).flatten(1)),
    (GlobalMaxPool(), normal(2, 3, 4, 5), {}, lambda x: F.adaptive_max_pool2d(x, 1).flatten(1)),
    (Embedding(vocab=6, dim=3, padding=5), LABELS, {"W": ROW_OF_ZEROS},
     lambda x, W: F.embedding(x, W, padding_idx=5)),
    (Upsample(scale=3), IMAGES, {}, lambda x: F.interpolate(x, scale_factor=3)),
    (Upsample(scale=(2, 3)), normal(2, 3, 4, 5), {}, lambda x: F.interpolate(x, scale_factor=(2, 3))),
    (Upsample(scale=2, mode="linear"), IMAGES, {}, lambda x: F.interpolate(x, scale_factor=2, mode="linear")),
    (Upsample(scale=(3, 2), mode="linear"), normal(2, 3, 4, 1), {},
     lambda x: F.interpolate(x, scale_factor=(3, 2), mode="bilinear")),
    (Upsample(scale=2, mode="linear"), normal(1, 2, 2, 3, 4), {},
     lambda x: F.interpolate(x, scale_factor=2, mode="trilinear")),
    (DepthwiseConv(kernel=3, stride=2, pad=1), normal(2, 4, 7, 6), {"W": normal(4, 1, 3, 3), "b": normal(4)},
     lambda x, W, b: F.conv2d(x, W, b, stride=2, padding=1, groups=4)),
    (DepthwiseConv(kernel=3, pad="same", multiplier=2, bias=False), normal(2, 4, 7), {"W": normal(8, 1, 3)},
     lambda x, W: F.conv1d(x, W, padding="same", groups=4)),
    (Attention(heads=2), normal(2, 5, 8), HEADS, lambda *xs: attention(False, *xs)),
    (Attention(heads=2, causal=True), normal(2, 5, 8), HEADS, lambda *xs: attention(True, *xs)),
]  # fmt: skip
LOSSES: list[tuple[Layer, Array, Array, Callable[..., Any]]] = [
    (SoftmaxWithLoss(), 1000 * SCORES, LABELS, F.cross_entropy),
    (SoftmaxWithLoss(), SCORES, np.abs(normal(4, 6)), F.cross_entropy),
    (SoftmaxWithLoss(ignore=5), SCORES, LABELS, lambda x, t: F.cross_entropy(x, t, ignore_index=5)),
    (SoftmaxWithLoss(smoothing=0.3), SCORES, LABELS, lambda x, t: F.cross_entropy(x, t, label_smoothing=0.3)),
    (SoftmaxWithLoss(smoothing=0.3), SCORES, np.abs(normal(4, 6)),
     lambda x, t: F.cross_entropy(x, t, label_smoothing=0.3)),
    (SoftmaxWithLoss(ignore=5, smoothing=0.3), SCORES, LABELS,
     lambda x, t: F.cross_entropy(x, t, ignore_index=5, label_smoothing=0.3)),
    (SoftmaxWithLoss(), TEXTS, WORDS, over_time(F.cross_entropy)),
    (SoftmaxWithLoss(ignore=-1, smoothing=0.1), TEXTS, np.where(WORDS == 2, -1, WORDS),
     over_time(lambda x, t: F.cross_entropy(x, t, ignore_index=-1, label_smoothing=0.1))),
    (CrossEntropyError(), CHANCES, LABELS, lambda x, t: F.nll_loss(torch.log(x), t)),
    (CrossEntropyError(), CHANCES, np.abs(normal(4, 6)), lambda x, t: -(t * torch.log(x)).sum() / 4),
    (CrossEntropyError(), RNG.uniform(0.1, 1, (2, 3, 6)), WORDS,
     over_time(lambda x, t: F.nll_loss(torch.log(x), t))),
    (SumSquaredError(), SCORES, normal(4, 6), lambda x, t: 0.5 * F.mse_loss(x, t, reduction="sum")),
    (MeanSquaredError(), TEXTS, normal(2, 3, 6), F.mse_loss),
    (HuberLoss(), TEXTS, normal(2, 3, 6), F.huber_loss),
    (MeanSquaredError(), SCORES, normal(4, 6), F.mse_loss),
    (HuberLoss(delta=0.8), SCORES, normal(4, 6), lambda x, t: F.huber_loss(x, t, delta=0.8)),
    (BinaryCrossEntropy(), 50 * SCORES, RNG.random((4, 6)), F.binary_cross_entropy_with_logits),
]  # fmt: skip


def ours(layer: Layer, tensors: list[Array], own: dict[str, Array], dy: Array) -> list[list[Array]]:
    """The value and the gradient of every argument of floats: step by step, and as a planned program."""
    trace = Trace()
    with trace:
        xs = [trace.input(x.shape, x.dtype) for x in tensors]
        ps = {name: trace.input(x.shape, x.dtype) for name, x in own.items()}
        y, saved = layer.forward(*xs, **ps)
        upstream = trace.input(y.shape)
        arguments = [*xs, *ps.values()]
        if not is_by_hand(layer, saved):
            floats = [x for x in arguments if x.dtype.kind == "f"]
            gradients = gradient(y, floats, upstream)
        else:
            found = layer.backward(upstream, saved)
            gradients = [g for g in (found if isinstance(found, tuple) else (found,)) if g is not None]
    feeds = {**dict(zip(arguments, [*tensors, *own.values()], strict=True)), upstream: dy}
    return [replay(trace, [y, *gradients], feeds), planned([y, *gradients], feeds)]


def theirs(function: Callable[..., Any], arrays: list[Array], dy: Array) -> list[Array]:
    xs = [torch.tensor(x, requires_grad=x.dtype.kind == "f") for x in arrays]
    y = function(*xs)
    y.backward(torch.tensor(dy))
    return [y.detach().numpy(), *(x.grad.numpy() for x in xs if x.requires_grad)]


def compare(layer: Layer, tensors: list[Array], own: dict[str, Array], function: Callable[..., Any]) -> None:
    shape = np.shape(layer.forward(*tensors, **own)[0])
    dy = np.asarray(np.random.default_rng(0).standard_normal(shape))
    expected = theirs(function, [*tensors, *own.values()], dy)
    for way in ours(layer, tensors, own, dy):
        for found, wanted in zip(way, expected, strict=True):
            np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("layer", "x", "own", "function"), CASES, ids=layer_name)
def test_a_layer_agrees(layer: Layer, x: Array, own: dict[str, Array], function: Callable[..., Any]) -> None:
    compare(layer, [x], own, function)


@pytest.mark.parametrize(("loss", "x", "t", "function"), LOSSES, ids=layer_name)
def test_a_loss_agrees(loss: Layer, x: Array, t: Array, function: Callable[..., Any]) -> None:
    compare(loss, [x, t], {}, function)


@pytest.mark.parametrize("training", [True, False])
def test_batch_norm_agrees_but_for_the_running_variance(training: bool) -> None:
    x, state = normal(3, 4, 5), {"mean": normal(4), "var": RNG.uniform(0.5, 2, 4)}
    layer = BatchNorm()
    y, saved, *renewed = layer.forward(x, **CHANNELS, **state, training=training)
    dy = normal(3, 4, 5)
    mean, var = torch.tensor(state["mean"]), torch.tensor(state["var"])
    xs = [torch.tensor(v, requires_grad=True) for v in (x, *CHANNELS.values())]
    z = F.batch_norm(xs[0], mean, var, xs[1], xs[2], training=training, momentum=0.1)
    z.backward(torch.tensor(dy))
    np.testing.assert_allclose(y, z.detach().numpy(), rtol=1e-9)
    for found, expected in zip(layer.backward(dy, saved), xs, strict=True):
        np.testing.assert_allclose(found, expected.grad.numpy(), rtol=1e-9, atol=1e-12)
    if training:
        np.testing.assert_allclose(renewed[0]["mean"], mean.numpy(), rtol=1e-12)
        unbiased = 0.9 * state["var"] + (renewed[0]["var"] - 0.9 * state["var"]) * 15 / 14
        np.testing.assert_allclose(unbiased, var.numpy(), rtol=1e-12)
