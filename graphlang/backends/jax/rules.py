"""From every primitive to its rule on JAX.

Where `jax.numpy` has a function of the primitive's name, that is the rule; what differs is below.
"""

from __future__ import annotations

from collections.abc import Sequence

import jax
import jax.numpy as jnp

from graphlang.backends.jax import elementwise, indexing, loops, reductions, windows
from graphlang.backends.jax.recorded import by_arithmetic
from graphlang.backends.jax.recurrences import recurrence_rules
from graphlang.backends.jax.replay import Rule
from graphlang.contracts.backend import NoRule
from graphlang.kernels import mills, recurrence
from graphlang.trace import Step
from graphlang.trace.primitives import PRIMITIVES

RULES: dict[str, Rule] = {name: getattr(jnp, name) for name in PRIMITIVES if hasattr(jnp, name)}
RULES |= {rule.__name__: rule for rule in (
    elementwise.astype, elementwise.chain, elementwise.chain_quotient, elementwise.excess,
    elementwise.zero_times,
    indexing.add_along_axis, indexing.checked_indices, indexing.one_hot, indexing.scatter_add, indexing.take,
    indexing.take_along_axis, indexing.unslice,
    reductions.argsort, reductions.norms, reductions.square_sum,
    windows.conv, windows.conv_transpose, windows.conv_weight_gradient, windows.max_pool,
    windows.max_pool_gradient, windows.max_pool_pick, windows.sum_pool, windows.sum_pool_gradient,
)}  # fmt: skip
RULES |= {
    "alias": lambda x: x,
    "concatenate": lambda *arrays, axis: jnp.concatenate(arrays, axis),
    "constant": lambda x: x,
    "erf": jax.scipy.special.erf,
    "floor_divide": elementwise.whole_or(elementwise.float_floor_divide),
    "full": lambda value, shape, dtype: jnp.full(shape, value, dtype),
    "pad": lambda x, widths, value=0: jnp.pad(x, widths, constant_values=value),
    "scan": loops.scan,
    "remainder": elementwise.whole_or(elementwise.float_remainder),
    "fmod": elementwise.whole_or(jnp.fmod),
    "slice": indexing.sliced,
    "stop_gradient": lambda x: x,
}
RULES |= {
    name: by_arithmetic(PRIMITIVES[name], RULES)
    for name in ("power_log", "sigmoid", "sigmoid_slope", "tanh_slope")
}
_mills = by_arithmetic(mills.mills, RULES)
RULES["mills"] = lambda x: elementwise.mills_of_float32(x) if x.dtype.itemsize <= 4 else _mills(x)
for _recurrence in (recurrence.rnn, recurrence.lstm, recurrence.gru):
    RULES |= recurrence_rules(_recurrence.cell, RULES)


def check_rules(steps: Sequence[Step]) -> None:
    """Raises NoRule for the first step whose primitive has no rule."""
    waiting = list(reversed(steps))
    while waiting:
        step = waiting.pop()
        if step.primitive.name not in RULES:
            raise NoRule(step.primitive.name, step.origin, "JAX")
        if step.primitive.joint:
            waiting += reversed(step.params["body"].trace.steps)
