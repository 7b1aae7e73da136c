"""What a file declares before any statement is evaluated: its imports, its `def`s and its `hyper`s."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphlang.diagnostics import Diagnostic, GraphError, Span
from graphlang.diagnostics.kinds import NoConstant
from graphlang.diagnostics.names import (
    ImportProblem,
    ImportsInCycle,
    MissingImport,
    MissingUnnamedImport,
    NotImportable,
    Redefinition,
)
from graphlang.diagnostics.syntax.forms import ImportWithoutName
from graphlang.diagnostics.syntax.programs import ForeignImport
from graphlang.diagnostics.too_large import TooMuchImported
from graphlang.resolve.context import Context
from graphlang.resolve.evaluator import Steps
from graphlang.resolve.labels import defined
from graphlang.resolve.order import in_order
from graphlang.resolve.overrides import Overrides
from graphlang.resolve.scopes import Definition, Module, Scope
from graphlang.resolve.values import POISON, Value, is_integer
from graphlang.syntax import read_tree, tree

Importer = Callable[[str, str], tuple[str, str]]
"""Reads an import: (importing file, path as written) -> (name, text); raises ValueError with a reason."""


class Declarations:
    """Declares what a file and the files that it imports contain."""

    def __init__(self, context: Context, importer: Importer | None) -> None:
        self.context = context
        self.importer = importer
        #: every `def`, of the file and of what it imports
        self.definitions: list[Definition] = []
        #: the imported files by name: a file that several import is read once
        self.modules: dict[str, Module] = {}
        #: tokens and characters of all files so far
        self.tokens = self.size = 0

    def of_file(self, file: tree.Tree, scope: Scope) -> None:
        """Declares the names of the file, its imports and its `def`s."""
        self.tokens, self.size = file.tokens, len(file.source.text)
        self.context.run(self._declare(file, scope, (file.source.name,)))

    def _declare(self, file: tree.Tree, scope: Scope, path: tuple[str, ...]) -> Steps:
        _poison_hidden_names(scope, file, set(self._note_names(file)))
        for statement in file.statements:
            if type(statement) is tree.Import:
                module = yield self._import(statement, file, path)
                self._name(statement, scope)
                scope.callables[statement.name] = module
        for statement in file.statements:
            if type(statement) is tree.Def and self._is_new(statement, scope):
                self._define(statement, scope)

    def _note_names(self, file: tree.Tree) -> dict[str, Span]:
        """What a file defines anywhere, for messages about places where it cannot be used."""
        names = self.context.declared.setdefault(file.source.name, {})
        for name, span in (pair for statement in file.statements for pair in defined(statement)):
            names.setdefault(name, span)
        return names

    # ---- imports ----------------------------------------------------------------------------------------

    def _name(self, statement: tree.Import, scope: Scope) -> None:
        if statement.name in scope.callables:
            first = scope.places[statement.name]
            self.context.error(Redefinition(statement.name_span, statement.name, first))
        scope.places[statement.name] = statement.name_span

    def _import(self, statement: tree.Import, file: tree.Tree, path: tuple[str, ...]) -> Steps:
        """The imported file; after a reported mistake it has no names."""
        module = Module(statement.name, Scope(None, self.context.root))
        module.broken = True
        self.context.refuse_above_limit("import_depth", len(path), statement.path_span)
        source = self._read(statement, file, path)
        if source is None:
            return module
        name, text = source
        if name in self.modules:
            return self.modules[name].named(statement.name)
        self.modules[name] = module
        self._count_text(text, statement)
        try:
            imported, problems = read_tree(text, name, self.context.limits)
        except GraphError as error:
            self.context.collector.diagnostics += error.diagnostics
            return module
        self.context.collector.diagnostics += problems
        module.broken = bool(problems)
        self._count(imported, statement)
        yield self._declare(imported, module.scope, (*path, name))
        evaluate_hypers(self.context, imported, module.scope, None)
        return module

    def _read(self, statement: tree.Import, file: tree.Tree, path: tuple[str, ...]) -> tuple[str, str] | None:
        """Name and text of an imported file; None after a reported mistake."""
        span = statement.path_span
        problem: ImportProblem = ImportProblem.from_text(span)
        if self.importer is not None:
            try:
                name, text = self.importer(file.source.name, statement.path)
            except NotImportable as error:
                problem = error.at(span)
            except GraphError as error:  # it is too large, or no text
                self.context.collector.diagnostics += error.diagnostics
                return None
            else:
                if name not in path:
                    return name, text
                problem = ImportsInCycle(span, (*path[path.index(name) :], name))
        self.context.error(self._with_form(problem, statement))
        return None

    def _with_form(self, problem: ImportProblem, statement: tree.Import) -> ImportProblem:
        """The one message on an import of a file that is missing, and whose form was reported."""
        if not isinstance(problem, MissingImport):
            return problem
        found = self.context.collector.diagnostics
        for form in found:
            if not isinstance(form, ImportWithoutName | ForeignImport):
                continue
            if _on_one_line(form.span, statement.span):
                found.remove(form)
                facts = problem.path, problem.files, problem.below, form.name
                return MissingUnnamedImport(statement.path_span, *facts)
        return problem

    def _count(self, imported: tree.Tree, statement: tree.Import) -> None:
        """Refuses more files than the limits allow, or more words in all of them."""
        self.context.sources.append(imported.source)
        self.context.refuse_above_limit("imports", len(self.context.sources) - 1, statement.path_span)
        self.tokens += imported.tokens
        self.context.refuse_above_limit("tokens", self.tokens, statement.path_span)

    def _count_text(self, text: str, statement: tree.Import) -> None:
        """Refuses more text in all files together than the limits allow."""
        self.size += len(text)
        allowed = self.context.limits.source_bytes
        if self.size > allowed:
            file = statement.path_span.source.name
            raise GraphError([TooMuchImported("source_bytes", file, self.size, allowed, statement.path_span)])

    # ---- definitions --------------------------------------------------------------------------------------

    def _is_new(self, statement: tree.Def, scope: Scope) -> bool:
        if statement.name in scope.callables:
            first = scope.places[statement.name]
            self.context.error(Redefinition(statement.name_span, statement.name, first))
            return False
        return True

    def _define(self, statement: tree.Def, scope: Scope) -> None:
        definition = Definition(statement, scope)
        self.definitions.append(definition)
        scope.places[statement.name] = statement.name_span
        scope.callables[statement.name] = definition
        self.context.definitions.setdefault(statement.name, definition)
        formals: dict[str, Span] = {}
        for formal in statement.formals:
            if formal.name in formals:
                self.context.error(Redefinition(formal.name_span, formal.name, formals[formal.name]))
            formals.setdefault(formal.name, formal.name_span)


def _poison_hidden_names(scope: Scope, file: tree.Tree, declared: set[str]) -> None:
    """Marks the names as unknown whose definitions may be in text that could not be read."""
    declared |= {s.name for s in file.statements if isinstance(s, tree.Def | tree.Import)}
    hidden = {name for s in file.statements if isinstance(s, tree.Broken) for name in s.names}
    for name in (hidden | file.unknown) - declared:
        scope.names[name] = scope.callables[name] = POISON


# ---- hypers -----------------------------------------------------------------------------------------------


def evaluate_hypers(
    context: Context, file: tree.Tree, scope: Scope, overrides: Overrides | None
) -> dict[str, Any]:
    """Evaluates the `hyper`s of a file, each after those that it uses; the overrides replace theirs."""
    hypers = _first_hypers(context, file, scope)
    ordered, circular = in_order(hypers, context.collector)
    scope.names.update(dict.fromkeys(circular, POISON))
    for statement in ordered:
        if statement.name in circular:
            continue
        given = overrides is not None and statement.name in overrides.plain
        if overrides is not None and given:
            value = overrides.take(statement.name)
        else:
            value = context.evaluate(statement.value, scope)
            if file.source is context.source:
                context.hypers.add(statement.name, statement.value.span)
        if isinstance(value, Value):
            context.error(_no_constant(statement))
            value = POISON
        scope.names[statement.name] = value
        if is_integer(value) and file.source is context.source:
            context.hypers.sizes[statement.name] = value, given
    return {s.name: scope.names[s.name] for s in hypers}


def _first_hypers(context: Context, file: tree.Tree, scope: Scope) -> list[tree.Hyper]:
    """The `hyper`s without those whose name is defined twice, which is reported."""
    hypers = []
    for statement in file.statements:
        if type(statement) is not tree.Hyper:
            continue
        if statement.name in scope.places:
            first = scope.places[statement.name]
            context.error(Redefinition(statement.name_span, statement.name, first))
            continue
        scope.places[statement.name] = statement.name_span
        hypers.append(statement)
    return hypers


def _no_constant(statement: tree.Hyper) -> Diagnostic:
    return NoConstant.in_hyper(statement.value.span)


def _on_one_line(a: Span, b: Span) -> bool:
    """Whether two places of a file start on the same line."""
    start, end = sorted((a.start, b.start))
    return a.source.name == b.source.name and "\n" not in a.source.text[start:end]
