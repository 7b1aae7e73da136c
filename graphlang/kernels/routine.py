"""A function of arrays that runs many times: recorded once, with memory for its temporaries.

So a time step of a kernel can be written in plain NumPy and still allocates nothing when it runs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from graphlang.kernels.aligned import aligned_empty
from graphlang.trace.bound_step import bind_step
from graphlang.trace.core import Step, SymbolicArray, Trace
from graphlang.trace.gradient import needed_steps
from graphlang.trace.types import Thunk


class Packed:
    """A matrix that is stored in another way than as an array, for the products of a routine."""

    shape: tuple[int, ...]
    dtype: Any

    def calls(self, x: Any, out: Any) -> list[Thunk]:
        """The calls of `x @ W` into `out`."""
        raise NotImplementedError


class Weight(Packed):
    """A matrix W for many products x @ W, where x has `rows` rows; its blocks of columns are stored apart.

    BLAS packs the operands of a product, which costs as much as the product itself if x has few rows. Below a
    million multiplications it does not pack, and is fastest on 64 columns. With `scale`, each column is
    multiplied by a factor.
    """

    def __init__(self, W: Any, rows: int, scale: Any = None) -> None:
        self.shape, self.dtype = W.shape, W.dtype
        inner, columns = W.shape
        self.width, self.rows_per_product = packed_sizes(inner, columns, rows)
        self._source = W.reshape(inner, -1, self.width).swapaxes(0, 1)
        self._scale = None if scale is None else scale.reshape(-1, 1, self.width)
        self.blocks = aligned_empty(self._source.shape, W.dtype)

    def pack(self) -> None:
        """Copies the current values of the matrix into the blocks."""
        if self._scale is None:
            np.copyto(self.blocks, self._source)
        else:
            np.multiply(self._source, self._scale, out=self.blocks)

    def calls(self, x: Any, out: Any) -> list[Thunk]:
        return [self.product(x, out)]

    def product(self, x: Any, out: Any) -> Thunk:
        """`x @ W` into `out`, with the values of W when it was last packed."""
        parts = len(x) // self.rows_per_product
        rows = x.reshape(1, parts, self.rows_per_product, -1)
        y = out.reshape(parts, self.rows_per_product, -1, self.width).transpose(2, 0, 1, 3)
        return partial(np.matmul, rows, self.blocks[:, None], y)


_SMALL = 10**6
"""Multiplications up to which BLAS does not pack the operands of a product."""
_WIDTH = 64
"""Columns at which such a product is fastest."""


def packed_sizes(inner: int, columns: int, rows: int) -> tuple[int, int]:
    """The columns of a block of an [inner, columns] matrix, and the rows of one product with it."""
    width = _divisor(columns, _WIDTH)
    width = width if width >= _WIDTH // 4 else columns
    small = _divisor(rows, max(1, _SMALL // max(1, inner * width)))
    return width, small if small >= 4 else rows


def _divisor(n: int, most: int) -> int:
    """The largest divisor of n that is at most `most`."""
    return next((d for d in range(min(n, most), 0, -1) if n % d == 0), 1)


class Routine:
    """The steps that a function records on arrays with the shapes of `examples`; an example may be None.

    `bind` returns calls that do the same on other arrays of those shapes. All bindings share the memory for
    temporaries, so their calls must not run at the same time.
    """

    def __init__(self, function: Callable[..., Sequence[Any]], examples: Sequence[Any]) -> None:
        trace = Trace()
        self.inputs = [None if x is None else trace.input(x.shape, x.dtype) for x in examples]
        with trace:
            self.outputs = list(function(*self.inputs))
        self.steps = needed_steps([y for y in self.outputs if y.__class__ is SymbolicArray])
        self._memory = _TemporaryMemory(self.steps, self.outputs)
        self._constants: dict[Any, Any] = {}

    def bind(
        self, operands: Sequence[Any], outs: Sequence[Any] | None = None
    ) -> tuple[list[Thunk], list[Any]]:
        """The calls on these operands, and the arrays of the outputs: those of `outs`, where it has one."""
        arrays: dict[int, Any] = {
            x.number: array for x, array in zip(self.inputs, operands, strict=True) if x is not None
        }
        targets = self._targets(outs)
        calls: list[Thunk] = []
        for step in self.steps:
            values = [arrays[x.number] if x.__class__ is SymbolicArray else x for x in step.operands]
            number = step.output.number
            if step.primitive.kind == "view":
                arrays[number] = step.primitive.compute(*values, **step.params)
                continue
            out = arrays[number] = self._memory.array(number, targets)
            calls += self._calls(step, values, out)
        results = [arrays[y.number] if y.__class__ is SymbolicArray else y for y in self.outputs]
        for y, array, out in zip(self.outputs, results, outs or [], strict=bool(outs)):
            if out is not None and not self._is_written(y, out, targets):
                calls.append(partial(np.copyto, out, array))
        return calls, results

    def _is_written(self, y: Any, out: Any, targets: dict[int, Any]) -> bool:
        """Whether a step writes an output directly into `out`."""
        target = targets.get(self._memory.source(y).number) if y.__class__ is SymbolicArray else None
        return target is not None and np.may_share_memory(target, out)

    def _broadcast_constant(self, x: Any, value: Any, out: Any) -> Any:
        """A constant with the shape of the result: NumPy is slower where it has to broadcast an operand."""
        if not isinstance(x, np.ndarray) or x.ndim == 0 or x.shape == out.shape:
            return value
        key = (id(x), out.shape)
        if key not in self._constants:
            self._constants[key] = np.ascontiguousarray(np.broadcast_to(x, out.shape))
        return self._constants[key]

    def _targets(self, outs: Sequence[Any] | None) -> dict[int, Any]:
        """The arrays of `outs` that steps can write to directly."""
        targets: dict[int, Any] = {}
        for y, out in zip(self.outputs, outs or (), strict=bool(outs)):
            if out is not None and y.__class__ is SymbolicArray:
                source = self._memory.source(y)
                target = out.reshape(source.shape)
                if self._memory.is_computed(source) and np.may_share_memory(target, out):
                    targets.setdefault(source.number, target)
        return targets

    def _calls(self, step: Step, values: list[Any], out: Any) -> list[Thunk]:
        if step.primitive.name == "matmul" and isinstance(values[1], Packed):
            return values[1].calls(values[0], out)
        if step.primitive.kind == "elementwise":
            pairs = zip(step.operands, values, strict=True)
            return [bind_step(step, [self._broadcast_constant(x, value, out) for x, value in pairs], out)]
        if step.primitive.name != "concatenate":
            return [bind_step(step, values, out)]
        pieces = zip(step.operands, values, _pieces(step, out), strict=True)
        return [
            partial(np.copyto, piece, x) for s, x, piece in pieces if not self._memory.is_piece_of(s, step)
        ]


def flattened(*arguments: Any) -> list[Any]:
    """Arrays and lists of arrays as one list."""
    return [x for part in arguments for x in (part if isinstance(part, list) else [part])]


def routine_of(function: Callable[..., Sequence[Any]], *arguments: Any) -> Routine:
    """A routine of a function that takes arrays and lists of arrays."""
    sizes = [len(part) if isinstance(part, list) else None for part in arguments]

    def on_arrays(*arrays: Any) -> Sequence[Any]:
        left = iter(arrays)
        return function(*[next(left) if n is None else [next(left) for _ in range(n)] for n in sizes])

    return Routine(on_arrays, flattened(*arguments))


class _TemporaryMemory:
    """The memory of a routine's temporaries: shared by liveness; an operand of a concatenation is computed
    within its result where that is possible."""

    def __init__(self, steps: Sequence[Step], outputs: Sequence[Any]) -> None:
        self._steps = {s.output.number: s for s in steps}
        self._outputs = {y.number for y in outputs if y.__class__ is SymbolicArray}
        self._uses: dict[int, int] = {}
        for step in steps:
            for x in step.operands:
                if x.__class__ is SymbolicArray:
                    self._uses[x.number] = self._uses.get(x.number, 0) + 1
        #: operand of a concatenation -> the concatenation, and the position among its operands
        self._piece_of: dict[int, tuple[Step, int]] = {}
        for step in steps:
            if step.primitive.name == "concatenate":
                self._join(step)
        self._arrays = self._allocated(steps)

    def _join(self, step: Step) -> None:
        for position, x in enumerate(step.operands):
            if x.__class__ is not SymbolicArray or x.dtype != step.output.dtype:
                continue
            source = self.source(x)
            alone = (
                self._uses[source.number] == self._uses[x.number] == 1 and source.number not in self._outputs
            )
            if alone and self.is_computed(source):
                self._piece_of[source.number] = (step, position)

    def source(self, x: SymbolicArray) -> SymbolicArray:
        """The value that `x` is a reshape of, through any number of reshapes; `x` itself if it is none."""
        while x.number in self._steps and self._steps[x.number].primitive.name == "reshape":
            x = self._steps[x.number].operands[0]
        return x

    def is_computed(self, x: SymbolicArray) -> bool:
        """Whether a step other than a view computes the value, so that it can be written to any array."""
        return x.number in self._steps and self._steps[x.number].primitive.kind != "view"

    def is_piece_of(self, x: Any, step: Step) -> bool:
        """Whether an operand of the concatenation `step` is computed within its result."""
        if x.__class__ is not SymbolicArray:
            return False
        return self._piece_of.get(self.source(x).number, (None,))[0] is step

    def array(self, number: int, targets: dict[int, Any]) -> Any:
        """The array that a value is written to."""
        if number in targets:
            return targets[number]
        if number in self._piece_of:
            step, position = self._piece_of[number]
            piece = _pieces(step, self.array(step.output.number, targets))[position]
            return piece.reshape(self._steps[number].output.shape)
        return self._arrays[number]

    def _root(self, number: int) -> int:
        """The value whose memory another one lies in: the one that it is a view or a piece of, if any."""
        while number >= 0:
            step = self._steps[number]
            if number in self._piece_of:
                number = self._piece_of[number][0].output.number
            elif step.primitive.kind == "view":
                number = step.operands[0].number
            else:
                break
        return number

    def _allocated(self, steps: Sequence[Step]) -> dict[int, Any]:
        last: dict[int, int] = {}
        for i, step in enumerate(steps):
            for x in (step.output, *step.operands):
                if x.__class__ is SymbolicArray:
                    last[self._root(x.number)] = i
        last.update({self._root(number): len(steps) for number in self._outputs})
        free: dict[Any, list[Any]] = {}
        arrays: dict[int, Any] = {}
        for i, step in enumerate(steps):
            root = self._root(step.output.number)
            ending = {self._root(x.number) for x in step.operands if x.__class__ is SymbolicArray}
            ending = {n for n in ending if last[n] == i and n in arrays}
            if (
                step.primitive.kind == "elementwise"
            ):  # its result may overwrite an operand that is not read again
                in_place = ending & {x.number for x in self._direct(step)}
                self._release(in_place, arrays, free)
                ending -= in_place
            if root >= 0 and root not in arrays and step.primitive.kind != "view":
                value = self._steps[root].output
                unused = free.get((value.shape, value.dtype))
                arrays[root] = unused.pop() if unused else np.empty(value.shape, value.dtype)
            self._release(ending, arrays, free)
        return arrays

    def _direct(self, step: Step) -> list[SymbolicArray]:
        """The operands that own their memory and are not also read through a view."""
        operands = [x for x in step.operands if x.__class__ is SymbolicArray]
        viewed = {self._root(x.number) for x in operands if self._root(x.number) != x.number}
        return [x for x in operands if x.shape == step.output.shape and x.number not in viewed]

    @staticmethod
    def _release(numbers: set[int], arrays: dict[int, Any], free: dict[Any, list[Any]]) -> None:
        for number in sorted(numbers):
            array = arrays[number]
            free.setdefault((array.shape, array.dtype), []).append(array)


def _pieces(step: Step, out: Any) -> list[Any]:
    """Views of a concatenation's result, one for each operand."""
    axis, start, pieces = step.params["axis"], 0, []
    for x in step.operands:
        stop = start + x.shape[axis]
        pieces.append(out[(*(slice(None),) * axis, slice(start, stop))])
        start = stop
    return pieces
