"""What to report for a call of something that is no operation of the language."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from graphlang.catalog.finder import CatalogEntry
from graphlang.catalog.foreign_names import MODULES, lookup_key, operation_meant, value_meant
from graphlang.diagnostics import Diagnostic, Edit, Span
from graphlang.diagnostics.kinds import (
    CalledLayer,
    CalledLayers,
    CalledMember,
    CalledMethod,
    CalledName,
    CalledValue,
    LayersWithoutBraces,
    NoOperation,
    PrefixOfFunction,
    PrefixOfValue,
    SquareArguments,
)
from graphlang.diagnostics.names import (
    MisspeltOperation,
    NoSuchCallable,
    NoSuchPart,
    OperationAsFormula,
    OperationElsewhere,
    OperationOfImport,
    OperationRenamed,
    UnknownOperation,
)
from graphlang.diagnostics.spelling import closest_of_kind, searches_left
from graphlang.diagnostics.statements import RangeForList
from graphlang.resolve.built_in_values import BUILT_IN_VALUES
from graphlang.resolve.call_arguments import CallSite
from graphlang.resolve.context import Context
from graphlang.resolve.scopes import Module, Scope
from graphlang.resolve.values import Value
from graphlang.syntax import tree


def of_name(context: Context, function: tree.Name, scope: Scope, site: CallSite | None) -> Diagnostic:
    """A name that is called and is no operation."""
    name = function.name
    if name in _BLOCKS:
        return _block(function.span, name, site)
    value = scope.find(name)
    if isinstance(value, Value):
        return CalledName(function.span, _product(function, site), name, value.span)
    for family in ("initializers", "optimizers", "datasets", "schedules", "monitors"):
        if context.catalog.member(family, name) is not None:
            return CalledMember(function.span, name, family, _text_of(function, site))
    return _unknown(context, function.span, name, scope, site)


def _text_of(function: tree.Name, site: CallSite | None) -> str:
    text = function.span.text if site is None else site.span.text
    return function.span.text if "\n" in text or len(text) > 40 else text


_BLOCKS = ("layers", "residual")


def holds_layers(function: Any, scope: Scope) -> bool:
    """Whether its arguments are layers of a block, as in `layers(A(4), Relu)`; they have no input there."""
    if not isinstance(function, tree.Name) or scope.find_callable(function.name) is not None:
        return False
    return function.name in _BLOCKS or lookup_key(function.name) == "sequential"


def _block(span: Span, name: str, site: CallSite | None) -> Diagnostic:
    """`x -> layers(A(4), Relu)`"""
    edits = []
    if site is not None and site.arguments and all(a.name is None for a in site.arguments):
        edits = _braces([a.span for a in site.arguments], span.end, site.span.end)
    return LayersWithoutBraces(span, name, edits)


def _braces(items: Sequence[Span], start: int, end: int) -> list[Edit]:
    """The edits that turn a list in brackets, from `start` to `end`, into a block in braces."""
    source = items[0].source
    edits = [Edit(Span(start, items[0].start, source), " { ")]
    edits += [Edit(Span(a.end, b.start, source), "; ") for a, b in pairwise(items)]
    return [*edits, Edit(Span(items[-1].end, end, source), " }")]


def spelled(context: Context, function: Any, scope: Scope) -> CatalogEntry | None:
    """The layer or function that an unknown name misspells."""
    if not isinstance(function, tree.Name):
        return None
    name = function.name
    if scope.defines(name) or not searches_left():
        return None
    candidates = ["grad", *scope.callable_names(), *context.catalog.names()]
    same = any(lookup_key(c) == lookup_key(name) for c in candidates)
    match = closest_of_kind(name, candidates) if same or operation_meant(name) is None else None
    return context.catalog.find(match) if match and scope.find_callable(match) is None else None


def of_stage(context: Context, stage: Any, scope: Scope) -> Diagnostic:
    """What stands after `->` and is neither a layer nor a function: `Affine[4]`, `layers [A, B]`."""
    if not isinstance(stage, tree.Index) or not isinstance(stage.value, tree.Name):
        return NoOperation.value_in_chain(stage.span)
    name, start = stage.value.name, stage.value.span.end
    items = [item.span for item in stage.items]
    if name in _BLOCKS and items:
        return LayersWithoutBraces(stage.span, name, _braces(items, start, stage.span.end))
    if context.catalog.find(name) is None and scope.find_callable(name) is None:
        return NoOperation.value_in_chain(stage.span)
    inside = ", ".join(span.text for span in items)
    return SquareArguments(stage.span, name, inside, Span(start, stage.span.end, stage.span.source))


def of_range(call: tree.Call) -> Diagnostic | None:
    """`for n in range(3)`, which needs the list written out."""
    bounds = [a.value.value for a in call.arguments if a.name is None and isinstance(a.value, tree.Number)]
    if not 0 < len(bounds) < 4 or len(bounds) != len(call.arguments):
        return None
    if not all(isinstance(b, int) for b in bounds) or (len(bounds) == 3 and not bounds[2]):
        return None
    numbers = range(*map(int, bounds))
    if not 0 < len(numbers) <= 20:
        return None
    written = f"[{', '.join(map(str, numbers))}]"
    name = call.function.name if isinstance(call.function, tree.Name) else ""
    at = call.function.span if name == "range" else call.span
    return RangeForList(at, written, call.span)


def _unknown(context: Context, span: Span, name: str, scope: Scope, site: CallSite | None) -> Diagnostic:
    if not searches_left():
        return NoSuchCallable(span, name)
    candidates = ["grad", *scope.callable_names(), *context.catalog.names()]
    meaning = operation_meant(name)
    same = [c for c in candidates if lookup_key(c) == lookup_key(name)]
    imported = _in_imports(name, scope)
    if imported is not None:
        return OperationOfImport(span, name, imported)
    if meaning is None or same:
        return MisspeltOperation(span, name, candidates)
    if meaning.formula is not None:
        return OperationAsFormula(span, name, *_formula(meaning.formula, site))
    if meaning.name is None:
        return OperationElsewhere(span, name, meaning.note)
    return OperationRenamed(span, name, meaning.name, meaning.note)


def _in_imports(name: str, scope: Scope) -> str | None:
    """`blocks.Block` for the `def` of an imported file that has this name."""
    for part in scope.outward():
        for module in part.callables.values():
            if isinstance(module, Module) and name in module.scope.callables:
                return f"{module.name}.{name}"
    return None


def _formula(formula: str, site: CallSite | None) -> tuple[str, Span | None, str]:
    """A formula with the arguments of a call; the call that it can replace, and its text there."""
    arguments = [] if site is None else [a for a in site.arguments if a.name is None]
    operands = [_operand(a.value) for a in arguments]
    needed = len(set(re.findall(r"\{\d\}", formula)))
    if site is None or len(operands) != needed or any("\n" in text for text in operands):
        return formula.format("x", "y", "z"), None, ""
    written = _filled_in(formula, operands, arguments)
    replaces = site.piped is None and len(arguments) == len(site.arguments)
    return written, site.span if replaces else None, written if _is_call(written) else f"({written})"


def _filled_in(formula: str, operands: list[str], arguments: Sequence[tree.Argument]) -> str:
    def alone(match: re.Match[str]) -> str:
        return arguments[int(match[1])].value.span.text

    if "{" in "".join(operands):
        return formula.format(*operands)
    # An argument that is all that its brackets contain needs no brackets of its own.
    written = re.sub(r"(?<=[(])\{(\d)\}(?=[,)])", alone, formula)
    return written.format(*operands) if "{" in written else written


def _operand(node: Any) -> str:
    """The text of an argument, in brackets unless it can be an operand of any operator."""
    text: str = node.span.text
    simple = isinstance(node, tree.Name | tree.Number | tree.Call | tree.Attribute | tree.Index | tree.ListOf)
    return text if simple else f"({text})"


def _is_call(text: str) -> bool:
    """Whether a text is one call and nothing more, so that it needs no brackets in an expression."""
    if not re.match(r"\w+\(", text):
        return False
    depth = 0
    for i, c in enumerate(text):
        depth += (c == "(") - (c == ")")
        if depth == 0 and c == ")":
            return i == len(text) - 1
    return False


def of_value(context: Context, function: Any, scope: Scope, site: CallSite | None) -> Diagnostic:
    """A value that is called: a method, or a product without its sign."""
    if isinstance(function, tree.Attribute) and function.name != "T":
        if context.catalog.find(function.name) is None:
            return _unknown_method(context, function, scope, site)
        written = _call_text(function.name, function, site)
        return CalledMethod(function.span, written, None if site is None or site.piped else site.span)
    layer = _called_layer(context, function, scope, site)
    return layer or CalledValue(function.span, _product(function, site))


def _called_layer(context: Context, function: Any, scope: Scope, site: CallSite | None) -> Diagnostic | None:
    """`Dense(3)(x)` and `[Affine(3), Relu](x)`, as Keras and PyTorch send a value into layers."""
    value = _sent(site)
    if isinstance(function, tree.ListOf):
        return CalledLayers(function.span, value)
    if not isinstance(function, tree.Call):
        return None
    layer = function.function
    name = layer.name if isinstance(layer, tree.Name | tree.Attribute) else ""
    known = context.catalog.find(name) is not None and isinstance(layer, tree.Name)
    if not name[:1].isupper() or not (known or operation_meant(name) or scope.find_callable(name)):
        return None
    texts = [a.span.text for a in site.arguments] if site is not None and site.piped is None else []
    if known and site is not None and texts == [value]:
        written = f"{name}({', '.join([value, *(a.span.text for a in function.arguments)])})"
        return CalledLayer.known(function.span, name, site.span, written)
    meant = operation_meant(name)
    there = meant.name if meant is not None and meant.name is not None else name
    written = f"{there}({value}, ...)" if "," in value else f"{value} -> {there}(...)"
    return CalledLayer(function.span, name, None, written)


def _sent(site: CallSite | None) -> str:
    """What a call hands over, as its text where that is short."""
    text = ", ".join(a.span.text for a in site.arguments) if site is not None else ""
    return text if 0 < len(text) <= 40 and "\n" not in text else "x"


def _unknown_method(
    context: Context, method: tree.Attribute, scope: Scope, site: CallSite | None
) -> Diagnostic:
    """`x.f(a)`, where `f` is no operation, but perhaps the name of one in another framework."""
    name, span = method.name, method.name_span
    problem = _unknown(context, span, name, scope, _as_function(method, site))
    if site is None or site.piped is not None:
        return problem
    if not isinstance(problem, UnknownOperation) or not problem.match:
        return problem
    written = _call_text(problem.match, method, site)
    return OperationAsFormula(span, name, written, site.span)


def _call_text(name: str, method: tree.Attribute, site: CallSite | None) -> str:
    """`x.f(a)` as a call of a function: `f(x, a)`."""
    arguments = site.arguments if site is not None else ()
    return f"{name}({', '.join([method.value.span.text, *(a.span.text for a in arguments)])})"


def _as_function(method: tree.Attribute, site: CallSite | None) -> CallSite | None:
    """`x.f(a)` as `f(x, a)`."""
    if site is None:
        return None
    first = tree.Argument(None, method.value, method.value.span)
    return site._replace(arguments=[first, *site.arguments])


def of_part(node: tree.Attribute) -> Diagnostic:
    """`x.shape` and other attributes that NumPy's arrays have."""
    meaning = operation_meant(node.name)
    note = None if meaning is None else meaning.note
    return NoSuchPart(
        node.name_span, node.value.span.text, node.name, ["T"] if node.name != "T" else [], note
    )


def _product(function: Any, site: CallSite | None) -> tuple[str, Span] | None:
    """`2(x + 1)` as a product, and where its sign is missing."""
    if (
        site is None
        or site.piped is not None
        or len(site.arguments) != 1
        or site.arguments[0].name is not None
    ):
        return None
    end = function.span.end
    written = f"{function.span.text} * ({site.arguments[0].span.text})"
    if "\n" in written:
        return None
    return written, Span(end, end, function.span.source)


# ---- functions of other languages' modules -----------------------------------------------------------------


def module_of(function: Any, scope: Scope) -> str | None:
    """`np` of `np.exp`, unless the file defines that name."""
    node = function
    while isinstance(node, tree.Attribute):
        node = node.value
    is_module = node is not function and isinstance(node, tree.Name) and node.name in MODULES
    return node.name if is_module and not scope.defines(node.name) else None


def of_module(
    context: Context, function: tree.Attribute, prefix: str, scope: Scope, site: CallSite | None
) -> Diagnostic:
    """`np.exp(x)`"""
    name = function.name
    if context.catalog.find(name) is None and name != "grad":
        return _unknown(context, function.span, name, scope, site)
    return PrefixOfFunction(function.span, prefix, name)


def part_of_module(node: tree.Attribute, prefix: str) -> Diagnostic:
    """`np.pi`"""
    if node.name in BUILT_IN_VALUES:
        return PrefixOfValue(node.span, prefix, node.name, None)
    meant = value_meant(node.name)
    if meant is None:
        return PrefixOfValue(node.span, prefix, None, None)
    return PrefixOfValue(node.span, prefix, meant.formula or meant.name, meant.note)
