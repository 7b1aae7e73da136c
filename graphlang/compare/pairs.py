"""The pairs of corresponding values of two graphs."""

from __future__ import annotations

from graphlang.compare.structure import Constant, Slot, Structure, Vertex


class Pairs:
    """A matching: every value of one graph has at most one counterpart in the other."""

    def __init__(self, a: Structure, b: Structure) -> None:
        self.a = a
        self.b = b
        self.to_b: list[int | None] = [None] * len(a.values)
        self.to_a: list[int | None] = [None] * len(b.values)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def match(self, number: int, other: int) -> bool:
        """Matches two values, unless one of them has been matched; whether they are a pair now."""
        if self.to_b[number] is not None or self.to_a[other] is not None:
            return False
        self.to_b[number], self.to_a[other] = other, number
        self._count += 1
        return True

    @property
    def values(self) -> list[tuple[Vertex, Vertex]]:
        """The pairs, in the order of the first graph."""
        return [
            (self.a.values[n], self.b.values[other]) for n, other in enumerate(self.to_b) if other is not None
        ]

    def complete(self) -> bool:
        return len(self) == len(self.a.values) == len(self.b.values)

    def same(self, x: Slot | Constant, y: Slot | Constant) -> bool:
        """Whether two operands correspond."""
        if isinstance(x, Slot) and isinstance(y, Slot):
            return self.to_b[x.number] == y.number
        return x == y

    def preserve_operands(self) -> bool:
        """Whether the operands of every pair correspond, place by place."""
        return all(
            [p for p, _ in v.operands] == [p for p, _ in w.operands]
            and all(self.same(x, y) for (_, x), (_, y) in zip(v.operands, w.operands, strict=True))
            for v, w in self.values
        )

    def match_sources(self) -> None:
        """Matches the operands and parameters of pairs that no name tells apart from others."""
        waiting = list(self.values)
        while waiting:
            value, other = waiting.pop()
            theirs = dict(other.operands)
            for place, operand in value.operands:
                counterpart = theirs.get(place)
                if isinstance(operand, Slot) and isinstance(counterpart, Slot):
                    x, y = self.a.values[operand.number], self.b.values[counterpart.number]
                    alike = x.operation == y.operation and not x.rooted and not y.rooted
                    if alike and self.match(x.number, y.number):
                        waiting.append((x, y))
