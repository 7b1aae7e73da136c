"""Constant folding: a step whose operands are all constants is computed while planning."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from graphlang.engine.program import Program, concrete, is_broadcast_scalar, rewritten
from graphlang.trace import Step, SymbolicArray
from graphlang.trace.whole_numbers import NoInt, check_fits, is_counted

LARGEST_CONSTANT = 2**16
"""Elements of the largest constant that is stored; a larger one is computed in every run instead."""


def fold_constants(program: Program) -> Program:
    """Replaces `full`, `arange`, shapes and all that is computed from them alone by constants."""
    return rewritten(program, _fold)


def _fold(step: Step, operands: tuple[Any, ...]) -> Any:
    if any(x.__class__ is SymbolicArray for x in operands):
        return None
    if step.primitive.name == "full":
        # A broadcast scalar takes no memory, however large its shape.
        return np.broadcast_to(np.asarray(operands[0], step.output.dtype), concrete(step.output.shape))
    if not _fits(step, operands):
        return None  # the run reports it, with the name of the value
    if step.primitive.kind == "elementwise" and all(_is_one_number(x) for x in operands):
        numbers = [x.flat[0] if isinstance(x, np.ndarray) else x for x in operands]
        with np.errstate(all="ignore"):
            value = np.asarray(step.primitive.compute(*numbers, **step.params), step.output.dtype)
        return np.broadcast_to(value, concrete(step.output.shape))
    if step.primitive.kind == "view":
        return step.primitive.compute(*operands, **step.params)
    if int(np.prod(concrete(step.output.shape), dtype=np.int64)) > LARGEST_CONSTANT:
        return None
    with np.errstate(all="ignore"):
        value = np.asarray(step.primitive.compute(*operands, **step.params), step.output.dtype)
    return frozen(value)


def _fits(step: Step, operands: tuple[Any, ...]) -> bool:
    """Whether integer results fit into 64 bits."""
    if not is_counted(step.primitive.name, step.output.dtype, operands):
        return True
    params = {name: value for name, value in step.params.items() if name != "dtype"}
    try:
        check_fits(step.primitive.name, partial(step.primitive.compute, **params), operands)
    except NoInt:
        return False
    return True


def _is_one_number(x: Any) -> bool:
    return not isinstance(x, np.ndarray) or is_broadcast_scalar(x)


def frozen(value: Any) -> Any:
    """Makes a constant read-only."""
    value.flags.writeable = False
    return value
