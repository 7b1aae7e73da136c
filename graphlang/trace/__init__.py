"""Recording NumPy calls on symbolic arrays, their gradients, and their replay."""

from graphlang.trace import array, numpy_calls
from graphlang.trace.array import (
    Step,
    SymbolicArray,
    SymbolicRandom,
    Trace,
    active_trace,
    is_symbolic_array,
    signature,
)
from graphlang.trace.dims import (
    Dim,
    DimScalar,
    Shape,
    Size,
    UndecidedError,
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
    Unrecorded,
)  # fmt: skip
from graphlang.trace.gradient import gradient, needed_steps, partial_gradients, reached
from graphlang.trace.numpy_calls import mean, var
from graphlang.trace.numpy_calls import sum as total
from graphlang.trace.primitive import Primitive, broadcast, unbroadcast
from graphlang.trace.replay import bind_params, find_sizes, replay

# Symbolic arrays call primitives, and primitives make symbolic arrays: here the circle is closed.
array.UFUNCS.update(numpy_calls.UFUNC_TABLE)
array.UFUNC_METHODS.update(numpy_calls.UFUNC_METHOD_TABLE)
array.FUNCTIONS.update(numpy_calls.FUNCTION_TABLE)
array.CREATIONS.update(numpy_calls.CREATION_TABLE)

__all__ = [
    "Dim", "DimScalar", "DtypeError", "NegativeSize", "NoGradient", "NoSize", "Primitive", "Shape",
    "ShapeError", "Size", "Step",
    "SymbolicArray", "SymbolicRandom",
    "Trace", "TraceError", "UndecidedError", "Unrecorded", "active_trace", "axis_size", "bind",
    "bind_params", "broadcast", "count", "divides", "find_sizes", "gradient", "is_size", "is_symbolic",
    "is_symbolic_array", "mean", "needed_steps", "partial_gradients", "reached", "replay", "shape_text",
    "signature", "total", "unbroadcast", "var",
]  # fmt: skip
