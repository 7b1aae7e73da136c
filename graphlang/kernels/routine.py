"""A function of arrays that runs over and over: recorded once, its inner values in memory of its own.

What a kernel does in every step of time allocates nothing this way, and its lines stay plain NumPy.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from graphlang.trace.array import Step, SymbolicArray, Trace
from graphlang.trace.bound_step import bind_step
from graphlang.trace.gradient import needed_steps
from graphlang.trace.primitive import Call


class Weight:
    """A matrix W for many products x @ W with `rows` rows x, cut into blocks of columns that lie apart.

    BLAS copies what it multiplies to a layout of its own, which costs as much as the product where the rows
    are few; a product below a million multiplications it does in place, and best on 64 columns. With a
    `scale`, each column is multiplied by a number.
    """

    SMALL = 10**6
    WIDTH = 64

    def __init__(self, W: Any, rows: int, scale: Any = None) -> None:
        self.shape, self.dtype = W.shape, W.dtype
        inner, columns = W.shape
        width = _divisor(columns, self.WIDTH)
        self.width = width if width >= self.WIDTH // 4 else columns
        room = _divisor(rows, max(1, self.SMALL // max(1, inner * self.width)))
        self.together = room if room >= 4 else rows
        self._source = W.reshape(inner, -1, self.width).swapaxes(0, 1)
        self._scale = None if scale is None else scale.reshape(-1, 1, self.width)
        self.blocks = np.empty(self._source.shape, W.dtype)

    def pack(self) -> None:
        """Copies the matrix as it is now."""
        if self._scale is None:
            np.copyto(self.blocks, self._source)
        else:
            np.multiply(self._source, self._scale, out=self.blocks)

    def product(self, x: Any, out: Any) -> Call:
        """`x @ W` into `out`, as the matrix was when last packed: each block by all rows before the next."""
        parts = len(x) // self.together
        rows = x.reshape(1, parts, self.together, -1)
        y = out.reshape(parts, self.together, -1, self.width).transpose(2, 0, 1, 3)
        return partial(np.matmul, rows, self.blocks[:, None], y)


def _divisor(n: int, most: int) -> int:
    """The largest divisor of n up to a number."""
    return next((d for d in range(min(n, most), 0, -1) if n % d == 0), 1)


class Routine:
    """The steps that a function records on arrays of the shapes of `examples`; None is handed on as it is.

    `bind` gives the calls that do the same on arrays of those shapes. Calls from two bindings use the same
    inner memory, so they run one after the other.
    """

    def __init__(self, function: Callable[..., Sequence[Any]], examples: Sequence[Any]) -> None:
        trace = Trace()
        self.inputs = [None if x is None else trace.input(x.shape, x.dtype) for x in examples]
        with trace:
            self.outputs = list(function(*self.inputs))
        self.steps = needed_steps([y for y in self.outputs if y.__class__ is SymbolicArray])
        self._places = _Places(self.steps, self.outputs)
        self._constants: dict[Any, Any] = {}

    def bind(
        self, operands: Sequence[Any], outs: Sequence[Any] | None = None
    ) -> tuple[list[Call], list[Any]]:
        """The calls on these operands, and the arrays of the outputs: `outs`, where those are given."""
        arrays: dict[int, Any] = {
            x.number: array for x, array in zip(self.inputs, operands, strict=True) if x is not None
        }
        given = self._given(outs)
        calls: list[Call] = []
        for step in self.steps:
            values = [arrays[x.number] if x.__class__ is SymbolicArray else x for x in step.operands]
            number = step.output.number
            if step.primitive.kind == "view":
                arrays[number] = step.primitive.compute(*values, **step.params)
                continue
            out = arrays[number] = self._places.array(number, given)
            calls += self._calls(step, values, out)
        found = [arrays[y.number] if y.__class__ is SymbolicArray else y for y in self.outputs]
        for y, array, out in zip(self.outputs, found, outs or [], strict=bool(outs)):
            if out is not None and not self._is_written(y, out, given):
                calls.append(partial(np.copyto, out, array))
        return calls, found

    def _is_written(self, y: Any, out: Any, given: dict[int, Any]) -> bool:
        """Whether an output is computed right where it is wanted."""
        place = given.get(self._places.source(y).number) if y.__class__ is SymbolicArray else None
        return place is not None and np.may_share_memory(place, out)

    def _spread(self, x: Any, value: Any, out: Any) -> Any:
        """A constant at the size of the result: NumPy is slower where it has to stretch an operand."""
        if not isinstance(x, np.ndarray) or x.ndim == 0 or x.shape == out.shape:
            return value
        key = (id(x), out.shape)
        if key not in self._constants:
            self._constants[key] = np.ascontiguousarray(np.broadcast_to(x, out.shape))
        return self._constants[key]

    def _given(self, outs: Sequence[Any] | None) -> dict[int, Any]:
        """The arrays that outputs are to be written to at once, as they are computed."""
        found: dict[int, Any] = {}
        for y, out in zip(self.outputs, outs or (), strict=bool(outs)):
            if out is not None and y.__class__ is SymbolicArray:
                source = self._places.source(y)
                place = out.reshape(source.shape)
                if self._places.is_computed(source) and np.may_share_memory(place, out):
                    found.setdefault(source.number, place)
        return found

    def _calls(self, step: Step, values: list[Any], out: Any) -> list[Call]:
        if step.primitive.name == "matmul" and isinstance(values[1], Weight):
            return [values[1].product(values[0], out)]
        if step.primitive.kind == "elementwise":
            pairs = zip(step.operands, values, strict=True)
            return [bind_step(step, [self._spread(x, value, out) for x, value in pairs], out)]
        if step.primitive.name != "concatenate":
            return [bind_step(step, values, out)]
        cuts = zip(step.operands, values, _pieces(step, out), strict=True)
        return [partial(np.copyto, piece, x) for s, x, piece in cuts if not self._places.is_inside(s, step)]


class _Places:
    """Where the inner values of a routine lie: memory by liveness, pieces right in what joins them."""

    def __init__(self, steps: Sequence[Step], outputs: Sequence[Any]) -> None:
        self._made = {s.output.number: s for s in steps}
        self._kept = {y.number for y in outputs if y.__class__ is SymbolicArray}
        self._uses: dict[int, int] = {}
        for step in steps:
            for x in step.operands:
                if x.__class__ is SymbolicArray:
                    self._uses[x.number] = self._uses.get(x.number, 0) + 1
        #: a piece -> the concatenation that it is a part of, and its position there
        self._within: dict[int, tuple[Step, int]] = {}
        for step in steps:
            if step.primitive.name == "concatenate":
                self._join(step)
        self._own = self._laid_out(steps)

    def _join(self, step: Step) -> None:
        for position, x in enumerate(step.operands):
            if x.__class__ is not SymbolicArray or x.dtype != step.output.dtype:
                continue
            source = self.source(x)
            alone = self._uses[source.number] == self._uses[x.number] == 1 and source.number not in self._kept
            if alone and self.is_computed(source):
                self._within[source.number] = (step, position)

    def source(self, x: SymbolicArray) -> SymbolicArray:
        """What a value is but another shape of."""
        while x.number in self._made and self._made[x.number].primitive.name == "reshape":
            x = self._made[x.number].operands[0]
        return x

    def is_computed(self, x: SymbolicArray) -> bool:
        """Whether a value is neither given nor a view: it can be written wherever it is wanted."""
        return x.number in self._made and self._made[x.number].primitive.kind != "view"

    def is_inside(self, x: Any, step: Step) -> bool:
        """Whether a piece is computed right where `step` would copy it to."""
        if x.__class__ is not SymbolicArray:
            return False
        return self._within.get(self.source(x).number, (None,))[0] is step

    def array(self, number: int, given: dict[int, Any]) -> Any:
        """The array that a value is written to."""
        if number in given:
            return given[number]
        if number in self._within:
            step, position = self._within[number]
            piece = _pieces(step, self.array(step.output.number, given))[position]
            return piece.reshape(self._made[number].output.shape)
        return self._own[number]

    def _holder(self, number: int) -> int:
        """The value in whose memory another one lies: what it is a view or a piece of."""
        while number >= 0:
            made = self._made[number]
            if number in self._within:
                number = self._within[number][0].output.number
            elif made.primitive.kind == "view":
                number = made.operands[0].number
            else:
                break
        return number

    def _laid_out(self, steps: Sequence[Step]) -> dict[int, Any]:
        last: dict[int, int] = {}
        for i, step in enumerate(steps):
            for x in (step.output, *step.operands):
                if x.__class__ is SymbolicArray:
                    last[self._holder(x.number)] = i
        last.update({self._holder(number): len(steps) for number in self._kept})
        free: dict[Any, list[Any]] = {}
        own: dict[int, Any] = {}
        for i, step in enumerate(steps):
            holder = self._holder(step.output.number)
            ending = {self._holder(x.number) for x in step.operands if x.__class__ is SymbolicArray}
            ending = {n for n in ending if last[n] == i and n in own}
            if step.primitive.kind == "elementwise":  # its result may be written over an operand that ends
                self._release(ending & {x.number for x in self._direct(step)}, own, free)
                ending -= {x.number for x in self._direct(step)}
            if holder >= 0 and holder not in own and step.primitive.kind != "view":
                value = self._made[holder].output
                known = free.get((value.shape, value.dtype))
                own[holder] = known.pop() if known else np.empty(value.shape, value.dtype)
            self._release(ending, own, free)
        return own

    def _direct(self, step: Step) -> list[SymbolicArray]:
        """The operands that are nothing but themselves, and that no other operand is a view of."""
        operands = [x for x in step.operands if x.__class__ is SymbolicArray]
        looks = {self._holder(x.number) for x in operands if self._holder(x.number) != x.number}
        return [x for x in operands if x.shape == step.output.shape and x.number not in looks]

    @staticmethod
    def _release(numbers: set[int], own: dict[int, Any], free: dict[Any, list[Any]]) -> None:
        for number in sorted(numbers):
            array = own[number]
            free.setdefault((array.shape, array.dtype), []).append(array)


def _pieces(step: Step, out: Any) -> list[Any]:
    """The parts of a concatenation's result, one for each operand."""
    axis, start, found = step.params["axis"], 0, []
    for x in step.operands:
        stop = start + x.shape[axis]
        found.append(out[(*(slice(None),) * axis, slice(start, stop))])
        start = stop
    return found
