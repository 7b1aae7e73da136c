"""The methods `forward` and `backward` of a node in one mode, training or evaluation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from graphlang.engine.program import Program
from graphlang.exports.source.expressions import Expression
from graphlang.exports.source.language import GeneratedFile
from graphlang.exports.source.layout import STEP, statement_lines
from graphlang.exports.source.names import VariableNames
from graphlang.exports.source.numpy.table import dtype_text
from graphlang.exports.source.plain_steps import plain_program
from graphlang.exports.source.size_texts import SizeTexts, size_name, symbols_of
from graphlang.exports.source.statements import StatementWriter
from graphlang.exports.walk import Recorded
from graphlang.trace import Step, SymbolicArray, needed_steps

FLAG = "train_flg"
"""The name of the argument that tells training from evaluation, as in the book."""
_GRADIENT, _STATE, _DRAW, _INPUT = "gradient ", "state ", "draw ", "input "


class LayerArguments(NamedTuple):
    """What a class calls the values of the graph that it reads."""

    #: value -> argument of `forward`
    operands: dict[str, str]
    #: parameter -> role, which is an attribute
    roles: dict[str, str]


class LayerMethods(NamedTuple):
    """The methods in one mode."""

    forward: list[str]
    backward: list[str]
    sizes: tuple[str, ...]
    passed: tuple[str, ...]
    trained: tuple[str, ...]
    steps: bool


def layer_methods(
    file: GeneratedFile, names: LayerArguments, recorded: Recorded, depth: int = 2
) -> LayerMethods:
    """The methods of a node from what it records; `depth` is that of their statements."""
    program = _program(recorded)
    forward = _Forward(file, names, program, depth)
    backward = _Backward(file, names, program, depth, forward)
    lines = forward.finished(backward.shape_texts, backward.missing)
    outputs, inputs = program.outputs, program.inputs
    return LayerMethods(
        lines,
        backward.lines,
        tuple(forward.unknown),
        tuple(n for n in names.operands if f"{_GRADIENT}{n}" in outputs),
        tuple(n for n in names.roles if f"{_GRADIENT}{n}" in outputs),
        "step" in inputs and inputs["step"].number in _numbers_read(program.steps),
    )


def _program(recorded: Recorded) -> Program:
    """What a node computes, in plain arithmetic."""
    inputs = {f"{_INPUT}{name}": x for name, x in recorded.inputs.items()}
    inputs |= {f"{_DRAW}{i}": x for i, x in enumerate(recorded.draws)}
    inputs |= {} if recorded.dy is None else {"dy": recorded.dy}
    inputs |= {} if recorded.step is None else {"step": recorded.step}
    outputs = {"y": recorded.y, **{f"{_STATE}{n}": v for n, v in recorded.state.items()}}
    gradients = {n: g for n, g in recorded.gradients.items() if isinstance(g, SymbolicArray)}
    outputs |= {f"{_GRADIENT}{n}": g for n, g in gradients.items()}
    return plain_program(Program(inputs, outputs, {}))


def _starting(values: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """The values whose label begins so, by the rest of it."""
    return {k.removeprefix(prefix): v for k, v in values.items() if k.startswith(prefix)}


def _numbers_read(steps: Sequence[Step]) -> set[int]:
    return {x.number for s in steps for x in s.operands if isinstance(x, SymbolicArray)}


class _Forward:
    """Writes `forward`, which keeps in attributes what `backward` reads."""

    def __init__(self, file: GeneratedFile, names: LayerArguments, program: Program, depth: int) -> None:
        self.file, self.names, self.program, self.depth = file, names, program, depth
        self.states = _starting(program.outputs, _STATE)
        self.gradients = _starting(program.outputs, _GRADIENT)
        first = [v for v in (program.outputs["y"], *self.states.values()) if isinstance(v, SymbolicArray)]
        self.steps = needed_steps(first)
        known = {s.output.number for s in self.steps} | {x.number for x in program.inputs.values()}
        later = needed_steps(list(self.gradients.values())) if self.gradients else []
        self.later = [s for s in later if s.output.number not in known]
        read = _numbers_read(self.later) | {g.number for g in self.gradients.values()}
        self.saved = read & known - {x.number for k, x in program.inputs.items() if k == "dy"}
        sizes = {size_name(n) for n in symbols_of([s.output.shape for s in program.steps])}
        taken = {*file.language.helpers, *names.operands.values(), *sizes}
        self.scope = VariableNames(taken | {"dout", FLAG, "rng", "math", "hashlib", "step"})
        roles = names.roles.values()
        self.attributes = VariableNames(
            {*roles, *(f"d{role}" for role in roles), "forward", "backward", FLAG}
        )
        texts = {f"{_INPUT}{name}": own for name, own in names.operands.items()}
        texts |= {f"{_INPUT}{name}": f"self.{role}" for name, role in names.roles.items()}
        shapes = {texts[k]: tuple(x.shape) for k, x in program.inputs.items() if k in texts}
        self.sizes = SizeTexts(shapes)
        self.writer = StatementWriter(file, self.scope, self.sizes, depth)
        #: by number: the attribute that keeps a value for `backward`
        self.kept: dict[int, str] = {}
        self.before: list[str] = []
        self.unknown: list[str] = []
        self._inputs(texts)
        self._steps()
        self._results()

    def _inputs(self, texts: Mapping[str, str]) -> None:
        read = _numbers_read(self.program.steps)
        for label, x in self.program.inputs.items():
            if label.startswith(_DRAW):
                if x.number in read:
                    self._draw(x)
                continue
            text = texts.get(label, {"dy": "dout"}.get(label, label))
            self.writer.bind(x, text)
            if x.number in self.saved:
                self._keep_input(x, label.removeprefix(_INPUT), text)

    def _draw(self, x: SymbolicArray) -> None:
        """Uniform random numbers."""
        shape = self.sizes.shape(tuple(x.shape))
        kind = "" if x.dtype == np.float64 else f", dtype={dtype_text(x.dtype)}"
        self.writer.values[x.number] = self.writer.named("drawn", f"rng.random({shape}{kind})")
        if x.number in self.saved:
            self.kept[x.number] = f"self.{self.attributes.new('drawn')}"
            self.writer.assign(self.kept[x.number], self.writer.text(x))

    def _keep_input(self, x: SymbolicArray, name: str, text: str) -> None:
        if text.startswith("self.") and name not in self.states:
            self.kept[x.number] = text
            return
        wanted = f"old_{text.removeprefix('self.')}" if name in self.states else text
        self.kept[x.number] = f"self.{self.attributes.new(wanted)}"
        value = f"{text}.copy()" if name in self.states else text
        self.before += statement_lines(f"{self.kept[x.number]} = {value}", self.depth)

    def _steps(self) -> None:
        y = self.program.outputs["y"]
        targets = {}
        for step in self.steps:
            number = step.output.number
            if number in self.saved:
                is_result = isinstance(y, SymbolicArray) and y.number == number
                hint = "y" if is_result else self.file.language.hints.get(step.primitive.name, "a")
                targets[number] = f"self.{self.attributes.new(hint)}"
        self.writer.write(self.steps, [y, *self.states.values()], targets)
        self.kept |= targets

    def _results(self) -> None:
        """The new states, and the result."""
        y, writer = self.program.outputs["y"], self.writer
        text = writer.text(y) if isinstance(y, SymbolicArray) else self.file.language.array(y).text
        if self.states and any(f"self.{self.names.roles[name]}" in text for name in self.states):
            text = writer.named("y", text).text
        texts = {name: writer.text(value) for name, value in self.states.items()}
        if len(texts) > 1:
            texts = {name: _named(writer, own) for name, own in texts.items()}
        for name, own in texts.items():
            writer.line(f"self.{self.names.roles[name]}[...] = {own}")
        self.result = f"return {text}"

    def finished(self, shapes: Mapping[str, str], missing: Sequence[str]) -> list[str]:
        """The statements, which also keep the shapes and sizes that no array tells `backward`."""
        for name in missing:
            self.sizes.used[name] = None
            self.writer.line(f"self.{size_name(name)} = {size_name(name)}")
        for array, own in shapes.items():
            self.writer.line(f"{own} = {array}.shape")
        self.writer.line(self.result)
        header, self.unknown = self.sizes.header()
        return [*[f"{STEP * self.depth}{line}" for line in header], *self.before, *self.writer.lines]


def _named(writer: StatementWriter, text: str) -> str:
    return text if text.isidentifier() else writer.named("after", text).text


class _Backward:
    """Writes `backward`: the gradients of parameters become attributes, the others are returned."""

    def __init__(
        self,
        file: GeneratedFile,
        names: LayerArguments,
        program: Program,
        depth: int,
        forward: _Forward,
    ) -> None:
        self.names, self.gradients, self.forward = names, forward.gradients, forward
        self.lines: list[str] = []
        #: argument of `forward` -> the attribute that keeps its shape
        self.shape_texts: dict[str, str] = {}
        self.missing: list[str] = []
        if not self.gradients:
            return
        values = {s.output.number: s.output for s in program.steps}
        values |= {x.number: x for x in program.inputs.values()}
        dy = program.inputs["dy"]
        arrays = {"dout": tuple(dy.shape)}
        arrays |= {text: tuple(values[number].shape) for number, text in forward.kept.items()}
        own = {f"self.{role}": tuple(program.inputs[f"{_INPUT}{n}"].shape) for n, role in names.roles.items()}
        self.sizes = _BackwardSizes({**arrays, **own}, forward, self.shape_texts)
        self.sizes.fixed = frozenset(own)
        scope = VariableNames(forward.scope.taken)
        writer = StatementWriter(file, scope, self.sizes, depth)
        for number, text in {**forward.kept, dy.number: "dout"}.items():
            writer.values[number] = Expression(text)
        writer.write(forward.later, list(self.gradients.values()), self._targets(scope))
        self._results(writer)
        header, self.missing = self.sizes.header()
        self.lines = [*[f"{STEP * depth}{line}" for line in header], *writer.lines]

    def _targets(self, scope: VariableNames) -> dict[int, str]:
        """What the gradients are assigned to, by number."""
        targets: dict[int, str] = {}
        own = {number for number in (g.number for g in self.gradients.values()) if number >= 0}
        own -= set(self.forward.kept)
        numbers = [g.number for g in self.gradients.values()]
        for name, role in self.names.roles.items():
            if name in self.gradients and self.gradients[name].number in own:
                targets.setdefault(self.gradients[name].number, f"self.d{role}")
        passed = [name for name in self.names.operands if name in self.gradients]
        for name in passed:
            number = self.gradients[name].number
            several = len(passed) > 1 or numbers.count(number) > 1
            if several and number in own and number not in targets:
                targets[number] = scope.new(f"d{self.names.operands[name]}")
        return targets

    def _results(self, writer: StatementWriter) -> None:
        for name, role in self.names.roles.items():
            if name in self.gradients:
                target, text = f"self.d{role}", writer.text(self.gradients[name])
                if text != target:
                    writer.assign(target, text)
        results = [writer.text(self.gradients[n]) for n in self.names.operands if n in self.gradients]
        if results:
            writer.line(f"return {', '.join(results)}")


class _BackwardSizes(SizeTexts):
    """The sizes of `backward`: what no array there tells, `forward` keeps."""

    def __init__(self, arrays: Mapping[str, Any], forward: _Forward, kept: dict[str, str]) -> None:
        super().__init__(arrays)
        self.forward = forward
        self.kept = kept

    def same_shape(self, shape: Any) -> str | None:
        found = super().same_shape(shape)
        if found is not None:
            return found
        other = self.forward.sizes.same_shape(shape)
        if other is None or other.startswith("self."):
            return other
        array = other.removesuffix(".shape")
        if array not in self.kept:
            self.kept[array] = f"self.{self.forward.attributes.new(f'{array}_shape')}"
        return self.kept[array]

    def header(self) -> tuple[list[str], list[str]]:
        lines, missing = super().header()
        return [*lines, *(f"{size_name(n)} = self.{size_name(n)}" for n in missing)], missing
