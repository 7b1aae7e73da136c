"""Evaluates the attributes of a layer or function, which must be known before running."""

from __future__ import annotations

import re
import typing
from typing import Any, Literal

from graphlang.catalog.finder import OperationAttribute
from graphlang.contracts.initializer import Initializer
from graphlang.diagnostics import Diagnostic
from graphlang.diagnostics.arguments import NoWord, NumberInQuotes
from graphlang.diagnostics.names import MisspeltName
from graphlang.resolve.context import Context
from graphlang.resolve.evaluator import Steps
from graphlang.resolve.known_values import constant_behind
from graphlang.resolve.members import member
from graphlang.resolve.scopes import Scope
from graphlang.syntax import tree

PAIRWISE = {"max": "maximum", "min": "minimum"}
"""Functions over one value whose names mean a choice between two elsewhere, and the functions for that."""


def attribute_value(
    context: Context, attribute: OperationAttribute, owner: str, expression: Any, scope: Scope
) -> Steps:
    """The value of one attribute; an `init` is looked up among the initializers."""
    if _is_initializer(attribute.type):
        return (yield member(context, "initializers", expression, scope))
    if isinstance(expression, tree.Name | tree.NoneValue):
        word = expression.name if isinstance(expression, tree.Name) else "none"
        words = _words(attribute.type)
        if word in words:
            return word
        misspelt = _misspelt_word(attribute, owner, expression, scope, words)
        if misspelt is not None:
            return context.poison(misspelt)
    outside, context.among_attributes = context.among_attributes, True
    value = yield expression, scope
    context.among_attributes = outside
    if isinstance(value, str) and _is_number_in_quotes(attribute.type, value):
        plain = value if isinstance(expression, tree.String) else None
        quoted = NumberInQuotes(expression.span, owner, attribute.name, f'"{value}"', plain)
        return context.poison(quoted)
    if isinstance(expression, tree.TupleOf) and isinstance(value, tuple):
        value = list(value)  # `kernel=(3, 3)`
    pairwise = (owner, PAIRWISE[owner]) if owner in PAIRWISE else None
    return constant_behind(context, value, expression.span, f"`{attribute.name}` of `{owner}`", pairwise)


def _misspelt_word(
    attribute: OperationAttribute, owner: str, expression: Any, scope: Scope, accepted: tuple[Any, ...]
) -> Diagnostic | None:
    """What to report for a name that nothing defines, where the attribute takes words."""
    words = [word for word in accepted if isinstance(word, str)]
    if not words or not isinstance(expression, tree.Name):
        return None
    name = expression.name
    if any(name in visible.names or name in visible.dims for visible in scope.outward()):
        return None
    problem = MisspeltName(expression.span, name, dict.fromkeys(words))
    if problem.match is not None:
        return problem
    if typing.get_origin(attribute.type) is not Literal:
        return None
    return NoWord(expression.span, owner, attribute.name, words)


def _is_number_in_quotes(hint: Any, text: str) -> bool:
    """Whether a text is a number or a truth value, and the attribute takes no texts."""
    options = typing.get_args(hint) or (hint,)
    if str in options or text in _words(hint):
        return False
    return re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?|true|false", text) is not None


def is_size_for_start(attribute: OperationAttribute, argument: tree.Argument, scope: Scope) -> bool:
    """Whether a size stands, without a name, where an initializer would: the 50 of `Affine(784, 50)`."""
    if argument.name is not None or not _is_initializer(attribute.type):
        return False
    node = argument.value
    value = node.value if isinstance(node, tree.Number) else None
    if isinstance(node, tree.Name):
        value = scope.find(node.name)
    return isinstance(value, int) and not isinstance(value, bool) and value > 1


def _words(hint: Any) -> tuple[Any, ...]:
    """The words that an attribute accepts, as `last` in `return=last`; they need no quotes."""
    if typing.get_origin(hint) is Literal:
        return typing.get_args(hint)
    return tuple([word for option in getattr(hint, "__args__", ()) for word in _words(option)])


def _is_initializer(hint: Any) -> bool:
    options = getattr(hint, "__args__", None) or (hint,)
    return any(isinstance(o, type) and issubclass(o, Initializer) for o in options)
