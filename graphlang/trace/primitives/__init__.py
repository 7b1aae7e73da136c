"""The primitives that NumPy's own functions record, and those that are called by name."""

from graphlang.trace.core import Primitive
from graphlang.trace.primitives import (
    accumulations,
    creation,
    elementwise,
    indexing,
    matmul,
    norms,
    random_numbers,
    reductions,
    shapes,
)
from graphlang.trace.primitives import (
    chain as _chain,
)
from graphlang.trace.primitives import power_log as _power_log
from graphlang.trace.primitives import sigmoid as _sigmoid
from graphlang.trace.primitives.chain import chain, chain_quotient, excess, zero_times
from graphlang.trace.primitives.creation import (
    arange,
    constant,
    eye,
    full,
    one_hot,
    ones,
    stop_gradient,
    tri,
    zeros,
)
from graphlang.trace.primitives.indexing import scatter_add
from graphlang.trace.primitives.shapes import broadcast_to
from graphlang.trace.primitives.sigmoid import sigmoid, sigmoid_slope, tanh_slope

_MODULES = (
    elementwise, _chain, _power_log, _sigmoid, matmul, reductions, shapes, indexing, creation, norms,
    accumulations, random_numbers,
)  # fmt: skip
PRIMITIVES: dict[str, Primitive] = {
    item.name: item for module in _MODULES for item in vars(module).values() if isinstance(item, Primitive)
}
"""Every primitive that is no kernel, by its name."""

__all__ = [
    "PRIMITIVES", "arange", "broadcast_to", "chain", "chain_quotient", "constant", "excess", "eye", "full",
    "one_hot", "ones", "scatter_add", "sigmoid", "sigmoid_slope", "stop_gradient", "tanh_slope", "tri",
    "zero_times", "zeros",
]  # fmt: skip
