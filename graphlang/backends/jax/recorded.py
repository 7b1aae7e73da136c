"""Functions of plain NumPy on JAX arrays: recorded on symbolic arrays of their shapes, then replayed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax

from graphlang.backends.jax.replay import run
from graphlang.backends.jax.rule import Rules
from graphlang.trace import Trace, needed_steps


def on_jax(function: Callable[..., Any], rules: Rules, *arguments: Any) -> Any:
    """The result of a function of NumPy calls on JAX arrays, and on lists and tuples of them."""
    trace = Trace()
    symbols = jax.tree.map(lambda x: trace.input(x.shape, x.dtype), arguments)
    with trace:
        result = function(*symbols)
    leaves, structure = jax.tree.flatten(result)
    pairs = zip(jax.tree.leaves(symbols), jax.tree.leaves(arguments), strict=True)
    values = {symbol.number: x for symbol, x in pairs}
    run(needed_steps(leaves), values, rules)
    return jax.tree.unflatten(structure, [values[y.number] for y in leaves])


def by_arithmetic(primitive: Any, rules: Rules) -> Callable[..., Any]:
    """The rule of a primitive that says in `arithmetic` which other primitives it consists of."""

    def rule(*operands: Any, **params: Any) -> Any:
        return on_jax(lambda *xs: primitive.arithmetic(*xs, **params), rules, *operands)

    return rule
