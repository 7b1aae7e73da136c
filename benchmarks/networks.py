"""Training steps of multilayer perceptrons, compared with the book, PyTorch, JAX, autograd and bare
products."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from benchmarks import book, subject
from benchmarks.work import Goal, Step, Work

LR = 0.1
MATMULS = "its matmuls alone"


@dataclass(frozen=True)
class Net:
    """An affine layer, Relu, an affine layer, softmax and cross entropy, with the same numbers for every
    contender."""

    inputs: int
    hidden: int
    outputs: int
    batch: int
    dtype: str

    def parameters(self) -> dict[str, Any]:
        rng = np.random.default_rng(0)
        return {
            "W1": (0.01 * rng.standard_normal((self.inputs, self.hidden))).astype(self.dtype),
            "b1": np.zeros(self.hidden, self.dtype),
            "W2": (0.01 * rng.standard_normal((self.hidden, self.outputs))).astype(self.dtype),
            "b2": np.zeros(self.outputs, self.dtype),
        }

    def data(self) -> tuple[Any, Any]:
        rng = np.random.default_rng(1)
        return rng.random((self.batch, self.inputs)).astype(self.dtype), rng.integers(
            0, self.outputs, self.batch
        )

    def one_hot(self) -> Any:
        return np.eye(self.outputs, dtype=self.dtype)[self.data()[1]]


def graphlang(net: Net, *, on_jax: bool = False) -> Callable[[], Any]:
    text = f"""
        input x: float[N, {net.inputs}], t: int[N]
        y = x -> Affine({net.hidden}) -> Relu -> Affine({net.outputs})
        loss = SoftmaxWithLoss(y, t)
        output y
        train {{ minimize = loss; optimizer = SGD(lr={LR}); batch = {net.batch}; iterations = 1 }}
    """
    p = net.parameters()
    weights = {"Affine1.W": p["W1"], "Affine1.b": p["b1"], "Affine2.W": p["W2"], "Affine2.b": p["b2"]}
    x, t = net.data()
    return subject.training(text, net.dtype, weights, {"x": x, "t": t}, on_jax=on_jax)


def by_the_book(net: Net) -> Callable[[], Any]:
    network = book.TwoLayerNet(net.inputs, net.hidden, net.outputs, dtype=net.dtype)
    for name, array in net.parameters().items():
        network.params[name][...] = array
    x, t = net.data()[0], net.one_hot()

    def step() -> Any:
        book.sgd(network.params, network.gradient(x, t), LR)
        return network.last_layer.loss

    return step


def matmuls(net: Net) -> Callable[[], Any]:
    """The five matrix products of a step, into existing arrays: a lower bound for every contender with this
    BLAS."""
    x, p = net.data()[0], net.parameters()
    h, y = np.empty((net.batch, net.hidden), net.dtype), np.empty((net.batch, net.outputs), net.dtype)
    dW1, dW2, dh = np.empty_like(p["W1"]), np.empty_like(p["W2"]), np.empty_like(h)

    def step() -> None:
        np.matmul(x, p["W1"], out=h)
        np.matmul(h, p["W2"], out=y)
        np.matmul(h.T, y, out=dW2)
        np.matmul(y, p["W2"].T, out=dh)
        np.matmul(x.T, dh, out=dW1)

    step()
    h[...], y[...] = 0.1, 0.1  # of ordinary size again: products of products would overflow
    return step


def pytorch(net: Net, *, compiled: bool = False) -> Callable[[], Any]:
    import torch

    dtype = getattr(torch, net.dtype)
    model = torch.nn.Sequential(
        torch.nn.Linear(net.inputs, net.hidden), torch.nn.ReLU(), torch.nn.Linear(net.hidden, net.outputs)
    ).to(dtype)
    p = net.parameters()
    with torch.no_grad():
        for layer, number in ((model[0], "1"), (model[2], "2")):
            layer.weight.copy_(torch.from_numpy(p[f"W{number}"].T.copy()))
            layer.bias.copy_(torch.from_numpy(p[f"b{number}"]))
    optimizer = torch.optim.SGD(model.parameters(), lr=LR)
    criterion = torch.nn.CrossEntropyLoss()
    x, t = (torch.from_numpy(a) for a in net.data())

    def forward(x: Any, t: Any) -> Any:
        return criterion(model(x), t)

    run = torch.compile(forward) if compiled else forward

    def step() -> Any:
        optimizer.zero_grad()
        loss = run(x, t)
        loss.backward()
        optimizer.step()
        return loss.detach()

    return step


def jax_jit(net: Net) -> Callable[[], Any]:
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", net.dtype == "float64")

    def loss_of(p: Any, x: Any, t: Any) -> Any:
        h = jax.nn.relu(x @ p["W1"] + p["b1"])
        scores = jax.nn.log_softmax(h @ p["W2"] + p["b2"])
        return -jnp.mean(jnp.take_along_axis(scores, t[:, None], axis=1))

    @partial(jax.jit, donate_argnums=0)
    def update(p: Any, x: Any, t: Any) -> Any:
        loss, grads = jax.value_and_grad(loss_of)(p, x, t)
        return loss, jax.tree_util.tree_map(lambda v, g: v - LR * g, p, grads)

    x, t = (jnp.asarray(a) for a in net.data())
    p = jax.tree_util.tree_map(jnp.asarray, net.parameters())

    def step() -> Any:
        nonlocal p
        loss, p = update(p, x, t)
        return loss

    return Step(step, lambda: jax.block_until_ready(p))


def hips_autograd(net: Net) -> Callable[[], Any]:
    import autograd
    import autograd.numpy as anp
    from autograd.scipy.special import logsumexp

    x, t = net.data()[0], net.one_hot()

    def loss_of(p: Any) -> Any:
        h = anp.maximum(anp.dot(x, p["W1"]) + p["b1"], 0)
        scores = anp.dot(h, p["W2"]) + p["b2"]
        return -anp.sum(t * (scores - logsumexp(scores, axis=1, keepdims=True))) / net.batch

    value_and_gradient = autograd.value_and_grad(loss_of)
    p = net.parameters()

    def step() -> Any:
        loss, grads = value_and_gradient(p)
        book.sgd(p, grads, LR)
        return loss

    return step


def works() -> list[Work]:
    small, double = Net(784, 50, 10, 100, "float32"), Net(784, 50, 10, 100, "float64")
    large = Net(784, 1024, 1000, 256, "float32")

    def peers(net: Net) -> dict[str, Callable[[], Any]]:
        return {
            "graphlang": partial(graphlang, net),
            subject.ON_JAX: partial(graphlang, net, on_jax=True),
            "the book": partial(by_the_book, net),
            "pytorch": partial(pytorch, net),
            "torch.compile": partial(pytorch, net, compiled=True),
            "jax": partial(jax_jit, net),
            "autograd": partial(hips_autograd, net),
            MATMULS: partial(matmuls, net),
        }

    title = "TwoLayerNet 784-50-10, batch 100, {}: a training step with its update"
    pick = {k: v for k, v in peers(large).items() if k != "autograd"}
    return [
        Work(
            "two_layer_float32",
            title.format("float32"),
            peers(small),
            {"the book": 0.5, "pytorch": Goal(0.6, 0.6, 1.0), "jax": Goal(0.6, 0.6, 1.0), MATMULS: 2.0},
        ),
        Work("two_layer_float64", title.format("float64"), peers(double), {"the book": 0.5, MATMULS: 2.0}),
        Work(
            "mlp",
            "MLP 784-1024-1000, batch 256, float32: a training step with its update",
            pick,
            {"pytorch": Goal(0.95, 0.95, 1.0), MATMULS: Goal(1.08, 1.08, 1.25)},
        ),
    ]


WORKS = works()
