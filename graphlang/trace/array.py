"""Symbolic arrays: what has a shape and a dtype, and records the NumPy calls made on it."""

from __future__ import annotations

import inspect
import operator
from collections.abc import Callable, Iterator
from contextvars import ContextVar, Token
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from graphlang.trace.dims import Dim, DimScalar, Shape, Size, count, shape_text
from graphlang.trace.errors import Unrecorded

if TYPE_CHECKING:
    from graphlang.trace.primitive import Primitive

UFUNCS: dict[np.ufunc, Callable[..., Any]] = {}
"""What records a call of each ufunc."""
UFUNC_METHODS: dict[tuple[np.ufunc, str], Callable[..., Any]] = {}
"""What records `ufunc.reduce` and the like."""
FUNCTIONS: dict[Callable[..., Any], Callable[..., Any]] = {}
"""What records a call of each NumPy function."""
CREATIONS: dict[str, Callable[..., Any]] = {}
"""What records `np.zeros(shape, like=x)` and its kin, by name: NumPy drops `like`, it is put back."""

_WEAK: dict[type, Any] = {float: float, int: int, bool: np.dtype(bool), Dim: int}
_CONSTANTS = (np.ndarray, np.generic, bool, int, float, Dim, DimScalar)
_active: ContextVar[Trace | None] = ContextVar("active_trace", default=None)


class Step:
    """One recorded call: `output = primitive(*operands, **params)`; `origin` says for what it was made."""

    __slots__ = ("operands", "origin", "output", "params", "primitive")

    def __init__(
        self,
        primitive: Primitive,
        operands: tuple[Any, ...],
        params: dict[str, Any],
        output: SymbolicArray,
        origin: str = "",
    ) -> None:
        self.primitive = primitive
        self.operands = operands
        self.params = params
        self.output = output
        self.origin = origin

    def __repr__(self) -> str:
        options = "".join(f", {name}={value}" for name, value in self.params.items())
        return f"{self.output} = {self.primitive.name}({', '.join(map(str, self.operands))}{options})"


class Trace:
    """A list of steps in the order in which they were recorded; every value is written once.

    `with trace:` makes it the one that `zeros((N, 3))` and the like record into, which have no operand.
    """

    def __init__(self) -> None:
        self.inputs: list[SymbolicArray] = []
        self.steps: list[Step] = []
        #: what the steps that are recorded now are for: whoever records says so, and people read it
        self.origin = ""
        self._tokens: list[Token[Trace | None]] = []

    def input(self, shape: Shape, dtype: Any = np.float64) -> SymbolicArray:
        """A value that is given from outside."""
        value = SymbolicArray(self, tuple(shape), np.dtype(dtype), ~len(self.inputs))
        self.inputs.append(value)
        return value

    def record(
        self, primitive: Primitive, operands: tuple[Any, ...], params: dict[str, Any]
    ) -> SymbolicArray:
        """Check a call and write it down."""
        for x in operands:
            if x.__class__ is SymbolicArray and x.trace is not self:
                raise ValueError(f"{primitive.name} mixes values of two traces")
        shape, dtype = primitive.shape(*operands, **params)
        steps = self.steps
        output = SymbolicArray(self, shape, dtype, len(steps))
        steps.append(Step(primitive, operands, params, output, self.origin))
        return output

    def step_of(self, value: SymbolicArray) -> Step | None:
        """The step that computes `value`; None for an input."""
        return self.steps[value.number] if value.number >= 0 else None

    def __enter__(self) -> Self:
        self._tokens.append(_active.set(self))
        return self

    def __exit__(self, *error: object) -> None:
        _active.reset(self._tokens.pop())


class SymbolicRandom:
    """The random stream of a trace: every draw is an input, listed in `draws`, to be filled at a run."""

    def __init__(self, trace: Trace, dtype: Any = np.float64) -> None:
        self.trace = trace
        self.dtype = np.dtype(dtype)
        self.draws: list[SymbolicArray] = []

    def uniform(self, shape: Shape) -> SymbolicArray:
        """Numbers in [0, 1)."""
        self.draws.append(self.trace.input(tuple(shape), self.dtype))
        return self.draws[-1]


def active_trace() -> Trace | None:
    """The trace of the innermost `with trace:`."""
    return _active.get()


def signature(x: Any) -> tuple[Shape, Any]:
    """Shape and dtype of an operand; a Python number or a size is a weak scalar, given by its Python type."""
    kind = x.__class__
    if kind is SymbolicArray:
        return x.shape, x.dtype
    weak = _WEAK.get(kind)
    if weak is not None:
        return (), weak
    if kind is DimScalar:
        return (), _WEAK[x.kind]
    if isinstance(x, (np.ndarray, np.generic)):
        return x.shape, x.dtype
    raise TypeError(f"{type(x).__name__} is not an array or a number")


def operand(x: Any) -> Any:
    """`x` as a step holds it: symbolic arrays, arrays, numbers and sizes stay, lists become arrays."""
    return x if x.__class__ is SymbolicArray or isinstance(x, _CONSTANTS) else np.asarray(x)


def is_symbolic_array(x: object) -> bool:
    """Whether `x` is a value of a trace."""
    return x.__class__ is SymbolicArray


def _binary(ufunc: np.ufunc) -> Callable[[SymbolicArray, Any], Any]:
    def method(self: SymbolicArray, other: Any) -> Any:
        if other.__class__ in _COMMON or isinstance(other, _CONSTANTS):
            return UFUNCS[ufunc](self, other)
        return _foreign(ufunc, self, other)

    return method


def _reflected(ufunc: np.ufunc) -> Callable[[SymbolicArray, Any], Any]:
    def method(self: SymbolicArray, other: Any) -> Any:
        if other.__class__ in _COMMON or isinstance(other, _CONSTANTS):
            return UFUNCS[ufunc](other, self)
        return _foreign(ufunc, other, self)

    return method


def _unary(ufunc: np.ufunc) -> Callable[[SymbolicArray], Any]:
    def method(self: SymbolicArray) -> Any:
        return UFUNCS[ufunc](self)

    return method


def _in_place(symbol: str) -> Callable[[SymbolicArray, Any], Any]:
    def method(self: SymbolicArray, other: Any) -> Any:
        raise Unrecorded(symbol, f"write `y = y {symbol[:-1]} x`: nothing is changed in place")

    return method


def _foreign(ufunc: np.ufunc, x: Any, y: Any) -> Any:
    sequence = isinstance(x, (list, tuple)) or isinstance(y, (list, tuple))
    return UFUNCS[ufunc](operand(x), operand(y)) if sequence else NotImplemented


class SymbolicArray:
    """A value of a trace: shape, dtype, and NumPy's operators, functions and methods, which record.

    `number` is the position of its step in `trace.steps`; inputs count down from -1.
    """

    __slots__ = ("dtype", "number", "shape", "trace")
    __hash__ = object.__hash__

    def __init__(self, trace: Trace, shape: Shape, dtype: np.dtype[Any], number: int) -> None:
        self.trace = trace
        self.shape = shape
        self.dtype = dtype
        self.number = number

    __add__, __radd__ = _binary(np.add), _reflected(np.add)
    __sub__, __rsub__ = _binary(np.subtract), _reflected(np.subtract)
    __mul__, __rmul__ = _binary(np.multiply), _reflected(np.multiply)
    __truediv__, __rtruediv__ = _binary(np.divide), _reflected(np.divide)
    __floordiv__, __rfloordiv__ = _binary(np.floor_divide), _reflected(np.floor_divide)
    __mod__, __rmod__ = _binary(np.remainder), _reflected(np.remainder)
    __rpow__ = _reflected(np.power)
    __matmul__, __rmatmul__ = _binary(np.matmul), _reflected(np.matmul)
    __and__, __rand__ = _binary(np.bitwise_and), _reflected(np.bitwise_and)
    __or__, __ror__ = _binary(np.bitwise_or), _reflected(np.bitwise_or)
    __xor__, __rxor__ = _binary(np.bitwise_xor), _reflected(np.bitwise_xor)
    __lt__, __le__ = _binary(np.less), _binary(np.less_equal)
    __gt__, __ge__ = _binary(np.greater), _binary(np.greater_equal)
    __eq__, __ne__ = _binary(np.equal), _binary(np.not_equal)
    __neg__, __pos__ = _unary(np.negative), _unary(np.positive)
    __abs__, __invert__ = _unary(np.absolute), _unary(np.invert)
    __iadd__, __isub__, __imul__ = _in_place("+="), _in_place("-="), _in_place("*=")
    __itruediv__, __ifloordiv__, __imod__ = _in_place("/="), _in_place("//="), _in_place("%=")
    __ipow__, __imatmul__ = _in_place("**="), _in_place("@=")
    __iand__, __ior__, __ixor__ = _in_place("&="), _in_place("|="), _in_place("^=")

    def __pow__(self, other: Any) -> Any:
        # As NumPy's operator, and unlike np.power: the special powers are functions of their own.
        special = _POWERS.get(other) if other.__class__ in (int, float) and self.dtype.kind == "f" else None
        return UFUNCS[special](self) if special is not None else _power(self, other)

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> Size:
        return count(self.shape)

    @property
    def T(self) -> Any:
        return np.transpose(self)

    @property
    def mT(self) -> Any:
        return np.swapaxes(self, -1, -2)

    def __str__(self) -> str:
        name = f"v{self.number}" if self.number >= 0 else f"x{~self.number}"
        return f"{name}:{self.dtype.name}{shape_text(self.shape)}"

    __repr__ = __str__

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of a scalar")
        return operator.index(self.shape[0])

    def __iter__(self) -> Iterator[Any]:
        return iter([self[i] for i in range(len(self))])

    def __getitem__(self, key: Any) -> Any:
        return FUNCTIONS[operator.getitem](self, key)

    def __setitem__(self, key: Any, value: Any) -> None:
        raise Unrecorded("x[...] =", "nothing is changed in place: use `np.where` or `np.concatenate`")

    def __bool__(self) -> bool:
        raise Unrecorded("if x", "its value is not known while recording: choose with `np.where`")

    def __float__(self) -> float:
        raise Unrecorded("float(x)", "its value is not known while recording")

    def __int__(self) -> int:
        raise Unrecorded("int(x)", "its value is not known while recording")

    def __index__(self) -> int:
        raise Unrecorded("index(x)", "its value is not known while recording: pick elements with `np.take`")

    def __array__(self, *args: Any, **options: Any) -> Any:
        raise Unrecorded("np.asarray(x)", "its value is not known while recording")

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        if method == "__call__" and not options:
            recording = UFUNCS.get(ufunc)
            if recording is None:
                raise Unrecorded(f"np.{ufunc.__name__}")
            return recording(*[x if x.__class__ in _COMMON else operand(x) for x in inputs])
        if "out" in options and options["out"] != (None,):
            raise Unrecorded(f"np.{ufunc.__name__}(out=...)", "nothing is changed in place")
        if method == "__call__":
            raise Unrecorded(f"np.{ufunc.__name__}({', '.join(f'{name}=...' for name in options)})")
        recording = UFUNC_METHODS.get((ufunc, method))
        if recording is None:
            raise Unrecorded(f"np.{ufunc.__name__}.{method}")
        return _call(recording, f"np.{ufunc.__name__}.{method}", inputs, options)

    def __array_function__(self, function: Any, types: Any, args: Any, options: dict[str, Any]) -> Any:
        module = (getattr(function, "__module__", None) or "numpy").replace("numpy", "np", 1)
        name = f"{module}.{function.__name__}"
        recording = FUNCTIONS.get(function)
        if recording is None and function.__name__ in CREATIONS:
            recording, options = CREATIONS[function.__name__], {**options, "like": self}
        if recording is None:
            raise Unrecorded(name)
        return _call(recording, name, args, options)

    def reshape(self, *shape: Any) -> Any:
        return np.reshape(self, shape[0] if len(shape) == 1 else shape)

    def transpose(self, *axes: Any) -> Any:
        return np.transpose(self, (axes[0] if len(axes) == 1 else axes) or None)

    def swapaxes(self, axis1: int, axis2: int) -> Any:
        return np.swapaxes(self, axis1, axis2)

    def astype(self, dtype: Any, *, copy: bool = True) -> Any:
        return FUNCTIONS[np.astype](self, dtype)

    def ravel(self) -> Any:
        return self.reshape(-1)

    def flatten(self) -> Any:
        return self.reshape(-1)

    def copy(self) -> Any:
        return self

    def squeeze(self, axis: Any = None) -> Any:
        return FUNCTIONS[np.squeeze](self, axis)

    def sum(self, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> Any:
        return FUNCTIONS[np.sum](self, axis, dtype, keepdims=keepdims)

    def prod(self, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> Any:
        return FUNCTIONS[np.prod](self, axis, dtype, keepdims=keepdims)

    def mean(self, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> Any:
        return FUNCTIONS[np.mean](self, axis, dtype, keepdims=keepdims)

    def var(self, axis: Any = None, ddof: int = 0, keepdims: bool = False) -> Any:
        return FUNCTIONS[np.var](self, axis, ddof=ddof, keepdims=keepdims)

    def std(self, axis: Any = None, ddof: int = 0, keepdims: bool = False) -> Any:
        return FUNCTIONS[np.std](self, axis, ddof=ddof, keepdims=keepdims)

    def max(self, axis: Any = None, keepdims: bool = False) -> Any:
        return FUNCTIONS[np.max](self, axis, keepdims=keepdims)

    def min(self, axis: Any = None, keepdims: bool = False) -> Any:
        return FUNCTIONS[np.min](self, axis, keepdims=keepdims)

    def any(self, axis: Any = None, keepdims: bool = False) -> Any:
        return FUNCTIONS[np.any](self, axis, keepdims=keepdims)

    def all(self, axis: Any = None, keepdims: bool = False) -> Any:
        return FUNCTIONS[np.all](self, axis, keepdims=keepdims)

    def argmax(self, axis: Any = None, keepdims: bool = False) -> Any:
        return FUNCTIONS[np.argmax](self, axis, keepdims=keepdims)

    def argmin(self, axis: Any = None, keepdims: bool = False) -> Any:
        return FUNCTIONS[np.argmin](self, axis, keepdims=keepdims)

    def cumsum(self, axis: Any = None) -> Any:
        return FUNCTIONS[np.cumsum](self, axis)

    def clip(self, min: Any = None, max: Any = None) -> Any:
        return FUNCTIONS[np.clip](self, min, max)

    def round(self, decimals: int = 0) -> Any:
        return FUNCTIONS[np.round](self, decimals)

    def take(self, indices: Any, axis: Any = None) -> Any:
        return FUNCTIONS[np.take](self, indices, axis)

    def repeat(self, repeats: Any, axis: Any = None) -> Any:
        return FUNCTIONS[np.repeat](self, repeats, axis)

    def diagonal(self) -> Any:
        return FUNCTIONS[np.diagonal](self)

    def dot(self, other: Any) -> Any:
        return FUNCTIONS[np.dot](self, other)


_POWERS: dict[float, np.ufunc] = {2: np.square, 0.5: np.sqrt, -1: np.reciprocal}
_power = _binary(np.power)
_COMMON = frozenset({SymbolicArray, float, int, Dim})


def _call(recording: Callable[..., Any], name: str, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
    try:
        return recording(*args, **options)
    except TypeError:
        try:
            inspect.signature(recording).bind(*args, **options)
        except TypeError as problem:
            raise Unrecorded(name, f"called in a way that is not recorded: {problem}") from None
        raise
