"""Where a name is defined and used, in its file and in those that are imported."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from graphlang.diagnostics import Source, Span
from graphlang.lsp.analysis import Analysis
from graphlang.lsp.hover import imported_binding
from graphlang.lsp.names import Binding, Occurrence
from graphlang.syntax import tree as t


def definition_at(analysis: Analysis, offset: int) -> Span | None:
    """Where the name at an offset is defined; the path of an import leads to the beginning of its file."""
    for statement in analysis.tree.statements:
        if type(statement) is t.Import and statement.path_span.start <= offset <= statement.path_span.end:
            module = analysis.modules.get(statement.name)
            return Span(0, 0, module.tree.source) if module is not None else None
    found = target(analysis, offset)
    return None if found is None else found[1].span


def target(analysis: Analysis, offset: int) -> tuple[Analysis, Binding] | None:
    """What the name at an offset stands for, and the file that defines it."""
    occurrence = analysis.names.at(offset)
    if occurrence is None:
        return None
    if occurrence.binding is not None:
        return analysis, occurrence.binding
    if occurrence.role == "member":
        return imported_binding(analysis, occurrence)
    if occurrence.role == "keyword":
        return _formal_of_import(analysis, occurrence)
    return None


def home_of(analysis: Analysis, offset: int) -> str | None:
    """The name of the file that defines the name at an offset."""
    found = target(analysis, offset)
    return None if found is None else found[0].name


def _formal_of_import(analysis: Analysis, keyword: Occurrence) -> tuple[Analysis, Binding] | None:
    """For `blocks.Block(k=3)`, the formal `k` of the `def`."""
    callee = keyword.owner
    if not isinstance(callee, t.Attribute):
        return None
    member = analysis.names.at(callee.name_span.start)
    found = imported_binding(analysis, member) if member is not None else None
    if found is None or not isinstance(found[1].node, t.Def):
        return None
    module, of_def = found
    formal = next((b for b in module.names.bindings if b.kind == "formal" and b.name == keyword.name
                   and b.within == of_def.node.span), None)  # fmt: skip
    return None if formal is None else (module, formal)


def references(
    analysis: Analysis, offset: int, others: Iterable[Analysis] = (), *, declaration: bool = True
) -> list[Span]:
    """Every place of the name at an offset, in this file, the one that defines it, and `others`."""
    found = target(analysis, offset)
    if found is None:
        return []
    home, binding = found
    spans = [binding.span] if declaration else []
    spans += binding.uses
    for other in {a.name: a for a in (*others, analysis)}.values():
        if other.name != home.name:
            spans += _uses_elsewhere(other, home.tree.source, binding)
    return distinct_spans(spans)


def _uses_elsewhere(other: Analysis, home: Source, binding: Binding) -> Iterator[Span]:
    """The uses in a file that imports the one that defines a name."""
    imports = [name for name, module in other.modules.items() if module.name == home.name]
    if not imports:
        return
    for occurrence in other.names.occurrences:
        if occurrence.role in ("member", "keyword") and occurrence.name == binding.name:
            reached = target(other, occurrence.span.start)
            if reached is None or reached[0].name != home.name:
                continue
            if reached[1].span[:2] == binding.span[:2]:
                yield occurrence.span


def distinct_spans(spans: Iterable[Span]) -> list[Span]:
    """Each place once, in the order of files and texts."""
    unique = {(s.source.name, s.start, s.end): s for s in spans}
    return [unique[key] for key in sorted(unique)]
