"""The gradient of a value as equations, by what each node passes back, in reverse order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from graphlang.exports.latex.equations import EquationWriter
from graphlang.exports.latex.notation import SUM, Tex, tex_width
from graphlang.exports.walk import Recorded, WalkedNode
from graphlang.spec.network import Network, Node, Ref
from graphlang.trace import SymbolicArray, needed_steps


class WrittenNode(NamedTuple):
    """A node whose forward equations have been written."""

    walked: WalkedNode
    recorded: Recorded
    #: has the symbols of what forward computes
    writer: EquationWriter


class GradientWriter:
    """Writes the gradient of one value."""

    def __init__(self, network: Network, of: str, letter: str, symbols: Mapping[str, str] | Any) -> None:
        self.network = network
        self.of = of
        self.letter = letter
        self.symbols = symbols
        self._lead = on_the_way(network, of)
        self._parts: dict[str, list[Tex]] = {}

    def symbol(self, name: str) -> str:
        """The symbol of the gradient of a value."""
        return rf"\frac{{\partial {self.letter}}}{{\partial {self.symbols[name]}}}"

    def _arriving(self, name: str) -> Tex:
        """The gradient that arrives at a node: ones where backward starts."""
        if name == self.of:
            return Tex(r"\mathbf{1}" if self.network.spec_of(name).shape else "1")
        return Tex(self.symbol(name))

    def blocks(self, nodes: Sequence[WrittenNode]) -> list[tuple[WalkedNode, list[str]]]:
        """The equations of each node, with the node."""
        waiting: dict[str, int] = {}
        reached = [n for n in nodes if n.walked.name in self._lead]
        for node in reached:
            for name in node.recorded.gradients:
                waiting[name] = waiting.get(name, 0) + (name in self._lead)
        found: list[tuple[WalkedNode, list[str]]] = []
        arrived = {self.of}
        for node in reversed(reached):
            if node.walked.name not in arrived:
                for name in node.recorded.gradients:
                    waiting[name] -= name in self._lead
                lines = self._complete(waiting, arrived)
            else:
                lines = self._passed(node, waiting, arrived)
            if lines:
                found.append((node.walked, lines))
        return found

    def _passed(self, node: WrittenNode, waiting: dict[str, int], arrived: set[str]) -> list[str]:
        """What a node passes back, and the gradients that are complete with it."""
        recorded, writer = node.recorded, node.writer
        gradients = {n: dx for n, dx in recorded.gradients.items() if n in self._lead}
        writer.lines = []
        if recorded.dy is not None:
            writer.bind(recorded.dy, self._arriving(node.walked.name))
        single = {
            dx.number: self.symbol(name)
            for name, dx in gradients.items()
            if waiting[name] == 1 and name not in self._parts and _is_own(dx, recorded)
        }
        values = [dx for dx in gradients.values() if isinstance(dx, SymbolicArray)]
        writer.write(needed_steps(values) if values else [], single, values)
        written = set()
        for name, dx in gradients.items():
            waiting[name] -= 1
            if isinstance(dx, SymbolicArray) and single.get(dx.number) == self.symbol(name):
                written.add(name)
                arrived.add(name)
                continue
            self._parts.setdefault(name, []).append(writer.operand(dx))
        return writer.lines + self._complete(waiting, arrived)

    def _complete(self, waiting: Mapping[str, int], arrived: set[str]) -> list[str]:
        """The sums of the gradients to which all uses have given their part."""
        lines = []
        for name in [n for n in self._parts if waiting[n] == 0]:
            parts = self._parts.pop(name)
            arrived.add(name)
            lines += _sum_lines(self.symbol(name), parts)
        return lines


def _is_own(dx: Any, recorded: Recorded) -> bool:
    """Whether a gradient is a step of its own, which no other gradient is too."""
    if not isinstance(dx, SymbolicArray) or dx.number < 0:
        return False
    numbers = [v.number for v in recorded.gradients.values() if isinstance(v, SymbolicArray)]
    return numbers.count(dx.number) == 1


def _sum_lines(left: str, parts: Sequence[Tex]) -> list[str]:
    """A sum, on as many lines as it needs."""
    lines = [f"{left} &= {parts[0].within(SUM)}"]
    total = tex_width(parts[0].text)
    for part in parts[1:]:
        text = part.within(SUM)
        signed = f"- {text[1:]}" if text.startswith("-") else f"+ {text}"
        if total + tex_width(text) > 50:
            lines.append(rf"&\quad {signed}")
            total = tex_width(text)
        else:
            lines[-1] += f" {signed}"
            total += tex_width(text) + 2
    return lines


def on_the_way(network: Network, of: str) -> set[str]:
    """The float values that the gradient passes on the way to the parameters; to the inputs, where there is
    no parameter."""
    before = network.ancestors([network.numbers[of]])
    names = [name for number, name in enumerate(network.names) if before[number]]
    ends = [n for n in names if n in network.params and network.params[n].trainable]
    ends = ends or [n for n in names if n in network.inputs and network.inputs[n].dtype == "float"]
    lead = set(ends)
    for node in network.nodes:
        reads = {network.names[n] for n in _numbers_of(node)}
        if before[node.number] and reads & lead and node.spec.dtype == "float":
            lead.add(node.name)
    return lead | {of}


def _numbers_of(node: Node) -> list[int]:
    return [o.number for o in node.operands if type(o) is Ref] + [*node.own.values()]


def is_differentiable(network: Network, name: str) -> bool:
    """Whether a value is a float that depends on a parameter or an input of floats."""
    return network.spec_of(name).dtype == "float" and len(on_the_way(network, name)) > 1
