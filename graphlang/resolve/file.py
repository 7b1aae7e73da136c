"""A whole file, from its tree to its spec: collects every mistake and raises once."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from graphlang.catalog.finder import Catalog
from graphlang.diagnostics import Collector, Diagnostic, GraphError, Source, Span
from graphlang.diagnostics.limits import Limits
from graphlang.diagnostics.names import ImportProblem, Redefinition, WrongKind
from graphlang.diagnostics.python_arguments import is_whole
from graphlang.diagnostics.settings import UnknownOverride, WrongOverride
from graphlang.diagnostics.too_large import LimitExceeded
from graphlang.resolve import expressions, nodes, sections, statements, uncalled
from graphlang.resolve.constants import described
from graphlang.resolve.context import Context, Steps, kind_of
from graphlang.resolve.full_names import name_everything
from graphlang.resolve.order import defined, in_order, names_used
from graphlang.resolve.scans import Body
from graphlang.resolve.values import MISSING, POISON, Definition, Module, Scope, Value
from graphlang.spec.models import (
    BodySpec,
    ExpectSpec,
    GroupSpec,
    InputSpec,
    NodeSpec,
    ParamSpec,
    SourceText,
    Spec,
    Use,
)
from graphlang.syntax import parse, read_tree, tree

Importer = Callable[[str, str], tuple[str, str]]
"""Reads an import: (importing file, path as written) -> (name, text); raises ValueError with a reason."""


NOT_FINITE = {"nan": math.nan, "inf": math.inf}
"""What may come from outside beside numbers: a command reads what another writes."""


class Resolved:
    """A spec, and the notes and warnings that came with it."""

    def __init__(self, spec: Spec, notes: list[Diagnostic]) -> None:
        self.spec = spec
        self.notes = notes


def resolve(
    file: tree.Tree,
    catalog: Catalog | None = None,
    overrides: Mapping[str, Any] | None = None,
    limits: Limits | None = None,
    importer: Importer | None = None,
    problems: Sequence[Diagnostic] = (),
) -> Resolved:
    """The spec of a file; raises GraphError with every independent mistake in it.

    `problems` are those that were found when it was read, which the tree has left out.

    `overrides` are values for inputs, `hyper`s and `section.setting`s: text is read as an
    expression of the language, anything else is taken as it is.
    """
    context = Context(catalog or Catalog(), limits or Limits(), file.source)
    context.enter = statements.enter
    context.collector.diagnostics += problems
    program = _Program(context, file, dict(overrides or {}), importer)
    program.elaborate()
    context.collector.finish()
    name_everything(context)
    return Resolved(program.spec(), context.collector.diagnostics)


class _Program:
    def __init__(
        self, context: Context, file: tree.Tree, overrides: dict[str, Any], importer: Importer | None
    ) -> None:
        self.context = context
        self.file = file
        self.importer = importer
        self.base = Scope(None, context.root)
        self.top = Scope(self.base, context.root)
        self.places: dict[str, Span] = {}
        self.hypers: dict[str, Any] = {}
        self.outputs: list[Value] = []
        self.expects: list[tuple[tree.Expect, Any, Any, Any]] = []
        self.settings: dict[str, sections.Settings] = {}
        #: every `def`, of the file and of what it imports
        self.defs: list[Definition] = []
        self.plain_overrides: dict[str, Any] = {}
        self.section_overrides: dict[str, dict[str, sections.Override]] = {}
        self._sort_overrides(overrides)

    def of(self, kind: Any) -> list[Any]:
        return [s for s in self.file.statements if type(s) is kind]

    # ---- overrides ------------------------------------------------------------------------------

    def _sort_overrides(self, overrides: dict[str, Any]) -> None:
        for name, value in overrides.items():
            section, dot, setting = name.partition(".")
            if dot and section in sections.MODELS:
                expression = _as_expression(name, value, self.context.collector)
                if expression is not None:
                    group = self.section_overrides.setdefault(section, {})
                    group[setting] = sections.Override(expression, str(value))
            else:
                self.plain_overrides[name] = value

    def _override_value(self, name: str) -> Any:
        """The plain value of an override: text is an expression over constants."""
        value = self.plain_overrides[name]
        if not isinstance(value, str):
            try:
                return _plain(value)
            except TypeError as error:
                self.context.collector.add(WrongOverride(name, str(error), unread=True))
                return POISON
        expression = _as_expression(name, value, self.context.collector)
        if expression is None:
            return POISON
        if isinstance(expression, tree.Name) and expression.name not in NOT_FINITE:
            self.context.collector.add(
                WrongOverride(name, f"`{value}` is neither a number nor a list", unread=True)
            )
            return POISON
        scope = Scope(None, self.context.root)
        scope.names.update(NOT_FINITE)
        return expressions.evaluate(self.context, expression, scope)

    # ---- the stages --------------------------------------------------------------------------------

    def elaborate(self) -> None:
        self._declare(self.file)
        poison(self.base, self.file, set(self.context.declared[self.file.source.name]))
        expressions.run(self.context, self._imports(self.file, self.base, (self.file.source.name,)))
        self._definitions(self.file, self.base)
        self._hypers()
        self._inputs()
        body = [s for s in self.file.statements if type(s) in (tree.Assign, tree.Param, tree.LayerDecl)]
        expressions.run(self.context, statements.elaborate(self.context, body, self.top, self.places))
        if self.context.open is not None:
            self._close()
        self._misplaced()
        self.context.counted = True
        self.top.order = len(body) + 1
        self._outputs()
        self._expects()
        self._sections()
        uncalled.check(self.context, self.defs)

    def _misplaced(self) -> None:
        for statement in self.file.statements:
            if type(statement) in (tree.Return, tree.Next, tree.Yield):
                word = type(statement).__name__.lower()
                where = "a `def`" if word == "return" else "a `scan`"
                self.context.error(WrongKind(statement.span, f"`{word}` stands only inside {where}"))

    def _declare(self, file: tree.Tree) -> None:
        """Notes what a file defines anywhere, for messages about where it cannot be used."""
        names = self.context.declared.setdefault(file.source.name, {})
        for statement in file.statements:
            for name, span in defined(statement):
                names.setdefault(name, span)

    def _imports(self, file: tree.Tree, scope: Scope, path: tuple[str, ...]) -> Steps:
        for statement in file.statements:
            if type(statement) is tree.Import:
                module = yield self._import(statement, file, path)
                if statement.name in scope.callables:
                    self.context.error(
                        Redefinition(statement.name_span, statement.name, scope.places[statement.name])
                    )
                scope.places[statement.name] = statement.name_span
                scope.callables[statement.name] = module

    def _import(self, statement: tree.Import, file: tree.Tree, path: tuple[str, ...]) -> Steps:
        inner = Scope(None, self.context.root)
        module = Module(statement.name, inner)
        module.broken = True
        if self.importer is None:
            message = "a spec that comes as text cannot import; load it from a file"
            self.context.error(ImportProblem(statement.path_span, message))
            return module
        try:
            name, text = self.importer(file.source.name, statement.path)
        except ValueError as error:
            self.context.error(ImportProblem(statement.path_span, str(error)))
            return module
        if name in path:
            circle = " -> ".join((*path[path.index(name) :], name))
            self.context.error(
                ImportProblem(statement.path_span, f"these files import one another: {circle}")
            )
            return module
        try:
            imported, problems = read_tree(text, name, self.context.limits)
        except GraphError as error:
            for diagnostic in error.diagnostics:
                self.context.collector.add(diagnostic)
            return module
        self.context.collector.diagnostics += problems
        module.broken = bool(problems)
        self.context.sources.append(imported.source)
        if len(self.context.sources) - 1 > self.context.limits.imports:
            raise GraphError([LimitExceeded(statement.path_span, "imports", self.context.limits.imports)])
        self._declare(imported)
        poison(inner, imported, set(self.context.declared[name]))
        yield self._imports(imported, inner, (*path, name))
        self._definitions(imported, inner)
        self._hypers_of(imported, inner, {})
        return module

    def _definitions(self, file: tree.Tree, scope: Scope) -> None:
        for statement in file.statements:
            if type(statement) is not tree.Def:
                continue
            if statement.name in scope.callables:
                first = scope.places[statement.name]
                self.context.error(Redefinition(statement.name_span, statement.name, first))
                continue
            scope.places[statement.name] = statement.name_span
            definition = Definition(statement, scope)
            self.defs.append(definition)
            self._formals(statement)
            scope.callables[statement.name] = definition
            self.context.definitions.setdefault(statement.name, definition)

    def _formals(self, node: tree.Def) -> None:
        places: dict[str, Span] = {}
        for formal in node.formals:
            if formal.name in places:
                self.context.error(Redefinition(formal.name_span, formal.name, places[formal.name]))
            places.setdefault(formal.name, formal.name_span)

    def _hypers(self) -> None:
        self.hypers = self._hypers_of(self.file, self.base, self.plain_overrides)
        self.places.update(self.base.places)

    def _hypers_of(self, file: tree.Tree, scope: Scope, overrides: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        hypers = []
        for statement in file.statements:
            if type(statement) is not tree.Hyper:
                continue
            if statement.name in scope.places:
                first = scope.places[statement.name]
                self.context.error(Redefinition(statement.name_span, statement.name, first))
                continue
            scope.places[statement.name] = statement.name_span
            hypers.append(statement)
        ordered, circular = in_order(hypers, self.context.collector)
        scope.names.update(dict.fromkeys(circular, POISON))
        for statement in ordered:
            if statement.name in circular:
                found[statement.name] = POISON
                continue
            if statement.name in overrides:
                value = self._override_value(statement.name)
                overrides.pop(statement.name)
            else:
                value = expressions.evaluate(self.context, statement.value, scope)
            if isinstance(value, Value):
                text = f"a `hyper` is a constant, and `{statement.value.span.text}` is a value of the graph"
                self.context.error(WrongKind(statement.value.span, text))
                value = POISON
            scope.names[statement.name] = value
            found[statement.name] = value
        return {s.name: found[s.name] for s in hypers}

    def _inputs(self) -> None:
        inputs = self.of(tree.Input)
        seen: dict[str, Span] = {}
        for statement in inputs:
            if statement.name in seen or statement.name in self.places:
                first = seen.get(statement.name) or self.places[statement.name]
                self.context.error(Redefinition(statement.name_span, statement.name, first))
            seen.setdefault(statement.name, statement.name_span)
        if not inputs:
            hidden = any(s.word not in _NO_INPUT for s in self.of(tree.Broken))
            self.context.open = self._unread_input if hidden else self._open_input
            return
        values = {n: self._override_value(n) for n in list(self.plain_overrides) if n in seen}
        for name in values:
            self.plain_overrides.pop(name)
        values = {n: v for n, v in values.items() if v is not POISON}
        statements.declare_inputs(self.context, inputs, self.top, values)
        dimensions = {n: self.top.places[n] for n in self.top.dims}
        self.places.update({n: p for n, p in {**seen, **dimensions}.items() if n not in self.places})
        self._unknown_overrides(list(seen))

    def _unread_input(self, name: str, span: Span) -> Any:
        """In a file whose inputs may stand in what cannot be read."""
        self.top.names[name] = POISON
        return POISON

    def _open_input(self, name: str, span: Span) -> Value:
        """In an open formula: the input that a name is which nothing defines."""
        default = self._override_value(name) if name in self.plain_overrides else None
        self.plain_overrides.pop(name, None)
        return statements.open_input(self.context, name, span, self.top, default)

    def _close(self) -> None:
        """Ends an open formula: its inputs are in order of appearance, which evaluation need not follow."""
        self.context.open = None
        values = self.context.values
        found = {v.label: v for v in values if v.kind == "input" and v.label is not None}
        seen: dict[str, Span] = {}
        for statement in self.file.statements:
            if type(statement) is tree.Assign:
                for use in names_used(statement.value):
                    if use.name in found:
                        seen.setdefault(use.name, use.span)
        for name, span in seen.items():
            found[name].span = self.top.places[name] = span
        values[:] = [found[n] for n in seen] + [v for v in values if v.label not in seen or v.kind != "input"]
        self._unknown_overrides(list(found))

    def _unknown_overrides(self, inputs: list[str]) -> None:
        if not self.plain_overrides:
            return
        from graphlang.catalog.foreign_names import attribute_meant

        known = [*inputs, *self.hypers]
        for section in self.of(tree.Section):
            known += [f"{section.name}.{f}" for f in sections.MODELS[section.name].model_fields]
        for name in self.plain_overrides:
            if self.base.names.get(name) is POISON:
                continue
            elsewhere = sections.belongs_of_override("train", name) if "train.optimizer" in known else None
            problem = UnknownOverride(name, known, self.file.source.name, elsewhere, attribute_meant(name))
            self.context.collector.add(problem)

    def _outputs(self) -> None:
        for statement in self.of(tree.Output):
            value = statements.find_output(self.context, statement, self.top)
            if value is not None and value not in self.outputs:
                self.outputs.append(value)
        if not self.of(tree.Output):
            self.outputs = self._sinks()

    def _sinks(self) -> list[Value]:
        """Without an `output`: the named values that no other value needs."""
        used = {id(o) for v in self.context.values for o in v.operands if isinstance(o, Value)}
        return [
            v
            for v in self.context.values
            if v.kind == "node" and v.label is not None and v.group is self.context.root and id(v) not in used
        ]

    def _expects(self) -> None:
        for statement in self.of(tree.Expect):
            before = len(self.context.values)
            left = expressions.evaluate(self.context, statement.left, self.top)
            right = expressions.evaluate(self.context, statement.right, self.top)
            within = None
            if statement.within is not None:
                within = expressions.evaluate(self.context, statement.within, self.top)
                if isinstance(within, bool) or not isinstance(within, int | float) or within < 0:
                    self.context.error(
                        WrongKind(statement.within.span, "a tolerance is a number, as in `within 1e-3`")
                    )
            for side, node in ((left, statement.left), (right, statement.right)):
                if side is not POISON and not nodes.is_operand(side):
                    text = f"`expect` compares values and numbers, and this is {described(side)}"
                    self.context.error(WrongKind(node.span, text))
            sides = [
                nodes.as_value(self.context, side, node.span, self.top)
                for side, node in ((left, statement.left), (right, statement.right))
            ]
            if POISON not in (left, right, *sides):
                nodes.comparable(self.context, tuple(sides), statement.span)
            self._no_parameters(statement, before)
            self.expects.append((statement, *sides, within))

    def _no_parameters(self, statement: tree.Expect, before: int) -> None:
        """An `expect` is a test: the network that it tests must be the same without it."""
        for value in self.context.values[before:]:
            owner = value.group
            while owner.parent is not None and owner.parent is not self.context.root:
                owner = owner.parent
            if value.kind == "param" and owner.order[1] >= before:
                text = f"an `expect` makes no parameters, and `{owner.kind}` here would have its own"
                help = (
                    f"share one with the network: `layer fc = {owner.kind}(...)`, and `fc(x)` here and there"
                )
                self.context.error(WrongKind(statement.span, text, help))
                return

    def _sections(self) -> None:
        inputs = [v.label or "" for v in self.context.values if v.kind == "input"]
        for name, section in sections.first_of_each(self.context, self.of(tree.Section)).items():
            overrides = self.section_overrides.pop(name, {})
            settings = sections.evaluate(self.context, section, self.top, overrides, inputs)
            self.settings[name] = settings
            known = list(sections.MODELS[name].model_fields)
            for setting in overrides:
                elsewhere = sections.belongs_of_override(name, setting)
                self.context.collector.add(
                    UnknownOverride(f"{name}.{setting}", [f"{name}.{k}" for k in known], None, elsewhere)
                )
        for name, overrides in self.section_overrides.items():
            if self.of(tree.Broken):
                break  # the section may be there
            for diagnostic in sections.unread(overrides, name):
                self.context.collector.add(diagnostic)
        # Settings that fail their model are reported with everything else, before names are given.
        for name, settings in self.settings.items():
            sections.build(self.context, name, settings, _with_names(settings.values, lambda v: "x"))

    # ---- the spec ------------------------------------------------------------------------------------

    def spec(self) -> Spec:
        context = self.context
        numbers = {id(s): i for i, s in enumerate(context.sources)}
        built = {
            name: sections.build(context, name, settings, _with_names(settings.values, lambda v: v.name))
            for name, settings in self.settings.items()
        }
        return Spec(
            doc=self.file.doc,
            sources=tuple(SourceText(name=s.name, text=s.text) for s in context.sources),
            hypers=self.hypers,
            inputs=tuple(_input_spec(v, numbers) for v in context.values if v.kind == "input"),
            params=tuple(_param_spec(v, numbers) for v in context.values if v.kind == "param"),
            nodes=tuple(_node_spec(v, numbers) for v in context.values if v.kind == "node"),
            groups={
                instance.path(): GroupSpec(definition=name, at=_place(instance.called_at, numbers))
                for instance, name in context.groups
            },
            outputs=tuple(v.name for v in self.outputs),
            expects=tuple(self._expect_spec(*e, numbers) for e in self.expects),
            **built,
        )

    def _expect_spec(
        self, statement: tree.Expect, left: Any, right: Any, within: Any, numbers: dict[int, int]
    ) -> ExpectSpec:
        return ExpectSpec(
            left=_operand(left),
            right=_operand(right),
            within=within,
            text=statement.span.text,
            at=_place(statement.span, numbers),
        )


_NO_INPUT = frozenset("output expect train data gradcheck".split())
"""Words of which a statement declares no input, whatever is wrong with it."""


def poison(scope: Scope, file: tree.Tree, sound: set[str]) -> None:
    """Enters the names that a mistake in the text may have hidden: nothing is known of them."""
    sound |= {s.name for s in file.statements if isinstance(s, tree.Def | tree.Import)}
    hidden = {name for s in file.statements if isinstance(s, tree.Broken) for name in s.names}
    for name in (hidden | file.unknown) - sound:
        scope.names[name] = scope.callables[name] = POISON


def _as_expression(name: str, value: Any, collector: Collector) -> Any:
    """The expression that an override's text is; None after a reported mistake."""
    if not isinstance(value, str):
        value = _as_text(value)
    elif re.match(r"\s*\+\s*[.\d]", value):  # `+3` is a number outside of a file
        value = value.replace("+", "", 1)
    try:
        parsed = parse(f"v = {value}", f"--set {name}")
    except GraphError:
        collector.add(WrongOverride(name, f"`{value}` cannot be read", unread=True))
        return None
    if len(parsed.statements) != 1 or not isinstance(parsed.statements[0], tree.Assign):
        collector.add(WrongOverride(name, f"`{value}` is not one value", unread=True))
        return None
    return parsed.statements[0].value


def _plain(value: Any) -> Any:
    """A value from Python as plain data, which a spec can hold."""
    value = value.tolist() if hasattr(value, "tolist") else value
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Decimal | Fraction):
        return int(value) if is_whole(value) else float(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    raise TypeError(f"`{value!r}` is no value of the language")


def _as_text(value: Any) -> str:
    from graphlang.resolve.signatures import constant_text

    return constant_text(value.tolist() if hasattr(value, "tolist") else value)


def _place(span: Span | None, numbers: dict[int, int]) -> tuple[int, int, int] | None:
    if span is None or id(span.source) not in numbers:
        return None
    return numbers[id(span.source)], span.start, span.end


def _with_names(values: dict[str, Any], name: Callable[[Value], str]) -> dict[str, Any]:
    def plain(value: Any) -> Any:
        if isinstance(value, Value):
            return name(value)
        if isinstance(value, dict):
            return {k: plain(v) for k, v in value.items()}
        return value

    return {k: plain(v) for k, v in values.items()}


def _operand(value: Any) -> Any:
    if isinstance(value, Value):
        return value.name
    assert isinstance(value, int | float), value
    return value


def attribute_json(value: Any) -> Any:
    """An attribute as the spec holds it: initialisers by name, under a key that says so."""
    if isinstance(value, list | tuple):
        return [attribute_json(v) for v in value]
    if hasattr(value, "model_dump"):
        found = sections.use(value)
        return {"use": found.name, "attributes": found.attributes}
    return value


def _input_spec(value: Value, numbers: dict[int, int]) -> InputSpec:
    default = value.attributes["default"]
    return InputSpec(
        name=value.name,
        dtype=kind_of(value.array),
        shape=None if value.attributes["open"] else value.array.shape,
        default=default.tolist() if hasattr(default, "tolist") else default,
        below=value.bounds,
        ignored=value.ignored,
        at=_place(value.span, numbers),
    )


def _param_spec(value: Value, numbers: dict[int, int]) -> ParamSpec:
    return ParamSpec(
        name=value.name,
        shape=value.array.shape,
        dtype=kind_of(value.array),
        init=sections.use(value.attributes["init"]),
        trainable=value.attributes["trainable"],
        at=_place(value.span, numbers),
    )


def _body_spec(body: Body, numbers: dict[int, int]) -> BodySpec:
    return BodySpec(
        inputs=tuple(
            InputSpec(
                name=v.name,
                dtype=kind_of(v.array),
                shape=v.array.shape,
                at=_place(v.span, numbers),
            )
            for v in body.inputs
        ),
        nodes=tuple([_node_spec(v, numbers) for v in body.values]),
        following=tuple([v.name for v in body.following]),
        yields=tuple([v.name for v in body.yields]),
    )


def _node_spec(value: Value, numbers: dict[int, int]) -> NodeSpec:
    return NodeSpec(
        body=None if value.body is None else _body_spec(value.body, numbers),
        name=value.name,
        operation=value.operation,
        operands=tuple([_operand(o) for o in value.operands]),
        parameters={role: p.name for role, p in value.parameters.items()},
        attributes={k: attribute_json(v) for k, v in value.attributes.items()},
        dtype=kind_of(value.array),
        shape=value.array.shape,
        named=value.label is not None,
        group=value.group.path(),
        at=_place(value.span, numbers),
    )


__all__ = ["MISSING", "Importer", "Resolved", "Sequence", "Source", "Use", "attribute_json", "resolve"]
