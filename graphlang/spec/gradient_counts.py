"""How many nodes `grad`s go back through, those that a `grad` of a `grad` adds included.

A gradient adds about as many nodes as it goes through, twice over: so gradients of gradients grow as powers
of three, and those of every value of a chain as the square of its length.
"""

from __future__ import annotations

from collections.abc import Sequence


def may_be_beyond(values: int, gradients: int, limit: int) -> bool:
    """Whether so many `grad`s in a graph of so many values can go back through more nodes than the limit.

    Each goes through all values at most, and through what the `grad`s before it have added.
    """
    total, weight = 0, values
    for _ in range(gradients):
        total += values + 2 * weight
        weight *= 3
        if total > limit:
            return True
    return False


def first_beyond(operands: Sequence[Sequence[int]], gradients: Sequence[int], limit: int) -> int | None:
    """The first `grad` with which they go back through more nodes than the limit, by its number; else None.

    `operands` are the numbers of what each value is computed from, `gradients` those of the `grad`s.
    """
    total = 0
    #: how many nodes each value stands for
    weights = [1] * len(operands)
    for number in gradients:
        y, x = operands[number][:2]
        before = _before(y, x, operands, limit)
        weights[number] = 2 * _sum_between(x, before, operands, weights)
        total += len(before) + weights[number]
        if total > limit:
            return number
    return None


def _before(y: int, x: int, operands: Sequence[Sequence[int]], limit: int) -> set[int]:
    """The values that y depends on and that come after x; it ends where they are too many."""
    before, stack = {y}, [y]
    while stack and len(before) <= limit:
        for operand in operands[stack.pop()]:
            if operand >= x and operand not in before:
                before.add(operand)
                stack.append(operand)
    return before


def _sum_between(x: int, before: set[int], operands: Sequence[Sequence[int]], weights: Sequence[int]) -> int:
    """The weights of those values that depend on x."""
    dependent, total = {x}, 0
    for number in sorted(before):
        if any(operand in dependent for operand in operands[number]):
            dependent.add(number)
            total += weights[number]
    return total
