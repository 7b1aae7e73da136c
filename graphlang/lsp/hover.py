"""What a hover over a name says: type, shape, formula and documentation."""

from __future__ import annotations

from typing import NamedTuple

from graphlang.catalog.finder import Catalog
from graphlang.datasets.field_functions import FORMS
from graphlang.diagnostics import Span
from graphlang.lsp import docs
from graphlang.lsp.analysis import Analysis
from graphlang.lsp.names import Binding, Occurrence
from graphlang.lsp.types import comment_beside, definition_text, type_of, types_of
from graphlang.lsp.walk import enclosing
from graphlang.resolve.values import NodeValue, Value
from graphlang.syntax import tree as t


class Hover(NamedTuple):
    span: Span
    markdown: str


def hover(analysis: Analysis, offset: int) -> Hover | None:
    """What is said of the name at an offset, or of the word of the language there."""
    occurrence = analysis.names.at(offset)
    if occurrence is None:
        return _of_word(analysis, offset)
    text = _text(analysis, occurrence)
    return Hover(occurrence.span, text) if text else None


def _text(analysis: Analysis, occurrence: Occurrence) -> str | None:
    name, role = occurrence.name, occurrence.role
    if occurrence.binding is not None:
        return of_binding(analysis, occurrence.binding)
    if role == "setting":
        return docs.setting(occurrence.owner, name)
    if role == "keyword":
        return _of_keyword(occurrence)
    if role == "member":
        return _of_member(analysis, occurrence)
    if role == "field" and occurrence.owner == "data":
        form = FORMS.get(name) if occurrence.span.source.text[occurrence.span.end :][:1] == "(" else None
        return f"`{form}`: a function of fields" if form else f"`{name}`: a field of the data source"
    known = docs.docs_of(name)
    here = _result(analysis, occurrence)
    return "\n\n".join(part for part in (here, known) if part) or None


def of_binding(analysis: Analysis, binding: Binding) -> str:
    """Type, definition, formula and comment of a name of the file."""
    type_ = type_of(analysis, binding)
    head = f"{binding.name}: {type_}" if type_ else binding.name
    if binding.kind == "hyper":
        head = f"hyper {binding.name} = {type_}" if type_ else f"hyper {binding.name}"
    parts = [f"```graphlang\n{head}\n```", f"*{_kind(binding)}*"]
    definition = definition_text(binding)
    if definition not in (binding.name, head):
        parts.append(f"```graphlang\n{definition}\n```")
    formula = _formula(analysis.values_at(binding.span))
    parts += [part for part in (formula, comment_beside((binding.node or binding).span)) if part]
    return "\n\n".join(parts)


def _kind(binding: Binding) -> str:
    kind = {"function": "def", "import": "imported file", "size": "size, known when the inputs are"}
    return kind.get(binding.kind, binding.kind)


def _formula(values: list[Value]) -> str:
    """What the operation computes whose result a name is: `Affine`: y = x @ W + b."""
    operations = dict.fromkeys(v.operation for v in values if isinstance(v, NodeValue))
    lines = []
    for operation in operations:
        entry = Catalog().find(operation)
        if entry is not None and operation != "constant":
            lines.append(f"`{operation}`: {entry.summary}")
    return "\n\n".join(lines[:3])


def _of_keyword(occurrence: Occurrence) -> str | None:
    """An attribute of what is called."""
    callee = occurrence.owner
    if not isinstance(callee, t.Name):
        return None
    attribute = docs.attribute_of(callee.name, occurrence.name)
    return docs.attribute_line(attribute).removeprefix("- ") if attribute else None


def _of_member(analysis: Analysis, occurrence: Occurrence) -> str | None:
    """A `def` of an imported file, or a parameter of a layer."""
    target = imported_binding(analysis, occurrence)
    if target is not None:
        return of_binding(*target)
    around = enclosing(analysis.tree.statements, occurrence.span.start)
    spans = (node.span for node in around if type(node) is t.Attribute)
    full = next((s.text for s in spans if s.end == occurrence.span.end), "")
    values = analysis.examined.values if analysis.examined is not None else []
    named = [v for v in values if v.name == full] if full else []
    if named:
        return f"```graphlang\n{full}: {types_of(named)}\n```"
    return "The transpose: the last two axes change places" if occurrence.name == "T" else None


def imported_binding(analysis: Analysis, occurrence: Occurrence) -> tuple[Analysis, Binding] | None:
    """For `blocks.Block`, the imported file and what `Block` is in it."""
    owner = occurrence.owner
    if not isinstance(owner, Binding) or owner.kind != "import":
        return None
    module = analysis.modules.get(owner.name)
    binding = module.names.file.bindings.get(occurrence.name) if module is not None else None
    return (module, binding) if module is not None and binding is not None else None


def _result(analysis: Analysis, occurrence: Occurrence) -> str | None:
    """The type of the result of what is called here."""
    nodes = enclosing(analysis.tree.statements, occurrence.span.start)
    for node in reversed(nodes):
        if node.span.start == occurrence.span.start and type(node) in (t.Name, t.Call):
            values = [v for v in analysis.values_at(node.span) if isinstance(v, NodeValue)]
            if values:
                return f"```graphlang\n{types_of(values)}\n```"
    return None


def _of_word(analysis: Analysis, offset: int) -> Hover | None:
    """What a word of the language means, at the start of a statement or stage."""
    nodes = enclosing(analysis.tree.statements, offset)
    if not nodes:
        return None
    span = nodes[-1].span
    word = span.text.partition(" ")[0].partition("{")[0].strip()
    text = docs.docs_of(word) if word and span.start <= offset <= span.start + len(word) else None
    return Hover(Span(span.start, span.start + len(word), span.source), text) if text else None
