"""Evaluates `a.b`: a parameter of a layer, `x.T`, and what looks like a part and is none."""

from __future__ import annotations

from typing import Any

from graphlang.diagnostics import Diagnostic
from graphlang.diagnostics.kinds import NameAsValue
from graphlang.diagnostics.names import NoSuchPart
from graphlang.diagnostics.shapes import TransposedVector
from graphlang.resolve import member_names
from graphlang.resolve.apply import apply_named
from graphlang.resolve.context import Context
from graphlang.resolve.evaluator import Steps
from graphlang.resolve.names import is_value_name, may_open
from graphlang.resolve.operands import as_value, number_as_value
from graphlang.resolve.scopes import Module, Scope, SharedLayer
from graphlang.resolve.shared_layers import shared_parameter
from graphlang.resolve.type_texts import origins, type_text
from graphlang.resolve.values import POISON, Value
from graphlang.syntax import tree


def attribute(context: Context, node: tree.Attribute, scope: Scope) -> Steps:
    """`fc1.W`, `x.T`"""
    callee = scope.find_callable(node.value.name) if isinstance(node.value, tree.Name) else None
    if callee is POISON:
        return POISON
    if isinstance(callee, SharedLayer):
        return shared_parameter(context, callee, node)
    instance = None if isinstance(callee, Module) else member_names.instance_of(context, node.value, scope)
    if instance is not None and not (node.name == "T" and is_value_name(node.value, scope)):
        return member_names.parameter(context, instance, node)
    problem = _module_part(node, callee) if isinstance(callee, Module) else _misread(context, node, scope)
    if problem is not None:
        return context.poison(problem)
    value = yield node.value, scope
    return _part_of_value(context, node, value, scope)


def _module_part(node: tree.Attribute, module: Module) -> Diagnostic:
    if node.name in module.scope.callables:
        return NameAsValue.imported_operation(node.span, f"{module.name}.{node.name}")
    return NoSuchPart(node.name_span, module.name, node.name, list(module.scope.callables))


def _misread(context: Context, node: tree.Attribute, scope: Scope) -> Diagnostic | None:
    """What to report if the owner is a counted layer, `Affine1.W`, or a module of Python, `np.pi`."""
    owner = node.value
    if isinstance(owner, tree.Name) and _is_early_counter(context, owner.name, scope):
        return member_names.counter(owner.name, node)
    if not isinstance(owner, tree.Name | tree.Attribute) or may_open(context, scope):
        return None
    from graphlang.resolve.unknown_calls import module_of, part_of_module

    prefix = module_of(node, scope)
    return None if prefix is None else part_of_module(node, prefix)


def _is_early_counter(context: Context, name: str, scope: Scope) -> bool:
    """Whether a name is a counted one, as `Affine1`, before all layers are counted."""
    return not context.counted and not scope.defines(name) and member_names.is_counter(context, name)


def _part_of_value(context: Context, node: tree.Attribute, value: Any, scope: Scope) -> Any:
    if value is POISON:
        return POISON
    if node.name == "T":  # also of what is computed before running
        value = as_value(context, value, node.value.span, scope)
        value = number_as_value(context, value, node.value.span, scope, is_index=False)
        if value is POISON:
            return POISON
    if node.name != "T" or not isinstance(value, Value):
        from graphlang.resolve.unknown_calls import of_part

        return context.poison(of_part(node))
    if len(value.array.shape) < 2:
        return context.poison(TransposedVector(node.name_span, origins((value,)), type_text(value.array)))
    return apply_named(context, "matrix_transpose", (value,), node.span, scope)
