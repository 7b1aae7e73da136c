"""Builds a random program line by line; the language itself decides which lines are valid."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import graphlang as gl


class Value(NamedTuple):
    """A named value of the program and its type."""

    name: str
    dtype: str
    shape: tuple[int | str, ...]


@dataclass
class Builder:
    """Lines that load together. A line is kept if the language accepts it, so typing rules are not repeated here."""

    random: random.Random
    scalars: bool = False
    lines: list[str] = field(default_factory=list)
    values: list[Value] = field(default_factory=list)
    _names: int = 0

    def fresh(self, letter: str = "v") -> str:
        self._names += 1
        return f"{letter}{self._names}"

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def pick(self, choices: Any) -> Any:
        return self.random.choice(list(choices))

    def add(self, *lines: str) -> bool:
        """Adds the lines, unless the program with them is refused."""
        try:
            graph = gl.loads("\n".join([*self.lines, *lines]))
        except gl.GraphError:
            return False
        self.lines += lines
        network = graph.network
        self.values = []
        for name in network.names:
            spec = network.spec_of(name)
            if name in network.inputs or name in network.params or spec.named:
                shape = tuple(s if isinstance(s, int) else str(s) for s in spec.shape or ())
                self.values.append(Value(name, spec.dtype, shape))
        return True

    def found(self, dtype: str | None = None, rank: int | None = None, least: int = 0) -> str | None:
        """A random value of that type, later ones more likely; None if there is none."""
        fitting = [
            v.name
            for v in self.values
            if dtype in (None, v.dtype)
            and rank in (None, len(v.shape))
            and len(v.shape) >= least
            and "." not in v.name
        ]
        if not fitting:
            return None
        return self.pick(fitting[-3:]) if self.chance(0.5) else self.pick(fitting)

    def number(self) -> str:
        return self.pick(["0", "1", "2", "3", "0.5", "1.5", "0.1", "49", "7.0", "true"])

    def operand(self, dtype: str | None = None) -> str:
        """A value or a number."""
        name = self.found(dtype if self.chance(0.7) else None)
        return self.number() if name is None or self.chance(0.15) else name

    def rank(self, name: str) -> int:
        return next((len(v.shape) for v in self.values if v.name == name), 0)
