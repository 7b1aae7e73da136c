"""From every primitive to its rule on JAX.

Where `jax.numpy` has a function of the primitive's name, that is the rule; what differs is below.
"""

from __future__ import annotations

from collections.abc import Sequence

import jax
import jax.numpy as jnp

from graphlang.backends.jax import elementwise, indexing, linear_algebra, reductions, windows
from graphlang.backends.jax.random_numbers import numbers_of_numpy, random_numbers
from graphlang.backends.jax.recorded import by_arithmetic
from graphlang.backends.jax.recurrences import recurrence_rules
from graphlang.backends.jax.replay import rule_for
from graphlang.backends.jax.rule import Rule
from graphlang.backends.jax.scans import scan_rule
from graphlang.kernels import mills, recurrence
from graphlang.kernels.scan import scan
from graphlang.trace import Step
from graphlang.trace.primitives import PRIMITIVES

RULES: dict[str, Rule] = {name: getattr(jnp, name) for name in PRIMITIVES if hasattr(jnp, name)}
RULES |= {rule.__name__: rule for rule in (
    elementwise.astype, elementwise.chain, elementwise.chain_quotient, elementwise.excess,
    elementwise.zero_times,
    indexing.add_along_axis, indexing.checked_indices, indexing.one_hot, indexing.scatter_add, indexing.take,
    indexing.take_along_axis, indexing.unslice,
    reductions.argsort, reductions.cummax, reductions.linear_recurrence, reductions.norms,
    reductions.square_sum,
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
    "cholesky": linear_algebra.cholesky,
    "cofactors": linear_algebra.cofactors,
    "det": jnp.linalg.det,
    "inv": jnp.linalg.inv,
    "log_determinant": lambda x: jnp.linalg.slogdet(x)[1],
    "sign_of_determinant": lambda x: jnp.linalg.slogdet(x)[0],
    "solve": linear_algebra.solve,
    "pad": lambda x, widths, value=0: jnp.pad(x, widths, constant_values=value),
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
RULES["random_numbers"] = random_numbers
RULES["scan"] = scan_rule(RULES)
for _recurrence in (recurrence.rnn, recurrence.lstm, recurrence.gru, recurrence.gru_after):
    RULES |= recurrence_rules(_recurrence.cell, RULES)
NUMPY_DRAWS = {**RULES, "random_numbers": numbers_of_numpy}
"""The rules of a training step whose random numbers are those of NumPy, `gl.Jax(draws="numpy")`."""
NUMPY_DRAWS["scan"] = scan_rule(NUMPY_DRAWS)


def check_rules(steps: Sequence[Step]) -> None:
    """Raises NoRule for the first step whose primitive has no rule; it looks into the bodies of scans too."""
    for step in steps:
        rule_for(step, RULES)
        if step.primitive is scan:
            check_rules(step.params["body"].trace.steps)
