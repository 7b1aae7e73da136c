"""The statements that compute a graph forward, for languages that differentiate by themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphlang.api import Graph
from graphlang.diagnostics import GraphError
from graphlang.diagnostics.source_export import NothingInSource
from graphlang.engine.program import Program
from graphlang.engine.sized_recording import targets_of
from graphlang.exports.source.language import GeneratedFile
from graphlang.exports.source.layout import STEP, comment_lines, statement_lines
from graphlang.exports.source.names import VariableNames, short_name
from graphlang.exports.source.plain_steps import plain_program
from graphlang.exports.source.size_texts import SizeTexts, size_name, symbols_of
from graphlang.exports.source.statements import NoSourceRule, StatementWriter
from graphlang.exports.walk import Recorded, WalkedNode, walk
from graphlang.trace import SymbolicArray, needed_steps


@dataclass(frozen=True)
class ForwardLanguage:
    """How a target says what a graph needs besides its steps."""

    file: GeneratedFile
    #: the text of a parameter
    parameter: Callable[[str], str]
    #: the expression of uniform random numbers, from a shape and a type as texts
    drawn: Callable[[str, str], str]
    #: the condition of the mode of training
    training: str
    #: the statement that stores the new value of a state
    stored: Callable[[str, str], str]
    #: the text of the number of the training step
    step: str
    #: the expression of a node where the language has the operation; None elsewhere
    idiom: Callable[[WalkedNode, Sequence[str], SizeTexts], str | None]
    #: the expression of an input as an array of its type
    converted: Callable[[str], str]
    #: the names that variables cannot have
    taken: frozenset[str]
    sizes: Callable[[Mapping[str, Any]], SizeTexts] = SizeTexts


class ForwardBody:
    """Writes the body of one function."""

    def __init__(self, graph: Graph, language: ForwardLanguage) -> None:
        self.graph = graph
        self.network = graph.network
        self.language = language
        self.outputs = list(self.network.spec.outputs)
        self.targets = targets_of(self.network)
        self.nodes = _read_nodes(list(walk(self.network)), self.targets)
        self.scope = VariableNames(language.taken | set(language.file.language.helpers))
        self.inputs = self._inputs(self.targets)
        self.variables = {name: self.scope.new(name) for name in self.inputs}
        self.sizes = language.sizes(
            {self.variables[n]: tuple(self.network.inputs[n].shape or ()) for n in self.inputs}
        )
        self.scope.taken |= {size for spec in self.network.inputs.values() for size in _symbols(spec.shape)}
        for walked in self.nodes:
            named = walked.node.spec.named and "." not in walked.name
            self.variables[walked.name] = self.scope.new(walked.name if named else short_name(walked.name))
        #: whether some node differs in training, draws random numbers, or reads the number of the step
        self.has_mode = self.has_draws = self.has_step = self.has_state = False

    def _inputs(self, targets: Sequence[str]) -> list[str]:
        """The inputs that some values depend on; where they depend on none with their size, all."""
        needed = self.network.ancestors([self.network.numbers[name] for name in targets])
        found = [n for n in self.network.inputs if needed[self.network.numbers[n]]]
        known = {size for n in found for size in _symbols(self.network.inputs[n].shape)}
        for name, spec in self.network.inputs.items():
            if name not in found and set(_symbols(spec.shape)) - known:
                found.append(name)
        return [n for n in self.network.inputs if n in found]

    def parts(self) -> tuple[list[WalkedNode], list[WalkedNode]]:
        """The nodes that the outputs need, and the rest, which needs more inputs; one part where there is no
        difference."""
        needed = self.network.ancestors([self.network.numbers[n] for n in self.outputs])
        first = [w for w in self.nodes if needed[w.node.number]]
        rest = [w for w in self.nodes if not needed[w.node.number]]
        if not self.outputs or not self.later_inputs():
            return self.nodes, []
        return first, rest

    def later_inputs(self) -> list[str]:
        """The inputs that the outputs do not need: what else is computed, is so where they are given."""
        if not self.outputs:
            return []
        first = self._inputs(self.outputs)
        return [n for n in self.inputs if n not in first and not self.has_default(n)]

    def has_default(self, name: str) -> bool:
        """Whether an input may be left out: the file has a value of it, which is not of the rows of a sample;
        labels of a sample would be taken for those of other rows."""
        spec = self.network.inputs[name]
        return spec.default is not None and not _symbols(spec.shape)

    def lines(self, depth: int, returned: Callable[[Sequence[str]], str]) -> list[str]:
        """The statements; `returned` gives that of `return` for the names of values."""
        first, rest = self.parts()
        body = [line for walked in first for line in self.node_lines(walked, depth)]
        if rest:
            missing = " or ".join(f"{self.variables[n]} is None" for n in self.later_inputs())
            body += [f"{STEP * depth}if {missing}:", *_returned(returned(self.outputs), depth + 1)]
            for name in self.later_inputs():
                value = f"{self.variables[name]} = {self.language.converted(name)}"
                body += statement_lines(value, depth)
            body += [line for walked in rest for line in self.node_lines(walked, depth)]
        body += _returned(returned(self.targets), depth)
        header = [f"{STEP * depth}{line}" for line in self.sizes.header()[0]]
        return [*header, *body]

    def node_lines(self, walked: WalkedNode, depth: int) -> list[str]:
        """The statements of one node."""
        variable = self.variables[walked.name]
        read = walked.operands if walked.operation != "grad" else ()
        operands = [self._operand(x) for x in read]
        idiom = self.language.idiom(walked, operands, self.sizes)
        comments = comment_lines(walked.lines, depth)
        writer = self._writer(depth)
        if idiom is not None:
            writer.assign(variable, idiom)
            lines = writer.lines
        else:
            lines = self._recorded_lines(walked, depth)
        self.sizes.arrays[variable] = tuple(walked.shape)
        return [*comments, *lines]

    def _recorded_lines(self, walked: WalkedNode, depth: int) -> list[str]:
        """The statements of a node from its steps; under a condition where those of training are others."""
        if not walked.node.supplied and walked.built is not None:
            return self._lines_of(walked, depth, training=False)
        before = self.scope.copy()
        evaluation = self._lines_of(walked, depth, training=False)
        after, self.scope = self.scope, before.copy()
        if self._lines_of(walked, depth, training=True) == evaluation:
            self.scope = after
            return evaluation
        self.has_mode = True
        self.scope = before.copy()
        inner = self._lines_of(walked, depth + 1, training=True)
        after, self.scope = self.scope, before
        other = self._lines_of(walked, depth + 1, training=False)
        self.scope.taken |= after.taken
        indent = STEP * depth
        return [f"{indent}if {self.language.training}:", *inner, f"{indent}else:", *other]

    def _lines_of(self, walked: WalkedNode, depth: int, *, training: bool) -> list[str]:
        """The statements of a node in one mode."""
        program = _forward_program(walked.recorded(self.graph.dtype, training=training))
        writer = self._writer(depth)
        draws = []
        for label, x in program.inputs.items():
            kind, _, name = label.partition(" ")
            if kind == "value":
                writer.bind(x, self._operand(name))
            elif kind == "step":
                writer.bind(x, self.language.step)
            else:
                draws.append(x)
        results = [v for v in program.outputs.values() if isinstance(v, SymbolicArray)]
        steps = needed_steps(results)
        read = {x.number for s in steps for x in s.operands if isinstance(x, SymbolicArray)}
        for x in draws:
            if x.number in read:
                self.has_draws = True
                dtype = self.language.file.language.dtype(x.dtype)
                value = self.language.drawn(self.sizes.shape(tuple(x.shape)), dtype)
                writer.values[x.number] = writer.named("drawn", value)
        self.has_step |= any(x.number in read for k, x in program.inputs.items() if k == "step ")
        self._write(walked, writer, program, steps, results)
        return writer.lines

    def _write(
        self, walked: WalkedNode, writer: StatementWriter, program: Program, steps: Any, results: Any
    ) -> None:
        variable, y = self.variables[walked.name], program.outputs["y"]
        kept = {y.number: variable} if isinstance(y, SymbolicArray) and y.number >= 0 else {}
        try:
            writer.write(steps, results, kept)
        except NoSourceRule as error:
            name = f"`{walked.name}` ({walked.operation})"
            reason = f"the primitive `{error}` has no form there"
            span = self.network.span(walked.name)
            raise GraphError([NothingInSource(name, self.language.file.target, reason, span)]) from error
        if not kept:
            text = (
                writer.text(y) if isinstance(y, SymbolicArray) else self.language.file.language.array(y).text
            )
            writer.assign(variable, text)
        for label, value in program.outputs.items():
            if label.startswith("state "):
                self.has_state = True
                writer.line(self.language.stored(label.removeprefix("state "), writer.text(value)))

    def _writer(self, depth: int) -> StatementWriter:
        return StatementWriter(self.language.file, self.scope, self.sizes, depth)

    def _operand(self, x: Any) -> str:
        if isinstance(x, str):
            return self.language.parameter(x) if x in self.network.params else self.variables[x]
        return str(x)


def _read_nodes(nodes: Sequence[WalkedNode], targets: Sequence[str]) -> list[WalkedNode]:
    """The nodes that are read: a gradient computes what lies between anew, from inputs and parameters."""
    read = set(targets)
    for walked in reversed(nodes):
        if walked.name in read and walked.operation != "grad":
            read |= set(walked.reads)
    return [walked for walked in nodes if walked.name in read]


def _forward_program(recorded: Recorded) -> Program:
    """What a node computes forward, in plain arithmetic."""
    inputs = {f"value {name}": x for name, x in recorded.inputs.items()}
    inputs |= {f"draw {i}": x for i, x in enumerate(recorded.draws)}
    inputs |= {} if recorded.step is None else {"step ": recorded.step}
    outputs = {"y": recorded.y, **{f"state {n}": v for n, v in recorded.state.items()}}
    return plain_program(Program(inputs, outputs, {}), keeps_stops=True)


def _returned(text: str, depth: int) -> list[str]:
    return statement_lines(text, depth)


def _symbols(shape: Any) -> list[str]:
    return [size_name(n) for n in symbols_of([tuple(shape or ())])]
