"""Which values of a graph an estimator works with: the inputs for X, y and sample weights, and the result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from graphlang.api import Graph
from graphlang.diagnostics import closest
from graphlang.training.sections import section_of

KEYS = ("X", "y", "sample_weight", "output", "features", "targets")
"""What `names` may name."""


class Roles(NamedTuple):
    """The names of the inputs, where that of weights may be missing, and of the value that is predicted."""

    x: str
    t: str
    weight: str | None
    output: str


def roles_of(graph: Graph, names: Mapping[str, str]) -> Roles:
    """The roles of a graph's values; raises ValueError where the file does not tell, and `names` neither."""
    train, network = section_of(graph.model, "fit"), graph.network
    for role in ("X", "y", "sample_weight"):
        if role in names and names[role] not in network.inputs:
            raise ValueError(_unknown("input", names[role], list(network.inputs)))
    minimized = [train.minimize, *(objective.loss for objective in train.objectives)]
    output = names.get("output") or _output(graph, [*minimized, *train.metrics.values()])
    if output not in network.numbers:
        raise ValueError(_unknown("value", output, network.names))
    needed = _without_value(graph, network.inputs_of([output]))
    x = names.get("X") or _one("X", needed, f"`{output}` depends on")
    others = [name for name in _without_value(graph, network.inputs_of(minimized)) if name != x]
    weights = [name for name in others if name in _weights(graph) and name != names.get("y")]
    weight = names.get("sample_weight") or (weights[0] if len(weights) == 1 else None)
    t = names.get("y") or _one("y", [n for n in others if n != weight], f"`{train.minimize}` depends on")
    return Roles(x, t, weight, output)


def checked_names(names: object) -> dict[str, str]:
    """The option `names`: a mapping from KEYS to names of the file."""
    if names is None:
        return {}
    texts = isinstance(names, Mapping) and all(isinstance(value, str) for value in names.values())
    if not isinstance(names, Mapping) or not texts:
        raise TypeError(f'names is a mapping as {{"X": "x", "y": "t"}}, not {names!r}')
    for key in names:
        if key not in KEYS:
            raise ValueError(f"names has no key {key!r}: there are {', '.join(KEYS)}")
    return dict(names)


def _output(graph: Graph, measured: Sequence[str]) -> str:
    """The one output of the file that is neither minimized nor a metric."""
    outputs = [name for name in graph.spec.outputs if name not in measured]
    if len(outputs) == 1:
        return outputs[0]
    what = f"has the outputs {_listed(outputs)}" if outputs else "has no output beside its loss"
    raise ValueError(f'the file {what}: say which value is predicted, names={{"output": "y"}}')


def _without_value(graph: Graph, inputs: Sequence[str]) -> list[str]:
    return [name for name in inputs if graph.inputs[name].default is None]


def _one(role: str, candidates: Sequence[str], why: str) -> str:
    if len(candidates) == 1:
        return candidates[0]
    which = f"the inputs {_listed(candidates)}" if candidates else "no input without a value"
    raise ValueError(f'{why} {which}: say which one is {role}, names={{"{role}": "..."}}')


def _weights(graph: Graph) -> set[str]:
    """The inputs that a loss takes as `sample_weight`."""
    network, names = graph.network, set[str]()
    for node in graph.spec.nodes:
        entry = network.catalog.find(node.operation)
        if entry is None or "sample_weight" not in entry.tensors:
            continue
        place = entry.tensors.index("sample_weight")
        operand = node.operands[place] if place < len(node.operands) else None
        if isinstance(operand, str) and operand in network.inputs:
            names.add(operand)
    return names


def _unknown(kind: str, name: str, known: Sequence[str]) -> str:
    match = closest(name, list(known))
    instead = f"did you mean `{match}`?" if match else f"there are {_listed(known)}"
    return f"the file has no {kind} `{name}`; {instead}"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
