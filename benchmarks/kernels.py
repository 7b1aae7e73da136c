"""Convolution, recurrence, attention and normalisation, compared with PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from benchmarks import book, subject
from benchmarks.limits import products, traffic
from benchmarks.work import Goal, Work

MATMULS = "its matmuls alone"
TRAFFIC = "its memory traffic"

LR = 0.01


def normal(*shape: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)


def train_section(lr: float = LR) -> str:
    return f"train {{ minimize = loss; optimizer = SGD(lr={lr}); batch = 1; iterations = 1 }}"


def torch_step(model: Any, loss_of: Callable[[], Any]) -> Callable[[], Any]:
    import torch

    optimizer = torch.optim.SGD(model.parameters(), lr=LR)

    def step() -> Any:
        optimizer.zero_grad()
        loss = loss_of()
        loss.backward()
        optimizer.step()
        return loss.detach()

    return step


# ---- SimpleConvNet ------------------------------------------------------------------------------------


def digits() -> tuple[Any, Any]:
    rng = np.random.default_rng(1)
    return rng.random((100, 1, 28, 28), dtype=np.float32), rng.integers(0, 10, 100)


def convnet_graphlang(*, on_jax: bool = False) -> Callable[[], Any]:
    text = f"""
        input x: float[N, 1, 28, 28], t: int[N]
        y = x -> Conv(30, 5) -> Relu -> MaxPool(2) -> Flatten -> Affine(100) -> Relu -> Affine(10)
        loss = SoftmaxWithLoss(y, t)
        output y
        {train_section()}
    """
    p = book.SimpleConvNet(dtype="float32").params
    names = {"1": "Conv1", "2": "Affine1", "3": "Affine2"}
    weights = {f"{names[key[1]]}.{key[0]}": array for key, array in p.items()}
    x, t = digits()
    return subject.training(text, "float32", weights, {"x": x, "t": t}, on_jax=on_jax)


def convnet_book() -> Callable[[], Any]:
    network = book.SimpleConvNet(dtype="float32")
    x, t = digits()
    one_hot = np.eye(10, dtype=np.float32)[t]

    def step() -> Any:
        book.sgd(network.params, network.gradient(x, one_hot), LR)
        return network.last_layer.loss

    return step


def convnet_pytorch(*, compiled: bool = False) -> Callable[[], Any]:
    import torch
    from torch import nn

    model = nn.Sequential(
        nn.Conv2d(1, 30, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(4320, 100),
        nn.ReLU(),
        nn.Linear(100, 10),
    )
    p = book.SimpleConvNet(dtype="float32").params
    with torch.no_grad():
        for layer, number in ((model[0], 1), (model[4], 2), (model[6], 3)):
            W = p[f"W{number}"]
            layer.weight.copy_(torch.from_numpy(W if number == 1 else W.T.copy()))
            layer.bias.zero_()
    x, t = (torch.from_numpy(a) for a in digits())
    criterion = nn.CrossEntropyLoss()
    run = torch.compile(model) if compiled else model
    return torch_step(model, lambda: criterion(run(x), t))


# ---- one convolution ----------------------------------------------------------------------------------


def conv_graphlang() -> Callable[[], Any]:
    graph = subject.load("input x: float[N, 64, 32, 32]\ny = x -> Conv(64, 3, pad=1)\noutput y")
    graph.params["Conv1.W"][...] = normal(64, 64, 3, 3, seed=1) * 0.05
    run, x = subject.compiled(graph, wrt=["x", "Conv1.W", "Conv1.b"]), normal(32, 64, 32, 32)
    return lambda: run(x=x)


def conv_pytorch() -> Callable[[], Any]:
    import torch

    layer = torch.nn.Conv2d(64, 64, 3, padding=1)
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(normal(64, 64, 3, 3, seed=1) * np.float32(0.05)))
        layer.bias.zero_()
    x = torch.from_numpy(normal(32, 64, 32, 32)).requires_grad_()
    ones = torch.ones(32, 64, 32, 32)

    def step() -> Any:
        y = layer(x)
        return y.detach(), torch.autograd.grad(y, [x, layer.weight, layer.bias], ones)

    return step


# ---- LSTM ---------------------------------------------------------------------------------------------


def lstm_graphlang(*, on_jax: bool = False) -> Callable[[], Any]:
    text = f"""
        input x: float[N, T, 64]
        y = x -> LSTM(256)
        loss = mean(y * y)
        output y
        {train_section()}
    """
    return subject.training(text, "float32", {}, {"x": normal(32, 64, 64)}, on_jax=on_jax)


def lstm_pytorch() -> Callable[[], Any]:
    import torch

    model = torch.nn.LSTM(64, 256, batch_first=True)
    x = torch.from_numpy(normal(32, 64, 64))
    return torch_step(model, lambda: model(x)[0].square().mean())


# ---- a transformer block ------------------------------------------------------------------------------


def block_graphlang(*, on_jax: bool = False) -> Callable[[], Any]:
    text = f"""
        input x: float[N, T, 128]
        y = x -> residual {{ LayerNorm; Attention(4, causal=true) }}
              -> residual {{ LayerNorm; Affine(512); Gelu; Affine(128) }}
        loss = mean(y * y)
        output y
        {train_section()}
    """
    return subject.training(text, "float32", {}, {"x": normal(8, 128, 128)}, on_jax=on_jax)


def block_pytorch() -> Callable[[], Any]:
    import torch
    from torch import nn

    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.norm1, self.norm2 = nn.LayerNorm(128), nn.LayerNorm(128)
            self.qkv, self.out = nn.Linear(128, 384), nn.Linear(128, 128)
            self.mlp = nn.Sequential(nn.Linear(128, 512), nn.GELU(), nn.Linear(512, 128))

        def forward(self, x: Any) -> Any:
            q, k, v = self.qkv(self.norm1(x)).view(8, 128, 3, 4, 32).permute(2, 0, 3, 1, 4)
            a = nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
            x = x + self.out(a.transpose(1, 2).reshape(8, 128, 128))
            return x + self.mlp(self.norm2(x))

    model = Block()
    x = torch.from_numpy(normal(8, 128, 128))
    return torch_step(model, lambda: model(x).square().mean())


# ---- over ten million numbers -------------------------------------------------------------------------


def over_graphlang(expression: str) -> Callable[[], Any]:
    graph = subject.load(f"input x: float[N, 1000]\ny = {expression}\noutput y")
    run, x = subject.compiled(graph, wrt=["x"]), normal(10_000, 1000)
    return lambda: run(x=x)


def over_pytorch(function: str, *, compiled: bool = False) -> Callable[[], Any]:
    import torch
    from torch.nn.functional import gelu, softmax

    forward = {
        "layer_norm": torch.nn.LayerNorm(1000),
        "softmax": lambda x: softmax(x, dim=-1),
        "gelu": gelu,
    }[function]
    run = torch.compile(forward) if compiled else forward
    x = torch.from_numpy(normal(10_000, 1000)).requires_grad_()
    ones = torch.ones(10_000, 1000)

    def step() -> Any:
        x.grad = None
        y = run(x)
        y.backward(ones)
        return y.detach(), x.grad

    return step


def over(name: str, expression: str, title: str, limit: Goal) -> Work:
    return Work(
        name,
        f"{title} over 10^7 float32 (10,000 rows of 1,000), forward and backward",
        {
            "graphlang": partial(over_graphlang, expression),
            "pytorch": partial(over_pytorch, name),
            "torch.compile": partial(over_pytorch, name, compiled=True),
            TRAFFIC: partial(traffic, 10**7, 1, 2),
        },
        {"pytorch": 1.0, TRAFFIC: limit},
        same_value=name != "layer_norm",
    )


# ---- the products of a step: forward, and for every product the two of its gradients ----------------------


def affine(rows: int, inputs: int, outputs: int, *, first: bool = False) -> list[tuple[int, ...]]:
    """The products of an affine layer; the first one of a network needs no gradient of its input."""
    back = [] if first else [(rows, outputs, inputs)]
    return [(rows, inputs, outputs), (inputs, rows, outputs), *back]


CONVNET = [*affine(100 * 24 * 24, 25, 30, first=True), *affine(100, 4320, 100), *affine(100, 100, 10)]
CONV = affine(32 * 32 * 32, 9 * 64, 64)
STEPS = [(32, 256, 1024), (32, 1024, 256)] * 64
LSTM = [*affine(32 * 64, 64, 1024, first=True), *STEPS, (256, 32 * 64, 1024)]
ATTENTION = [(32, 128, 32, 128), (32, 128, 128, 32)]
BLOCK = [
    *affine(1024, 128, 384),
    *ATTENTION * 3,
    *affine(1024, 128, 128),
    *affine(1024, 128, 512),
    *affine(1024, 512, 128),
]

WORKS = [
    Work(
        "simple_convnet",
        "SimpleConvNet of chapter 7, batch 100, float32: a training step with its update",
        {
            "graphlang": convnet_graphlang,
            subject.ON_JAX: partial(convnet_graphlang, on_jax=True),
            "the book": convnet_book,
            "pytorch": convnet_pytorch,
            "torch.compile": partial(convnet_pytorch, compiled=True),
            MATMULS: partial(products, CONVNET),
        },
        {"pytorch": 1.0, "the book": 0.25, MATMULS: 2.0},
    ),
    Work(
        "conv",
        "Convolution 3x3, 64 to 64 channels at 32x32, batch 32, float32: forward and backward",
        {"graphlang": conv_graphlang, "pytorch": conv_pytorch, MATMULS: partial(products, CONV)},
        {"pytorch": 1.0, MATMULS: Goal(1.25, 1.25, 1.5)},
    ),
    Work(
        "lstm",
        "LSTM, batch 32, T 64, D 64, H 256, float32: a training step with its update",
        {
            "graphlang": lstm_graphlang,
            subject.ON_JAX: partial(lstm_graphlang, on_jax=True),
            "pytorch": lstm_pytorch,
            MATMULS: partial(products, LSTM),
        },
        {"pytorch": 1.0, MATMULS: 1.5},
        same_value=False,
        alike=("graphlang", subject.ON_JAX),
    ),
    Work(
        "transformer_block",
        "Transformer block, batch 8, T 128, d 128, 4 heads, float32: a training step with its update",
        {
            "graphlang": block_graphlang,
            subject.ON_JAX: partial(block_graphlang, on_jax=True),
            "pytorch": block_pytorch,
            MATMULS: partial(products, BLOCK),
        },
        {"pytorch": 1.0, MATMULS: 1.5},
        same_value=False,
        alike=("graphlang", subject.ON_JAX),
    ),
    over("layer_norm", "x -> LayerNorm", "LayerNorm", Goal(2.5, 2.0, 1.5)),
    over("softmax", "softmax(x)", "Softmax", Goal(2.5, 2.0, 1.5)),
    over("gelu", "gelu(x)", "Gelu", Goal(4.0, 3.0, 1.5)),
]
