"""The interpreter: forward runs the nodes of a graph in order, backward visits them in reverse.

On arrays this computes. On symbolic arrays the same lines record the program of a training step.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Self

import numpy as np

from graphlang.catalog.operation import DERIVED, renewed
from graphlang.diagnostics import GraphError
from graphlang.engine import layer_results as results
from graphlang.engine.checked_indices import with_checked_indices
from graphlang.engine.failures import OperationFailed
from graphlang.engine.run_state import GRADIENT_OF, RunState
from graphlang.spec.network import Node, Ref
from graphlang.trace import NoGradient


class Interpreter(RunState):
    """Runs a graph node by node and keeps every value, with what each operation saved for backward."""

    def forward(self, targets: Sequence[int] | None = None) -> Self:
        """Computes every node, or only those that the targets need."""
        needed = None if targets is None else self.network.ancestors(list(targets))
        for node in self.network.nodes:
            if needed is not None and not needed[node.number]:
                continue
            if self.trace is not None:
                self.trace.origin = node.name
            try:
                self.values[node.number] = self.kept(self.compute(node))
            except (OperationFailed, GraphError):  # raised by a graph inside the operation
                raise
            except Exception as error:  # noqa: BLE001 - a user's layer may raise anything
                raise OperationFailed(node, error) from error
        return self

    def compute(self, node: Node) -> Any:
        """y, saved = operation.forward(*operands, **keywords)"""
        operation, operands = self.operation(node), self.operands_of(node)
        if node.indexed:
            operands = with_checked_indices(self.network, node, operation, operands, self.sizes)
        keywords = self.keywords_of(node) if node.own or node.supplied else {}
        recorded = 0 if self.trace is None else len(self.trace.steps)
        operands, (y, saved, *state) = results.call_forward(operation, operands, keywords, self.dtype)
        self.operands[node.number] = operands
        self.calls[node.number] = (operation, saved, keywords, recorded)
        if state:
            self.state.update({node.own[role]: v for role, v in renewed(state[0], keywords).items()})
        return self.in_precision(node, y)

    def backward(self, of: int, seed: Any = None, towards: Iterable[int] | None = None) -> dict[int, Any]:
        """The gradients of the value `of` by every value before it, by number.

        With `towards`, only the nodes on the way to those values are visited.
        """
        gradients = {of: np.ones_like(self.values[of]) if seed is None else seed}
        on_the_way = None if towards is None else self.network.descendants(towards)
        for node in reversed(self.network.nodes):
            dy = gradients.get(node.number)
            if dy is None or (on_the_way is not None and not on_the_way[node.number]):
                continue
            for number, _, dx in self._backward(node, dy):
                accumulate(gradients, number, dx)
        return gradients

    def _backward(self, node: Node, dy: Any) -> list[tuple[int, int | str, Any]]:
        """What a node passes back, with its shapes checked and its failure named."""
        if node.spec.operation == "grad":
            raise NoGradient("grad")
        if self.trace is not None:
            self.trace.origin = f"{GRADIENT_OF}{node.name}"
        try:
            parts = self.passed_back(node, dy)
            for number, _, dx in parts:
                results.check_shape(self.network.names[number], dx, self.values[number])
        except (OperationFailed, GraphError):
            raise
        except Exception as error:  # noqa: BLE001 - a user's layer may raise anything
            raise OperationFailed(node, error, backward=True) from error
        return parts

    def passed_back(self, node: Node, dy: Any, *, derived: bool = False) -> list[tuple[int, int | str, Any]]:
        """gradients = operation.backward(dy, saved): for each, the number of its value, its place and itself.

        The place is the position of an operand or the role of a parameter. `derived` ignores the layer's own
        backward, as second derivatives do.
        """
        if node.spec.operation == "constant":
            return []
        operation, saved, keywords, recorded = self.call(node)
        if derived or operation.backward is None or saved is DERIVED:
            operands, y = self.operands[node.number], self.values[node.number]
            gradients = self.derived.backward(operation, operands, keywords, y, dy, recorded)
            roles = list(keywords)
        else:
            gradients = results.call_backward(operation, dy, saved)
            roles = results.own_order(operation) if node.own else []
        targets = [o.number if type(o) is Ref else -1 for o in node.operands]
        targets += [node.own.get(role, -1) for role in roles]
        if len(gradients) != len(targets):
            results.check_count(self.network, gradients, targets, self.values)
        places = [*range(len(node.operands)), *roles]
        return [
            (number, place, dx)
            for number, place, dx in zip(targets, places, gradients, strict=False)
            if dx is not None and number >= 0 and results.has_gradient(self.values[number])
        ]


def accumulate(gradients: dict[int, Any], number: int, dx: Any) -> None:
    """Adds one part to the gradient of a value; a new array, since `dx` may be the part of another too."""
    total = gradients.get(number)
    gradients[number] = dx if total is None else total + dx
