"""Which values are views of others, and whether they are contiguous: from shapes and strides alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from graphlang.engine.program import concrete
from graphlang.trace import Step, SymbolicArray


class Views:
    """The view steps of a program. A `reshape` that has to copy is not one of them."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self._root: dict[int, int] = {}
        #: views that are not contiguous, as arrays with the true strides over a single dummy element
        self._strided: dict[int, Any] = {}
        for step in steps:
            if step.primitive.kind == "view":
                self._add(step)

    def _add(self, step: Step) -> None:
        x = step.operands[0]
        if x.__class__ is not SymbolicArray:
            return
        view = self._view(step, x)
        if view is None:
            return
        number = step.output.number
        self._root[number] = self.root(x)
        if not view.flags.c_contiguous:
            self._strided[number] = view

    def _view(self, step: Step, x: SymbolicArray) -> Any:
        array = self._strided.get(x.number)
        if array is None:
            array = _dummy(concrete(x.shape), x.dtype)
        if step.primitive.name != "reshape":
            return step.primitive.compute(array, *step.operands[1:], **step.params)
        try:
            return np.reshape(array, step.params["shape"], copy=False)
        except ValueError:
            return None

    def is_view(self, step: Step) -> bool:
        """Whether the result of a step is a view of its first operand."""
        return step.output.number in self._root

    def root(self, x: SymbolicArray) -> int:
        """The number of the value that owns the memory of `x`."""
        return self._root.get(x.number, x.number)

    def in_rows(self, x: Any) -> bool:
        """Whether an operand can be viewed as a matrix of rows along its last axis, without a copy."""
        array = self._strided.get(x.number) if x.__class__ is SymbolicArray else x
        if array is None or not isinstance(array, np.ndarray) or array.flags.c_contiguous or array.ndim < 3:
            return True
        return rows_of(array) is not None

    def is_contiguous(self, x: Any) -> bool:
        """Whether an operand is contiguous in memory, in C order."""
        if x.__class__ is SymbolicArray:
            return x.number not in self._strided
        return not isinstance(x, np.ndarray) or bool(x.flags.c_contiguous)


def _dummy(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Any:
    """An array with the strides of a contiguous one but memory for one element: nobody may read its
    elements."""
    strides, nbytes = [], dtype.itemsize
    for n in reversed(shape):
        strides.append(nbytes)
        nbytes *= n
    return as_strided(np.empty(1, dtype), shape, strides[::-1], writeable=False)


def rows_of(array: Any) -> Any:
    """The array as a matrix of rows along its last axis, as a view; None where that would need a copy."""
    columns = array.shape[-1]
    try:
        return np.reshape(array, (array.size // max(columns, 1), columns), copy=False)
    except ValueError:
        return None
