"""Recorded steps as nodes, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from graphlang.onnx.exporting.call import RuleCall
from graphlang.onnx.exporting.cannot_export import CannotExport
from graphlang.onnx.exporting.rules.scans import scan_results
from graphlang.onnx.exporting.rules.table import RULES
from graphlang.onnx.exporting.writer import NodeWriter
from graphlang.trace import Shape, Step, SymbolicArray, Trace, needed_steps
from graphlang.trace.dim_scalar import DimScalar
from graphlang.trace.dims import Dim
from graphlang.trace.operand_types import operand_types
from graphlang.trace.replay import joint_calls

WITHOUT_DOUBLE = frozenset(
    "arccos arccosh arcsin arcsinh arctan arctan2 arctanh cosh det erf sinh tan".split()
)
"""What onnxruntime computes in single precision alone."""


class StepNodes:
    """Writes the nodes of steps; `single` says that the graph computes in single precision."""

    def __init__(self, writer: NodeWriter, *, single: bool = True) -> None:
        self.w = writer
        self.single = single

    def run(
        self, steps: Sequence[Step], values: dict[int, str], calls: Mapping[Any, list[Step]] | None = None
    ) -> None:
        """Adds the name of every result to `values`, which has those of the inputs by number; `calls` are
        the steps that are results of one call."""
        calls = joint_calls(steps) if calls is None else calls
        for step in steps:
            if step.output.number in values:  # written together with an earlier step
                continue
            if step.primitive.joint:
                together = calls[step.primitive.call_of(step)]
                names = [
                    self.operand(x, own.dtype, values)
                    for x, own in zip(step.operands, step.params["body"].inputs, strict=True)
                ]
                results = scan_results(self.w, together, names, self.run)
                values.update({s.output.number: y for s, y in zip(together, results, strict=True)})
            else:
                values[step.output.number] = self.step(step, values)

    def step(self, step: Step, values: dict[int, str]) -> str:
        """One step, in the type that was recorded."""
        rule = RULES.get(step.primitive.name)
        if rule is None:
            raise CannotExport(f"the primitive `{step.primitive.name}`")
        kinds = operand_types(step.primitive, step.operands, step.output.dtype)
        # Whole numbers become float64 in NumPy, and what is computed of them single precision afterwards.
        narrow = self.single and step.output.dtype == np.float64 and step.primitive.name in WITHOUT_DOUBLE
        kinds = [np.dtype(np.float32) for _ in kinds] if narrow else kinds
        types = tuple(
            np.dtype(kind) if kind is not None else _own_type(x, step)
            for x, kind in zip(step.operands, kinds, strict=True)
        )
        names = tuple(self.operand(x, t, values) for x, t in zip(step.operands, types, strict=True))
        shapes = tuple(tuple(getattr(x, "shape", ())) for x in step.operands)
        result = rule(RuleCall(self.w, step, names, types, shapes, self.inline), **step.params)
        return self.w.cast(result, step.output.dtype) if narrow else result

    def operand(self, x: Any, dtype: Any, values: dict[int, str]) -> str:
        """An operand in a type."""
        if x.__class__ is SymbolicArray:
            name = values[x.number]
            return name if x.dtype == dtype else self.w.cast(name, dtype)
        if isinstance(x, Dim | DimScalar):
            return self.w.sizes.number(x, dtype)
        if isinstance(x, np.ndarray) and x.size > 1 and not any(x.strides):  # one number, broadcast
            one = self.w.constant(x[(0,) * x.ndim], dtype)
            return self.w.node("Expand", one, self.w.ints(x.shape))
        return self.w.constant(x, dtype)

    def inline(
        self,
        function: Callable[..., Any],
        operands: Sequence[str],
        shapes: Sequence[Shape],
        types: Sequence[Any],
    ) -> list[str]:
        """Writes what a function records."""
        trace = Trace()
        inputs = [trace.input(shape, kind) for shape, kind in zip(shapes, types, strict=True)]
        with trace, np.errstate(all="ignore"):
            result = function(*inputs)
        results = result if isinstance(result, list) else [result]
        values = {x.number: name for x, name in zip(inputs, operands, strict=True)}
        self.run(needed_steps([y for y in results if y.__class__ is SymbolicArray]), values)
        return [self.operand(y, y.dtype, values) for y in results]


def _own_type(x: Any, step: Step) -> np.dtype[Any]:
    """The type of an operand that is used as it is; that of a number is the result's."""
    kind = getattr(x, "dtype", None)
    found: np.dtype[Any] = np.dtype(step.params.get("dtype", step.output.dtype) if kind is None else kind)
    return found
