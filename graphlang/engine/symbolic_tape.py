"""The tape on symbolic arrays whose sizes are symbols: what it records holds for every size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from graphlang.catalog.operation import Operation
from graphlang.engine.interpreter import accumulate
from graphlang.engine.tape import Tape
from graphlang.spec.network import Node
from graphlang.trace import SymbolicArray, reached
from graphlang.trace.dims import bind, is_symbolic
from graphlang.trace.primitives.creation import full_of


class SymbolicTape(Tape):
    """A run that records, in which the sizes in attributes stay what the spec says, as `N` or `3*D`."""

    def operation(self, node: Node) -> Operation:
        assert node.operation is not None, node.name
        if all(is_symbolic(size) for size in self.sizes.values()):
            return node.operation
        return self.network.operation(node, self.sizes)

    def forward_of(self, node: Node) -> None:
        """Computes one node, and what it needs besides values that are there."""
        if node.spec.operation == "grad":
            self.forward([node.number])
        else:
            assert self.trace is not None
            self.trace.origin = node.name
            self.values[node.number] = self.kept(self.compute(node))

    def _constant(self, node: Node) -> Any:
        value = node.spec.attributes["value"]
        if isinstance(value, list | tuple):
            return super()._constant(node)
        value = bind(value, self.sizes)
        dtype = {"int": np.dtype(np.int64), "bool": np.dtype(np.bool_)}.get(node.spec.dtype, self.dtype)
        assert self.trace is not None
        return self.trace.record(full_of, (value,), {"shape": (), "dtype": dtype})

    def passed_to(self, node: Node, dy: Any, numbers: Sequence[int]) -> dict[int, Any]:
        """The gradients that a node passes back to some of the values that it was computed from."""
        if node.spec.operation == "grad":
            floats = [n for n in numbers if isinstance(self.values[n], SymbolicArray)]
            floats = [n for n in floats if self.values[n].dtype.kind == "f"]
            passed = reached(self.values[node.number], [self.values[n] for n in floats], dy)
            return {n: g for n, g in zip(floats, passed, strict=True) if g is not None}
        gradients: dict[int, Any] = {}
        for number, _, dx in self.passed_back(node, dy):
            accumulate(gradients, number, dx)
        return gradients
