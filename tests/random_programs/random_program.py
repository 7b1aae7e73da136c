"""A random program over the whole language, from a stream of random numbers; and hypothesis's strategy of them."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st
from program_builder import Builder, Value
from program_statements import KINDS, OF_SCALARS, declare

from graphlang.spec.sizes import parse_size
from graphlang.trace import bind

DIMS = ("N", "T", "C", "M")
SMALL = (1, 2, 3, 4, 5, 7)
LARGE = (255, 256, 257, 4_095, 4_096, 4_097, 65_535, 65_536, 65_537, 65_536, 1_000_000)
"""Sizes around the engine's thresholds for short arrays, blocks and threads."""
MOST = 6_000_000
"""The most numbers that a program may hold."""


@dataclass(frozen=True)
class Program:
    """The text, what its dimensions are in the first and the second call, and which numbers go in."""

    text: str
    sizes: tuple[dict[str, int], dict[str, int]]
    style: str
    seed: int

    def __str__(self) -> str:
        return f"{self.text}\n# sizes {self.sizes[0]}, then {self.sizes[1]}; {self.style} numbers of seed {self.seed}"


def random_program(source: random.Random, large: float = 0.1) -> Program:
    """A program of up to a dozen statements; shorter ones are as likely as longer ones.

    `large` is how likely the dimension `N` is as long as the blocks of the engine, or longer.
    """
    scalars = source.random() < 0.25
    builder = Builder(source, scalars)
    for _ in range(source.randint(1, 3)):
        declare(builder)
    kinds = [kind for kind, weight in (OF_SCALARS if scalars else KINDS) for _ in range(weight)]
    for _ in range(source.randint(1, 9)):
        source.choice(kinds)(builder)
    add_outputs(builder)
    sizes = tuple({name: source.choice(SMALL) for name in DIMS} for _ in range(2))
    if source.random() < large:
        first = {**sizes[0], "N": source.choice(LARGE)}
        second = {**first, "N": source.choice((first["N"] + 1, 1, 5_000))}
        if all(elements(builder.values, s) <= MOST for s in (first, second)):
            sizes = (first, second)
    return Program(
        "\n".join(builder.lines), (sizes[0], sizes[1]), source.choice(STYLES), source.randint(0, 10**6)
    )


def elements(values: list[Value], sizes: dict[str, int]) -> int:
    """How many numbers all values have together."""
    shapes = [[int(bind(parse_size(str(size)), sizes)) for size in value.shape] for value in values]
    return sum(math.prod(shape) for shape in shapes)


STYLES = ("plain", "plain", "plain", "ties", "positive", "wide")


def add_outputs(builder: Builder) -> None:
    """One to three outputs, the last values more likely; mostly one that has a gradient."""
    floats = [v.name for v in builder.values if v.dtype == "float" and "." not in v.name]
    names = [v.name for v in builder.values if "." not in v.name]
    count = builder.random.randint(1, 3)
    chosen = [builder.pick(floats[-4:])] if floats else []
    chosen += [builder.pick(names[-5:]) for _ in range(count - 1)] if names else []
    if chosen:
        builder.add(f"output {', '.join(dict.fromkeys(chosen))}")


def programs(large: float = 0.0) -> Any:
    """Hypothesis's strategy."""
    return st.builds(random_program, st.randoms(use_true_random=False), large=st.just(large))
