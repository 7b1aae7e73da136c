"""What is known of one text: its tree, its names, its values and its mistakes, as far as it can be read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

from graphlang.diagnostics import Diagnostic, GraphError, Source, Span
from graphlang.diagnostics.limits import DEFAULT, Limits
from graphlang.diagnostics.names import NotImportable
from graphlang.diagnostics.spelling import few_searches
from graphlang.lazy import lazy
from graphlang.lsp.names import Names
from graphlang.resolve.evaluator import Rules
from graphlang.resolve.file import Examined, examine
from graphlang.resolve.rules import RULES
from graphlang.resolve.values import Value
from graphlang.spec.models import Spec
from graphlang.syntax import read_tree
from graphlang.syntax import tree as t
from graphlang.syntax.files import importer_below
from graphlang.syntax.lexer import GraphLexer

Importer = Callable[[str, str], tuple[str, str]]
EDITOR_LIMITS = replace(DEFAULT, errors=200)
"""Those of a file from a stranger; a file that is being written may have more mistakes."""


class Cancelled(Exception):  # noqa: N818 - it is no error
    """Another text has come, and nobody waits for this one any more."""


class Analysis:
    """One text, read on after its mistakes; `values` and `problems` are there once it is examined."""

    def __init__(
        self,
        text: str,
        name: str = "<text>",
        importer: Importer | None = None,
        limits: Limits = EDITOR_LIMITS,
        cancelled: Event | None = None,
    ) -> None:
        self.text = text
        self.name = name
        self.limits = limits
        self.cancelled = cancelled or Event()
        #: the texts that were imported, by name
        self.imported: dict[str, str] = {}
        self._importer = importer
        self.tree, self.syntax_problems = self._read()
        self.examined: Examined | None = None

    def _read(self) -> tuple[t.Tree, list[Diagnostic]]:
        lexer = _CancellableLexer(self.cancelled)
        try:
            return read_tree(self.text, self.name, self.limits, lexer)
        except GraphError as error:  # too large, or too many mistakes
            return t.Tree("", (), Source(self.name, self.text)), error.diagnostics

    def examine(self) -> Analysis:
        """Finds out types, shapes and all mistakes."""
        rules = Rules(RULES.leaves, _CancellableRules(RULES.steps, self.cancelled))
        importer = self._import if self._importer is not None else None
        with few_searches():
            self.examined = examine(self.tree, self.limits, importer, self.syntax_problems, rules)
        return self

    def _import(self, importing: str, written: str) -> tuple[str, str]:
        assert self._importer is not None
        name, text = self._importer(importing, written)
        self.imported[name] = text
        return name, text

    @property
    def problems(self) -> list[Diagnostic]:
        """All mistakes, warnings and notes."""
        return self.syntax_problems if self.examined is None else self.examined.problems

    @property
    def sound(self) -> bool:
        """Whether it was examined, and has no mistake."""
        return self.examined is not None and self.examined.spec is not None

    @lazy
    def names(self) -> Names:
        """What each name stands for, by the tree alone."""
        return Names(self.tree)

    @lazy
    def spec(self) -> Spec | None:
        """The spec of a file without a mistake."""
        made = self.examined.spec if self.examined is not None else None
        return None if made is None else made()

    @lazy
    def values(self) -> dict[tuple[int, int], list[Value]]:
        """The values by the place that defines them; those of a `def` once for each use."""
        values: dict[tuple[int, int], list[Value]] = {}
        for value in self.examined.values if self.examined is not None else ():
            if value.span.source.name == self.name:
                values.setdefault((value.span.start, value.span.end), []).append(value)
        return values

    def values_at(self, span: Span) -> list[Value]:
        """The values that are defined at a place."""
        return self.values.get((span.start, span.end), [])

    def constant(self, name: str) -> Any:
        """What a name of the file stands for: a number, a size, a text."""
        return self.examined.names.get(name) if self.examined is not None else None

    @lazy
    def modules(self) -> dict[str, Analysis]:
        """The imported files by the names of their imports, read but not examined."""
        modules: dict[str, Analysis] = {}
        for statement in self.tree.statements:
            if type(statement) is t.Import and self._importer is not None:
                try:
                    name, text = self._importer(self.name, statement.path)
                except (NotImportable, GraphError):
                    continue
                modules[statement.name] = Analysis(text, name, self._importer, self.limits)
        return modules


def prepare_for_mistakes() -> None:
    """Imports what the first mistakes of a file need: some hundred milliseconds, for which whoever makes one
    would wait otherwise."""
    for text in MISTAKES:
        Analysis(text).examine()


MISTAKES = (
    "x = relu(y\nz = x * 2\n",
    "input x: float[N, 2]\nparam W: float[3, 4] = zeros\na = x @ W\nb = rellu(c)\noutput b\n",
)
"""An open bracket; names that nothing defines, and shapes that do not fit."""


class _CancellableLexer(GraphLexer):
    """A lexer that stops where nobody waits for its tokens any more."""

    def __init__(self, cancelled: Event) -> None:
        self.cancelled = cancelled

    def lex(self, lexer_state: Any, parser_state: Any) -> Iterator[Any]:
        stops = self.cancelled.is_set
        for token in super().lex(lexer_state, parser_state):
            if stops():
                raise Cancelled
            yield token


class _CancellableRules(dict[type, Any]):
    """The rules of the evaluation, which are asked for at every step of it."""

    def __init__(self, rules: Mapping[type, Any], cancelled: Event) -> None:
        super().__init__(rules)
        self.stops = cancelled.is_set

    def __getitem__(self, kind: type) -> Any:
        if self.stops():
            raise Cancelled
        return super().__getitem__(kind)


def importer_with(
    folder: Path, opened: Callable[[str], str | None], limits: Limits = EDITOR_LIMITS
) -> Importer:
    """Reads imports as a check does, below a folder; the text of an open document, by its path, stands for
    the file."""
    read = importer_below(folder, limits)

    def read_or_opened(importing: str, written: str) -> tuple[str, str]:
        try:
            name, text = read(importing, written)
        except NotImportable:
            base = Path(importing).parent if Path(importing).is_absolute() else folder
            place = base / written
            unsaved = opened(str(place)) if _below(folder, written) else None
            if unsaved is None:
                raise
            return str(place), unsaved
        unsaved = opened(name)
        return name, text if unsaved is None else unsaved

    return read_or_opened


def _below(folder: Path, written: str) -> bool:
    path = Path(written)
    return path.suffix == ".graph" and not path.is_absolute() and ".." not in path.parts
