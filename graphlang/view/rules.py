"""The rules of a scene: how a node is computed, and what it passes back along each edge.

Backward is printed from what the operation's own backward records; where that is too long, the formula of the
documentation takes its place.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from graphlang.catalog.operation import Layer, is_by_hand, outcome
from graphlang.draw.numbers import short
from graphlang.engine import layer_results as results
from graphlang.engine.tape import Tape
from graphlang.spec.network import Network, Node, Ref
from graphlang.syntax.operators import BY_FUNCTION, NOT, POWER, SIGN
from graphlang.trace import SymbolicArray, SymbolicRandom, Trace, reached
from graphlang.view.formulas import ARRIVING, RESULT, Formula, Known, Place, Printer, TooLong
from graphlang.view.scene import Rule, Token

LONGEST = 72
"""The characters of a rule that is read at a glance."""


class Formulas(NamedTuple):
    """How an operation computes, and what it passes back to each operand; None where that is too long."""

    forward: Formula | None
    backward: Mapping[Place, Formula]


NOTHING = Formulas(None, {})


class LocalRules:
    """The rules of one run."""

    def __init__(self, tape: Tape, derived: bool) -> None:
        self._tape = tape
        self._network: Network = tape.network
        #: whether gradients come from recorded steps, as they do where a value contains a gradient
        self.derived = derived
        self._cache: dict[Any, tuple[Any, Formulas]] = {}
        self._docs: dict[str, str] = {}

    # ---- forward ----------------------------------------------------------------------------------------

    def forward(self, node: Node, token: Callable[[int], Token]) -> Rule | None:
        """How a node is computed; `token` is the token of a value, by its number."""
        operation = node.spec.operation
        operands: list[Token] = [
            token(o.number) if type(o) is Ref else short(o).replace("-", "−", 1)
            for o in node.operands
            if o is not None
        ]
        row = BY_FUNCTION.get(operation)
        if row is not None and len(operands) == 2:
            sign = "**" if row.precedence == POWER else f" {row.sign or row.symbol} "
            return [operands[0], sign, operands[1]]
        if row is not None and row.precedence in (NOT, SIGN):
            return [f"{row.sign or 'not '}", operands[0]]
        formula = self.formulas(node).forward if isinstance(node.operation, Layer) else None
        if formula is not None and _length(formula) <= LONGEST:
            return _filled(formula, self._tokens(node, token))
        return self._call(node, operands, token)

    def _call(self, node: Node, operands: list[Token], token: Callable[[int], Token]) -> Rule:
        """`mean(x, axis=1)`"""
        own: list[Token] = [token(number) for number in node.own.values()]
        attributes = (
            [] if node.loop is not None else [f"{n}={_attribute(v)}" for n, v in node.spec.attributes.items()]
        )
        rule: Rule = [f"{node.spec.operation}("]
        for i, argument in enumerate([*operands, *own, *filter(None, attributes)]):
            rule += [", ", argument] if i else [argument]
        return [*rule, ")"]

    # ---- backward ---------------------------------------------------------------------------------------

    def backward(
        self, node: Node, place: int | str | None, token: Callable[[int], Token], arriving: Token, y: Token
    ) -> Rule | None:
        """What a node passes back to what stands at a place."""
        if place is None or node.operation is None:
            return None
        formula = self.formulas(node).backward.get(place)
        if formula is None or _length(formula) > LONGEST:
            return self._documented(node, place)
        if not node.spec.shape and formula == (Known(ARRIVING),):
            formula = (Known(ARRIVING), " × 1")
        elif not node.spec.shape and formula == ("−", Known(ARRIVING)):
            formula = (Known(ARRIVING), " × (−1)")
        return _filled(formula, {**self._tokens(node, token), ARRIVING: arriving, RESULT: y})

    def _tokens(self, node: Node, token: Callable[[int], Token]) -> dict[Place, Token]:
        tokens: dict[Place, Token] = {
            i: token(o.number) for i, o in enumerate(node.operands) if type(o) is Ref
        }
        return {**tokens, **{role: token(number) for role, number in node.own.items()}}

    def _documented(self, node: Node, place: int | str) -> Rule | None:
        """The formula of the documentation for the gradient of an argument."""
        entry = self._network.catalog.find(node.spec.operation)
        names = entry.tensors if entry is not None else ()
        name = place if isinstance(place, str) else names[place] if place < len(names) else ""
        gradient = self.documentation(node).partition("Gradient: ")[2]
        clause = re.search(rf"(?:^|[;,]\s+)d{re.escape(name)} = (.*?)(?=[;,]\s+d\w+ = |$)", gradient)
        return [clause[1].rstrip(".")] if name and clause else None

    # ---- documentation ----------------------------------------------------------------------------------

    def documentation(self, node: Node) -> str:
        """The formula of an operation and that of its gradient, a line each."""
        name = node.spec.operation
        if name not in self._docs:
            entry = self._network.catalog.find(name)
            text = inspect.cleandoc((entry and entry.target.__doc__) or "")
            formula = " ".join(text.partition("\n\n")[0].split())
            gradient = re.search(r"^Gradient: .*(?:\n(?!\w+: ).+)*", text, re.MULTILINE)
            lines = [formula, " ".join(gradient[0].split()) if gradient else ""]
            self._docs[name] = "\n".join(filter(None, lines))
        return self._docs[name]

    # ---- recording --------------------------------------------------------------------------------------

    def formulas(self, node: Node) -> Formulas:
        """The formulas of a node's operation, recorded once for operands of one kind."""
        call = self._tape.calls[node.number]
        if node.operation is None or call is None:
            return NOTHING
        operation, keywords = call[0], call[2]
        operands = self._tape.operands[node.number]
        key = (id(operation), *map(_kind, operands), *map(_kind, keywords.values()))
        if key not in self._cache:
            try:
                formulas = _recorded(operation, operands, keywords, self.derived)
            except Exception:  # noqa: BLE001 - a user's layer may raise anything; then it has no formula
                formulas = NOTHING
            # The entry holds the operation, so that no other one can get the same id.
            self._cache[key] = operation, formulas
        return self._cache[key][1]


def _kind(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        return value.shape, value.dtype
    return value if isinstance(value, int | float | bool) else type(value)


def _attribute(value: Any) -> str:
    text = str(value.get("use", "")) if isinstance(value, dict) else str(value)
    return text if len(text) <= 24 else "…"


def _length(formula: Formula) -> int:
    return sum(len(piece) if isinstance(piece, str) else 6 for piece in formula)


def _filled(formula: Formula, tokens: Mapping[Place, Token]) -> Rule | None:
    if any(isinstance(piece, Known) and piece.place not in tokens for piece in formula):
        return None
    return [piece if isinstance(piece, str) else tokens[piece.place] for piece in formula]


def _recorded(operation: Any, operands: list[Any], keywords: Mapping[str, Any], derived: bool) -> Formulas:
    """Runs an operation on symbolic arrays, forward and backward, and prints what that records."""
    trace = Trace()
    place_of: dict[int, Place] = {}

    def symbol(place: Place, value: Any) -> Any:
        if not isinstance(value, np.ndarray | np.generic):
            return value
        x = trace.input(value.shape, value.dtype)
        place_of[x.number] = place
        return x

    with trace:
        values = [symbol(i, x) for i, x in enumerate(operands)]
        own: dict[Place, Any] = {role: symbol(role, x) for role, x in keywords.items() if role != "random"}
        named = {str(role): x for role, x in own.items()}
        named |= {"random": SymbolicRandom(trace)} if "random" in keywords else {}
        y, saved, *_ = outcome(operation, operation.forward(*values, **named))
        if not isinstance(y, SymbolicArray):
            return NOTHING
        forward = _printed(Printer(trace, place_of), y)
        dy = trace.input(y.shape, y.dtype)
        arguments: dict[Place, Any] = {**dict(enumerate(values)), **own}
        places: list[Place] = [place for place, x in arguments.items() if isinstance(x, SymbolicArray)]
        if derived or not is_by_hand(operation, saved):
            gradients = reached(y, [arguments[place] for place in places], dy)
        else:
            roles: list[Place] = [*range(len(values)), *results.own_order(operation)]
            by_place = dict(zip(roles, results.call_backward(operation, dy, saved), strict=False))
            gradients = [by_place.get(place) for place in places]
    printer = Printer(trace, {**place_of, y.number: RESULT, dy.number: ARRIVING})
    backward = {p: _printed(printer, g) for p, g in zip(places, gradients, strict=True) if g is not None}
    return Formulas(forward, {place: formula for place, formula in backward.items() if formula is not None})


def _printed(printer: Printer, value: Any) -> Formula | None:
    try:
        return printer.formula(value)
    except TooLong:
        return None
