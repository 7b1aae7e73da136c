"""What would make operands fit, found by trying: forms as `expand_dims(x, 1)`, other axes, shapes and types.

Each is tried by calling the operation on symbolic arrays, so that what is advised is sure to be accepted.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from graphlang.catalog.operation import Operation, owned
from graphlang.resolve.application import Application
from graphlang.resolve.forward_calls import result_of_forward
from graphlang.resolve.inferred import made
from graphlang.resolve.operand_texts import operand_text
from graphlang.resolve.type_texts import kind_of, sizes_text, tuple_text
from graphlang.resolve.values import InputValue, ParamValue, Value
from graphlang.trace import Dim, Size, SymbolicArray
from graphlang.trace.bounded import BoundedTrace
from graphlang.trace.dims import count

Shape = tuple[Size, ...]

_MOST = 160
"""The most calls that are tried for a mistake."""
_LARGEST = 2**62
_KINDS = {"float": np.dtype(np.float64), "int": np.dtype(np.int64), "bool": np.dtype(np.bool_)}
_NEW_AXES = ("H", "W", "D")
_USUAL: list[Shape] = [
    (Dim.symbol("N"), 12),
    (Dim.symbol("N"), Dim.symbol("T"), 12),
    (Dim.symbol("N"), 12, Dim.symbol("H"), Dim.symbol("W")),
]
"""Rows, sequences and images: what a number without axes is most likely meant to be."""


class _Trial(NamedTuple):
    """Another operand in the place of one."""

    position: int
    shape: Shape
    dtype: np.dtype[Any]
    #: the expression that makes it of the one there is, if one does
    written: str = ""


def ways_to_fit(use: Application, operands: Sequence[Any]) -> str | None:
    """What to do, in words, each of which is enough: another axis, an expression, or other types."""
    trials = _Trials(use, operands)
    forms = _one_each(trial for trial in trials.of_forms() if trials.fits(trial))
    written = [f"`{form.written}`, which has the shape {tuple_text(form.shape)}" for form in forms]
    ways = [*(f"`axis={axis}`" for axis in trials.axes()), *written][:2]
    if ways:
        return f"write {', or '.join(ways)}"
    for tier in trials.of_types():
        fitting = _one_each(trial for trial in tier if trials.fits(trial))
        if fitting:
            return _in_words(use, operands, fitting[:2])
    return None


def _one_each(trials: Iterable[_Trial]) -> list[_Trial]:
    """The first trial for each operand."""
    first: dict[int, _Trial] = {}
    for trial in trials:
        first.setdefault(trial.position, trial)
    return list(first.values())


def fit_exchanged(use: Application, operands: Sequence[Any]) -> bool:
    """Whether the first two operands fit in the other order."""
    first, second, *rest = operands
    return _Trials(use, [second, first, *rest]).fits(None)


class _Trials:
    """What to try; an operand that is no value stays what it is."""

    def __init__(self, use: Application, operands: Sequence[Any]) -> None:
        self.use = use
        self.operands = operands
        self.values = {i: o for i, o in enumerate(operands) if isinstance(o, Value)}
        self.left = _MOST

    def fits(self, trial: _Trial | None, operation: Operation | None = None) -> bool:
        """Whether the operation takes the operands with this one among them."""
        self.left -= 1
        if self.left < 0:
            return False
        try:
            self._call(trial, operation or self.use.operation)
        except Exception:  # noqa: BLE001 - whatever refuses it, it does not fit
            return False
        return True

    def _call(self, trial: _Trial | None, operation: Operation) -> None:
        entry, trace, own = self.use.entry, BoundedTrace(_LARGEST), {}
        arrays = [self._array(trace, i, trial) for i in range(len(self.operands))]
        shared = self.use.shared.instance.parameters if self.use.shared is not None else None
        if shared is not None:
            own = {role: trace.input(value.array.shape) for role, value in shared.items()}
        elif entry.owns:
            both = owned(operation, "parameters", arrays) | owned(operation, "state", arrays)
            if any(not isinstance(size, int) for value in both.values() for size in value.shape):
                raise ValueError("the shape of a parameter has no number")
            own = {role: trace.input(value.shape) for role, value in both.items()}
        result_of_forward(entry, operation, arrays, own, trace)

    def _array(self, trace: BoundedTrace, position: int, trial: _Trial | None) -> Any:
        if trial is not None and position == trial.position:
            return trace.input(trial.shape, trial.dtype)
        operand = self.operands[position]
        array = operand.array if isinstance(operand, Value) else operand
        return trace.input(array.shape, array.dtype) if isinstance(array, SymbolicArray) else array

    def axes(self) -> Iterator[int]:
        """The axis along which the operands are taken, where one is."""
        use, ndim = self.use, max((len(value.array.shape) for value in self.values.values()), default=0)
        if "axis" not in use.entry.attributes or not isinstance(use.attributes.get("axis", 0), int):
            return
        for axis in range(ndim):
            try:
                other = made(use.entry, {**use.attributes, "axis": axis}, getattr(use.operation, "sizes", ()))
            except ValueError:
                return
            if self.fits(None, other):
                yield axis
                return

    def of_forms(self) -> Iterator[_Trial]:
        """Expressions that keep the elements of an operand."""
        most = max((len(value.array.shape) for value in self.values.values()), default=0)
        for i, value in self.values.items():
            text, shape, dtype = operand_text(value), value.array.shape, value.array.dtype
            if not _is_expression(self.use, value):
                continue
            images = self.use.entry.kind == "layer"
            for written, other in (*(_as_images(text, shape) if images else ()), *_forms(text, shape)):
                if len(other) <= most or len(self.values) == 1:
                    yield _Trial(i, other, dtype, written)
            for other in self._others(i):
                if len(other) != len(shape) and other and count(other) == count(shape):
                    yield _Trial(i, other, dtype, f"reshape({text}, {sizes_text(other)})")

    def of_types(self) -> Iterator[list[_Trial]]:
        """Other shapes and types of an operand, those that change less first."""
        shapes = {i: value.array.shape for i, value in self.values.items()}
        others = {i: self._others(i) for i in shapes}
        inputs = [i for i, value in self.values.items() if isinstance(value, InputValue)]
        yield self._of({i: list(_other_size(shape, self._sizes(i))) for i, shape in shapes.items()})
        yield [_Trial(i, shapes[i], kind) for i in inputs for kind in _KINDS.values()]
        yield self._of(others)
        yield self._of({i: _USUAL for i, shape in shapes.items() if not shape})
        yield self._of({i: list(_other_rank(shape, self._sizes(i))) for i, shape in shapes.items()})
        yield self._of({i: _USUAL for i, shape in shapes.items() if len(shape) == 1})
        yield self._of({i: list(_new_axes(shape)) for i, shape in shapes.items()})
        yield [_Trial(i, other, kind) for i in inputs for other in others[i] for kind in _KINDS.values()]
        sizes = {i: [*self._sizes(i), 12] for i in shapes}
        first = {i: [(Dim.symbol("N"),), *others[i], *((size,) for size in sizes[i])] for i in shapes}
        yield self._of({i: [(*o, size) for o in first[i] for size in sizes[i]] for i in shapes})

    def _of(self, shapes: Mapping[int, Sequence[Shape]]) -> list[_Trial]:
        return [
            _Trial(i, shape, self.values[i].array.dtype)
            for i, found in shapes.items()
            for shape in found
            if not isinstance(self.values[i], ParamValue) or all(isinstance(size, int) for size in shape)
        ]

    def _others(self, position: int) -> list[Shape]:
        """The shapes that the other operands suggest: theirs, and scores for labels or labels for scores."""
        own = self.values[position].array
        arrays = [value.array for i, value in self.values.items() if i != position]
        shapes, shorter = [a.shape for a in arrays], [a.shape[:-1] for a in arrays]
        classes = own.shape[1:2] or [size for a in arrays if a.dtype.kind == "f" for size in a.shape[-1:]]
        scores = [(*a.shape, size) for a in arrays if a.dtype.kind == "i" for size in classes]
        found = [*shorter, *shapes] if own.dtype.kind == "i" else [*scores, *shapes, *shorter]
        return list(dict.fromkeys(found))

    def _sizes(self, position: int) -> list[Size]:
        """The sizes of the other operands, and what the attributes divide or count."""
        found: list[Size] = [size for shape in self._others(position) for size in shape]
        numbers = [n for n in self._numbers() if 1 < n < 4096]
        for size in self.values[position].array.shape:
            found += [m for n in numbers if isinstance(size, int) for m in (size // n * n, size // n * n + n)]
        return [size for size in dict.fromkeys([*found, *numbers, *self._shared_sizes(), 2]) if size != 0]

    def _numbers(self) -> Iterator[int]:
        """The whole numbers among the attributes, and the sum of each list of them."""
        for value in self.use.attributes.values():
            several = value if isinstance(value, list | tuple) else [value]
            if several and all(type(n) is int for n in several):
                yield sum(several)

    def _shared_sizes(self) -> list[Size]:
        shared = self.use.shared.instance.parameters if self.use.shared is not None else None
        return [size for value in (shared or {}).values() for size in value.array.shape]


def _is_expression(use: Application, value: Value) -> bool:
    """Whether the text of an operand gives it, and not a stage of a chain or the call around a number."""
    if value.label:
        return True
    before = value.span.source.text[: value.span.start].rstrip()
    return operand_text(value) != "(...)" and value.span != use.span and not before.endswith("->")


def _as_images(text: str, shape: Shape) -> Iterator[tuple[str, Shape]]:
    """Rows of 784 or 3072 numbers, which are square images of 1 or 3 channels."""
    if len(shape) != 2 or not isinstance(shape[1], int):
        return
    for channels in (1, 3):
        side = math.isqrt(shape[1] // channels)
        if side >= 8 and channels * side * side == shape[1]:
            sizes = (shape[0], channels, side, side)
            yield f"reshape({text}, {sizes_text(sizes)})", sizes


def _forms(text: str, shape: Shape) -> Iterator[tuple[str, Shape]]:
    ndim = len(shape)
    if ndim and shape[-1] == 1:
        yield f"{text}[..., 0]", shape[:-1]
    if ndim > 1:
        yield f"{text}.T", (*shape[:-2], shape[-1], shape[-2])
    for i in range(ndim - 1):
        if shape[i] == 1:
            yield f"squeeze({text}, {i})", (*shape[:i], *shape[i + 1 :])
    if ndim:
        for i in dict.fromkeys((1, ndim, 0)):
            yield f"expand_dims({text}, {i})", (*shape[:i], 1, *shape[i:])


def _other_size(shape: Shape, sizes: Sequence[Size]) -> Iterator[Shape]:
    for i in reversed(range(len(shape))):
        for size in sizes:
            if size != shape[i]:
                yield (*shape[:i], size, *shape[i + 1 :])


def _other_rank(shape: Shape, sizes: Sequence[Size]) -> Iterator[Shape]:
    for i in reversed(range(len(shape))):
        yield (*shape[:i], *shape[i + 1 :])
    for i in reversed(range(len(shape) + 1)):
        for size in sizes:
            yield (*shape[:i], size, *shape[i:])


def _new_axes(shape: Shape) -> Iterator[Shape]:
    names = {str(size) for size in shape}
    new = tuple(Dim.symbol(name) for name in _NEW_AXES if name not in names)
    for more in range(1, len(new) + 1):
        yield (*shape, *new[:more])
        if shape:
            yield (shape[0], *new[:more], *shape[1:])


def _in_words(use: Application, operands: Sequence[Any], trials: Sequence[_Trial]) -> str:
    """`declare `x: float[N, 4]` or `t: int[N]``, and of what is computed the shape that would fit."""
    declared, computed = [], []
    for trial in trials:
        value = operands[trial.position]
        if isinstance(value, InputValue | ParamValue) and value.label and value.span.text == value.label:
            declared.append(f"`{value.label}: {_type_text(trial)}`")
        else:
            text = operand_text(value)
            if not value.label and (text == "(...)" or value.span == use.span):
                text = [*use.entry.tensors, *["operand"] * len(operands)][trial.position]
            computed.append(f"`{text}` of shape {tuple_text(trial.shape)}")
    ways = [f"declare {' or '.join(declared)}"] if declared else []
    ways += [f"{', or '.join(computed)} would fit"] if computed else []
    return ", or ".join(ways)


def _type_text(trial: _Trial) -> str:
    kind = kind_of(trial)
    return f"{kind}[{sizes_text(trial.shape)}]" if trial.shape else kind
