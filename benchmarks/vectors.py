"""Elementwise work over ten million numbers, and the optimizer's update of as many."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from benchmarks import subject
from benchmarks.limits import traffic
from benchmarks.work import Goal, Step, Work

SIZE = 10**7


def numbers(seed: int = 0) -> Any:
    return np.random.default_rng(seed).standard_normal(SIZE, dtype=np.float32)


# ---- a sigmoid from its nodes -------------------------------------------------------------------------


def sigmoid_graphlang() -> Callable[[], Any]:
    graph = subject.load("input x: float[N]\ne = exp(-x)\ny = 1 / (1 + e)\noutput y")
    run, x = subject.compiled(graph, wrt=["x"]), numbers()
    return lambda: run(x=x)


def sigmoid_numpy() -> Callable[[], Any]:
    x = numbers()

    def step() -> Any:
        e = np.exp(-x)
        y = 1 / (1 + e)
        return y, y * y * e

    return step


def sigmoid_pytorch(*, compiled: bool = False) -> Callable[[], Any]:
    import torch

    x = torch.from_numpy(numbers()).requires_grad_()
    ones = torch.ones(SIZE)

    def forward(x: Any) -> Any:
        return 1 / (1 + torch.exp(-x))

    run = torch.compile(forward) if compiled else forward

    def step() -> Any:
        x.grad = None
        y = run(x)
        y.backward(ones)
        return y.detach(), x.grad

    return step


def sigmoid_jax() -> Callable[[], Any]:
    import jax
    import jax.numpy as jnp

    @jax.jit
    def run(x: Any) -> Any:
        y, pull = jax.vjp(lambda x: 1 / (1 + jnp.exp(-x)), x)
        return y, pull(jnp.ones_like(y))[0]

    x = jnp.asarray(numbers())
    return lambda: jax.block_until_ready(run(x))


def sigmoid_autograd() -> Callable[[], Any]:
    import autograd.numpy as anp
    from autograd import make_vjp

    x, ones = numbers(), np.ones(SIZE, np.float32)

    def step() -> Any:
        pull, y = make_vjp(lambda x: 1 / (1 + anp.exp(-x)))(x)
        return y, pull(ones)

    return step


# ---- Adam ---------------------------------------------------------------------------------------------


def adam_graphlang() -> Callable[[], Any]:
    text = f"""
        input g: float[{SIZE}]
        param w: float[{SIZE}] = ones
        loss = sum(w * g)
        output loss
        train {{ minimize = loss; optimizer = Adam(lr=0.001); batch = 1; iterations = 1 }}
    """
    step = subject.compiled(subject.load(text), train=True)
    g = numbers()
    return lambda: step(g=g)


def adam_pytorch(*, fused: bool = False) -> Callable[[], Any]:
    import torch

    w = torch.ones(SIZE, requires_grad=True)
    w.grad = torch.from_numpy(numbers())
    kind = {"fused": True} if fused else {"foreach": True}
    optimizer = torch.optim.Adam([w], lr=0.001, **kind)
    step: Callable[[], Any] = optimizer.step
    return step


def adam_numpy() -> Callable[[], Any]:
    """The book's Adam."""
    w, g = np.ones(SIZE, np.float32), numbers()
    m, v, t = np.zeros_like(w), np.zeros_like(w), 0

    def step() -> None:
        nonlocal t, m, v, w
        t += 1
        rate = 0.001 * (1.0 - 0.999**t) ** 0.5 / (1.0 - 0.9**t)
        m += (1 - 0.9) * (g - m)
        v += (1 - 0.999) * (g**2 - v)
        w -= rate * m / (np.sqrt(v) + 1e-7)

    return step


def adam_jax() -> Callable[[], Any]:
    import jax
    import jax.numpy as jnp

    @partial(jax.jit, donate_argnums=(0, 1, 2))
    def update(w: Any, m: Any, v: Any, t: Any, g: Any) -> Any:
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        rate, root = 0.001 / (1 - 0.9**t), jnp.sqrt(1 - 0.999**t)
        return w - rate * m / (jnp.sqrt(v) / root + 1e-8), m, v, t + 1

    g = jnp.asarray(numbers())
    state = (jnp.ones(SIZE), jnp.zeros(SIZE), jnp.zeros(SIZE), jnp.float32(1))

    def step() -> None:
        nonlocal state
        state = update(*state, g)

    return Step(step, lambda: jax.block_until_ready(state))


WORKS = [
    Work(
        "sigmoid",
        "Sigmoid from its nodes, forward and backward, 10^7 float32",
        {
            "graphlang": sigmoid_graphlang,
            "plain numpy": sigmoid_numpy,
            "pytorch": sigmoid_pytorch,
            "torch.compile": partial(sigmoid_pytorch, compiled=True),
            "jax": sigmoid_jax,
            "autograd": sigmoid_autograd,
            "its memory traffic": partial(traffic, SIZE, 1, 2),
        },
        {"jax": 1.0, "pytorch": Goal(1.0, 0.25, 1.0), "its memory traffic": Goal(2.5, 1.5, 1.25)},
    ),
    Work(
        "adam",
        "Adam's update of 10^7 float32 parameters",
        {
            "graphlang": adam_graphlang,
            "the book": adam_numpy,
            "pytorch": adam_pytorch,
            "pytorch, fused=True": partial(adam_pytorch, fused=True),
            "jax": adam_jax,
            "its memory traffic": partial(traffic, SIZE, 1, 0, 3),
        },
        {"pytorch": Goal(0.8, 0.8, 1.0), "its memory traffic": Goal(2.0, 1.5, 1.25)},
        same_value=False,
        note="graphlang's time includes forward and backward of `sum(w * g)`, which gives it the gradient g; "
        "the others find their gradient ready",
    ),
]
