"""From the answers of the features, in offsets, to the types of the protocol."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from lsprotocol import types as l
from pygls import uris

from graphlang.diagnostics import Diagnostic, Edit, Source, Span
from graphlang.lsp import actions, completion, hints, symbols, tokens
from graphlang.lsp.analysis import Analysis
from graphlang.lsp.lines import Encoding, TextLines
from graphlang.lsp.signatures import Signature

SEVERITIES = {
    "error": l.DiagnosticSeverity.Error,
    "warning": l.DiagnosticSeverity.Warning,
    "note": l.DiagnosticSeverity.Information,
}
SORTS = {
    "value": l.CompletionItemKind.Variable,
    "constant": l.CompletionItemKind.Constant,
    "function": l.CompletionItemKind.Function,
    "layer": l.CompletionItemKind.Class,
    "module": l.CompletionItemKind.Module,
    "keyword": l.CompletionItemKind.Keyword,
    "property": l.CompletionItemKind.Property,
    "choice": l.CompletionItemKind.EnumMember,
    "field": l.CompletionItemKind.Field,
    "type": l.CompletionItemKind.TypeParameter,
}
KINDS = {
    "input": l.SymbolKind.Field,
    "parameter": l.SymbolKind.Field,
    "constant": l.SymbolKind.Constant,
    "function": l.SymbolKind.Function,
    "value": l.SymbolKind.Variable,
    "layer": l.SymbolKind.Class,
    "module": l.SymbolKind.Module,
    "section": l.SymbolKind.Namespace,
    "setting": l.SymbolKind.Property,
    "label": l.SymbolKind.Class,
}


def uri_of(name: str) -> str:
    """The address of a file by its name; that of a document without a file is its name."""
    return (uris.from_fs_path(name) or name) if Path(name).is_absolute() else name


class Converter:
    """Converts what belongs to one text."""

    def __init__(self, analysis: Analysis, encoding: Encoding) -> None:
        self.analysis = analysis
        self.encoding = encoding
        self.lines = TextLines(analysis.text, encoding)
        self._others: dict[str, TextLines] = {}

    def offset(self, position: l.Position) -> int:
        """The offset of a position; of one outside of the text, the closest in it."""
        return self.lines.offset(position.line, position.character)

    def position(self, offset: int, lines: TextLines | None = None) -> l.Position:
        return l.Position(*(lines or self.lines).where(offset))

    def range(self, start: int, end: int, lines: TextLines | None = None) -> l.Range:
        return l.Range(self.position(start, lines), self.position(max(start, end), lines))

    def of_span(self, span: Span) -> l.Range:
        return self.range(span.start, span.end, self._lines_of(span.source))

    def _lines_of(self, source: Source) -> TextLines:
        if source.name == self.analysis.name:
            return self.lines
        if source.name not in self._others:
            self._others[source.name] = TextLines(source.text, self.encoding)
        return self._others[source.name]

    def location(self, span: Span) -> l.Location:
        return l.Location(uri_of(span.source.name), self.of_span(span))

    # ---- diagnostics --------------------------------------------------------------------------------------

    def diagnostics(self) -> list[l.Diagnostic]:
        """All mistakes; those in imported files stand at their import."""
        return [self.diagnostic(problem) for problem in self.analysis.problems]

    def diagnostic(self, problem: Diagnostic) -> l.Diagnostic:
        span, message = problem.span, problem.message
        place = l.Range(l.Position(0, 0), l.Position(0, 0))
        related = [(r.span, r.message) for r in problem.related]
        if span is not None and span.source.name == self.analysis.name:
            place = self.of_span(span)
        elif span is not None:
            message = f"in {Path(span.source.name).name}, line {problem.line}: {message}"
            related.insert(0, (span, "the mistake"))
            place = self._import_of(span.source.name)
        if problem.sizes:
            message = f"{message}\nsizes: {problem.sizes_told}"
        if problem.help:
            message = f"{message}\nhelp: {problem.help}"
        return l.Diagnostic(
            place,
            message,
            severity=SEVERITIES[problem.severity],
            code=problem.code,
            source="graphlang",
            related_information=[l.DiagnosticRelatedInformation(self.location(s), m) for s, m in related]
            or None,
        )

    def _import_of(self, name: str) -> l.Range:
        """The import through which a file came, or the first one."""
        from graphlang.syntax.tree import Import

        imports = [s for s in self.analysis.tree.statements if type(s) is Import]
        for statement in imports:
            module = self.analysis.modules.get(statement.name)
            if module is not None and module.name == name:
                return self.of_span(statement.path_span)
        return self.of_span(imports[0].path_span) if imports else self.range(0, 0)

    # ---- edits --------------------------------------------------------------------------------------------

    def workspace_edit(self, edits: Iterable[Edit]) -> l.WorkspaceEdit:
        changes: dict[str, list[l.TextEdit]] = {}
        for edit in edits:
            text_edit = l.TextEdit(self.of_span(edit.span), edit.text)
            changes.setdefault(uri_of(edit.span.source.name), []).append(text_edit)
        return l.WorkspaceEdit(changes=changes)

    def whole(self, text: str) -> l.TextEdit:
        """The edit that replaces the whole text."""
        return l.TextEdit(self.range(0, len(self.analysis.text)), text)

    def action(self, action: actions.Action) -> l.CodeAction:
        problem = action.problem
        return l.CodeAction(
            action.title,
            kind=l.CodeActionKind.QuickFix,
            diagnostics=[self.diagnostic(problem)] if problem is not None else None,
            is_preferred=action.sure or None,
            edit=self.workspace_edit(action.edits),
        )

    # ---- the others ---------------------------------------------------------------------------------------

    def completion(self, item: completion.Completion, start: int, end: int) -> l.CompletionItem:
        return l.CompletionItem(
            item.label,
            kind=SORTS[item.sort],
            detail=item.detail or None,
            sort_text=f"{item.rank}{item.label}",
            text_edit=l.TextEdit(self.range(start, end), item.text or item.label),
            data={"name": item.label} if item.sort in ("function", "layer", "keyword") else None,
        )

    def signature(self, signature: Signature) -> l.SignatureHelp:
        """A signature; places in its label count in UTF-16, whatever the encoding of positions."""
        label = TextLines(signature.label, "utf-16")
        parameters = [
            l.ParameterInformation((label.where(p.start).column, label.where(p.end).column), _markdown(p.doc))
            for p in signature.parameters
        ]
        information = l.SignatureInformation(signature.label, _markdown(signature.doc), parameters)
        return l.SignatureHelp([information], 0, signature.active)

    def symbol(self, symbol: symbols.Symbol) -> l.DocumentSymbol:
        return l.DocumentSymbol(
            symbol.name,
            KINDS[symbol.kind],
            self.of_span(symbol.span),
            self.of_span(symbol.name_span),
            detail=symbol.detail or None,
            children=[self.symbol(child) for child in symbol.children] or None,
        )

    def hint(self, hint: hints.InlineHint) -> l.InlayHint:
        kind = l.InlayHintKind.Type if hint.sort == "type" else None
        return l.InlayHint(self.position(hint.offset), hint.label, kind=kind, tooltip=hint.tooltip or None)

    def tokens(self, colours: Iterable[tokens.Colour]) -> list[int]:
        """Five numbers for each word: how far from the one before, its length, its type and modifiers."""
        data: list[int] = []
        line = column = 0
        for colour in colours:
            start, end = self.lines.where(colour.start), self.lines.where(colour.end)
            bits = sum(1 << tokens.MODIFIERS.index(m) for m in colour.modifiers)
            first = start.column - (column if start.line == line else 0)
            length = end.column - start.column
            data += [start.line - line, first, length, tokens.TYPES.index(colour.type), bits]
            line, column = start
        return data


def _markdown(text: str) -> l.MarkupContent | None:
    return markdown(text) if text else None


def markdown(text: str) -> l.MarkupContent:
    return l.MarkupContent(l.MarkupKind.Markdown, text)


def fold(item: symbols.Fold) -> l.FoldingRange:
    kind: Any = l.FoldingRangeKind.Comment if item.comment else l.FoldingRangeKind.Region
    return l.FoldingRange(item.start, item.end, kind=kind)
