"""What makes an object behave as an array of NumPy: operators, methods, and NumPy's two dispatch protocols.

Each call is looked up in one of four tables and answered by the function that is registered there. So NumPy's
own functions record when they are called on a symbolic array, and a layer is written in plain NumPy.
`numpy_calls.py` says what every call records, and registers it.
"""

from __future__ import annotations

import inspect
import operator
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from graphlang.trace.dim_scalar import DimScalar
from graphlang.trace.dims import Dim, Shape, Size, count
from graphlang.trace.errors import Unrecorded
from graphlang.trace.types import Axis, DtypeLike

_UFUNCS: dict[np.ufunc, Callable[..., Any]] = {}
_UFUNC_METHODS: dict[tuple[np.ufunc, str], Callable[..., Any]] = {}
_FUNCTIONS: dict[Callable[..., Any], Callable[..., Any]] = {}
_CREATIONS: dict[str, Callable[..., Any]] = {}

_CONSTANTS = (np.ndarray, np.generic, bool, int, float, Dim, DimScalar)
_COMMON: set[type] = {float, int, Dim}
"""Classes of operands that are passed on as they are; those of recorded arrays join them."""


def register(
    *,
    ufuncs: Mapping[np.ufunc, Callable[..., Any]],
    ufunc_methods: Mapping[tuple[np.ufunc, str], Callable[..., Any]],
    functions: Mapping[Callable[..., Any], Callable[..., Any]],
    creations: Mapping[str, Callable[..., Any]],
) -> None:
    """Says what records a call of each ufunc, of its methods such as `np.add.reduce`, and of each function.

    Creation functions, called with `like=`, go by name: NumPy passes on another function, without `like`.
    """
    _UFUNCS.update(ufuncs)
    _UFUNC_METHODS.update(ufunc_methods)
    _FUNCTIONS.update(functions)
    _CREATIONS.update(creations)


def operand(x: Any) -> Any:
    """`x` as a step holds it: symbolic arrays, arrays, numbers and sizes stay, lists become arrays."""
    return x if x.__class__ in _COMMON or isinstance(x, _CONSTANTS) else np.asarray(x)


def _binary(ufunc: np.ufunc) -> Callable[[NumPyProtocols, Any], Any]:
    def method(self: NumPyProtocols, other: Any) -> Any:
        if other.__class__ in _COMMON or isinstance(other, _CONSTANTS):
            return _UFUNCS[ufunc](self, other)
        return _foreign(ufunc, self, other)

    return method


def _reflected(ufunc: np.ufunc) -> Callable[[NumPyProtocols, Any], Any]:
    def method(self: NumPyProtocols, other: Any) -> Any:
        if other.__class__ in _COMMON or isinstance(other, _CONSTANTS):
            return _UFUNCS[ufunc](other, self)
        return _foreign(ufunc, other, self)

    return method


def _unary(ufunc: np.ufunc) -> Callable[[NumPyProtocols], Any]:
    def method(self: NumPyProtocols) -> Any:
        return _UFUNCS[ufunc](self)

    return method


def _in_place(symbol: str) -> Callable[[NumPyProtocols, Any], Any]:
    def method(self: NumPyProtocols, other: Any) -> Any:
        raise Unrecorded(symbol, f"write `y = y {symbol[:-1]} x`: nothing is changed in place")

    return method


def _foreign(ufunc: np.ufunc, x: Any, y: Any) -> Any:
    sequence = isinstance(x, (list, tuple)) or isinstance(y, (list, tuple))
    return _UFUNCS[ufunc](operand(x), operand(y)) if sequence else NotImplemented


class NumPyProtocols:
    """The base of an array whose operations are recorded."""

    __slots__ = ()
    shape: Shape
    dtype: np.dtype[Any]
    __hash__ = object.__hash__

    def __init_subclass__(cls) -> None:
        _COMMON.add(cls)

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
        return _UFUNCS[special](self) if special is not None else _power(self, other)

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

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of a scalar")
        return operator.index(self.shape[0])

    def __iter__(self) -> Iterator[Any]:
        return iter([self[i] for i in range(len(self))])

    def __getitem__(self, key: Any) -> Any:
        return _FUNCTIONS[operator.getitem](self, key)

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
            recording = _UFUNCS.get(ufunc)
            if recording is None:
                raise Unrecorded(f"np.{ufunc.__name__}")
            return recording(*[x if x.__class__ in _COMMON else operand(x) for x in inputs])
        if any(array is not None for array in options.get("out", ())):
            raise Unrecorded(f"np.{ufunc.__name__}(out=...)", "nothing is changed in place")
        if method == "__call__":
            raise Unrecorded(f"np.{ufunc.__name__}({', '.join(f'{name}=...' for name in options)})")
        recording = _UFUNC_METHODS.get((ufunc, method))
        if recording is None:
            raise Unrecorded(f"np.{ufunc.__name__}.{method}")
        return _call(recording, f"np.{ufunc.__name__}.{method}", inputs, options)

    def __array_function__(self, function: Any, types: Any, args: Any, options: dict[str, Any]) -> Any:
        module = (getattr(function, "__module__", None) or "numpy").replace("numpy", "np", 1)
        name = f"{module}.{function.__name__}"
        recording = _FUNCTIONS.get(function)
        if recording is None and function.__name__ in _CREATIONS:
            recording, options = _CREATIONS[function.__name__], {**options, "like": self}
        if recording is None:
            raise Unrecorded(name)
        return _call(recording, name, args, options)

    def reshape(self, *shape: Any) -> Any:
        return np.reshape(self, shape[0] if len(shape) == 1 else shape)

    def transpose(self, *axes: Any) -> Any:
        return np.transpose(self, (axes[0] if len(axes) == 1 else axes) or None)

    def swapaxes(self, axis1: int, axis2: int) -> Any:
        return np.swapaxes(self, axis1, axis2)

    def astype(self, dtype: DtypeLike, *, copy: bool = True) -> Any:
        return _FUNCTIONS[np.astype](self, dtype)

    def ravel(self) -> Any:
        return self.reshape(-1)

    def flatten(self) -> Any:
        return self.reshape(-1)

    def copy(self) -> Any:
        return self

    def squeeze(self, axis: Axis = None) -> Any:
        return _FUNCTIONS[np.squeeze](self, axis)

    def sum(self, axis: Axis = None, dtype: DtypeLike = None, keepdims: bool = False) -> Any:
        return _FUNCTIONS[np.sum](self, axis, dtype, keepdims=keepdims)

    def prod(self, axis: Axis = None, dtype: DtypeLike = None, keepdims: bool = False) -> Any:
        return _FUNCTIONS[np.prod](self, axis, dtype, keepdims=keepdims)

    def mean(self, axis: Axis = None, dtype: DtypeLike = None, keepdims: bool = False) -> Any:
        return _FUNCTIONS[np.mean](self, axis, dtype, keepdims=keepdims)

    def var(self, axis: Axis = None, ddof: int = 0, keepdims: bool = False) -> Any:
        return _FUNCTIONS[np.var](self, axis, ddof=ddof, keepdims=keepdims)

    def std(self, axis: Axis = None, ddof: int = 0, keepdims: bool = False) -> Any:
        return _FUNCTIONS[np.std](self, axis, ddof=ddof, keepdims=keepdims)

    def max(self, axis: Axis = None, keepdims: bool = False) -> Any:
        return _FUNCTIONS[np.max](self, axis, keepdims=keepdims)

    def min(self, axis: Axis = None, keepdims: bool = False) -> Any:
        return _FUNCTIONS[np.min](self, axis, keepdims=keepdims)

    def any(self, axis: Axis = None, keepdims: bool = False) -> Any:
        return _FUNCTIONS[np.any](self, axis, keepdims=keepdims)

    def all(self, axis: Axis = None, keepdims: bool = False) -> Any:
        return _FUNCTIONS[np.all](self, axis, keepdims=keepdims)

    def argmax(self, axis: Axis = None, keepdims: bool = False) -> Any:
        return _FUNCTIONS[np.argmax](self, axis, keepdims=keepdims)

    def argmin(self, axis: Axis = None, keepdims: bool = False) -> Any:
        return _FUNCTIONS[np.argmin](self, axis, keepdims=keepdims)

    def cumsum(self, axis: Axis = None) -> Any:
        return _FUNCTIONS[np.cumsum](self, axis)

    def clip(self, min: Any = None, max: Any = None) -> Any:
        return _FUNCTIONS[np.clip](self, min, max)

    def round(self, decimals: int = 0) -> Any:
        return _FUNCTIONS[np.round](self, decimals)

    def take(self, indices: Any, axis: Axis = None) -> Any:
        return _FUNCTIONS[np.take](self, indices, axis)

    def repeat(self, repeats: Any, axis: Axis = None) -> Any:
        return _FUNCTIONS[np.repeat](self, repeats, axis)

    def diagonal(self) -> Any:
        return _FUNCTIONS[np.diagonal](self)

    def dot(self, other: Any) -> Any:
        return _FUNCTIONS[np.dot](self, other)


_POWERS: dict[float, np.ufunc] = {2: np.square, 0.5: np.sqrt, -1: np.reciprocal}
_power = _binary(np.power)


def _call(recording: Callable[..., Any], name: str, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
    try:
        return recording(*args, **options)
    except TypeError:
        try:
            inspect.signature(recording).bind(*args, **options)
        except TypeError as problem:
            raise Unrecorded(name, f"called in a way that is not recorded: {problem}") from None
        raise
