"""The nodes of a recorded graph: an operation of ONNX for one of the language, or else its steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from graphlang.engine.tape import Tape
from graphlang.onnx.exporting.cannot_export import CannotExport
from graphlang.onnx.exporting.idioms.idiom import Idiom, NodeCall
from graphlang.onnx.exporting.idioms.table import idiom_of
from graphlang.onnx.exporting.steps import StepNodes
from graphlang.onnx.exporting.writer import NodeWriter
from graphlang.spec.network import Node, Ref
from graphlang.trace import Step, SymbolicArray
from graphlang.trace.replay import joint_calls


class GraphNodes:
    """Writes what some values of a recorded graph need.

    In training a gradient needs more than the result of an operation: where it needs what lies within, the
    steps are written, and not the operation of ONNX beside them.
    """

    def __init__(
        self, writer: NodeWriter, tape: Tape, docs: Mapping[str, str], *, in_training: bool = False
    ) -> None:
        self.in_training = in_training
        self.w = writer
        self.tape = tape
        self.docs = docs
        self.steps = StepNodes(writer, single=tape.dtype.itemsize == 4)
        #: the names of values by their number in the trace
        self.values: dict[int, str] = {}
        self._idioms: dict[int, tuple[NodeCall, Idiom]] = {}

    def write(self, wanted: Sequence[Any]) -> list[str]:
        """The names of some values of the trace, or of constants."""
        self._find_idioms()
        trace = self.tape.trace
        assert trace is not None
        symbolic = [x for x in wanted if isinstance(x, SymbolicArray)]
        if self.in_training:
            self._drop_idioms_needed_within(symbolic, trace.steps)
        numbers = sorted(self._needed(symbolic, trace.steps))
        steps = [trace.steps[n] for n in numbers]
        calls = joint_calls([s for s in steps if s.output.number not in self._idioms])
        for step in steps:
            if step.output.number in self.values:
                continue
            self.w.origin, self.w.doc = step.origin, self.docs.get(step.origin, "")
            try:
                self._write_step(step, calls)
            except CannotExport as error:
                error.origin = error.origin or step.origin
                raise
        self.w.origin = self.w.doc = ""
        return [self._operand(x) for x in wanted]

    def _write_step(self, step: Step, calls: Mapping[Any, list[Step]]) -> None:
        found = self._idioms.get(step.output.number)
        if found is None:
            self.steps.run([step], self.values, calls)
        else:
            self.values[step.output.number] = self._idiom(*found)

    def _operand(self, x: Any) -> str:
        return self.steps.operand(x, getattr(x, "dtype", None), self.values)

    def _idiom(self, call: NodeCall, write: Idiom) -> str:
        operands = [None if x is None else self._operand(x) for x in call.operands]
        own = {role: self._operand(x) for role, x in call.own.items()}
        return write(self.w, operands, own)

    def _find_idioms(self) -> None:
        for node in self.tape.network.nodes:
            y = self.tape.values[node.number]
            if node.operation is None or not isinstance(y, SymbolicArray) or y.number < 0:
                continue
            call = self._call(node, y)
            write = idiom_of(call)
            if write is not None:
                self._idioms[y.number] = call, write

    def _call(self, node: Node, y: SymbolicArray) -> NodeCall:
        values = self.tape.values
        operands = [values[o.number] if type(o) is Ref else o for o in node.operands]
        own = {role: values[number] for role, number in node.own.items()}
        operation = self.tape.network.operation(node, self.tape.sizes)
        return NodeCall(node.spec.operation, operation, operands, own, y, self.tape.training, self.w.opset)

    def _drop_idioms_needed_within(self, wanted: Sequence[SymbolicArray], steps: Sequence[Step]) -> None:
        while True:
            needed = self._needed(wanted, steps)
            found = [n for n in self._idioms if n in needed and self._within(n, steps) & needed]
            if not found:
                return
            for number in found:
                del self._idioms[number]

    def _within(self, number: int, steps: Sequence[Step]) -> set[int]:
        """The steps between the operands of an operation and its result."""
        ends = {x.number for x in self._idioms[number][0].arguments if isinstance(x, SymbolicArray)}
        within: set[int] = set()
        waiting = [number]
        while waiting:
            for x in steps[waiting.pop()].operands:
                if isinstance(x, SymbolicArray) and x.number >= 0 and x.number not in ends | within:
                    within.add(x.number)
                    waiting.append(x.number)
        return within

    def _needed(self, wanted: Sequence[SymbolicArray], steps: Sequence[Step]) -> set[int]:
        """The numbers of the steps that are written."""
        needed: set[int] = set()
        waiting = [x.number for x in wanted]
        while waiting:
            number = waiting.pop()
            if number in needed or number < 0:
                continue
            needed.add(number)
            found = self._idioms.get(number)
            operands = steps[number].operands if found is None else found[0].arguments
            waiting += [x.number for x in operands if isinstance(x, SymbolicArray)]
        return needed
