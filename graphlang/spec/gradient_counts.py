"""How many nodes `grad`s go back through, those that a `grad` of a `grad` adds included.

A gradient adds about as many nodes as it goes through, twice over: so gradients of gradients grow as powers
of three, and those of every value of a chain as the square of its length.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from graphlang.diagnostics import GraphError
from graphlang.diagnostics.too_large import limit_exceeded

if TYPE_CHECKING:
    from graphlang.spec.network import Network, Node


def refuse_many_gradients(network: Network, operands: Sequence[Sequence[int]]) -> None:
    """Raises GraphError where they are more than the limit; `operands` are the numbers of what each value is
    computed from."""
    limit, total = network.limits.gradients, 0
    #: how many nodes each value stands for
    weights = [1] * len(network.names)
    through: dict[int, int] = {}
    for node in network.nodes:
        if node.spec.operation != "grad":
            continue
        y = operands[node.number][0]
        if y not in through:
            through[y] = _sum_before(y, operands, weights, limit)
        weights[node.number] = 2 * through[y]
        total += weights[node.number]
        if total > limit:
            raise GraphError([limit_exceeded(network.span(node.name), "gradients", limit)])


def _sum_before(y: int, operands: Sequence[Sequence[int]], weights: Sequence[int], limit: int) -> int:
    """The weights of a value and of all that it depends on; it ends where they are more than the limit."""
    seen, stack, total = {y}, [y], 0
    while stack and total <= limit:
        number = stack.pop()
        total += weights[number]
        for operand in operands[number]:
            if operand not in seen:
                seen.add(operand)
                stack.append(operand)
    return total


def operand_numbers(nodes: Sequence[Node], first: int) -> list[list[int]]:
    """The numbers of the values that each value is computed from."""
    return [[]] * first + [
        [o.number for o in node.operands if hasattr(o, "number")] + [*node.own.values()] for node in nodes
    ]
