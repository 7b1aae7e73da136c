"""Recording NumPy calls on symbolic arrays, their gradients, and their replay."""

from graphlang.trace.broadcasting import broadcast
from graphlang.trace.core import (
    Primitive,
    Step,
    SymbolicArray,
    SymbolicRandom,
    Trace,
    active_trace,
    is_symbolic_array,
    signature,
    unbroadcast,
)
from graphlang.trace.dim_scalar import DimScalar, Symbolic
from graphlang.trace.dims import (
    Dim,
    Shape,
    Size,
    axis_size,
    bind,
    count,
    divides,
    is_size,
    is_symbolic,
    shape_text,
)  # fmt: skip
from graphlang.trace.errors import (
    DtypeError,
    NegativeSize,
    NoGradient,
    NoSize,
    ShapeError,
    TraceError,
    UndecidedError,
    Unrecorded,
)  # fmt: skip
from graphlang.trace.gradient import gradient, needed_steps, partial_gradients, reached
from graphlang.trace.numpy_calls import mean, var
from graphlang.trace.numpy_calls import sum as total
from graphlang.trace.replay import bind_params, find_sizes, joint_calls, replay

__all__ = [
    "Dim", "DimScalar", "DtypeError", "NegativeSize", "NoGradient", "NoSize", "Primitive", "Shape",
    "ShapeError", "Size", "Step",
    "Symbolic", "SymbolicArray", "SymbolicRandom",
    "Trace", "TraceError", "UndecidedError", "Unrecorded", "active_trace", "axis_size", "bind",
    "bind_params", "broadcast", "count", "divides", "find_sizes", "gradient", "is_size", "is_symbolic",
    "is_symbolic_array", "joint_calls", "mean", "needed_steps", "partial_gradients", "reached", "replay",
    "shape_text", "signature", "total", "unbroadcast", "var",
]  # fmt: skip
