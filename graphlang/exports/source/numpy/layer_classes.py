"""A class for each distinct node: `forward`, which keeps what `backward` reads, and `backward`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from graphlang.exports.source.language import GeneratedFile
from graphlang.exports.source.layout import STEP, docstring, statement_lines
from graphlang.exports.source.names import VariableNames, class_name, identifier
from graphlang.exports.source.numpy.layer_methods import FLAG, LayerArguments, LayerMethods, layer_methods
from graphlang.exports.source.size_texts import size_name
from graphlang.exports.walk import Recorded, WalkedNode

_NAMES = {"multiply": "MulLayer", "add": "AddLayer", "subtract": "SubLayer", "divide": "DivLayer"}
"""What the book calls the layers of arithmetic."""


class LayerUse(NamedTuple):
    """A node, as the network calls its class."""

    walked: WalkedNode
    #: the text of the class but its name
    body: tuple[str, ...]
    #: what `forward` takes: names of values of the graph
    operands: tuple[str, ...]
    #: sizes that `forward` takes after them
    sizes: tuple[str, ...]
    #: role -> parameter: what the class is made with
    parameters: dict[str, str]
    #: what `backward` returns: names of values of the graph
    passed: tuple[str, ...]
    #: role -> parameter: those that get a gradient, as `self.dW`
    trained: dict[str, str]
    #: whether training and evaluation differ
    has_mode: bool
    #: whether it takes the number of the step, from which random values follow
    has_step: bool

    @property
    def wanted_name(self) -> str:
        operation = self.walked.operation
        return _NAMES.get(operation, class_name(operation))


def layer_use(file: GeneratedFile, walked: WalkedNode, dtype: Any) -> LayerUse:
    """The class of a node and how it is used."""
    evaluation = walked.recorded(dtype, backward=True)
    names = _arguments(walked, evaluation)
    modes = [layer_methods(file, names, evaluation)]
    if walked.node.supplied or walked.built is None:
        training = walked.recorded(dtype, training=True, backward=True)
        if layer_methods(file, names, training)[:2] != modes[0][:2]:
            modes.append(layer_methods(file, names, training, depth=3))
    operands = tuple(names.operands)
    passed = tuple(dict.fromkeys(v for mode in modes for v in mode.passed))
    trained = tuple(dict.fromkeys(v for mode in modes for v in mode.trained))
    sizes = tuple(dict.fromkeys(v for mode in modes for v in mode.sizes))
    steps = any(mode.steps for mode in modes)
    body = _body(walked, names, modes, sizes, steps)
    own = {role: name for name, role in names.roles.items()}
    return LayerUse(
        walked, tuple(body), operands, sizes, own, passed,
        {role: name for role, name in own.items() if name in trained}, len(modes) > 1, steps,
    )  # fmt: skip


def _arguments(walked: WalkedNode, recorded: Recorded) -> LayerArguments:
    own = {name: role for role, name in walked.parameters.items()}
    scope = VariableNames({"dout", FLAG, "rng", "step", *own.values()})
    tensors = _tensor_names(walked)
    operands: dict[str, str] = {}
    for place, value in enumerate(walked.operands):
        if isinstance(value, str) and value in recorded.inputs and value not in operands:
            wanted = tensors[place] if place < len(tensors) else "x"
            operands[value] = scope.new(wanted if walked.operation != "grad" else identifier(value))
    for value in recorded.inputs:
        if value not in operands and value not in own:
            operands[value] = scope.new(identifier(value))
    roles = {name: role for name, role in own.items() if name in recorded.inputs and name not in operands}
    return LayerArguments(operands, roles)


def _tensor_names(walked: WalkedNode) -> Sequence[str]:
    if walked.built is None:
        return ()
    entry = walked.network.catalog.find(walked.operation)
    if entry is None:
        return ()
    count = len(walked.operands) - len(entry.tensors)
    return [*entry.tensors, *[f"x{i + 1}" for i in range(count)]] if entry.any_tensors else entry.tensors


def _body(
    walked: WalkedNode,
    names: LayerArguments,
    modes: Sequence[LayerMethods],
    sizes: Sequence[str],
    steps: bool,
) -> list[str]:
    """The lines of the class after its name."""
    lines = docstring(_about(walked), 1)
    own = list(dict.fromkeys(names.roles.values()))
    if own:
        lines += ["", *statement_lines(f"def __init__(self, {', '.join(own)}):", 1)]
        lines += [line for role in own for line in statement_lines(f"self.{role} = {role}", 2)]
    taken = [*names.operands.values(), *map(size_name, sizes)]
    taken += ["step"] if steps else []
    taken += [f"{FLAG}=False"] if len(modes) > 1 else []
    lines += ["", *statement_lines(f"def forward({', '.join(['self', *taken])}):", 1)]
    lines += _in_modes([mode.forward for mode in modes], keeps=any(mode.backward for mode in modes))
    if any(mode.backward for mode in modes):
        lines += ["", f"{STEP}def backward(self, dout):"]
        lines += _in_modes(
            [mode.backward or [f"{STEP * (2 + i)}pass"] for i, mode in enumerate(modes)], flag=f"self.{FLAG}"
        )
    return lines


def _in_modes(bodies: Sequence[list[str]], flag: str = FLAG, *, keeps: bool = False) -> list[str]:
    """One body, or that of training under its condition and then the other."""
    first, *others = bodies
    if not others:
        return first
    if others[0] == first:
        return first
    kept = [f"{STEP * 2}self.{FLAG} = {FLAG}"] if keeps else []
    return [*kept, f"{STEP * 2}if {flag}:", *others[0], *first]


def _about(walked: WalkedNode) -> str:
    """What the class computes: the formula of its operation in the catalog."""
    if walked.built is None:
        return {
            "grad": "The gradient of one value by another, computed from what both depend on.",
            "scan": "The same steps along a sequence.",
            "constant": "A constant.",
        }.get(walked.operation, walked.operation)
    entry = walked.network.catalog.find(walked.operation)
    text = (entry.target.__doc__ or "").strip() if entry is not None else ""
    first = text.split("\n\n")[0].split("\n")
    return "\n".join(line.strip() for line in first) if first[0] else f"`{walked.operation}`."
