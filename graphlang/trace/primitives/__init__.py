"""All primitives, by name, and the kernels to call on arrays and symbolic arrays."""

from graphlang.trace.primitive import Primitive
from graphlang.trace.primitives import (
    chain as _chain,
)
from graphlang.trace.primitives import (
    convolution,
    creation,
    elementwise,
    indexing,
    matmul,
    norms,
    pooling,
    recurrence,
    reductions,
    shapes,
)
from graphlang.trace.primitives import erf as _erf
from graphlang.trace.primitives import mills as _mills
from graphlang.trace.primitives import power_log as _power_log
from graphlang.trace.primitives import sigmoid as _sigmoid
from graphlang.trace.primitives.chain import chain, chain_quotient, excess, zero_times
from graphlang.trace.primitives.convolution import conv, conv_transpose, conv_weight_gradient
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
from graphlang.trace.primitives.erf import erf
from graphlang.trace.primitives.indexing import scatter_add
from graphlang.trace.primitives.mills import mills
from graphlang.trace.primitives.pooling import max_pool, max_pool_gradient, sum_pool
from graphlang.trace.primitives.shapes import broadcast_to
from graphlang.trace.primitives.sigmoid import sigmoid, sigmoid_slope, tanh_slope

_MODULES = (
    elementwise, _chain, _erf, _mills, _power_log, _sigmoid, matmul, reductions, shapes, indexing, creation,
    convolution, pooling, recurrence, norms,
)  # fmt: skip
PRIMITIVES: dict[str, Primitive] = {
    item.name: item for module in _MODULES for item in vars(module).values() if isinstance(item, Primitive)
}
"""Every primitive, by its name."""

__all__ = [
    "PRIMITIVES", "arange", "broadcast_to", "chain", "chain_quotient", "constant", "conv",
    "conv_transpose", "conv_weight_gradient", "erf", "excess", "eye", "full", "max_pool",
    "max_pool_gradient", "mills", "one_hot", "ones", "scatter_add", "sigmoid", "sigmoid_slope",
    "stop_gradient", "sum_pool", "tanh_slope", "tri", "zero_times", "zeros",
]  # fmt: skip
