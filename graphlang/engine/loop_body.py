"""The body of a `scan`, run once: on arrays, or on symbolic arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, TypeAlias

from graphlang.catalog.operation import Random
from graphlang.spec.network import Loop
from graphlang.trace.primitives.creation import stop_gradient
from graphlang.trace.primitives.random_numbers import StreamSeeds


class BodyRun(Protocol):
    """A body that has run once: its values by number, and the state that its layers renewed."""

    values: list[Any]
    state: dict[int, Any]


RunBody: TypeAlias = Callable[
    [Mapping[int, Any], Any, bool, Random | None, Sequence[int], StreamSeeds], BodyRun
]
"""Runs a body on its inputs: (inputs by number, precision, training, random, the numbers to compute, what
random values follow from)."""


class Repetition(NamedTuple):
    """What one run of the body gives: the next carried and captured values, the results, the state of layers
    by the places of its values among the operands."""

    carried: list[Any]
    captured: list[Any]
    results: list[Any]
    state: dict[int, Any]


class LoopBody:
    """Runs the body of a loop on its operands."""

    def __init__(
        self,
        loop: Loop,
        run_body: RunBody,
        dtype: Any,
        training: bool,
        random: Random | None,
        seeds: StreamSeeds,
    ) -> None:
        self.loop = loop
        self.run_body = run_body
        self.dtype = dtype
        self.training = training
        self.random = random
        self.seeds = seeds

    def run(
        self,
        x: Any,
        carried: Sequence[Any],
        captured: Sequence[Any],
        results: Sequence[int],
        random: Random | None = None,
        *,
        counters: Sequence[Any],
    ) -> Repetition:
        """One repetition; `results` are the numbers of values to give back. Its random values follow from
        counters: those of the run, and its place in time."""
        inputs = dict(enumerate([x, *carried, *captured]))
        targets = [*self.loop.following, *results]
        seeds = self.seeds._replace(counters=counters)
        body = self.run_body(inputs, self.dtype, self.training, random or self.random, targets, seeds)
        # Running statistics are renewed at every step, as at every use of a layer.
        renewed = [
            stop_gradient(body.state[i]) if i in body.state else v
            for i, v in enumerate(captured, 1 + len(carried))
        ]
        return Repetition(
            [body.values[n] for n in self.loop.following],
            renewed,
            [body.values[n] for n in results],
            dict(body.state),
        )
