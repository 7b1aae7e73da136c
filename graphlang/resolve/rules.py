"""The table of rules: how each kind of node is evaluated, and in which module."""

from __future__ import annotations

from typing import Any

from graphlang.resolve.calls import call
from graphlang.resolve.chains import pipe
from graphlang.resolve.constant_calls import Evaluated
from graphlang.resolve.dotted_names import attribute
from graphlang.resolve.evaluator import Rules
from graphlang.resolve.layer_statements import layer
from graphlang.resolve.loops import list_for, tuple_of
from graphlang.resolve.names import name
from graphlang.resolve.operators import binary, conditional, list_of, unary
from graphlang.resolve.parameters import param
from graphlang.resolve.scans import scan
from graphlang.resolve.scopes import Scope
from graphlang.resolve.statements import assign
from graphlang.resolve.subscripts import index
from graphlang.syntax import tree


def _literal(context: Any, node: Any, scope: Scope) -> Any:
    """The value of a number, a text, `true` or `false`."""
    return node.value


def _none(context: Any, node: tree.NoneValue, scope: Scope) -> None:
    """`none`"""


RULES = Rules(
    leaves={
        tree.Number: _literal,
        tree.String: _literal,
        tree.Bool: _literal,
        tree.NoneValue: _none,
        tree.Name: name,
        Evaluated: _literal,
    },
    steps={
        tree.Binary: binary,
        tree.Unary: unary,
        tree.ListOf: list_of,
        tree.ListFor: list_for,
        tree.TupleOf: tuple_of,
        tree.Conditional: conditional,
        tree.Attribute: attribute,
        tree.Index: index,
        tree.Call: call,
        tree.Pipe: pipe,
        tree.Scan: scan,
        tree.Assign: assign,
        tree.Param: param,
        tree.LayerDecl: layer,
    },
)
