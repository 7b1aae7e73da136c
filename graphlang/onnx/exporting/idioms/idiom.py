"""What an idiom is: one operation of ONNX that computes what an operation of the language does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from graphlang.onnx.exporting.writer import NodeWriter
from graphlang.trace import Size, SymbolicArray


class NodeCall(NamedTuple):
    """A node with its operation, and what it is computed from: values of a trace, or constants."""

    name: str
    operation: Any
    operands: list[Any]
    own: dict[str, Any]
    output: SymbolicArray
    training: bool
    opset: int

    @property
    def arguments(self) -> list[Any]:
        return [*self.operands, *self.own.values()]

    @property
    def x(self) -> Any:
        return self.operands[0]

    @property
    def shape(self) -> tuple[Size, ...]:
        """The shape of the first operand."""
        return tuple(self.x.shape)

    @property
    def is_float(self) -> bool:
        """Whether the first operand and the result are arrays of one precision."""
        return getattr(self.x, "dtype", None) == self.output.dtype and self.output.dtype.kind == "f"

    def holds(self, number: float) -> bool:
        """Whether ONNX, whose attributes are of float32, has a number as exactly as the values are."""
        return self.output.dtype == np.float32 or float(np.float32(number)) == number


Idiom: TypeAlias = Callable[[NodeWriter, "list[Any]", "dict[str, str]"], str]
"""Writes the nodes, from the names of the operands and of the parameters by their role."""
Finders: TypeAlias = "dict[str, Callable[[NodeCall], Idiom | None]]"
"""By the name of an operation: the idiom of a call, None where ONNX has none for its attributes or shapes."""


def of_kind(kind: str, **attributes: Any) -> Idiom:
    """One node on the first operand."""
    return lambda w, x, own: w.node(kind, x[0], **attributes)
