"""What each name in a text stands for: where it is defined, and where it is used.

Names are bound by the text alone, as far as it could be read, so a mistake elsewhere changes nothing. The
body of a `def` sees its own names and the constants, `def`s and imports of its file; a loop variable is
known within the loop, and what a `scan` carries within the `scan`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from graphlang.diagnostics import Span
from graphlang.lsp.walk import child_nodes, descendants, first_word
from graphlang.syntax import lexer
from graphlang.syntax import tree as t

Kind = Literal[
    "input", "parameter", "hyper", "value", "layer", "function", "import", "formal", "variable", "size",
    "label",
]  # fmt: skip
SEEN_IN_DEFS = ("hyper", "function", "import")
"""What the body of a `def` sees of its file."""


@dataclass(eq=False)
class Binding:
    """A name and its definition; one that nothing defines, in an open formula, is an input."""

    name: str
    kind: Kind
    span: Span
    #: what defines it, or None for a size and the input of an open formula
    node: Any = None
    #: the `def`, loop or `scan` in which it is known; None for the whole file
    within: Span | None = None
    uses: list[Span] = field(default_factory=list)


class Occurrence(NamedTuple):
    """A name at its place; `binding` is None for what is built in, or unknown."""

    span: Span
    name: str
    binding: Binding | None
    #: what it is beside a name of the file
    role: Literal["definition", "use", "built-in", "keyword", "member", "setting", "field"] = "use"
    #: for a keyword the call, for a member what stands before the point, for a setting its section
    owner: Any = None


class NameScope:
    """The names that are known in a file, a `def`, a loop or a `scan`."""

    def __init__(
        self, outer: NameScope | None = None, within: Span | None = None, *, closed: bool = False
    ) -> None:
        self.outer = outer
        self.within = within
        #: whether it is the body of a `def`, which sees few names of its file
        self.closed = closed
        self.bindings: dict[str, Binding] = {}

    def find(self, name: str) -> Binding | None:
        """The binding of a name, from the inside out."""
        scope: NameScope | None = self
        limited = False
        while scope is not None:
            binding = scope.bindings.get(name)
            if binding is not None and (not limited or binding.kind in SEEN_IN_DEFS):
                return binding
            limited |= scope.closed
            scope = scope.outer
        return None

    def visible(self) -> dict[str, Binding]:
        """All names that are known here."""
        names: dict[str, Binding] = {}
        scope: NameScope | None = self
        limited = False
        while scope is not None:
            for name, binding in scope.bindings.items():
                if not limited or binding.kind in SEEN_IN_DEFS:
                    names.setdefault(name, binding)
            limited |= scope.closed
            scope = scope.outer
        return names


class Names:
    """The names of a tree."""

    def __init__(self, file: t.Tree) -> None:
        self.file = NameScope()
        self.scopes: list[NameScope] = [self.file]
        self.occurrences: list[Occurrence] = []
        #: whether it is an open formula, whose unknown names are its inputs
        self.open = not any(type(s) is t.Input or _may_declare_inputs(s) for s in file.statements)
        self._of_defs: dict[int, NameScope] = {}
        self._waiting: list[tuple[Any, NameScope]] = []
        self._file(file)
        self.occurrences.sort(key=lambda o: (o.span.start, o.span.end))
        self.bindings = [b for scope in self.scopes for b in scope.bindings.values()]
        #: by the offset of their definitions
        self.defined = {b.span.start: b for b in self.bindings}

    def at(self, offset: int) -> Occurrence | None:
        """The name at an offset, or one that ends there."""
        near = [o for o in self.occurrences if o.span.start <= offset <= o.span.end]
        return max(near, key=lambda o: (o.span.start, o.binding is not None), default=None)

    def scope_at(self, offset: int) -> NameScope:
        """The innermost scope around an offset."""
        around = [s for s in self.scopes if s.within is None or s.within.start <= offset <= s.within.end]
        return max(around, key=lambda s: s.within.start if s.within is not None else -1)

    # ---- definitions ------------------------------------------------------------------------------------

    def _file(self, file: t.Tree) -> None:
        self._declare(file.statements, self.file)
        self._waiting = [(s, self.file) for s in reversed(file.statements)]
        while self._waiting:
            node, scope = self._waiting.pop()
            visit = _VISITS.get(type(node))
            if visit is not None:
                visit(self, node, scope)
            else:
                self._below(node, scope)

    def _below(self, node: Any, scope: NameScope) -> None:
        self._waiting += [(child, scope) for child in reversed(list(child_nodes(node)))]

    def _bind(self, scope: NameScope, name: str, kind: Kind, span: Span, node: Any = None) -> Binding:
        """Enters a definition; the first one of a name counts, and another is a use of it."""
        binding = scope.bindings.get(name)
        if binding is None:
            binding = scope.bindings[name] = Binding(name, kind, span, node, scope.within)
            self.occurrences.append(Occurrence(span, name, binding, "definition"))
        elif span != binding.span:
            self._use(binding, span)
        return binding

    def _use(self, binding: Binding, span: Span) -> None:
        binding.uses.append(span)
        self.occurrences.append(Occurrence(span, binding.name, binding))

    def _declare(self, statements: Iterable[Any], scope: NameScope) -> None:
        """Enters what statements define, wherever it is used."""
        for s in statements:
            kind = _DECLARED.get(type(s))
            if kind is not None:
                self._bind(scope, s.name, kind, s.name_span, s)
            elif type(s) is t.Assign:
                for target in s.targets:
                    self._bind(scope, target.name, "value", target.span, s)
            elif type(s) is t.Broken:
                self._declare_broken(s, scope)

    def _declare_broken(self, broken: t.Broken, scope: NameScope) -> None:
        """The names that a statement may define that cannot be read, where they stand in it."""
        word, text, start = broken.word, broken.span.text, broken.span.start
        if word in ("data", "train", "gradcheck", "output", "expect"):
            return
        kind: Kind = _BROKEN.get(word, "value")
        names = [n for n in broken.names if n != word and n not in lexer.WORDS] + [word] * (kind == "value")
        for name in names[:1] if word == "def" else names:
            at = _word_in(text, name)
            if at >= 0 and (kind != "value" or "=" not in text[:at]):
                in_type = text.count("[", 0, at) > text.count("]", 0, at)
                self._bind_broken(scope, name, "size" if in_type else kind, start + at, broken)
        inner: Kind = "formal" if word == "def" else "variable"
        for match in (_FORMALS if word == "def" else _VARIABLES).finditer(text):
            for part in _NAME.finditer(text, *match.span(1)):
                if part[0] not in lexer.WORDS:
                    self._bind_broken(
                        self._of_broken(broken, scope), part[0], inner, start + part.start(), broken
                    )

    def _bind_broken(self, scope: NameScope, name: str, kind: Kind, at: int, broken: t.Broken) -> None:
        if name not in scope.bindings:
            self._bind(scope, name, kind, Span(at, at + len(name), broken.span.source), broken)

    def _of_broken(self, broken: t.Broken, scope: NameScope) -> NameScope:
        """The scope in a statement that cannot be read, to the end of its last line."""
        inner = self._of_defs.get(id(broken))
        if inner is None:
            text = broken.span.source.text
            end = text.find("\n", broken.span.end)
            within = Span(broken.span.start, len(text) if end < 0 else end, broken.span.source)
            inner = self._of_defs[id(broken)] = NameScope(scope, within, closed=broken.word == "def")
            self.scopes.append(inner)
        return inner

    # ---- uses -------------------------------------------------------------------------------------------

    def _name(self, node: t.Name, scope: NameScope) -> None:
        self._refer(node.name, node.span, scope)

    def _refer(self, name: str, span: Span, scope: NameScope, *, opens: bool = True) -> None:
        binding = scope.find(name)
        if binding is not None:
            self._use(binding, span)
        elif self.open and opens and scope.find(name) is None and not _is_built_in(name):
            self._bind(self.file, name, "input", span)
        else:
            self.occurrences.append(Occurrence(span, name, None, "built-in"))

    def _type(self, node: t.Type, scope: NameScope) -> None:
        """The sizes of a type define the names that nothing else does."""
        for part in descendants(node.dims or ()):
            if type(part) is t.Name:
                binding = scope.find(part.name)
                if binding is None:
                    self._bind(scope, part.name, "size", part.span)
                elif part.span != binding.span:
                    self._use(binding, part.span)

    def _call(self, node: t.Call, scope: NameScope) -> None:
        waiting: list[tuple[Any, NameScope]] = []
        callee = node.function
        if type(callee) is t.Name:
            self._refer(callee.name, callee.span, scope, opens=False)
        else:
            waiting.append((callee, scope))
        for argument in node.arguments:
            if argument.name is not None:
                self._keyword(argument, callee, scope)
            waiting.append((argument.value, scope))
        self._waiting += reversed(waiting)

    def _keyword(self, argument: t.Argument, callee: Any, scope: NameScope) -> None:
        """`units=50`: of a `def` in this file it is the name of a formal."""
        span = first_word(argument.span)
        binding = scope.find(callee.name) if type(callee) is t.Name else None
        formal = None
        if binding is not None and type(binding.node) is t.Def:
            formal = self._formal(binding.node, argument.name or "")
        if formal is not None:
            formal.uses.append(span)
        self.occurrences.append(Occurrence(span, argument.name or "", formal, "keyword", callee))

    def _formal(self, definition: t.Def, name: str) -> Binding | None:
        """The binding of a formal, whose `def` may stand further down."""
        inner = self._scope_of(definition)
        binding = inner.bindings.get(name)
        return binding if binding is not None and binding.kind == "formal" else None

    def _scope_of(self, definition: t.Def) -> NameScope:
        """The scope of a `def`, which is made when it is first asked for."""
        inner = self._of_defs.get(id(definition))
        if inner is None:
            inner = self._of_defs[id(definition)] = NameScope(self.file, definition.span, closed=True)
            self.scopes.append(inner)
            for formal in definition.formals:
                self._bind(inner, formal.name, "formal", formal.name_span, formal)
            self._declare(definition.body, inner)
        return inner

    def _def(self, node: t.Def, scope: NameScope) -> None:
        inner = self._scope_of(node)
        # Any, since mypy takes minutes to tell the kinds of parts apart.
        parts: list[Any] = [part for formal in node.formals for part in (formal.type, formal.default)]
        parts += [node.returns, *node.body]
        self._waiting += [(part, inner) for part in reversed(parts) if part is not None]

    def _attribute(self, node: t.Attribute, scope: NameScope) -> None:
        owner = scope.find(node.value.name) if type(node.value) is t.Name else None
        self.occurrences.append(Occurrence(node.name_span, node.name, None, "member", owner or node.value))
        if type(node.value) is t.Name:
            self._refer(node.value.name, node.value.span, scope, opens=False)
        else:
            self._waiting.append((node.value, scope))

    # ---- scopes of loops ------------------------------------------------------------------------------

    def _inner(self, scope: NameScope, within: Span, targets: Iterable[t.Target]) -> NameScope:
        inner = NameScope(scope, within)
        self.scopes.append(inner)
        for target in targets:
            self._bind(inner, target.name, "variable", target.span, target)
        return inner

    def _for(self, node: t.For, scope: NameScope) -> None:
        inner = self._inner(scope, node.span, node.variables)
        self._labels(node.entries, scope)
        self._waiting += [(entry, inner) for entry in reversed(node.entries)]
        self._waiting.append((node.values, scope))

    def _list_for(self, node: t.ListFor, scope: NameScope) -> None:
        inner = self._inner(scope, node.span, node.variables)
        self._waiting += [(node.values, scope), (node.item, inner)]

    def _scan(self, node: t.Scan, scope: NameScope) -> None:
        inner = self._inner(scope, node.span, [t.Target(node.variable, node.variable_span)])
        for carry in node.carries:
            self._bind(inner, carry.name, "variable", carry.name_span, carry)
        self._declare(node.body, inner)
        self._waiting += [(statement, inner) for statement in reversed(node.body)]
        outside = [node.values, *(o.value for o in node.options), *(c.value for c in node.carries)]
        self._waiting += [(part, scope) for part in reversed(outside)]

    def _next(self, node: t.Next, scope: NameScope) -> None:
        for carry in node.carries:
            self._refer(carry.name, carry.name_span, scope, opens=False)
            self._waiting.append((carry.value, scope))

    def _labels(self, entries: Iterable[Any], scope: NameScope) -> None:
        for entry in entries:
            if type(entry) is t.Entry and entry.label is not None and entry.label_span is not None:
                self._bind(scope, entry.label, "label", entry.label_span, entry)

    def _block(self, node: Any, scope: NameScope) -> None:
        self._labels(node.entries, scope)
        self._below(node, scope)

    # ---- statements -----------------------------------------------------------------------------------

    def _output(self, node: t.Output, scope: NameScope) -> None:
        self._refer(node.name, node.span, scope)

    def _section(self, node: t.Section, scope: NameScope) -> None:
        for setting in node.settings:
            self._setting(node.name, setting, scope)

    def _setting(self, section: str, setting: t.Setting, scope: NameScope) -> None:
        name, span = setting.name, setting.name_span
        binding = scope.find(name) if section == "data" else None
        if binding is not None and binding.kind == "input":
            self._use(binding, span)
            self._fields(setting.value, scope)
            return
        self.occurrences.append(Occurrence(span, name, None, "setting", section))
        if section == "data" and name == "validation" and type(setting.value) is t.Name:
            self._fields(setting.value, scope)
        elif type(setting.value) is t.Name and setting.value.name in choices(section, name):
            self.occurrences.append(
                Occurrence(setting.value.span, setting.value.name, None, "field", section)
            )
        else:
            self._waiting.append((setting.value, scope))

    def _fields(self, value: Any, scope: NameScope) -> None:
        """Names of fields of the data source, the functions that prepare them, and the `hyper`s that these
        are given by name."""
        sizes = {
            id(a.value)
            for part in descendants([value])
            if type(part) is t.Call
            for a in part.arguments
            if a.name is not None and type(a.value) is t.Name
        }
        for part in descendants([value]):
            if type(part) is t.Name and id(part) in sizes:
                self._refer(part.name, part.span, scope)
            elif type(part) is t.Name:
                self.occurrences.append(Occurrence(part.span, part.name, None, "field", "data"))


def _may_declare_inputs(statement: Any) -> bool:
    return type(statement) is t.Broken and statement.word == "input"


def choices(section: str, name: str) -> tuple[str, ...]:
    """The words that a setting chooses from, as in `dtype = float64`."""
    from graphlang.resolve.section_models import MODELS
    from graphlang.resolve.settings import words_of_setting

    if section not in MODELS or name not in MODELS[section].model_fields:
        return ()
    return tuple(str(word) for word in words_of_setting(section, name))


def _is_built_in(name: str) -> bool:
    from graphlang.catalog.constructs import CONSTRUCTS
    from graphlang.catalog.finder import Catalog
    from graphlang.resolve.built_in_values import BUILT_IN_VALUES

    return name in CONSTRUCTS or name in BUILT_IN_VALUES or Catalog().find(name) is not None


def _word_in(text: str, word: str) -> int:
    """Where a word stands in a text, or -1."""
    match = re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text)
    return match.start() if match else -1


_FORMALS = re.compile(r"[(,]\s*([^\W\d]\w*)(?=\s*[,:=)])")
_VARIABLES = re.compile(r"\b(?:for|scan)\s+([^\W\d]\w*(?:\s*,\s*[^\W\d]\w*)*)\s+in\b")
_NAME = re.compile(r"[^\W\d]\w*")
_DECLARED: dict[type, Kind] = {
    t.Import: "import",
    t.Hyper: "hyper",
    t.Def: "function",
    t.Input: "input",
    t.Param: "parameter",
    t.LayerDecl: "layer",
}
_BROKEN: dict[str, Kind] = {
    "input": "input",
    "param": "parameter",
    "hyper": "hyper",
    "layer": "layer",
    "def": "function",
    "import": "import",
}
_VISITS: dict[type, Any] = {
    t.Name: Names._name,
    t.Type: Names._type,
    t.Call: Names._call,
    t.Def: Names._def,
    t.Attribute: Names._attribute,
    t.For: Names._for,
    t.ListFor: Names._list_for,
    t.Scan: Names._scan,
    t.Next: Names._next,
    t.Layers: Names._block,
    t.Repeat: Names._block,
    t.Residual: Names._block,
    t.Output: Names._output,
    t.Section: Names._section,
}
