"""The outline of a file, and what of it can be folded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Literal, NamedTuple

from graphlang.diagnostics import Span
from graphlang.lsp.analysis import Analysis
from graphlang.lsp.types import type_of
from graphlang.lsp.walk import descendants
from graphlang.syntax import tree as t

SymbolKind = Literal[
    "input", "parameter", "constant", "function", "value", "layer", "module", "section", "setting", "label"
]  # fmt: skip


class Symbol(NamedTuple):
    name: str
    kind: SymbolKind
    detail: str
    span: Span
    #: the name in it
    name_span: Span
    children: tuple[Symbol, ...] = ()


_KINDS: dict[type, SymbolKind] = {
    t.Import: "module",
    t.Hyper: "constant",
    t.Def: "function",
    t.Input: "input",
    t.Param: "parameter",
    t.LayerDecl: "layer",
    t.Section: "section",
}


def outline(analysis: Analysis) -> list[Symbol]:
    """The outline: inputs, parameters, values, `def`s with their own, sections with their settings."""
    return [symbol for s in analysis.tree.statements for symbol in _of_statement(analysis, s)]


def _of_statement(analysis: Analysis, s: Any) -> Iterator[Symbol]:
    if type(s) is t.Assign:
        inside = tuple(_labels(s.value))
        for target in s.targets:
            detail = _type(analysis, target.name, target.span)
            yield Symbol(target.name, "value", detail, s.span, target.span, inside)
    elif type(s) is t.Broken:
        yield from _of_broken(analysis, s)
    elif type(s) in _KINDS:
        inside = ()
        if type(s) is t.Def:
            inside = tuple(symbol for inner in s.body for symbol in _of_statement(analysis, inner))
        elif type(s) is t.Section:
            inside = tuple(_of_setting(x) for x in s.settings)
        elif type(s) is t.LayerDecl:
            inside = tuple(_labels(s.stage))
        detail = _type(analysis, s.name, s.name_span)
        yield Symbol(s.name, _KINDS[type(s)], detail, s.span, s.name_span, inside)


def _of_setting(setting: t.Setting) -> Symbol:
    return Symbol(setting.name, "setting", _short(setting.value.span), setting.span, setting.name_span)


def _of_broken(analysis: Analysis, broken: t.Broken) -> Iterator[Symbol]:
    """What could be understood of a statement that cannot be read."""
    start = broken.span.start
    if broken.word in ("data", "train", "gradcheck"):
        word = Span(start, start + len(broken.word), broken.span.source)
        yield Symbol(broken.word, "section", "", broken.span, word)
    kinds: dict[str, SymbolKind] = {"hyper": "constant", "import": "module"}
    for binding in analysis.names.bindings:
        if binding.node is broken and binding.kind not in ("size", "formal"):
            kind: Any = kinds.get(binding.kind, binding.kind)
            yield Symbol(binding.name, kind, "", broken.span, binding.span)


def _labels(value: Any) -> Iterator[Symbol]:
    """The labelled layers of a chain."""
    blocks = [n for n in descendants([value]) if type(n) in (t.Layers, t.Repeat, t.For, t.Residual)]
    for block in blocks:
        for entry in block.entries:
            if type(entry) is t.Entry and entry.label is not None and entry.label_span is not None:
                yield Symbol(entry.label, "layer", _short(entry.stages[0].span), entry.span, entry.label_span)


def _type(analysis: Analysis, name: str, span: Span) -> str:
    binding = analysis.names.defined.get(span.start)
    return type_of(analysis, binding) if binding is not None and binding.name == name else ""


def _short(span: Span) -> str:
    text = " ".join(span.text.split())
    return text if len(text) <= 60 else f"{text[:57]}..."


# ---- folding ----------------------------------------------------------------------------------------------


class Fold(NamedTuple):
    """The first and the last line of what can be folded, from 0."""

    start: int
    end: int
    comment: bool = False


def folds(analysis: Analysis) -> list[Fold]:
    """Blocks, statements of several lines, and blocks of comments."""
    source = analysis.tree.source
    found: dict[int, Fold] = {}
    for node in descendants(analysis.tree.statements):
        span = getattr(node, "span", None)
        if not isinstance(span, Span) or type(node) in (t.Entry, t.Pipe):
            continue
        first, last = source.position(span.start)[0] - 1, source.position(span.end)[0] - 1
        if span.text.endswith("}") or span.text.endswith("]"):
            last -= 1  # the line with the bracket stays
        if last > first and (first not in found or found[first].end < last):
            found[first] = Fold(first, last)
    return sorted([*found.values(), *_comments(source.text.splitlines())])


def _comments(lines: Iterable[str]) -> Iterator[Fold]:
    start = None
    for number, line in enumerate([*lines, ""]):
        is_comment = line.lstrip().startswith("#")
        if is_comment and start is None:
            start = number
        elif not is_comment and start is not None:
            if number - 1 > start:
                yield Fold(start, number - 1, comment=True)
            start = None
