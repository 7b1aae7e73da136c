"""Recording: traces, their steps, the primitives that steps call, and the symbolic arrays between them.

They are in one file because each is defined by the others: a primitive that is called on a symbolic array
records a step in its trace, and the output of the step is a symbolic array again.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextvars import ContextVar, Token
from math import prod
from typing import Any, Literal, Self, TypeAlias

import numpy as np

from graphlang.trace.dim_scalar import DimScalar, NumberOrSize
from graphlang.trace.dims import Dim, Shape, Size, count, is_symbolic, shape_text
from graphlang.trace.errors import NoGradient
from graphlang.trace.numpy_protocols import NumPyProtocols
from graphlang.trace.sums import reduce_add
from graphlang.trace.types import ArrayOrNumber, DtypeLike, NumPyArray, Out, Thunk
from graphlang.trace.work import Work

PrimitiveKind: TypeAlias = Literal["elementwise", "view", "reduction", "matmul", "kernel", "copy"]
Signature: TypeAlias = "tuple[Shape, np.dtype[Any]]"
"""What a shape rule gives: the shape and the dtype of a result."""
Array: TypeAlias = "SymbolicArray | NumPyArray"
"""Symbolic while recording, else an array of numbers: functions of NumPy and derivatives take both."""
StepOperand: TypeAlias = "SymbolicArray | NumPyArray | NumberOrSize"
"""What a step holds: an array, a number, or a number computed from sizes."""

_WEAK: dict[type, Any] = {float: float, int: int, bool: np.dtype(bool), Dim: int}
_active: ContextVar[Trace | None] = ContextVar("active_trace", default=None)


class Step:
    """One recorded call: `output = primitive(*operands, **params)`; `origin` names what it is for."""

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

    Inside `with trace:`, functions without array operands such as `zeros((N, 3))` record into it.
    """

    #: the most numbers of a constant that is computed while recording; a larger one is a step
    computed: int | None = None
    #: whether `measure` is called for every array that is recorded
    measures = False

    def __init__(self) -> None:
        self.inputs: list[SymbolicArray] = []
        self.steps: list[Step] = []
        #: the origin of the steps recorded next, such as the name of a node
        self.origin = ""
        self._tokens: list[Token[Trace | None]] = []

    def input(self, shape: Shape, dtype: DtypeLike = np.float64) -> SymbolicArray:
        """A value that comes from outside."""
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
        if self.measures and shape:
            self.measure(primitive, operands, params, shape, dtype)
        steps = self.steps
        output = SymbolicArray(self, shape, dtype, len(steps))
        steps.append(Step(primitive, operands, params, output, self.origin))
        return output

    def measure(
        self,
        primitive: Primitive,
        operands: tuple[Any, ...],
        params: dict[str, Any],
        shape: Shape,
        dtype: np.dtype[Any],
    ) -> None:
        """Looks at an array before it is recorded; may raise TooLarge."""
        raise NotImplementedError

    def step_of(self, value: SymbolicArray) -> Step | None:
        """The step that computes `value`; None for an input."""
        return self.steps[value.number] if value.number >= 0 else None

    def __enter__(self) -> Self:
        self._tokens.append(_active.set(self))
        return self

    def __exit__(self, *error: object) -> None:
        _active.reset(self._tokens.pop())


class SymbolicArray(NumPyProtocols):
    """A value of a trace: a shape and a dtype, no numbers. Operations on it are recorded.

    `number` is the position of its step in `trace.steps`; inputs count down from -1.
    """

    __slots__ = ("dtype", "number", "shape", "trace")

    def __init__(self, trace: Trace, shape: Shape, dtype: np.dtype[Any], number: int) -> None:
        self.trace = trace
        self.shape = shape
        self.dtype = dtype
        self.number = number

    def __str__(self) -> str:
        name = f"v{self.number}" if self.number >= 0 else f"x{~self.number}"
        return f"{name}:{self.dtype.name}{shape_text(self.shape)}"

    __repr__ = __str__


ACCESSES = 4
"""How often a kernel reads or writes an element that is in cache."""


ACCESSES = 4
"""How often a kernel reads or writes an element that is in cache."""


class Primitive:
    """One operation that a planner knows. Called on symbolic arrays it records, on arrays it computes.

    `kind` says how it may be planned:
    "elementwise": an output element depends on the operands' elements at its place, and may overwrite one;
    "view": the result is a view of the first operand (unless a `reshape` has to copy);
    "reduction": over `axis`; "matmul"; "copy": moves elements, computes nothing; "kernel": anything else.
    """

    name: str
    kind: PrimitiveKind = "kernel"
    ufunc: np.ufunc | None = None
    plain: np.ufunc | None = None
    """A ufunc with the same results, except that some are nan where they should not be."""
    commutative = False
    differentiable = True
    """False where no operand ever has a gradient (comparisons, argmax, arange)."""
    own_memory = True
    """Whether the call of a kernel from `prepared` has memory of its own."""
    joint = False
    """Whether a step is one result of a call that has several: see `call_of`."""

    def shape(self, *operands: Any, **params: Any) -> Signature:
        """Shape and dtype of the result; raises `ShapeError` for whatever NumPy would refuse."""
        raise NotImplementedError(self.name)

    def compute(self, *operands: Any, **params: Any) -> Any:
        """The result on arrays; written into `out` unless that is None."""
        raise NotImplementedError(self.name)

    def arithmetic(self, *operands: Any, **params: Any) -> Any:
        """The result by other primitives alone, for a language that has these; it can be recorded."""
        return self.compute(*operands, **params)

    def prepared(self, operands: Sequence[Any], out: NumPyArray, threads: int, **params: Any) -> Thunk | None:
        """A call that computes the result into `out`, on up to `threads` threads; it may run many times.

        None where there is nothing to prepare.
        """
        return None

    def checked(self, operands: Sequence[Any], out: NumPyArray) -> Thunk:
        """For a primitive with a `plain` ufunc: a call that corrects the results of that."""
        raise NotImplementedError(self.name)

    def derivative(self, position: int, dy: Array, y: Array, *operands: Any, **params: Any) -> Any:
        """dy times the derivative by one operand, not yet summed over broadcast axes; None is zero."""
        raise NoGradient(self.name)

    def flops(self, *operands: Any, **params: Any) -> Size:
        """An estimate of the arithmetic operations."""
        return 0 if self.kind in ("view", "copy") else count(self.shape(*operands, **params)[0])

    def workspace(self, *operands: Any, **params: Any) -> tuple[Shape, Any] | None:
        """Shape and dtype of the largest array that it computes with besides its operands and its result,
        where that may be larger than these; else None."""
        return None

    def work(self, y: Any, *operands: Any, **params: Any) -> Work:
        """What computing `y` costs: its operations as those of products, and every element read or written
        a few times."""
        arrays = [x for x in (y, *operands) if hasattr(x, "dtype")]
        elements = sum([prod(x.shape) for x in arrays])
        weight = max(1.0, y.dtype.itemsize / 4)
        moved = sum([prod(x.shape) * x.dtype.itemsize for x in arrays])
        flops = int(self.flops(*operands, **params))
        return Work(flops * weight, ACCESSES * elements * weight, moved)

    def parts(self, *operands: Any, **params: Any) -> int:
        """Into how many equal parts the work can be divided, for threads to share out."""
        return 1

    def pullback(self, position: int, dy: Array, y: Array, *operands: Any, **params: Any) -> Any:
        """The gradient of the operand at `position`, in its shape and dtype; None where there is none."""
        g = self.derivative(position, dy, y, *operands, **params) if self.differentiable else None
        return None if g is None else unbroadcast(g, operands[position])

    def call_of(self, step: Step) -> Any:
        """For a joint primitive: equal for the steps that are results of one call, on the same operands."""
        raise NotImplementedError(self.name)

    def compute_jointly(
        self, steps: Sequence[Step], operands: Sequence[Any], params: dict[str, Any]
    ) -> list[Any]:
        """For a joint primitive: the results of several steps of one call, on arrays."""
        raise NotImplementedError(self.name)

    def pull_back_jointly(
        self, steps: Sequence[Step], gradients: Sequence[Array], positions: Sequence[int]
    ) -> list[Any]:
        """For a joint primitive: the gradients of the operands at `positions` from those of several results
        of one call; None where there is none."""
        raise NotImplementedError(self.name)

    def vjp(self, dy: Array, y: Array, *operands: Any, **params: Any) -> tuple[Any, ...]:
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
    """Creates an array from its parameters. It records into the active trace where a size is symbolic, or the
    array is larger than what that trace computes."""

    def __call__(self, *operands: Any, **params: Any) -> Any:
        symbolic = [x for x in operands if x.__class__ is SymbolicArray]
        trace = symbolic[0].trace if symbolic else active_trace()
        if not symbolic and not is_symbolic((*operands, *params.values())):
            most = None if trace is None else trace.computed
            if most is None or count(self.shape(*operands, **params)[0]) <= most:
                return self.compute(*operands, **params)
        if trace is None:
            raise RuntimeError(f"{self.name} of a symbolic size outside of `with trace:`")
        return trace.record(self, operands, params)


class SymbolicRandom:
    """The random stream of a trace: every draw is an input, listed in `draws`, to be filled at a run."""

    def __init__(self, trace: Trace, dtype: DtypeLike = np.float64) -> None:
        self.trace = trace
        self.dtype = np.dtype(dtype)
        self.draws: list[SymbolicArray] = []

    def uniform(self, shape: Shape) -> SymbolicArray:
        """Uniform numbers in [0, 1)."""
        self.draws.append(self.trace.input(tuple(shape), self.dtype))
        return self.draws[-1]


def active_trace() -> Trace | None:
    """The trace of the innermost `with trace:`."""
    return _active.get()


def signature(x: Any) -> tuple[Shape, Any]:
    """Shape and dtype of an operand; that of a number or a size is weak: its Python type."""
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


def is_symbolic_array(x: object) -> bool:
    """Whether `x` is a value of a trace."""
    return x.__class__ is SymbolicArray


def into(out: Out, result: ArrayOrNumber) -> Any:
    """`result`, copied to `out` unless that is None."""
    if out is None:
        return result
    np.copyto(out, result)
    return out


def unbroadcast(g: Array, x: StepOperand) -> Any:
    """`g` summed over the axes along which `x` was broadcast, in the dtype of `x`."""
    shape, dtype = signature(x)
    lead = len(g.shape) - len(shape)
    ones = tuple([i + lead for i, n in enumerate(shape) if n == 1 and g.shape[i + lead] != 1])
    if lead or ones:
        keep = bool(ones) and not lead
        g = _summed(g, tuple(range(lead)) + ones, keep)
        if ones and lead:
            g = np.reshape(g, shape)
    return g if g.dtype == dtype or not isinstance(dtype, np.dtype) else g.astype(dtype)


def _summed(g: Array, axes: tuple[int, ...], keepdims: bool) -> Any:
    if g.__class__ is SymbolicArray:
        return np.sum(g, axis=axes, keepdims=keepdims)
    return reduce_add(np.asarray(g), axes, keepdims=keepdims)
