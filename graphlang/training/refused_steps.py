"""The error of a training step whose loss or gradients are not finite.

The interpreter, which keeps every value, runs the step again to find where the first such number is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from graphlang.catalog.operation import Random
from graphlang.datasets.number_checks import not_finite, place_text
from graphlang.diagnostics import Diagnostic, GraphError
from graphlang.diagnostics.not_finite import GradientNotFinite, NotFinite
from graphlang.engine.model import Model
from graphlang.engine.random_streams import Draws
from graphlang.engine.recorder import leaf_values, record
from graphlang.engine.run_state import GRADIENT_OF
from graphlang.engine.scan import ScanOperation
from graphlang.engine.tape import Tape
from graphlang.spec.network import Network, Node
from graphlang.trace import NoGradient, Step, SymbolicArray, Trace, needed_steps, reached


class StepInputs(NamedTuple):
    """The inputs of a step by number, the named dimensions, and for inputs from a data set its rows."""

    inputs: Mapping[int, Any]
    sizes: Mapping[str, int]
    rows: Mapping[int, Any]


class TriedObjective(NamedTuple):
    """What a step does for one loss: the parameters that change for it, and how."""

    loss: int
    trained: Sequence[str]
    #: the new values of parameters by name, from their gradients
    updated: Callable[[Mapping[str, Any]], Mapping[str, Any]]
    #: when it is, in a message
    when: str


def not_finite_error(
    model: Model, objectives: Sequence[TriedObjective], batch: StepInputs, random: Random, step: int
) -> GraphError:
    """Names the first value that is not finite, or the first operation, in backward order, with such a
    gradient; each objective is computed from what the ones before it leave."""
    network, numbers = model.network, model.network.numbers
    leaves = {**batch.inputs, **model.params.numbered()}
    problem: GradientNotFinite | None = None
    for place, (loss, trained, updated, when) in enumerate(objectives):
        tape = _Watched(network, leaves, dtype=model.dtype, sizes=batch.sizes, training=True, random=random)
        tape.seeds = tape.seeds._replace(counters=(step,))
        with model.diagnosed():
            tape.forward([loss])
            if not np.isfinite(tape.values[loss]):
                return GraphError([_of_loss(model, tape, loss, when, batch.rows)])
            gradients, name = _gradients(tape, loss, [numbers[n] for n in trained])
            problem = _of_gradients(model, tape, loss, dict(zip(trained, gradients, strict=True)), name, when)
            if problem.parameters or place == len(objectives) - 1:
                break
            there = {n: g for n, g in zip(trained, gradients, strict=True) if g is not None}
            leaves |= {numbers[n]: array for n, array in updated(there).items() if n in numbers}
            leaves |= tape.state
    assert problem is not None, "a training has an objective"
    return GraphError([problem])


def _kind(value: Any) -> str:
    return "not a number (nan)" if np.any(np.isnan(value)) else "infinite"


def _is_finite(value: Any) -> bool:
    return value is None or value.dtype.kind != "f" or bool(np.all(np.isfinite(value)))


# ---- the loss -----------------------------------------------------------------------------------------


def _of_loss(model: Model, tape: Tape, loss: int, when: str, rows: Mapping[int, Any]) -> Diagnostic:
    network = model.network
    first = next((n for n, value in enumerate(tape.values) if not _is_finite(value)), loss)
    name, kind = network.names[first], _kind(tape.values[loss])
    problem = NotFinite(name, _operation(model, first), kind, when, network.span(name))
    inner = _in_loops(tape, first)
    if inner is not None:
        network, first = inner
        name = network.names[first]
        operation = network.nodes[first - network.first_node].spec.operation
        return NotFinite(name, operation, kind, when, network.span(name))
    if name in network.inputs:
        return problem.replaced(number=_not_finite_in(tape.values[first], rows.get(first)))
    return problem


def _in_loops(tape: Tape, number: int) -> tuple[Network, int] | None:
    """For the result of a `scan`, the first value in its body that is not finite, in a scan within it too:
    the network of the body, and the number."""
    place: tuple[Network, int] | None = None
    while number >= tape.network.first_node:
        node = tape.network.nodes[number - tape.network.first_node]
        if node.loop is None:
            return place
        bodies = _bodies(tape, node)
        inner = next(
            ((body, n) for body in bodies for n, value in enumerate(body.values) if not _is_finite(value)),
            None,
        )
        if inner is None or inner[1] < inner[0].network.first_node:
            return place
        tape, number = inner
        place = tape.network, number
    return place


def _bodies(tape: Tape, node: Node) -> list[Tape]:
    """The runs of the body of a `scan` that has been computed, one after the other."""
    operation, _, keywords, _ = tape.call(node)
    assert isinstance(operation, ScanOperation), node.name
    bodies: list[Any] = []

    def run_body(*arguments: Any) -> Any:
        bodies.append(operation.run_body(*arguments))
        return bodies[-1]

    random = keywords.get("random")
    again = random.again() if isinstance(random, Draws) else random
    watched = ScanOperation(operation.loop, run_body)
    watched.forward(*tape.operands[node.number], **{**keywords, "random": again})
    return bodies


def _not_finite_in(array: Any, rows: Any) -> tuple[float, str] | None:
    """The first number of an input that is not finite, and its place, where possible the row of the data."""
    place = not_finite(array)
    if place is None:
        return None
    at = place_text(place) if rows is None else f" in row {int(rows[place[0]])} of the data"
    return float(array[place]), at


def _operation(model: Model, number: int) -> str:
    """The operation that computes a value, or what else the value is."""
    network = model.network
    if number >= network.first_node:
        return network.nodes[number - network.first_node].spec.operation
    return "parameter" if network.names[number] in network.params else "input"


# ---- the gradients ------------------------------------------------------------------------------------


class _Watched(Tape):
    """Keeps the first node, in backward order, that gets or passes back a gradient that is not finite."""

    first: Node | None = None

    def passed_back(self, node: Node, dy: Any, *, derived: bool = False) -> list[tuple[int, int | str, Any]]:
        parts = super().passed_back(node, dy, derived=derived)
        if self.first is None and self.trace is None:  # symbolic arrays have no numbers
            finite = all(_is_finite(gradient) for gradient in [dy, *(part for *_, part in parts)])
            self.first = None if finite else node
        return parts


def _gradients(tape: _Watched, loss: int, numbers: Sequence[int]) -> tuple[list[Any], str | None]:
    """The gradients by some parameters, and the first node in backward order with one that is not finite."""
    try:
        by_number = tape.backward(loss, towards=list(numbers))
    except NoGradient:  # the loss contains gradients, which are derived by primitives
        return _by_primitives(tape, loss, numbers)
    return [by_number.get(n) for n in numbers], None if tape.first is None else tape.first.name


def _of_gradients(
    model: Model, tape: Tape, loss: int, gradients: Mapping[str, Any], name: str | None, when: str
) -> GradientNotFinite:
    network = model.network
    wrong = {parameter: _kind(g) for parameter, g in gradients.items() if not _is_finite(g)}
    operation = None if name is None else _operation(model, network.numbers[name])
    place = name or next(iter(wrong), None)
    span = None if place is None else network.span(place)
    return GradientNotFinite(wrong, name, operation, float(tape.values[loss]), when, span)


def _by_primitives(tape: Tape, loss: int, wrt: Sequence[int]) -> tuple[list[Any], str | None]:
    """The gradients, and the node in whose derivative the first number that is not finite is."""
    trace = Trace()
    symbolic = record(tape, trace)
    with trace:
        symbolic.forward([loss])
        forward = len(trace.steps)
        symbols = reached(symbolic.values[loss], [symbolic.values[i] for i in wrt])
    values: dict[int, Any] = {x.number: v for x, v in leaf_values(tape, symbolic).items()}
    first: Step | None = None
    for step in needed_steps([g for g in symbols if g is not None]):
        operands = [values[x.number] if x.__class__ is SymbolicArray else x for x in step.operands]
        value = values[step.output.number] = np.asarray(step.primitive.compute(*operands, **step.params))
        if first is None and step.output.number >= forward and not _is_finite(value):
            first = step
    name = None if first is None else _origin(first, forward)
    gradients = [None if g is None else values[g.number] for g in symbols]
    return gradients, name if name in tape.network.numbers else None


def _origin(step: Step, forward: int) -> str | None:
    """The node that a step of the backward pass belongs to: that of its first operand, or of the operands of
    its operands, that is computed in the forward pass."""
    waiting = [step]
    for later in waiting:
        for x in later.operands:
            earlier = x.trace.step_of(x) if x.__class__ is SymbolicArray else None
            if earlier is not None and earlier.output.number < forward:
                return earlier.origin.removeprefix(GRADIENT_OF)
            if earlier is not None:
                waiting.append(earlier)
    return None
