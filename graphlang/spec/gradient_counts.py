"""How many nodes `grad`s go back through, those that a `grad` of a `grad` adds included.

A gradient adds about as many nodes as it goes through, twice over: so gradients of gradients grow as powers
of three, and those of every value of a chain as the square of its length.
"""

from __future__ import annotations

from collections.abc import Sequence


def first_beyond(operands: Sequence[Sequence[int]], gradients: Sequence[int], limit: int) -> int | None:
    """The first `grad` with which they go back through more nodes than the limit, by its number; else None.

    `operands` are the numbers of what each value is computed from, `gradients` those of the `grad`s.
    """
    total = 0
    #: how many nodes each value stands for
    weights = [1] * len(operands)
    through: dict[int, int] = {}
    for number in gradients:
        y = operands[number][0]
        if y not in through:
            through[y] = _sum_before(y, operands, weights, limit)
        weights[number] = 2 * through[y]
        total += weights[number]
        if total > limit:
            return number
    return None


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
