"""What a step calls: a primitive has a shape rule, a computation and a gradient."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeAlias

import numpy as np

from graphlang.trace.array import SymbolicArray, active_trace, signature
from graphlang.trace.dims import Shape, Size, count, is_symbolic, shape_text
from graphlang.trace.errors import NoGradient, ShapeError
from graphlang.trace.sums import add

Kind: TypeAlias = Literal["elementwise", "view", "reduction", "matmul", "kernel", "copy"]
Result: TypeAlias = "tuple[Shape, np.dtype[Any]]"
Call: TypeAlias = Callable[[], Any]


class Primitive:
    """One operation that a planner knows. Called on symbolic arrays it records, on arrays it computes.

    `kind` says how it may be planned:
    "elementwise": an output element comes from those at its place, and may be written onto one of them;
    "view": the result is a view of the first operand (but for a `reshape` of what is not contiguous);
    "reduction": over `axis`; "matmul"; "copy": moves elements, computes nothing; "kernel": anything else.
    """

    name: str
    kind: Kind = "kernel"
    ufunc: np.ufunc | None = None
    plain: np.ufunc | None = None
    """A ufunc that gives the same wherever it does not give nan."""
    commutative = False
    differentiable = True
    """False where no operand ever has a gradient (comparisons, argmax, arange)."""

    def shape(self, *operands: Any, **params: Any) -> Result:
        """Shape and dtype of the result; raises `ShapeError` for all that NumPy would refuse."""
        raise NotImplementedError(self.name)

    def compute(self, *operands: Any, **params: Any) -> Any:
        """The result on arrays; written into `out=` where that is given."""
        raise NotImplementedError(self.name)

    def prepared(self, operands: Sequence[Any], out: Any, threads: int, **params: Any) -> Call | None:
        """A call that computes the result into `out`, over up to so many threads, as often as it is run; None
        where there is nothing to prepare."""
        return None

    def checked(self, operands: Sequence[Any], out: Any) -> Call:
        """Of one that has a `plain` ufunc: a call that repairs what that gives."""
        raise NotImplementedError(self.name)

    def derivative(self, position: int, dy: Any, y: Any, *operands: Any, **params: Any) -> Any:
        """dy times the derivative by one operand, before the sum over what was broadcast; None is zero."""
        raise NoGradient(self.name)

    def flops(self, *operands: Any, **params: Any) -> Size:
        """An estimate of the arithmetic operations."""
        return 0 if self.kind in ("view", "copy") else count(self.shape(*operands, **params)[0])

    def pullback(self, position: int, dy: Any, y: Any, *operands: Any, **params: Any) -> Any:
        """The gradient of the operand at `position`, in its shape and dtype; None where there is none."""
        g = self.derivative(position, dy, y, *operands, **params) if self.differentiable else None
        return None if g is None else unbroadcast(g, operands[position])

    def vjp(self, dy: Any, y: Any, *operands: Any, **params: Any) -> tuple[Any, ...]:
        """The gradient of every operand."""
        return tuple([self.pullback(i, dy, y, *operands, **params) for i in range(len(operands))])

    def __call__(self, *operands: Any, **params: Any) -> Any:
        for x in operands:
            if x.__class__ is SymbolicArray:
                return x.trace.record(self, operands, params)
        return self.compute(*operands, **params)

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"


class Creation(Primitive):
    """Makes an array of its parameters; records where a size is symbolic, into the active trace."""

    def __call__(self, *operands: Any, **params: Any) -> Any:
        symbolic = [x for x in operands if x.__class__ is SymbolicArray]
        if not symbolic and not is_symbolic((*operands, *params.values())):
            return self.compute(*operands, **params)
        trace = symbolic[0].trace if symbolic else active_trace()
        if trace is None:
            raise RuntimeError(f"{self.name} of a symbolic size outside of `with trace:`")
        return trace.record(self, operands, params)


def into(out: Any, result: Any) -> Any:
    """`result`, copied to `out` where that is given."""
    if out is None:
        return result
    np.copyto(out, result)
    return out


def float_dtype(x: Any) -> bool:
    """Whether the elements of `x` are floating point numbers, and so can have a gradient."""
    return bool(x.dtype.kind == "f") if isinstance(x, (SymbolicArray, np.ndarray, np.generic)) else True


def unbroadcast(g: Any, x: Any) -> Any:
    """`g` summed over the axes along which `x` was stretched, in the dtype of `x`."""
    shape, dtype = signature(x)
    lead = len(g.shape) - len(shape)
    ones = tuple([i + lead for i, n in enumerate(shape) if n == 1 and g.shape[i + lead] != 1])
    if lead or ones:
        keep = bool(ones) and not lead
        g = _summed(g, tuple(range(lead)) + ones, keep)
        if ones and lead:
            g = np.reshape(g, shape)
    return g if g.dtype == dtype or not isinstance(dtype, np.dtype) else g.astype(dtype)


def _summed(g: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    if g.__class__ is SymbolicArray:
        return np.sum(g, axis=axes, keepdims=keepdims)
    return add(np.asarray(g), axes, keepdims=keepdims)


def broadcast(*shapes: Shape) -> Shape:
    """NumPy's rule: aligned at the right, sizes agree or one of them is 1."""
    result = shapes[0]
    for position, shape in enumerate(shapes[1:], 1):
        result = _broadcast_two(result, shape, (position - 1, position))
    return result


def _broadcast_two(a: Shape, b: Shape, positions: tuple[int, int]) -> Shape:
    if a == b or not b or a[-len(b) :] == b:
        return a
    if not a:
        return b
    if len(a) < len(b):
        return b[: len(b) - len(a)] + _fit(a, b[len(b) - len(a) :], a, b, positions)
    return a[: len(a) - len(b)] + _fit(a[len(a) - len(b) :], b, a, b, positions)


def _fit(left: Shape, right: Shape, a: Shape, b: Shape, positions: tuple[int, int]) -> Shape:
    sizes: list[Size] = []
    for m, n in zip(left, right, strict=True):
        if n != 1 and m not in (1, n):
            message = f"shapes {shape_text(a)} and {shape_text(b)} do not broadcast: {m} against {n}"
            raise ShapeError(message, positions, _of_slices(m, n))
        sizes.append(n if m == 1 else m)
    return tuple(sizes)


def _of_slices(m: Size, n: Size) -> str | None:
    """A slice of a size that is not known has at most what it asks for: `x[:3]` of two has two."""
    if not any("max(" in str(size) for size in (m, n)):
        return None
    return "a slice has less where the data is shorter; `x[[0, 1, 2]]` has 3 elements, or refuses the data"


def axis_index(axis: int, ndim: int, what: str = "axis") -> int:
    """A non-negative axis."""
    axis = int(axis)
    if not -ndim <= axis < ndim:
        raise ShapeError(f"{what} {axis} does not exist in an array of {ndim} axes")
    return axis % ndim


def axis_indices(axis: Any, ndim: int) -> tuple[int, ...]:
    """Non-negative axes, sorted; None is all of them."""
    if axis is None:
        return tuple(range(ndim))
    axes = [axis_index(a, ndim) for a in (axis if isinstance(axis, (tuple, list)) else (axis,))]
    if len(set(axes)) != len(axes):
        raise ShapeError(f"axes {tuple(axes)} repeat")
    return tuple(sorted(axes))
