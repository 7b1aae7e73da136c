"""Renames what a file defines, unless the program would mean something else afterwards."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from graphlang.diagnostics import Edit, Span, edited
from graphlang.lsp.analysis import Analysis
from graphlang.lsp.names import Binding
from graphlang.lsp.navigation import references, target
from graphlang.syntax import lexer
from graphlang.syntax.unicode_names import checked_name


class CannotRename(Exception):  # noqa: N818 - the editor shows it as it is
    """Why a name cannot be changed, in words for the person who asked."""


class Renaming(NamedTuple):
    span: Span
    name: str


def renamable(analysis: Analysis, offset: int) -> Renaming:
    """The name at an offset, if it can be changed; raises CannotRename."""
    occurrence = analysis.names.at(offset)
    if occurrence is None:
        raise CannotRename("there is no name here")
    found = target(analysis, offset)
    if found is None:
        raise CannotRename(f"`{occurrence.span.text}` is not defined in this file")
    return Renaming(occurrence.span, occurrence.span.text)


def renamed(analysis: Analysis, offset: int, new: str, others: Iterable[Analysis] = ()) -> list[Edit]:
    """The edits that give the name at an offset another one; raises CannotRename."""
    renamable(analysis, offset)
    found = target(analysis, offset)
    assert found is not None
    home, binding = found
    _check_name(new)
    if new == binding.name:
        return []
    others = [a for a in others if a.name != analysis.name]
    edits = [Edit(span, new) for span in references(analysis, offset, others)]
    _check_collision(home, binding, new)
    files = {a.name: a for a in (*others, home, analysis)}
    texts = {
        name: edited(file.text, [e for e in edits if e.span.source.name == name])
        for name, file in files.items()
    }
    for name, file in files.items():
        if texts[name] != file.text:
            _check_meaning(file, texts, binding.name, new)
    return edits


def _check_name(new: str) -> None:
    match = lexer.pattern_for(new).match(new)
    whole = match is not None and match.lastindex == lexer.NAME and match.end(lexer.NAME) == len(new)
    if not whole or new in lexer.RESERVED or new in lexer.PYTHON_CONSTANTS:
        raise CannotRename(f"`{new}` is not a name")
    problems: list[object] = []
    if not new.isascii():
        source = Analysis(new).tree.source
        checked_name(new, Span(0, len(new), source), problems)  # type: ignore[arg-type]
    if problems:
        raise CannotRename(f"`{new}` is not a name")


def _check_collision(analysis: Analysis, binding: Binding, new: str) -> None:
    """Refuses a name that is taken where the old one is defined or used."""
    for span in (binding.span, *binding.uses):
        other = analysis.names.scope_at(span.start).find(new)
        if other is not None and other is not binding:
            line = analysis.tree.source.position(other.span.start)[0]
            raise CannotRename(f"`{new}` is defined already, in line {line}")


def _check_meaning(analysis: Analysis, texts: Mapping[str, str], old: str, new: str) -> None:
    """Refuses texts after which a name would stand for something else, or a mistake would be new."""

    def renamed_import(importing: str, written: str) -> tuple[str, str]:
        assert importer is not None
        name, text = importer(importing, written)
        return name, texts.get(name, text)

    importer = analysis._importer
    after = Analysis(
        texts[analysis.name], analysis.name, None if importer is None else renamed_import, analysis.limits
    )
    if _structure(analysis) != _structure(after):
        raise CannotRename(f"with `{new}` in place of `{old}` another name would mean something else")
    if analysis.examined is None:
        analysis.examine()
    errors = sum(d.severity == "error" for d in analysis.problems)
    left = [d for d in after.examine().problems if d.severity == "error"]
    if len(left) > errors:
        raise CannotRename(f"with `{new}` in place of `{old}`: {left[0].message}")


def _structure(analysis: Analysis) -> list[tuple[str, int]]:
    """For every name what it is, and which name of the file defines it, whatever they are called."""
    first: dict[int, int] = {}
    structure: list[tuple[str, int]] = []
    for i, occurrence in enumerate(analysis.names.occurrences):
        binding = occurrence.binding
        at = -1 if binding is None else first.setdefault(id(binding), i)
        structure.append((occurrence.role, at))
    return structure
