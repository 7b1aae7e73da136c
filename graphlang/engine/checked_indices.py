"""Checks the indices that a graph computes itself where they are used; inputs are checked on arrival."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from graphlang.catalog.operation import Operation
from graphlang.diagnostics import GraphError
from graphlang.inputs.index_bounds import first_not_allowed, wrong_index
from graphlang.spec.network import Network, Node, Ref
from graphlang.trace import Dim, SymbolicArray
from graphlang.trace.core import Primitive, Signature, into, signature


class Allowed:
    """The indices that one use of a value allows. Passes compare steps by the text of their parameters."""

    def __init__(self, network: Network, name: str, below: int, ignored: int | None) -> None:
        self.network = network
        self.name = name
        self.below = below
        self.ignored = ignored

    def __repr__(self) -> str:
        return f"{self.name} below {self.below} or {self.ignored}"

    def check(self, ids: Any) -> None:
        """Raises GraphError, with the name of the value, where one of its indices is not allowed."""
        wrong = wrong_index(self.network, self.name, ids, self.below, self.ignored)
        if wrong is not None:
            raise GraphError([wrong])


class Checked(Primitive):
    """The same indices, after a check that all of them are allowed."""

    name = "checked_indices"
    differentiable = False

    def shape(self, ids: Any, *, allowed: Allowed) -> Signature:
        shape, kind = signature(ids)
        return shape, np.dtype(kind)

    def compute(self, ids: Any, *, allowed: Allowed, out: Any = None) -> Any:
        allowed.check(ids)
        return into(out, ids)


checked = Checked()


def with_checked_indices(
    network: Network, node: Node, operation: Operation, operands: list[Any], sizes: Mapping[str, int]
) -> list[Any]:
    """The operands of a layer with their indices checked; while recording, the check becomes a step."""
    checked_operands = list(operands)
    for role, below in operation.index_bounds(*operands).items():
        position = node.indexed.index(role)
        operand, ids = node.operands[position], operands[position]
        if type(operand) is not Ref or ids.dtype.kind not in "iu" or isinstance(below, Dim):
            continue  # where sizes are names, nothing runs
        allowed = Allowed(network, network.names[operand.number], int(below), operation.ignored_index())
        if _was_checked(network, allowed, sizes):
            continue
        if isinstance(ids, SymbolicArray):
            checked_operands[position] = checked(ids, allowed=allowed)
        else:
            allowed.check(ids)
    return checked_operands


def _was_checked(network: Network, allowed: Allowed, sizes: Mapping[str, int]) -> bool:
    """Whether it is an input whose indices were checked at least as strictly when the run began."""
    spec = network.inputs.get(allowed.name)
    if spec is None or spec.ignored not in (None, allowed.ignored):
        return False
    below = first_not_allowed(spec, sizes)
    return below is not None and below <= allowed.below
