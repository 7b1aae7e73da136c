"""A whole file, from its tree to its spec: collects every mistake and raises once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from graphlang.catalog.finder import Catalog
from graphlang.diagnostics import Diagnostic, GraphError, Span
from graphlang.diagnostics.errors import distinct
from graphlang.diagnostics.limits import Limits
from graphlang.diagnostics.names import Redefinition
from graphlang.diagnostics.statements import OutsideItsBlock
from graphlang.resolve import field_types, monitors, parameter_groups, sections, uncalled
from graphlang.resolve.block import EVALUATED, block, changed_names
from graphlang.resolve.built_in_values import BUILT_IN_VALUES, note_hidden_values
from graphlang.resolve.call_counts import CallCounts
from graphlang.resolve.context import Context
from graphlang.resolve.declarations import Declarations, Importer, evaluate_hypers
from graphlang.resolve.evaluator import Rules
from graphlang.resolve.expects import EvaluatedExpect, evaluate_expectation
from graphlang.resolve.full_names import name_everything
from graphlang.resolve.gradients_apart import note_gradients_apart
from graphlang.resolve.inputs import add_input, declare_inputs
from graphlang.resolve.least_nodes import VALUE, LeastNodes, declared, named
from graphlang.resolve.outputs import outputs_of
from graphlang.resolve.overrides import Overrides
from graphlang.resolve.rules import RULES
from graphlang.resolve.scopes import Scope
from graphlang.resolve.scores_twice import note_probabilities
from graphlang.resolve.spare_nodes import without_spare
from graphlang.resolve.spec_parts import SpecParts, with_names
from graphlang.resolve.uses import names_used
from graphlang.resolve.values import POISON, InputValue, NodeValue, ParamValue, Value
from graphlang.spec.models import SourceText, Spec
from graphlang.syntax import tree

UNTRIED = 100
"""The most calls that one call may make and be written out at once."""


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

    `problems` are the mistakes that reading the file has reported; the tree leaves out what they concern.

    `overrides` are values for inputs, `hyper`s and `section.setting`s: text is read as an
    expression of the language, anything else is taken as it is.
    """
    context = Context(RULES, catalog or Catalog(), limits or Limits(), file.source)
    context.collector.diagnostics += problems
    evaluation = _FileEvaluation(context, file, dict(overrides or {}), importer)
    evaluation.finish()
    return Resolved(evaluation.spec(), context.collector.diagnostics)


class Examined(NamedTuple):
    """What is understood of a file, whatever is wrong with it."""

    #: makes the spec; None where there is a mistake
    spec: Callable[[], Spec] | None
    problems: list[Diagnostic]
    #: in the order in which they were created; without a mistake each has its full name
    values: list[Value]
    #: what the names of the file stand for, constants and sizes among them
    names: dict[str, Any]


def examine(
    file: tree.Tree,
    limits: Limits,
    importer: Importer | None = None,
    problems: Sequence[Diagnostic] = (),
    rules: Rules = RULES,
) -> Examined:
    """What `resolve` finds out about a file, where it would raise too: for an editor, whose files are
    unfinished most of the time."""
    context = Context(rules, Catalog(), limits, file.source)
    context.collector.diagnostics += problems
    evaluation = _FileEvaluation(context, file, {}, importer)
    spec: Callable[[], Spec] | None = None
    refused: list[Diagnostic] = []
    try:
        evaluation.finish()
        spec = evaluation.spec
    except GraphError as error:
        refused = error.diagnostics
    base, top = evaluation.base, evaluation.top
    names = {**base.names, **base.dims, **top.dims, **top.names}
    return Examined(spec, distinct([*context.collector.diagnostics, *refused]), context.values, names)


class _FileEvaluation:
    """Evaluates a file in stages; each adds what it reports to the context."""

    def __init__(
        self, context: Context, file: tree.Tree, overrides: dict[str, Any], importer: Importer | None
    ) -> None:
        self.context = context
        self.file = file
        self.declarations = Declarations(context, importer)
        self.overrides = Overrides(context, overrides)
        #: the scope of constants, and inside of it that of values
        self.base = Scope(None, context.root)
        self.top = Scope(self.base, context.root)
        #: where each name of the file is defined
        self.places: dict[str, Span] = {}
        self.hypers: dict[str, Any] = {}
        self.outputs: list[Value] = []
        self.expects: list[EvaluatedExpect] = []
        self.settings: dict[str, sections.Settings] = {}

    def _statements(self, kind: Any) -> list[Any]:
        """The statements of the file of one kind."""
        return [s for s in self.file.statements if type(s) is kind]

    def finish(self) -> None:
        """Does all stages up to the spec; raises GraphError where something was reported."""
        self.evaluate()
        self.context.collector.finish()
        name_everything(self.context)
        self.check_names()

    def evaluate(self) -> None:
        context = self.context
        self.declarations.of_file(self.file, self.base)
        note_hidden_values(context, self.file)
        if self.declarations.definitions:
            self._count_calls()
        self.hypers = evaluate_hypers(context, self.file, self.base, self.overrides)
        self.places.update(self.base.places)
        self._inputs()
        body = [s for s in self.file.statements if type(s) in EVALUATED]
        context.run(block(context, body, self.top, self.places, changed_names(self.file.statements)))
        context.values[:] = without_spare(context.values)
        note_probabilities(context)
        if context.open is not None:
            self._close()
        self._report_misplaced()
        context.counted = True
        self.top.order = len(body) + 1
        self.outputs = outputs_of(context, self._statements(tree.Output), self.top)
        self.expects = [evaluate_expectation(context, s, self.top) for s in self._statements(tree.Expect)]
        note_gradients_apart(context)
        self._sections()
        uncalled.check(context, self.declarations.definitions)

    def _count_calls(self) -> None:
        """Refuses more calls of `def`s than the limits allow, before any of them is unrolled."""
        counts, total = CallCounts(self.file.statements, self.base), 0
        for statement, number in counts.statements:
            total += number
            self.context.refuse_above_limit("expansions", total, statement.span)
        if not counts.regular.keys() >= {key for key, calls in counts.totals.items() if calls}:
            self._count_nodes()
        self.context.regular_calls = counts.regular
        self.context.large_calls = frozenset(key for key, calls in counts.most.items() if calls > UNTRIED)

    def _count_nodes(self) -> None:
        """Refuses what makes more nodes than the limits allow, whatever the `if`s in its `def`s decide."""
        least, total = LeastNodes(self.context.catalog), 0
        known = {**declared(self.file.statements), **self._free_names()}
        for statement in self._statements(tree.Assign):
            made = least.of_statement(statement, known, self.base)
            total += made.nodes
            known |= named(statement, made)
            self.context.refuse_above_limit("nodes", total, statement.span)

    def _free_names(self) -> dict[str, int]:
        """The inputs of an open formula: the names that nothing defines."""
        if self._statements(tree.Input):
            return {}
        assigned = self._statements(tree.Assign)
        defined = {t.name for s in assigned for t in s.targets}
        defined.update(s.name for s in self._statements(tree.Hyper))
        used = {u.name for s in assigned for u in names_used(s.value)} - defined
        return {n: VALUE for n in used if not self.base.defines(n) and self.context.catalog.find(n) is None}

    def _report_misplaced(self) -> None:
        for statement in self.file.statements:
            if type(statement) in (tree.Return, tree.Next, tree.Yield, tree.Last):
                word = type(statement).__name__.lower()
                self.context.error(OutsideItsBlock(statement.span, word))

    # ---- inputs -------------------------------------------------------------------------------------------

    def _inputs(self) -> None:
        """Declares the inputs; a file without one is an open formula, whose unknown names are its inputs."""
        inputs = self._statements(tree.Input)
        seen = self._places_of(inputs)
        if not inputs:
            hidden = any(s.word not in _NO_INPUT for s in self._statements(tree.Broken))
            self.context.open = self._hidden_input if hidden else self._open_input
            return
        values = {name: self.overrides.take(name) for name in list(self.overrides.plain) if name in seen}
        values = {name: value for name, value in values.items() if value is not POISON}
        declare_inputs(self.context, inputs, self.top, values)
        dimensions = {n: self.top.places[n] for n in self.top.dims}
        self.places.update({n: p for n, p in {**seen, **dimensions}.items() if n not in self.places})
        self._report_unknown_overrides(list(seen))

    def _places_of(self, inputs: list[tree.Input]) -> dict[str, Span]:
        """Where the inputs are declared; a name that is defined twice is reported."""
        seen: dict[str, Span] = {}
        for statement in inputs:
            if statement.name in seen or statement.name in self.places:
                first = seen.get(statement.name) or self.places[statement.name]
                self.context.error(Redefinition(statement.name_span, statement.name, first))
            seen.setdefault(statement.name, statement.name_span)
        return seen

    def _hidden_input(self, name: str, span: Span) -> Any:
        """Stands for a name that may be declared in a statement that could not be read."""
        self.top.names[name] = POISON
        return POISON

    def _open_input(self, name: str, span: Span) -> Value:
        """In an open formula, the input for a name that nothing defines."""
        default = self.overrides.take(name) if name in self.overrides.plain else None
        const = BUILT_IN_VALUES.get(name) if default is None else None
        default = const if default is POISON or default is None else default
        value = add_input(self.context, self.top, name, span, default=default, is_open=True)
        value.const = const
        return value

    def _close(self) -> None:
        """Ends an open formula: sorts its inputs by their appearance, which evaluation need not follow."""
        self.context.open = None
        values = self.context.values
        inputs = {v.label: v for v in values if isinstance(v, InputValue) and v.label is not None}
        seen: dict[str, Span] = {}
        for statement in self._statements(tree.Assign):
            for use in names_used(statement.value):
                if use.name in inputs:
                    seen.setdefault(use.name, use.span)
        for name, span in seen.items():
            inputs[name].span = self.top.places[name] = span
        rest = [v for v in values if v.label not in seen or not isinstance(v, InputValue)]
        values[:] = [*(inputs[name] for name in seen), *rest]
        self._report_unknown_overrides(list(inputs))

    def _report_unknown_overrides(self, inputs: list[str]) -> None:
        names = [*inputs, *self.hypers]
        self.overrides.report_unknown(names, self._statements(tree.Section), self.base.names)

    # ---- sections -----------------------------------------------------------------------------------------

    def _sections(self) -> None:
        context = self.context
        inputs = [v.label or "" for v in context.values if isinstance(v, InputValue)]
        for name, section in sections.first_of_each(context, self._statements(tree.Section)).items():
            overrides = self.overrides.sections.pop(name, {})
            self.settings[name] = sections.evaluate_section(context, section, self.top, overrides, inputs)
            self.overrides.report_unknown_settings(section, overrides)
        train = self.settings.get("train")
        if train is not None and "groups" in train.values and "objectives" not in train.values:
            values, place = train.values, train.places["groups"]
            parameter_groups.check_attributes(context, values.get("optimizer"), values["groups"], place)
        if not self._statements(tree.Broken):  # one of which may be the section
            for name, overrides in self.overrides.sections.items():
                context.collector.diagnostics += sections.unread(overrides, name)
        # Reports settings that fail their model with all other mistakes, before values have their names.
        for name, settings in self.settings.items():
            sections.validated_section(
                context, name, settings, with_names(settings.values, lambda value: "x")
            )

    def check_names(self) -> None:
        """Reports what is wrong with names that settings mention, once every value has its own."""
        train = self.settings.get("train")
        params = [v.name for v in self.context.values if isinstance(v, ParamValue) and v.trainable]
        if train is not None and "groups" in train.values:
            patterns = [p for group in train.values["groups"] for p in group.patterns]
            parameter_groups.check_patterns(self.context, patterns, params, train.places["groups"])
        if train is not None and "objectives" in train.values:
            patterns = [p for objective in train.values["objectives"] for p in objective["patterns"]]
            parameter_groups.check_patterns(self.context, patterns, params, train.places["minimize"])
        if train is not None and train.complete:
            parameter_groups.check_use(self.context, train.values, params, train.places)
        if train is not None:
            monitors.check_monitors(self.context, train)
        if "data" in self.settings:
            field_types.check_words(self.context, self.settings["data"])
        self.context.collector.finish()

    # ---- the spec -----------------------------------------------------------------------------------------

    def spec(self) -> Spec:
        context, parts = self.context, SpecParts(self.context.sources)
        built = {
            name: sections.validated_section(
                context, name, settings, with_names(settings.values, lambda v: v.name)
            )
            for name, settings in self.settings.items()
        }
        nodes = tuple(parts.node(v) for v in context.values if isinstance(v, NodeValue))
        return Spec(
            doc=self.file.doc,
            sources=tuple(SourceText(name=s.name, text=s.text) for s in context.sources),
            hypers=self.hypers,
            inputs=tuple(parts.input(v) for v in context.values if isinstance(v, InputValue)),
            params=tuple(parts.param(v) for v in context.values if isinstance(v, ParamValue)),
            nodes=nodes,
            groups={i.path: parts.group(i, definition) for i, definition in context.groups},
            regions=tuple(parts.regions),
            outputs=tuple(v.name for v in self.outputs),
            expects=tuple(parts.expect(e) for e in self.expects),
            **built,
        )


_NO_INPUT = frozenset("output expect train data gradcheck".split())
"""The first words of statements that declare no input, whatever is wrong with them."""
