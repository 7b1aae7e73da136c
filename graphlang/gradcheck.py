"""The gradient check: backpropagation against numerical differentiation, parameter by parameter."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from graphlang.engine.derived import Draws
from graphlang.engine.executable import built
from graphlang.engine.recording import Storage, record_forward
from graphlang.engine.tape import OperationFailed, StreamRandom, Tape
from graphlang.feeds import prepare
from graphlang.graph import Node, Ref
from graphlang.operation import outcome
from graphlang.samples import drawn
from graphlang.spec import GradcheckSpec

if TYPE_CHECKING:
    from graphlang.api import Graph

STEP = 1e-4
"""The book's step. Two central differences, at the step and at half of it, are extrapolated."""
SMALLEST_STEP = 1e-6
ROUNDING = 32 * float(np.finfo(np.float64).eps)
"""What the value of a function may be off by, relative to it: a few roundings for each of its many sums."""
RESOLUTION = 1e-6
"""The relative error that the check is meant to see."""


@dataclass(frozen=True)
class Row:
    """One parameter: how far backpropagation and numerical differentiation are apart."""

    name: str
    mean_difference: float = field(
        metadata={"description": "mean absolute difference, as the book prints it"}
    )
    worst_relative: float
    checked: int
    ok: bool


@dataclass(frozen=True)
class Report:
    """The whole check; `culprit` is the first operation whose own backward is wrong."""

    of: str
    tolerance: float
    rows: tuple[Row, ...]
    culprit: str | None

    @property
    def ok(self) -> bool:
        return all(row.ok for row in self.rows)

    @property
    def worst(self) -> float:
        return max((row.worst_relative for row in self.rows), default=0.0)


def gradcheck(graph: Graph, given: Mapping[str, Any] | None = None, *, of: str | None = None) -> Report:
    """Checks the gradients of `gradcheck.of` by every parameter, in float64 and training mode.

    A file without parameters has its inputs checked. Raises GraphError where the inputs are wrong or
    there is nothing to start from.
    """
    settings = graph.spec.gradcheck or GradcheckSpec(of=graph.start(of))
    if of is not None:
        settings = settings.model_copy(update={"of": graph.start(of)})
    rng = np.random.default_rng(settings.seed)
    network = graph.network
    start = network.numbers[settings.of]
    inputs = drawn(network, given or {}, rng, settings.batch)
    feeds = prepare(network, inputs, np.float64, None, graph.file)
    leaves = {**feeds.values, **graph.params.numbered(np.float64)}

    def forward() -> Tape:
        random = StreamRandom(np.random.default_rng(settings.seed), np.float64)
        tape = Tape(network, leaves, dtype=np.float64, sizes=feeds.sizes, training=True, random=random)
        return tape.forward([start])

    with np.errstate(all="ignore"):
        try:
            tape = forward()
            checked = _checked(graph, leaves, network.ancestors([start]))
            gradients = tape.gradients(start, checked)
            for number in checked:
                leaves[number] = np.array(leaves[number], dtype=np.float64)
            objective = _objective(graph, leaves, feeds.sizes, start, settings.seed)
            rows = [
                _row(network.names[number], leaves[number], gradient, objective, settings, rng)
                for number, gradient in zip(checked, gradients, strict=True)
            ]
            culprit = None if all(r.ok for r in rows) else _culprit(tape, start, settings.tol, rng)
        except OperationFailed as failed:
            raise graph._failed(failed) from failed.error
    return Report(settings.of, settings.tol, tuple(rows), culprit)


def _objective(
    graph: Graph, leaves: Mapping[int, Any], sizes: Mapping[str, int], of: int, seed: int
) -> Callable[[], float]:
    """The sum of `of` as a planned program on the leaves' own arrays, so that changing them shows."""
    network = graph.network
    inputs = {n: Storage(v.shape, v.dtype) for n, v in leaves.items() if network.names[n] in network.inputs}
    given = {network.names[n]: v for n, v in leaves.items()}
    executable = built(
        lambda: record_forward(network, inputs, np.float64, sizes, {"of": of}, training=True),
        given,
        graph.threads,
    )

    def objective() -> float:
        executable.fill(np.random.default_rng(seed))
        executable.run()
        return float(np.sum(executable.output("of")))

    return objective


def _checked(graph: Graph, leaves: Mapping[int, Any], needed: Sequence[bool]) -> list[int]:
    network = graph.network
    names = [n for n, p in network.params.items() if p.trainable] or list(network.inputs)
    numbers = [network.numbers[n] for n in names]
    return [i for i in numbers if needed[i] and i in leaves and leaves[i].dtype.kind == "f"]


def _row(
    name: str,
    array: Any,
    gradient: Any,
    objective: Callable[[], float],
    settings: GradcheckSpec,
    rng: np.random.Generator,
) -> Row:
    places = chosen(array.size, settings.samples, rng)
    found = [numerical(objective, array, int(i)) for i in places]
    expected = np.asarray(gradient, dtype=np.float64).reshape(-1)[places]
    mean, worst = differences(expected, found, float(np.max(np.abs(gradient), initial=0.0)))
    return Row(name, mean, worst, len(places), bool(worst <= settings.tol))


def chosen(size: int, samples: int, rng: np.random.Generator) -> Any:
    """Which elements to check: all where there are few, else a random choice."""
    return np.arange(size) if size <= samples else np.sort(rng.choice(size, samples, replace=False))


class Estimate(NamedTuple):
    """A derivative from differences, and how far the rounding of the function's own values may move it."""

    value: float
    rounding: float


def differences(gradient: Any, estimates: Sequence[Estimate], largest: float) -> tuple[float, float]:
    """The mean absolute difference, and the worst relative one.

    An element much smaller than the largest gradient is held to a thousandth of that, and none to more than
    the rounding of the function's values lets one see: the gradient of a bias before a BatchNorm is 0, and
    differences give 1e-12.
    """
    numbers = np.array([e.value for e in estimates])
    if not np.all(np.isfinite(gradient)) or not np.all(np.isfinite(numbers)):
        return float("nan"), float("inf")
    absolute = np.abs(gradient - numbers)
    visible = np.array([e.rounding for e in estimates]) / RESOLUTION
    scale = np.maximum(np.maximum(np.abs(gradient), np.abs(numbers)), np.maximum(1e-3 * largest, visible))
    relative = absolute / np.where(scale > 0, scale, 1.0)
    return float(np.mean(absolute)) if absolute.size else 0.0, float(np.max(relative, initial=0.0))


def numerical(objective: Callable[[], float], array: Any, place: int) -> Estimate:
    """The derivative of the objective by one element, from differences that do not straddle a kink.

    Central differences at h and h/2 agree on a smooth stretch, and then extrapolate to one of fourth
    order; where they do not, as beside the kink of a Relu, the step is made smaller.
    """
    flat = array.reshape(-1)
    origin = flat[place]
    height = 0.0

    def central(h: float) -> float:
        nonlocal height
        flat[place] = origin + h
        above = objective()
        flat[place] = origin - h
        below = objective()
        flat[place] = origin
        height = max(abs(above), abs(below))
        return (above - below) / (2 * h)

    h = STEP * max(1.0, abs(origin))
    best, smallest = Estimate(0.0, 0.0), float("inf")
    while True:
        wide, narrow = central(h), central(h / 2)
        gap = abs(wide - narrow)
        if gap < smallest:
            best, smallest = Estimate((4 * narrow - wide) / 3, ROUNDING * height / h), gap
        if gap <= 1e-7 * max(abs(narrow), 1e-3) or h <= SMALLEST_STEP or not np.isfinite(gap):
            return best if np.isfinite(smallest) else Estimate(narrow, 0.0)
        h /= 8


def _culprit(tape: Tape, of: int, tolerance: float, rng: np.random.Generator) -> str | None:
    """The first operation, in forward order, whose own gradients are wrong at the values of this run."""
    needed = tape.network.ancestors([of])
    for node in tape.network.nodes:
        if needed[node.number] and node.operation is not None and local_error(tape, node, rng) > tolerance:
            return f"{node.name} ({node.spec.operation})"
    return None


def local_error(tape: Tape, node: Node, rng: np.random.Generator, samples: int = 24) -> float:
    """The worst relative error of one operation's backward against a random upstream gradient."""
    y = tape.values[node.number]
    if y.dtype.kind != "f":
        return 0.0
    dy = rng.standard_normal(y.shape)
    parts: dict[int, Any] = {}
    for number, part in tape._backward(node, dy):
        parts[number] = part if number not in parts else parts[number] + part
    operands = [o.number for o in node.operands if type(o) is Ref]
    worst = 0.0
    for number in dict.fromkeys([*operands, *node.own.values()]):
        value = tape.values[number]
        if value is None or value.dtype.kind != "f":
            continue
        array = np.array(value, dtype=np.float64)
        objective = _local_objective(tape, node, number, array, dy)
        places = chosen(array.size, samples, rng)
        found = [numerical(objective, array, int(i)) for i in places]
        gradient = np.broadcast_to(np.asarray(parts.get(number, 0.0), dtype=np.float64), array.shape)
        largest = float(np.max(np.abs(gradient), initial=0.0))
        worst = max(worst, differences(gradient.reshape(-1)[places], found, largest)[1])
    return worst


def _local_objective(tape: Tape, node: Node, number: int, array: Any, dy: Any) -> Callable[[], float]:
    operation, _, keywords, _ = tape.saved[node.number]

    def objective() -> float:
        values = [
            (array if o.number == number else tape.values[o.number]) if type(o) is Ref else o
            for o in node.operands
        ]
        named = {k: array if node.own.get(k) == number else v for k, v in keywords.items()}
        if isinstance(named.get("random"), Draws):
            named["random"] = named["random"].again()
        return float(np.sum(outcome(operation, operation.forward(*values, **named))[0] * dy))

    return objective
