"""Folds constants: a step whose operands are all known is computed once, while planning."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from graphlang.engine.program import Program, concrete, rewritten
from graphlang.trace import Step, SymbolicArray
from graphlang.trace.whole_numbers import NoInt, check_fits, is_counted

LARGEST = 2**16
"""Elements of the largest constant that is kept: beyond it, making it anew is cheaper than holding it."""


def fold_constants(program: Program) -> Program:
    """`full`, `arange`, shapes and whatever is computed from them alone become constants."""
    return rewritten(program, _fold)


def _fold(step: Step, operands: tuple[Any, ...]) -> Any:
    if any(x.__class__ is SymbolicArray for x in operands):
        return None
    if step.primitive.name == "full":
        # One number seen in every place takes no memory, however large the array.
        return np.broadcast_to(np.asarray(operands[0], step.output.dtype), concrete(step.output.shape))
    if not _fits(step, operands):
        return None  # it is refused when it runs, by its name
    if step.primitive.kind == "elementwise" and all(_is_one_number(x) for x in operands):
        numbers = [x.flat[0] if isinstance(x, np.ndarray) else x for x in operands]
        with np.errstate(all="ignore"):
            value = np.asarray(step.primitive.compute(*numbers, **step.params), step.output.dtype)
        return np.broadcast_to(value, concrete(step.output.shape))
    if step.primitive.kind == "view":
        return step.primitive.compute(*operands, **step.params)
    if int(np.prod(concrete(step.output.shape), dtype=np.int64)) > LARGEST:
        return None
    with np.errstate(all="ignore"):
        value = np.asarray(step.primitive.compute(*operands, **step.params), step.output.dtype)
    return frozen(value)


def _fits(step: Step, operands: tuple[Any, ...]) -> bool:
    """Whether a whole number fits into an int."""
    if not is_counted(step.primitive.name, step.output.dtype, operands):
        return True
    params = {name: value for name, value in step.params.items() if name != "dtype"}
    try:
        check_fits(step.primitive.name, partial(step.primitive.compute, **params), operands)
    except NoInt:
        return False
    return True


def _is_one_number(x: Any) -> bool:
    return not isinstance(x, np.ndarray) or (x.size > 0 and not any(x.strides))


def frozen(value: Any) -> Any:
    """A constant that nobody can write into by mistake."""
    value.flags.writeable = False
    return value
