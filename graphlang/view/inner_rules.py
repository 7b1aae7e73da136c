"""The rules inside of an operation: how each primitive is computed, and what it passes back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from graphlang.trace import SymbolicArray
from graphlang.view.formulas import ARRIVING, RESULT, Formula, Known, Place, Printer, TooLong
from graphlang.view.scene import InsideNode, Rule, SceneEdge, Token
from graphlang.view.unfold import Unfolding


class InnerRules:
    """The rules of one inside, printed from what the primitives record."""

    def __init__(self, unfolding: Unfolding, values: Sequence[Any], operation: str, of: str) -> None:
        self._unfolding = unfolding
        self._values = values
        self._of = of
        #: by place: the name of a node, of a constant its number
        self._names: list[str] = []
        self._operation = operation

    def fill(self, nodes: Sequence[InsideNode], edges: Sequence[SceneEdge]) -> None:
        """Writes the rules into nodes and edges."""
        self._names = _names(nodes, self._operation)
        into: dict[str, dict[int, SceneEdge]] = {}
        for edge in edges:
            if isinstance(edge["place"], int):
                into.setdefault(edge["to"], {})[edge["place"]] = edge
        for place, node in enumerate(nodes):
            if node["kind"] == "operation":
                self._fill(place, node, nodes, into.get(node["id"], {}))

    def _fill(
        self, place: int, node: InsideNode, nodes: Sequence[InsideNode], edges: Mapping[int, SceneEdge]
    ) -> None:
        trace, operands, y, dy, gradients = self._unfolding.recorded(place, self._values)
        if not isinstance(y, SymbolicArray):
            return
        tokens: dict[Place, Token] = {
            position: self._token(int(edge["from"]), nodes) for position, edge in edges.items()
        }
        place_of: dict[int, Place] = {
            x.number: position for position, x in enumerate(operands) if x.__class__ is SymbolicArray
        }
        node["forward"] = _rule(Printer(trace, place_of), y, tokens)
        if dy is None or node["g"] is None:
            return
        tokens[RESULT] = self._token(place, nodes)
        tokens[ARRIVING] = {"g": node["g"], "name": f"∂{self._of}/∂{self._names[place]}"}
        printer = Printer(trace, {**place_of, y.number: RESULT, dy.number: ARRIVING})
        for position, edge in edges.items():
            if edge["g"] is not None and gradients[position] is not None:
                edge["rule"] = _rule(printer, gradients[position], tokens, scalar=not node["shape"])

    def _token(self, place: int, nodes: Sequence[InsideNode]) -> Token:
        name = self._names[place]
        return {"v": nodes[place]["v"], "name": name} if nodes[place]["kind"] != "constant" else name


def _names(nodes: Sequence[InsideNode], operation: str) -> list[str]:
    """The names of the nodes; those without one are counted, as values in a file are."""
    counts: Counter[str] = Counter()
    names = []
    for node in nodes:
        if node["kind"] == "constant":
            names.append(node["sign"].replace("-", "−", 1))
        elif node["kind"] == "operand":
            names.append(node.get("outer", node["sign"]))
        elif node["result"] or node["name"]:
            names.append(operation if node["result"] else node["name"])
        else:
            counts[node["op"]] += 1
            names.append(f"{node['op']}{counts[node['op']]}")
    return names


def _rule(
    printer: Printer, value: Any, tokens: Mapping[Place, Token], *, scalar: bool = False
) -> Rule | None:
    try:
        formula: Formula = printer.formula(value)
    except TooLong:
        return None
    if scalar and formula == (Known(ARRIVING),):
        formula = (Known(ARRIVING), " × 1")
    elif scalar and formula == ("−", Known(ARRIVING)):
        formula = (Known(ARRIVING), " × (−1)")
    if any(isinstance(piece, Known) and piece.place not in tokens for piece in formula):
        return None
    return [piece if isinstance(piece, str) else tokens[piece.place] for piece in formula]
