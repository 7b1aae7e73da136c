"""`train.remat`: forward values are computed again for the backward pass instead of being kept for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import jax.numpy as jnp
from jax import lax

from graphlang.backends.options import Jax
from graphlang.engine.run_state import GRADIENT_OF
from graphlang.engine.updates import NORMS, UPDATE_OF
from graphlang.spec.models import RegionSpec
from graphlang.spec.network import Network
from graphlang.trace import Step, SymbolicArray
from graphlang.training.state import TrainingState

Blocks: TypeAlias = Callable[[str], Hashable]
"""The block of the steps of an origin; None where their values are kept."""
Uses: TypeAlias = Callable[[Step], Sequence[Any]]
"""What a step uses: its operands, unless it is computed together with others."""
After: TypeAlias = Callable[[Sequence[Any], Any], tuple[Sequence[Any], Any]]
"""Gives arrays and a gradient back; what uses these arrays is computed once the gradient is there."""


@dataclass(frozen=True)
class Recomputation:
    """The steps of one block that are taken again."""

    steps: Sequence[Step]
    #: the numbers of what they need of other forward steps
    operands: Sequence[int]
    #: the numbers of what the backward pass needs of them
    results: Sequence[int]
    #: the number of the gradient that must be there before they start
    gradient: int

    def run(
        self,
        values: dict[int, Any],
        replay: Callable[[Sequence[Step], dict[int, Any]], None],
        after: After,
    ) -> None:
        """Replaces the results in `values`."""
        arrays, values[self.gradient] = after(
            [values[number] for number in self.operands], values[self.gradient]
        )
        again = {**values, **dict(zip(self.operands, arrays, strict=True))}
        for step in self.steps:
            again.pop(step.output.number, None)
        replay(self.steps, again)
        values.update({number: again[number] for number in self.results})


@dataclass(frozen=True)
class Segment:
    """Steps of a program, and what is computed again before them."""

    again: Sequence[Recomputation]
    steps: Sequence[Step]


def after_gradients(true: Any, *, on_host: bool) -> After:
    """How XLA is told to compute a value again, and not before a gradient is there.

    A barrier says so; but XLA removes all barriers on a CPU before it looks for equal values. There, the
    arrays are chosen by a truth value of the gradient and of `true`, which XLA does not know to be true.
    """

    def after(arrays: Sequence[Any], gradient: Any) -> tuple[Sequence[Any], Any]:
        if not on_host or not gradient.size:
            *arrays, gradient = lax.optimization_barrier([*arrays, gradient])
            return arrays, gradient
        there = true | (gradient[(0,) * gradient.ndim] > 0)
        return [jnp.where(there, x, jnp.zeros_like(x)) for x in arrays], gradient

    return after


def blocks_of(options: Jax, training: TrainingState) -> Blocks | None:
    """The blocks that `remat` asks for, in the options or else in the file; None where everything is kept."""
    remat = training.remat if options.remat is None else options.remat
    if remat == "block":
        return _regions(training.model.network).get
    return _itself if remat else None


def segments(
    steps: Sequence[Step], results: Sequence[SymbolicArray], blocks: Blocks | None, uses: Uses
) -> list[Segment]:
    """The steps of a training step, cut where values are computed again."""
    if blocks is None:
        return [Segment((), steps)]
    kept = {x.number for x in results}
    cuts: dict[int, list[Recomputation]] = {}
    for begin, start in _forward_passes(steps):
        for place, again in _cuts(steps, begin, start, kept, blocks, uses):
            cuts.setdefault(place, []).extend(again)
    places = sorted(cuts)
    parts = [Segment((), steps[: places[0] if places else len(steps)])]
    ends = [*places[1:], len(steps)]
    return parts + [Segment(cuts[place], steps[place:end]) for place, end in zip(places, ends, strict=False)]


def _forward_passes(steps: Sequence[Step]) -> list[tuple[int, int]]:
    """Where the forward pass of each objective begins, and where its backward pass does."""
    passes: list[tuple[int, int]] = []
    begin, phase = 0, "forward"
    for i, step in enumerate(steps):
        if step.origin.startswith(GRADIENT_OF) and phase == "forward":
            passes.append((begin, i))
            phase = "backward"
        elif step.origin.startswith(UPDATE_OF):
            phase = "updates"
        elif phase == "updates" and step.origin != NORMS and not step.origin.startswith(GRADIENT_OF):
            begin, phase = i, "forward"
    return passes


def _cuts(
    steps: Sequence[Step], begin: int, start: int, kept: set[int], blocks: Blocks, uses: Uses
) -> Iterator[tuple[int, list[Recomputation]]]:
    """What is computed again of one forward pass, and before which step."""
    forward, rest = steps[begin:start], steps[start:]
    inner = _inner(forward, kept, blocks, uses)
    needed: dict[Hashable, set[int]] = {}
    first: dict[int, list[Hashable]] = {}
    for i, step in enumerate(rest):
        for number in _numbers(uses(step)):
            if number in inner:
                if inner[number] not in needed:
                    first.setdefault(i, []).append(inner[number])
                needed.setdefault(inner[number], set()).add(number)
    before = {step.output.number for step in steps[:start]}
    for i, again in _recomputations(forward, rest, first, needed, inner, before, uses):
        yield start + i, again


def _itself(origin: str) -> str:
    return origin


def _regions(network: Network) -> Mapping[str, Hashable]:
    """For each node in a copy of a `repeat` or in a use of a `def` the outermost of these that is less than
    half of the network."""
    regions = network.spec.regions
    paths = {n.name: list(_path(n.spec.region, regions)) for n in network.nodes}
    sizes = Counter(region for path in paths.values() for region in path)
    fit = {name: [r for r in path if 2 * sizes[r] <= len(paths)] or path[-1:] for name, path in paths.items()}
    return {name: path[0] for name, path in fit.items() if path}


def _path(region: int | None, regions: Sequence[RegionSpec]) -> list[int]:
    """The numbers of the regions around a node, from the outermost to the innermost."""
    path: list[int] = []
    while region is not None:
        if regions[region].kind in ("def", "repeat"):
            path.insert(0, region)
        region = regions[region].outer
    return path


def _inner(forward: Sequence[Step], results: set[int], blocks: Blocks, uses: Uses) -> dict[int, Hashable]:
    """The block of every value that no step of another block uses, and that is no result."""
    block_of = {s.output.number: blocks(s.origin) for s in forward}
    crossing = {
        number
        for step in forward
        for number in _numbers(uses(step))
        if block_of.get(number) != blocks(step.origin)
    }
    kept = results | crossing
    return {number: block for number, block in block_of.items() if block is not None and number not in kept}


def _recomputations(
    forward: Sequence[Step],
    backward: Sequence[Step],
    first: Mapping[int, Sequence[Hashable]],
    needed: Mapping[Hashable, set[int]],
    inner: Mapping[int, Hashable],
    before: set[int],
    uses: Uses,
) -> Iterator[tuple[int, list[Recomputation]]]:
    """Where in the backward pass which blocks are computed again. Each waits for a gradient, the last one
    that was computed for further steps; where there is none, the values are kept."""
    last_use = {n: i for i, step in enumerate(backward) for n in _numbers(uses(step)) if _is_gradient(step)}
    arrived: set[int] = set()
    latest: list[int] = []
    for i, step in enumerate(backward):
        waiting = [number for number in latest if last_use.get(number, -1) >= i]
        if i in first and waiting:
            again = [(needed[block], waiting[-1]) for block in first[i]]
            yield i, [_recomputation(forward, inner, before, *needs, uses) for needs in again]
        if not arrived or arrived.intersection(_numbers(uses(step))):
            arrived.add(step.output.number)
            latest.append(step.output.number)


def _recomputation(
    forward: Sequence[Step],
    inner: Mapping[int, Hashable],
    before: set[int],
    results: set[int],
    gradient: int,
    uses: Uses,
) -> Recomputation:
    needed, operands, steps = set(results), set[int](), []
    for step in reversed(forward):
        if step.output.number in needed:
            steps.append(step)
            for number in _numbers(uses(step)):
                (needed if number in inner else operands).add(number)
    operands &= before
    return Recomputation(steps[::-1], sorted(operands), sorted(results), gradient)


def _is_gradient(step: Step) -> bool:
    return step.origin != NORMS and not step.origin.startswith(UPDATE_OF)


def _numbers(operands: Sequence[Any]) -> list[int]:
    return [x.number for x in operands if x.__class__ is SymbolicArray]
