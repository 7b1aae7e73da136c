"""Evaluation without recursion: a stack of steps, and a table with the rule for each kind of node."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from types import GeneratorType
from typing import Any, NamedTuple, TypeAlias

from graphlang.resolve.scopes import Scope

Request: TypeAlias = Any
"""What evaluation asks for: a pair (node, scope), or further steps."""
Steps: TypeAlias = Generator[Request, Any, Any]
"""A piece of evaluation: it yields requests and is sent the result of each."""


class Rules(NamedTuple):
    """How nodes of the tree, expressions and statements alike, are evaluated, by their type.

    A rule is called with the context, the node and the scope. A leaf returns its value at once; every other
    rule returns steps. Because one rule reaches another through this table, the modules of the rules need
    not import one another.
    """

    leaves: Mapping[type, Callable[[Any, Any, Scope], Any]]
    steps: Mapping[type, Callable[[Any, Any, Scope], Steps]]


class Evaluator:
    """Evaluates nodes by rules, with a stack of its own: nesting costs memory, but no recursion."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules

    def evaluate(self, node: Any, scope: Scope) -> Any:
        """The value of an expression: a constant, a size, a Value, or POISON after a reported mistake."""
        return self.run((node, scope))

    def run(self, request: Request) -> Any:
        """Answers a request and every request that arises from it."""
        leaves, rules = self.rules
        stack: list[Steps] = []
        value: Any = None
        while True:
            if type(request) is GeneratorType:
                stack.append(request)
                value = None
            elif request is not None:
                node, scope = request
                leaf = leaves.get(type(node))
                if leaf is not None:
                    value = leaf(self, node, scope)
                else:
                    stack.append(rules[type(node)](self, node, scope))
                    value = None
            if not stack:
                return value
            try:
                request = stack[-1].send(value)
            except StopIteration as stop:
                stack.pop()
                value, request = stop.value, None
