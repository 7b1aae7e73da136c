"""Graphs of single numbers: the fruit of chapter 5, the same for a million rows, a chain of 100,000 nodes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from benchmarks import book, subject
from benchmarks.harness import ROOT
from benchmarks.limits import traffic
from benchmarks.work import Goal, Work

NAMES = ("apple", "apple_num", "orange", "orange_num", "tax")
PRICES = (100.0, 2.0, 150.0, 3.0, 1.1)
ROWS = 10**6
NODES = 100_000


def fruit() -> Any:
    return subject.load((ROOT / "specs" / "apple_orange.graph").read_text("utf-8"), "float64")


# ---- one purchase -------------------------------------------------------------------------------------


def fruit_compiled() -> Callable[[], Any]:
    run, prices = subject.compiled(fruit(), wrt=list(NAMES)), dict(zip(NAMES, PRICES, strict=True))
    return lambda: run(**prices)


def fruit_run() -> Callable[[], Any]:
    graph, prices = fruit(), dict(zip(NAMES, PRICES, strict=True))

    def step() -> Any:
        result = graph.run(**prices)
        return result["price"], [result.grad[name] for name in NAMES]

    return step


def fruit_book() -> Callable[[], Any]:
    """The book's buy_apple_orange.py, its layers made once."""
    apples, oranges, taxed = book.MulLayer(), book.MulLayer(), book.MulLayer()
    total = book.AddLayer()
    apple, apple_num, orange, orange_num, tax = PRICES

    def step() -> Any:
        apple_price = apples.forward(apple, apple_num)
        orange_price = oranges.forward(orange, orange_num)
        all_price = total.forward(apple_price, orange_price)
        price = taxed.forward(all_price, tax)
        dall_price, dtax = taxed.backward(1)
        dapple_price, dorange_price = total.backward(dall_price)
        dorange, dorange_num = oranges.backward(dorange_price)
        dapple, dapple_num = apples.backward(dapple_price)
        return price, (dapple, dapple_num, dorange, dorange_num, dtax)

    return step


def fruit_pytorch() -> Callable[[], Any]:
    import torch

    leaves = [torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in PRICES]

    def step() -> Any:
        apple, apple_num, orange, orange_num, tax = leaves
        price = (apple * apple_num + orange * orange_num) * tax
        return price.detach(), torch.autograd.grad(price, leaves)

    return step


def fruit_jax() -> Callable[[], Any]:
    import jax

    jax.config.update("jax_enable_x64", True)  # noqa: FBT003 - JAX's own signature

    def price(apple: Any, apple_num: Any, orange: Any, orange_num: Any, tax: Any) -> Any:
        return (apple * apple_num + orange * orange_num) * tax

    run = jax.jit(jax.value_and_grad(price, argnums=(0, 1, 2, 3, 4)))
    return lambda: jax.block_until_ready(run(*PRICES))


def fruit_autograd() -> Callable[[], Any]:
    from autograd import value_and_grad

    run = value_and_grad(lambda p: (p[0] * p[1] + p[2] * p[3]) * p[4])
    return lambda: run(list(PRICES))


# ---- a million purchases ------------------------------------------------------------------------------


def columns() -> dict[str, Any]:
    rng = np.random.default_rng(0)
    return {name: price * (0.5 + rng.random(ROWS)) for name, price in zip(NAMES, PRICES, strict=True)}


def rows_graphlang() -> Callable[[], Any]:
    run, prices = subject.compiled(fruit(), wrt=list(NAMES)), columns()
    return lambda: run(**prices)


def rows_numpy() -> Callable[[], Any]:
    apple, apple_num, orange, orange_num, tax = columns().values()

    def step() -> Any:
        total = apple * apple_num + orange * orange_num
        price = total * tax
        return price, (tax * apple_num, tax * apple, tax * orange_num, tax * orange, total)

    return step


def rows_pytorch() -> Callable[[], Any]:
    import torch

    leaves = [torch.from_numpy(v).requires_grad_() for v in columns().values()]
    ones = torch.ones(ROWS, dtype=torch.float64)

    def step() -> Any:
        apple, apple_num, orange, orange_num, tax = leaves
        price = (apple * apple_num + orange * orange_num) * tax
        return price.detach(), torch.autograd.grad(price, leaves, ones)

    return step


def rows_jax() -> Callable[[], Any]:
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)  # noqa: FBT003

    @jax.jit
    def run(*columns: Any) -> Any:
        price, pull = jax.vjp(lambda a, n, o, m, t: (a * n + o * m) * t, *columns)
        return price, pull(jnp.ones_like(price))

    prices = [jnp.asarray(v) for v in columns().values()]
    return lambda: jax.block_until_ready(run(*prices))


# ---- a chain ------------------------------------------------------------------------------------------


def chain() -> str:
    """`v = v * a + b`, again and again: two nodes a line."""
    lines = [f"v{i} = v{i - 1} * a + b" for i in range(1, NODES // 2 + 1)]
    return "\n".join(["input v0 = 0.5, a = 0.999, b = 0.01", *lines, f"output v{NODES // 2}"])


def chain_compiled() -> Callable[[], Any]:
    run = subject.compiled(subject.load(chain(), "float64"), wrt=["v0", "a", "b"])
    return lambda: run(v0=0.5, a=0.999, b=0.01)


def chain_run() -> Callable[[], Any]:
    graph = subject.load(chain(), "float64")

    def step() -> Any:
        result = graph.run(v0=0.5, a=0.999, b=0.01)
        return result[f"v{NODES // 2}"], [result.grad[name] for name in ("v0", "a", "b")]

    return step


def chain_pytorch() -> Callable[[], Any]:
    import torch

    leaves = [torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in (0.5, 0.999, 0.01)]

    def step() -> Any:
        v, a, b = leaves
        for _ in range(NODES // 2):
            v = v * a + b
        return v.detach(), torch.autograd.grad(v, leaves)

    return step


WORKS = [
    Work(
        "apple_orange",
        "apple_orange, forward and backward, a compiled call",
        {
            "graphlang": fruit_compiled,
            "the book": fruit_book,
            "pytorch": fruit_pytorch,
            "jax": fruit_jax,
            "autograd": fruit_autograd,
        },
        {"the book": 1.0},
        parallel=False,
    ),
    Work(
        "apple_orange_run",
        "apple_orange through g.run(...), every value kept",
        {"graphlang": fruit_run, "pytorch": fruit_pytorch},
        {"pytorch": 0.5},
        parallel=False,
    ),
    Work(
        "apple_orange_rows",
        "apple_orange for 10^6 rows at once, float64, with all gradients",
        {
            "graphlang": rows_graphlang,
            "plain numpy": rows_numpy,
            "pytorch": rows_pytorch,
            "jax": rows_jax,
            "its memory traffic": partial(traffic, ROWS, 5, 6, dtype="float64"),
        },
        {"plain numpy": 1.0, "pytorch": 1.0, "its memory traffic": Goal(1.5, 1.25, 1.25)},
    ),
    Work(
        "chain",
        "Chain of 100,000 scalar nodes, forward and backward after loading",
        {
            "graphlang": chain_compiled,
            "graphlang, g.run": chain_run,
            "pytorch": chain_pytorch,
        },
        {"pytorch": 0.15},
        parallel=False,
    ),
]
