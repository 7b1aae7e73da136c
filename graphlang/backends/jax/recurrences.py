"""Rules of the recurrences: the cells of NumPy's engine, recorded, inside of `lax.scan`.

Arrays keep their axes [T, N, ...], so that the rows of a batch can be on several devices.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from graphlang.backends.jax.recorded import on_jax
from graphlang.backends.jax.rule import Rules
from graphlang.kernels.cells import Cell, plus


def recurrence_rules(cell: Cell, rules: Rules) -> dict[str, Callable[..., Any]]:
    """The rules of a cell's recurrence and of its gradients."""
    return {
        cell.name: partial(_recurrence, cell, rules),
        f"{cell.name}_gradient": partial(_gradient, cell, rules),
        f"{cell.name}_weight_gradient": partial(_weight_gradient, cell, rules),
    }


def _recurrence(cell: Cell, rules: Rules, x: Any, Wx: Any, Wh: Any, b: Any, start: Any = None) -> Any:
    hidden = len(Wh)
    scale = cell.scale(hidden, x.dtype)
    weights = [Wh[:, part] * scale[part] for part in cell.columns(hidden)]

    def step(before: Any, pre: Any) -> Any:
        state = jnp.concatenate(on_jax(cell.forward, rules, pre, cell.pieces(before), weights), axis=-1)
        return state, state

    zeros = jnp.zeros((x.shape[1], cell.states * hidden), x.dtype)
    return lax.scan(step, zeros if start is None else start, x @ (Wx * scale) + b * scale)[1]


def _before(states: Any) -> Any:
    """For each time step the state before it; zeros before the first."""
    return jnp.concatenate([jnp.zeros_like(states[:1]), states[:-1]])


def _gradient(cell: Cell, rules: Rules, ds: Any, states: Any, Wh: Any) -> Any:
    """The gradient of the pre-activations [T, N, gates * H]."""
    hidden = len(Wh)
    whole = ds.shape[-1] != hidden or cell.states == 1
    arriving = cell.pieces(ds) if whole else [ds, *[None] * (len(cell.widths) - 1)]
    now, earlier = cell.pieces(states), cell.pieces(_before(states))
    slopes = on_jax(partial(cell.slopes, full=arriving[-1] is not None), rules, now, earlier)
    weights = [Wh[:, part].T for part in cell.columns(hidden)]

    def step(carried: Any, at: Any) -> Any:
        ds, own = at
        da, carried = on_jax(cell.backward, rules, list(map(plus, ds, carried)), own, weights)
        return carried, da

    last = jax.tree.map(lambda x: x[-1], (arriving, slopes))
    nothing = [None] * len(cell.widths)
    carried = jax.tree.map(lambda x: jnp.zeros(x.shape, x.dtype), jax.eval_shape(step, nothing, last)[0])
    return lax.scan(step, carried, (arriving, slopes), reverse=True)[1]


def _weight_gradient(cell: Cell, rules: Rules, dpre: Any, states: Any, x: Any) -> Any:
    """The gradients of Wx, Wh and b as rows. The sums go over [T, N] as they are."""
    columns = cell.columns(states.shape[2] // cell.states)
    factors = on_jax(cell.factors, rules, cell.pieces(states), cell.pieces(_before(states))[0])
    product = partial(jnp.einsum, "tnd,tng->dg")
    dWh = jnp.concatenate([product(v, dpre[..., c]) for v, c in zip(factors, columns, strict=True)], axis=1)
    return jnp.concatenate([product(x, dpre), dWh, dpre.sum((0, 1))[None]])
