"""A recorded step as the rules of ONNX see it: operands that are names, and what is to come out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from graphlang.onnx.exporting.writer import NodeWriter
from graphlang.trace import Shape, Step, SymbolicArray


class RuleCall(NamedTuple):
    """One step; its operands have the types in which it computes."""

    w: NodeWriter
    step: Step
    operands: tuple[str, ...]
    types: tuple[np.dtype[Any], ...]
    shapes: tuple[Shape, ...]
    #: writes what a function of NumPy records on symbolic arrays, for operands that are names
    inline: Callable[..., list[str]]

    @property
    def x(self) -> str:
        return self.operands[0]

    @property
    def output(self) -> SymbolicArray:
        return self.step.output

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the first operand."""
        return self.types[0]

    @property
    def is_float(self) -> bool:
        return self.types[0].kind == "f"

    def number(self, value: Any) -> str:
        """A scalar of the type of the first operand."""
        return self.w.constant(value, self.types[0])

    def node(self, kind: str, *operands: str, **attributes: Any) -> str:
        return self.w.node(kind, *operands, **attributes)

    def recorded(self, function: Callable[..., Any]) -> str:
        """A function of NumPy on all operands."""
        return self.inline(function, self.operands, self.shapes, self.types)[0]


Rule: TypeAlias = Callable[..., str]
"""The name of the result from a call, and the parameters of the step."""
Rules: TypeAlias = "dict[str, Rule]"


def each(values: Sequence[Any]) -> list[int]:
    return [int(value) for value in values]


def is_truth(dtype: Any) -> bool:
    """Whether a type is that of true and false, for which ONNX has other operations."""
    return bool(np.dtype(dtype).kind == "b")
