"""Convolutions, pools and recurrences in float64 next to PyTorch's, where PyTorch is installed."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from planned_layers import planned

from graphlang.catalog.operation import Array, Layer
from graphlang.layers._recurrent import _Recurrent
from graphlang.layers.avg_pool import AvgPool
from graphlang.layers.conv import Conv
from graphlang.layers.conv_transpose import ConvTranspose
from graphlang.layers.gru import GRU
from graphlang.layers.lstm import LSTM
from graphlang.layers.max_pool import MaxPool
from graphlang.layers.rnn import RNN
from graphlang.trace import Trace, gradient, replay

torch = pytest.importorskip("torch")
F = torch.nn.functional
CONVOLUTIONS: list[tuple[tuple[int, ...], dict[str, Any]]] = [
    ((2, 3, 7, 6), {"channels": 4, "kernel": 3}),
    ((2, 3, 7, 6), {"channels": 4, "kernel": (3, 2), "stride": (2, 3), "pad": (2, 1), "dilation": (1, 2)}),
    ((2, 4, 5, 5), {"channels": 6, "kernel": 3, "pad": 1, "groups": 2}),
    ((2, 4, 5, 5), {"channels": 8, "kernel": 2, "stride": 3, "groups": 4, "bias": False}),
    ((1, 2, 3, 3), {"channels": 5, "kernel": 3}),
    ((2, 3, 4, 1), {"channels": 2, "kernel": 1}),
    ((2, 3, 4, 4), {"channels": 2, "kernel": 1, "stride": 2}),
    ((2, 1, 3, 3), {"channels": 2, "kernel": 2, "pad": 4}),
    ((3, 2, 9), {"channels": 4, "kernel": 4, "stride": 2, "pad": 1, "dilation": 2}),
    ((2, 2, 4, 5, 3), {"channels": 2, "kernel": (2, 3, 1), "stride": (1, 2, 1), "pad": (0, 1, 0)}),
    ((3, 40, 33, 32), {"channels": 40, "kernel": 3, "pad": 1}),  # larger than one tile
]
TRANSPOSED: list[tuple[tuple[int, ...], dict[str, Any]]] = [
    ((2, 3, 4, 5), {"channels": 4, "kernel": 3}),
    ((2, 3, 4, 5), {"channels": 4, "kernel": 3, "stride": 2, "pad": 1, "output_pad": 1}),
    ((2, 4, 3, 3), {"channels": 6, "kernel": (2, 3), "stride": (3, 2), "groups": 2, "output_pad": (2, 0)}),
    ((2, 2, 4, 4), {"channels": 3, "kernel": 3, "dilation": 2, "pad": 3, "bias": False}),
    ((2, 3, 6), {"channels": 2, "kernel": 4, "stride": 2, "pad": 1}),
    ((1, 2, 2, 3, 2), {"channels": 2, "kernel": 2, "stride": 2}),
]
POOLS: list[tuple[tuple[int, ...], dict[str, Any]]] = [
    ((2, 3, 6, 8), {"size": 2}),
    ((2, 3, 7, 8), {"size": 3, "stride": 2, "pad": 1}),
    ((2, 3, 7, 8), {"size": (3, 2), "stride": (1, 2), "pad": (1, 0)}),
    ((2, 3, 7, 7), {"size": 2, "stride": 3}),
    ((2, 3, 4, 4), {"size": 4}),
    ((2, 3, 7), {"size": 2, "pad": 1}),
    ((2, 2, 4, 3, 5), {"size": (2, 3, 2), "stride": 2, "pad": (1, 1, 0)}),
]
DILATED: list[tuple[tuple[int, ...], dict[str, Any]]] = [
    ((2, 3, 9, 9), {"size": 3, "stride": 2, "pad": 1, "dilation": 2}),
    ((2, 3, 9), {"size": 2, "stride": 1, "dilation": 3}),
]


def normal(*shape: int) -> Array:
    return np.random.default_rng(sum(shape)).standard_normal(shape)


def own(layer: Layer, x: Array) -> dict[str, Array]:
    return {name: 0.3 * normal(*p.shape) for name, p in layer.parameters(x).items()}


def compare(layer: Layer, x: Array, parameters: dict[str, Array], theirs: Callable[..., Any]) -> None:
    """The value and all gradients: by the primitives, and by the layer's own backward where it has one."""
    arrays = [x, *parameters.values()]
    xs = [torch.tensor(a, requires_grad=True) for a in arrays]
    z = theirs(*xs)
    dy = normal(*z.shape)
    z.backward(torch.tensor(dy))
    expected = [z.detach().numpy(), *(a.grad.numpy() for a in xs)]
    trace = Trace()
    inputs = [trace.input(a.shape) for a in arrays]
    with trace:
        y, _ = layer.forward(inputs[0], **dict(zip(parameters, inputs[1:], strict=True)))
        derived = gradient(y, inputs, dy)
    feeds = dict(zip(inputs, arrays, strict=True))
    check(replay(trace, [y, *derived], feeds), expected)
    check(planned([y, *derived], feeds), expected)
    value, saved = layer.forward(x, **parameters)
    if layer.backward is not None:
        found = layer.backward(dy, saved)
        check([value, *(found if isinstance(found, tuple) else (found,))], expected)


def check(found: list[Array], expected: list[Array]) -> None:
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-11)


def options(given: dict[str, Any], **names: str) -> dict[str, Any]:
    return {names[k]: v for k, v in given.items() if k in names}


@pytest.mark.parametrize(("shape", "given"), CONVOLUTIONS, ids=str)
def test_a_convolution_agrees(shape: tuple[int, ...], given: dict[str, Any]) -> None:
    layer, x = Conv(**given), normal(*shape)
    function = (F.conv1d, F.conv2d, F.conv3d)[len(shape) - 3]
    theirs = options(given, stride="stride", pad="padding", dilation="dilation", groups="groups")
    compare(layer, x, own(layer, x), lambda *xs: function(*xs, **theirs))


@pytest.mark.parametrize(("shape", "given"), TRANSPOSED, ids=str)
def test_a_transposed_convolution_agrees(shape: tuple[int, ...], given: dict[str, Any]) -> None:
    layer, x = ConvTranspose(**given), normal(*shape)
    function = (F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d)[len(shape) - 3]
    names = {"stride": "stride", "pad": "padding", "dilation": "dilation", "groups": "groups"}
    theirs = options(given, **names, output_pad="output_padding")
    compare(layer, x, own(layer, x), lambda *xs: function(*xs, **theirs))


@pytest.mark.parametrize("kind", ["random", "negative", "with equal elements"])
@pytest.mark.parametrize(("shape", "given"), [*POOLS, *DILATED], ids=str)
def test_a_max_pool_agrees(shape: tuple[int, ...], given: dict[str, Any], kind: str) -> None:
    x = normal(*shape)
    x = -5 - np.abs(x) if kind == "negative" else np.round(x) if kind != "random" else x
    function = (F.max_pool1d, F.max_pool2d, F.max_pool3d)[len(shape) - 3]
    theirs = options(given, size="kernel_size", stride="stride", pad="padding", dilation="dilation")
    compare(MaxPool(**given), x, {}, lambda x: function(x, **theirs))


@pytest.mark.parametrize("count_pad", [True, False])
@pytest.mark.parametrize(("shape", "given"), POOLS, ids=str)
def test_an_average_pool_agrees(shape: tuple[int, ...], given: dict[str, Any], count_pad: bool) -> None:
    function = (F.avg_pool1d, F.avg_pool2d, F.avg_pool3d)[len(shape) - 3]
    theirs = options(given, size="kernel_size", stride="stride", pad="padding")
    layer = AvgPool(**given, count_pad=count_pad)
    compare(layer, normal(*shape), {}, lambda x: function(x, **theirs, count_include_pad=count_pad))


def in_their_order(name: str, w: Any, kind: type) -> Any:
    """Our weights as PyTorch has them: gates in its order, transposed."""
    if kind is LSTM:
        f, g, i, o = w.chunk(4, -1)
        w = torch.cat([i, f, g, o], -1)
    return w if name.startswith("b") else w.T


def torch_recurrence(layer: _Recurrent, names: list[str], x: Any, *weights: Any) -> Any:
    module = torch.nn.LSTM if isinstance(layer, LSTM) else torch.nn.RNN
    double = {"dtype": torch.float64, "batch_first": True, "bidirectional": layer.bidirectional}
    theirs = module(x.shape[2], layer.hidden, layer.layers, **double)
    state = {}
    for name, w in zip(names, weights, strict=True):
        role, reverse = name.removesuffix("_reverse"), "_reverse" if name.endswith("_reverse") else ""
        number = f"_l{int(role.lstrip('Wxhb') or 1) - 1}{reverse}"
        w = in_their_order(name, w, type(layer))
        if role.startswith("b"):
            state["bias_ih" + number], state["bias_hh" + number] = w, torch.zeros_like(w)
        else:
            state[("weight_ih" if role.startswith("Wx") else "weight_hh") + number] = w
    y, ends = torch.func.functional_call(theirs, state, (x,))
    if layer.return_ == "sequence":
        return y
    h = ends[0] if isinstance(ends, tuple) else ends
    return torch.cat(list(h[-(1 + layer.bidirectional) :]), 1)


RECURRENT: list[dict[str, Any]] = [
    {"hidden": 3},
    {"hidden": 3, "bidirectional": True},
    {"hidden": 2, "layers": 3},
    {"hidden": 2, "layers": 2, "bidirectional": True, "return": "last"},
    {"hidden": 1, "return": "last"},
]


@pytest.mark.parametrize("kind", [RNN, LSTM])
@pytest.mark.parametrize("given", RECURRENT, ids=str)
@pytest.mark.parametrize("shape", [(3, 5, 4), (1, 1, 1)])
def test_a_recurrence_agrees(kind: type[_Recurrent], given: dict[str, Any], shape: tuple[int, ...]) -> None:
    layer, x = kind(**given), normal(*shape)
    parameters = own(layer, x)
    compare(layer, x, parameters, lambda x, *ws: torch_recurrence(layer, list(parameters), x, *ws))


def torch_gru(x: Any, Wx: Any, Wh: Any, b: Any) -> Any:
    """The book's formula step by step: PyTorch's own GRU resets after the product."""
    H = Wh.shape[0]
    h, ys = torch.zeros(x.shape[0], H, dtype=x.dtype), []
    for t in range(x.shape[1]):
        z, r = torch.sigmoid(x[:, t] @ Wx[:, : 2 * H] + h @ Wh[:, : 2 * H] + b[: 2 * H]).chunk(2, 1)
        n = torch.tanh(x[:, t] @ Wx[:, 2 * H :] + (r * h) @ Wh[:, 2 * H :] + b[2 * H :])
        h = (1 - z) * h + z * n
        ys.append(h)
    return torch.stack(ys, 1)


def torch_gru_layers(layer: GRU, x: Any, *weights: Any) -> Any:
    runs = iter(zip(weights[::3], weights[1::3], weights[2::3], strict=True))
    for _ in range(layer.layers):
        y = torch_gru(x, *next(runs))
        ends = y[:, -1]
        if layer.bidirectional:
            back = torch_gru(x.flip(1), *next(runs))
            y, ends = torch.cat([y, back.flip(1)], 2), torch.cat([ends, back[:, -1]], 1)
        x = y
    return ends if layer.return_ == "last" else x


@pytest.mark.parametrize("given", [*RECURRENT, {"hidden": 2, "layers": 2, "bidirectional": True}], ids=str)
def test_a_gru_agrees_with_its_formula(given: dict[str, Any]) -> None:
    layer, x = GRU(**given), normal(3, 5, 4)
    compare(layer, x, own(layer, x), lambda x, *ws: torch_gru_layers(layer, x, *ws))
