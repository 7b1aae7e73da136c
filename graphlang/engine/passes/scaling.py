"""Moves scalar factors of matrix products to the smallest array.

`lr * (x.T @ dy)` scales every weight, `x.T @ (lr * dy)` only the smaller dy; likewise `(x * s) @ W` scales
every image, `x @ (s * W)` only the weights. Rounding changes, so a factor is moved only where neither a
comparison nor the caller can see the last bit: in the gradients and updates of a training step.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from graphlang.engine.passes.visible import visible
from graphlang.engine.program import Program, RewriteRule, rewritten
from graphlang.trace import Step, SymbolicArray

PAYS_FROM = 2**14
"""Elements from which on it pays to scale a smaller array instead: below, the call itself costs more."""


def move_scaling(program: Program) -> Program:
    """Moves factors out of the larger operand of a product, and those of a large product into its smaller
    operand."""
    if not any(step.primitive.name == "matmul" for step in program.steps):
        return program
    moved = rewritten(program, _only_if_invisible(program, _out_of_operands))
    return rewritten(moved, _only_if_invisible(moved, _IntoOperands()))


def _only_if_invisible(program: Program, rule: RewriteRule) -> RewriteRule:
    """`rule`, for the steps whose last bit nobody can see."""
    outputs = [v for v in program.outputs.values() if isinstance(v, SymbolicArray)]
    numbers = visible(program.steps, outputs)
    return lambda step, operands: None if step.output.number in numbers else rule(step, operands)


def scaled(x: Any) -> tuple[Any, Any] | None:
    """(array, factor) where `x` is an array times a scalar."""
    if x.__class__ is not SymbolicArray:
        return None
    step = x.trace.step_of(x)
    if step is None or step.primitive.name != "multiply" or x.dtype.kind != "f":
        return None
    for array, factor in (step.operands, step.operands[::-1]):
        if (
            array.__class__ is SymbolicArray
            and array.shape == x.shape
            and is_scalar(factor)
            and array.dtype == x.dtype
        ):
            return array, factor
    return None


def is_scalar(x: Any) -> bool:
    """Whether an operand is a single number, constant or symbolic."""
    if x.__class__ is SymbolicArray:
        return x.shape == ()
    return (isinstance(x, int | float) and not isinstance(x, bool)) or (
        isinstance(x, np.ndarray | np.generic) and x.shape == ()
    )


def _through_transpose(x: Any) -> tuple[Any, Any] | None:
    """(transposed array, factor) where `x` is the transpose of an array times a scalar."""
    direct = scaled(x)
    if direct is not None or x.__class__ is not SymbolicArray:
        return direct
    step = x.trace.step_of(x)
    if step is None or step.primitive.name != "transpose":
        return None
    inner = scaled(step.operands[0])
    return None if inner is None else (np.transpose(inner[0], step.params["axes"]), inner[1])


def _size(x: Any) -> int:
    return int(np.prod(x.shape, dtype=np.int64))


def _out_of_operands(step: Step, operands: tuple[Any, ...]) -> Any:
    """`(s * x) @ W` becomes `s * (x @ W)`, or `x @ (s * W)`, whichever scales less."""
    if step.primitive.name != "matmul" or step.output.dtype.kind != "f":
        return None
    x, w = operands
    for operand, other, first in ((x, w, True), (w, x, False)):
        scaling = _through_transpose(operand)
        if scaling is None or other.__class__ is not SymbolicArray:
            continue
        array, factor = scaling
        smaller = min(_size(other), _size(step.output))
        if smaller * 2 > _size(array) or _size(array) < PAYS_FROM:
            continue
        if _size(other) <= _size(step.output):
            other = other * factor
            return np.matmul(array, other) if first else np.matmul(other, array)
        return (np.matmul(array, other) if first else np.matmul(other, array)) * factor
    return None


def _where_to_scale(x: Any, w: Any) -> Any:
    """The smaller operand of a product; of two of similar size, one that an elementwise step computes, since
    the scaling can be fused into that."""
    small, other = (x, w) if _size(x) <= _size(w) else (w, x)
    if _size(other) <= 2 * _size(small) and not _is_elementwise(small) and _is_elementwise(other):
        return other
    return small


def _is_elementwise(x: Any) -> bool:
    step = x.trace.step_of(x) if x.__class__ is SymbolicArray else None
    return step is not None and step.primitive.kind == "elementwise"


class _IntoOperands:
    """`s * (x @ dy)` becomes `x @ (s * dy)` if dy is smaller and the unscaled product has no other use."""

    def __init__(self) -> None:
        self.uses: Counter[int] | None = None

    def __call__(self, step: Step, operands: tuple[Any, ...]) -> Any:
        if step.primitive.name != "multiply" or step.output.dtype.kind != "f":
            return None
        for old, product, factor in zip(step.operands, operands, operands[::-1], strict=True):
            inner = product.trace.step_of(product) if product.__class__ is SymbolicArray else None
            if inner is None or inner.primitive.name != "matmul" or not is_scalar(factor):
                continue
            x, w = inner.operands
            small = _where_to_scale(x, w)
            if small.__class__ is not SymbolicArray or _size(small) * 2 > _size(product):
                continue
            if _size(product) < PAYS_FROM:
                continue
            if product.dtype != small.dtype or self._used_elsewhere(old):
                continue
            if factor.__class__ is SymbolicArray and factor.dtype != small.dtype:
                continue
            return np.matmul(x * factor, w) if small is x else np.matmul(x, w * factor)
        return None

    def _used_elsewhere(self, product: SymbolicArray) -> bool:
        """Whether the product has other uses: then both it and the scaled one would have to be computed."""
        if self.uses is None:
            operands = (x for step in product.trace.steps for x in step.operands)
            self.uses = Counter(x.number for x in operands if x.__class__ is SymbolicArray)
        return self.uses[product.number] > 1
