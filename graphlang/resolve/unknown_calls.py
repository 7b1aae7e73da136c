"""What to say where something is called that is no operation here."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from graphlang.catalog.finder import Entry, family_member
from graphlang.catalog.foreign_names import MODULES, folded, operation_meant, value_meant
from graphlang.diagnostics import Diagnostic, Edit, Related, Span
from graphlang.diagnostics.names import NoSuchPart, UnknownOperation, WrongKind, closest_of_kind
from graphlang.resolve.context import Context
from graphlang.resolve.signatures import Piped
from graphlang.resolve.values import MISSING, Scope, Value
from graphlang.syntax import tree


class Use(NamedTuple):
    """A call as it stands in the text."""

    span: Span
    arguments: Sequence[tree.Argument]
    piped: Piped | None


def of_name(context: Context, function: tree.Name, scope: Scope, call: Any) -> Diagnostic:
    """A name that is called and is no operation."""
    use = None if call is None else Use(*call)
    name = function.name
    if name in _BLOCKS:
        return _block(function.span, name, use)
    found = scope.find(name)
    if isinstance(found, Value):
        where = [Related(found.span, f"`{name}` is defined here")]
        help_, edits = _product(function, use)
        return WrongKind(
            function.span, f"`{name}` is a value, and a value cannot be called", help_, where, edits
        )
    for family in ("initializers", "optimizers", "datasets", "schedules"):
        if family_member(family, name) is not None:
            message = f"`{name}` is one of the {family}; it belongs in a setting or an `init`"
            return WrongKind(function.span, message, _HOMES[family].format(_text_of(function, use)))
    return _unknown(context, function.span, name, scope, use)


_HOMES = {
    "initializers": "write `param W: float[3, 4] = {0}`, or `Affine(4, init={0})`",
    "optimizers": "write `train {{ minimize = loss; optimizer = {}; batch = 100; epochs = 5 }}`",
    "datasets": "write `data {{ source = {}; x = x; t = t }}`",
    "schedules": "write `train {{ schedule = {}; ... }}`",
}


def _text_of(function: tree.Name, use: Use | None) -> str:
    text = function.span.text if use is None else use.span.text
    return function.span.text if "\n" in text or len(text) > 40 else text


_BLOCKS = ("layers", "residual")


def holds_layers(function: Any, scope: Scope) -> bool:
    """Whether layers stand in the brackets behind it, which have no value of their own to work on."""
    if not isinstance(function, tree.Name) or scope.find_callable(function.name) is not None:
        return False
    return function.name in _BLOCKS or folded(function.name) == "sequential"


def _block(span: Span, name: str, use: Use | None) -> Diagnostic:
    """`x -> layers(A(4), Relu)`"""
    edits = []
    if use is not None and use.arguments and all(a.name is None for a in use.arguments):
        edits = _braces([a.span for a in use.arguments], span.end, use.span.end)
    message = f"the layers of `{name}` stand in a block in braces"
    return WrongKind(span, message, f"write `x -> {name} {{ Affine(50); Relu }}`", (), edits)


def _braces(items: Sequence[Span], start: int, end: int) -> list[Edit]:
    """The edits that make a block of a list in brackets, which goes from `start` to `end`."""
    source = items[0].source
    edits = [Edit(Span(start, items[0].start, source), " { ")]
    edits += [Edit(Span(a.end, b.start, source), "; ") for a, b in pairwise(items)]
    return [*edits, Edit(Span(items[-1].end, end, source), " }")]


def spelled(context: Context, function: Any, scope: Scope) -> Entry | None:
    """The layer or function whose name is a close spelling of an unknown one."""
    if not isinstance(function, tree.Name):
        return None
    name = function.name
    if scope.find(name) is not MISSING or scope.find_callable(name) is not None:
        return None
    candidates = ["grad", *scope.callable_names(), *context.catalog.names()]
    same = any(folded(c) == folded(name) for c in candidates)
    match = closest_of_kind(name, candidates) if same or operation_meant(name) is None else None
    return context.catalog.find(match) if match and scope.find_callable(match) is None else None


def of_stage(context: Context, stage: Any, scope: Scope) -> Diagnostic:
    """What stands after `->` and is neither a layer nor a function: `Affine[4]`, `layers [A, B]`."""
    message = "a chain goes through operations, and this is a value"
    if not isinstance(stage, tree.Index) or not isinstance(stage.value, tree.Name):
        return WrongKind(stage.span, message)
    name, start = stage.value.name, stage.value.span.end
    items = [item.span for item in stage.items]
    if name in _BLOCKS and items:
        edits = _braces(items, start, stage.span.end)
        told = f"the layers of `{name}` stand in a block in braces"
        return WrongKind(stage.span, told, f"write `x -> {name} {{ Affine(50); Relu }}`", (), edits)
    if context.catalog.find(name) is None and scope.find_callable(name) is None:
        return WrongKind(stage.span, message)
    inside = ", ".join(span.text for span in items)
    edits = [Edit(Span(start, stage.span.end, stage.span.source), f"({inside})")]
    return WrongKind(
        stage.span, f"what `{name}` takes stands in round brackets", f"write `{name}({inside})`", (), edits
    )


def of_range(call: tree.Call) -> Diagnostic | None:
    """`for n in range(3)`: what `for` goes through is written out."""
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
    message = "`for` goes through a list"
    return WrongKind(at, message, f"write `{written}`", (), [Edit(call.span, written)])


def _unknown(context: Context, span: Span, name: str, scope: Scope, use: Use | None) -> Diagnostic:
    candidates = ["grad", *scope.callable_names(), *context.catalog.names()]
    meaning = operation_meant(name)
    same = [c for c in candidates if folded(c) == folded(name)]
    if meaning is None or same:
        return UnknownOperation(span, name, candidates)
    if meaning.formula is not None:
        written, edits = _formula(meaning.formula, use)
        return UnknownOperation(span, name, candidates, None, note=f"write `{written}`", edits=edits)
    if meaning.name is None:
        return UnknownOperation(span, name, candidates, None, note=meaning.note)
    return UnknownOperation(span, name, candidates, meaning.name, note=meaning.note)


def _formula(formula: str, use: Use | None) -> tuple[str, list[Edit]]:
    """A formula for the arguments of a call, and the edit that puts it there."""
    wanted = len(set(re.findall(r"\{\d\}", formula)))
    given = [] if use is None else [a for a in use.arguments if a.name is None]
    operands = [_operand(a.value) for a in given]
    fits = use is not None and len(operands) == wanted and all("\n" not in t for t in operands)
    if not fits:
        return formula.format("x", "y", "z"), []

    def alone(match: re.Match[str]) -> str:
        return given[int(match[1])].value.span.text

    # An argument that is all that stands in a bracket needs none of its own.
    written = re.sub(r"(?<=[(])\{(\d)\}(?=[,)])", alone, formula) if "{" not in "".join(operands) else formula
    written = written.format(*operands) if "{" in written else written
    if use is None or use.piped is not None or len(given) != len(use.arguments):
        return written, []
    return written, [Edit(use.span, written if _is_call(written) else f"({written})")]


def _operand(node: Any) -> str:
    """The text of an argument as an operand of any operator."""
    text: str = node.span.text
    simple = isinstance(node, tree.Name | tree.Number | tree.Call | tree.Attribute | tree.Index | tree.ListOf)
    return text if simple else f"({text})"


def _is_call(text: str) -> bool:
    """Whether it is one call from its start to its end, which needs no brackets in an expression."""
    if not re.match(r"\w+\(", text):
        return False
    depth = 0
    for i, c in enumerate(text):
        depth += (c == "(") - (c == ")")
        if depth == 0 and c == ")":
            return i == len(text) - 1
    return False


def of_value(context: Context, function: Any, scope: Scope, call: Any) -> Diagnostic:
    """A value that is called: a method, or a product without its sign."""
    use = None if call is None else Use(*call)
    message = "this is a value, and a value cannot be called"
    if isinstance(function, tree.Attribute) and function.name != "T":
        name = function.name
        if context.catalog.find(name) is None:
            told = _unknown(context, function.name_span, name, scope, _as_function(function, use))
            if isinstance(told, UnknownOperation) and told.match and use is not None and use.piped is None:
                inside = ", ".join([function.value.span.text, *(a.span.text for a in use.arguments)])
                written = f"{told.match}({inside})"
                note = f"write `{written}`"
                told = UnknownOperation(
                    function.name_span, name, (), None, note=note, edits=[Edit(use.span, written)]
                )
            return told
        inside = ", ".join([function.value.span.text, *(a.span.text for a in (use.arguments if use else ()))])
        edits = [] if use is None or use.piped is not None else [Edit(use.span, f"{name}({inside})")]
        return WrongKind(
            function.span, "a value has no methods", f"call the function: `{name}({inside})`", (), edits
        )
    help_, edits = _product(function, use)
    return WrongKind(function.span, message, help_, (), edits)


def _as_function(method: tree.Attribute, use: Use | None) -> Use | None:
    """`x.f(a)` as `f(x, a)`."""
    if use is None:
        return None
    first = tree.Argument(None, method.value, method.value.span)
    return Use(use.span, [first, *use.arguments], use.piped)


def of_part(node: tree.Attribute) -> Diagnostic:
    """`x.shape`, as arrays have it elsewhere."""
    meaning = operation_meant(node.name)
    note = None if meaning is None else meaning.note
    return NoSuchPart(node.name_span, node.value.span.text, node.name, ["T"], note)


def _product(function: Any, use: Use | None) -> tuple[str | None, list[Edit]]:
    """`2(x + 1)` as a product."""
    if use is None or use.piped is not None or len(use.arguments) != 1 or use.arguments[0].name is not None:
        return None, []
    end = function.span.end
    written = f"{function.span.text} * ({use.arguments[0].span.text})"
    if "\n" in written:
        return None, []
    return f"did you mean `{written}`?", [Edit(Span(end, end, function.span.source), " * ")]


# ---- functions of other languages' modules -----------------------------------------------------------------


def module_of(function: Any, scope: Scope) -> str | None:
    """`np` of `np.exp`, where nothing here has that name."""
    node = function
    while isinstance(node, tree.Attribute):
        node = node.value
    if node is function or not isinstance(node, tree.Name) or node.name not in MODULES:
        return None
    known = scope.find(node.name) is not MISSING or scope.find_callable(node.name) is not None
    return None if known else node.name


def of_module(context: Context, function: tree.Attribute, prefix: str, scope: Scope, call: Any) -> Diagnostic:
    """`np.exp(x)`"""
    use = None if call is None else Use(*call)
    name = function.name
    if context.catalog.find(name) is None and name != "grad":
        return _unknown(context, function.span, name, scope, use)
    help_ = f"functions need no prefix: write `{name}`"
    return WrongKind(
        function.span, f"there is no `{prefix}` in this language", help_, (), [Edit(function.span, name)]
    )


def part_of_module(node: tree.Attribute, prefix: str) -> Diagnostic:
    """`np.pi`"""
    meant = value_meant(node.name)
    instead = (meant.formula or meant.name) if meant is not None else None
    help_ = (
        f"write `{instead}`" if instead else meant.note if meant is not None else "functions need no prefix"
    )
    edits = [Edit(node.span, instead)] if instead else []
    return WrongKind(node.span, f"there is no `{prefix}` in this language", help_, (), edits)
