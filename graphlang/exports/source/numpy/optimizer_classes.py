"""The optimizer as a class with `update`, as the book has it, from the formula that it records."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphlang.contracts.optimizer import Optimizer
from graphlang.engine.program import Program
from graphlang.exports.source.expressions import Expression, power_of
from graphlang.exports.source.language import GeneratedFile, SourceCall
from graphlang.exports.source.layout import STEP, docstring
from graphlang.exports.source.names import VariableNames
from graphlang.exports.source.plain_steps import plain_program
from graphlang.exports.source.size_texts import SizeTexts
from graphlang.exports.source.statements import StatementWriter
from graphlang.trace import Dim, SymbolicArray, Trace

_INSIDE = 3


def optimizer_lines(
    file: GeneratedFile, name: str, optimizer: Optimizer, dtype: Any, *, rated: bool
) -> list[str]:
    """The class of an optimizer; `rated` says whether its rate has a factor that changes."""
    slots = {slot: np.asarray(a) for slot, a in optimizer.slots(np.zeros(2, dtype)).items()}
    program = _recorded(optimizer, list(slots.items()), dtype)
    body = _formula(file, program, slots, rated=rated)
    counts = "t" in _read(program)
    lines = [f"class {name}:", *docstring(_formula_text(optimizer), 1), ""]
    lines += [f"{STEP}def __init__(self, lr={optimizer.lr}):", f"{STEP * 2}self.lr = lr"]
    lines += [f"{STEP * 2}self.t = 0"] if counts else []
    lines += [f"{STEP * 2}self.{slot} = {{}}" for slot in slots]
    factor = ", factor=1.0" if rated else ""
    lines += ["", f"{STEP}def update(self, params, grads{factor}):"]
    lines += [f"{STEP * 2}self.t += 1"] if counts else []
    lines += [f"{STEP * 2}for key, W in params.items():", f"{STEP * 3}if key not in grads:"]
    lines += [f"{STEP * 4}continue"]
    return [*lines, *body]


def _formula_text(optimizer: Optimizer) -> str:
    text = (type(optimizer).__doc__ or "").strip().split("\n\n")[0]
    return "\n".join(line.strip() for line in text.split("\n"))


def _recorded(optimizer: Optimizer, slots: list[tuple[str, Any]], dtype: Any) -> Program:
    """The formula for parameters of any number of elements."""
    trace, sizes = Trace(), (Dim.symbol("n"),)
    inputs = {label: trace.input(sizes, dtype) for label in ("W", "dW")}
    own = {slot: trace.input(sizes if a.ndim else (), dtype) for slot, a in slots}
    inputs |= {label: trace.input((), np.float64) for label in ("lr", "t")}
    with trace:
        new, after = optimizer.update(inputs["W"], inputs["dW"], own, inputs["lr"], inputs["t"])
    inputs |= {f"slot {slot}": x for slot, x in own.items()}
    source = trace.step_of(new)
    changes = source is not None and source.primitive.name == "subtract" and source.operands[0] is inputs["W"]
    outputs = {"step" if changes and source else "new": source.operands[1] if changes and source else new}
    return plain_program(Program(inputs, {**outputs, **{f"slot {s}": x for s, x in after.items()}}, {}))


def _read(program: Program) -> set[str]:
    """The inputs that are read."""
    numbers = {x.number for s in program.steps for x in s.operands if isinstance(x, SymbolicArray)}
    numbers |= {x.number for x in program.results}
    return {label for label, x in program.inputs.items() if x.number in numbers}


def _formula(file: GeneratedFile, program: Program, slots: dict[str, Any], *, rated: bool) -> list[str]:
    """The statements for one parameter."""
    scope = VariableNames({"W", "dW", "lr", "t", "params", "grads", "factor", "key", *file.language.helpers})
    writer = StatementWriter(_with_plain_numbers(file), scope, SizeTexts({"W": (Dim.symbol("n"),)}), _INSIDE)
    read = _read(program)
    texts = {"W": "W", "dW": "dW", "lr": "lr" if rated else "self.lr", "t": "self.t"}
    for label, x in program.inputs.items():
        if label in texts:
            writer.bind(x, texts[label])
    if "dW" in read:
        writer.assign("dW", "grads[key]")
    if "lr" in read and rated:
        writer.assign("lr", "self.lr * factor")
    for slot, start in slots.items():
        name = scope.new(slot)
        if f"slot {slot}" in read:
            writer.assign(name, f"self.{slot}.get(key, {float(start.flat[0]):g})")
        writer.bind(program.inputs[f"slot {slot}"], name)
    outputs = program.outputs
    kept = {
        outputs[f"slot {slot}"].number: writer.text(program.inputs[f"slot {slot}"])
        for slot in slots
        if outputs[f"slot {slot}"].number >= 0 and _last_use(program, slot)
    }
    writer.write(program.steps, program.results, kept)
    for slot in slots:
        writer.assign(f"self.{slot}[key]", writer.text(outputs[f"slot {slot}"]))
    if "step" in outputs:
        writer.line(f"W -= {writer.text(outputs['step'])}")
    else:
        writer.line(f"W[...] = {writer.text(outputs['new'])}")
    return writer.lines


def _last_use(program: Program, slot: str) -> bool:
    """Whether the old value of a slot is read by no step after the one that computes the new one."""
    old = program.inputs[f"slot {slot}"].number
    readers = [
        s.output.number
        for s in program.steps
        for x in s.operands
        if isinstance(x, SymbolicArray) and x.number == old
    ]
    return len(readers) == 1


def _with_plain_numbers(file: GeneratedFile) -> GeneratedFile:
    """The same file, with rules in which numbers are those of Python, of no precision."""
    from dataclasses import replace

    rules = {**file.language.rules, "astype": _cast, "power": _power, "full": _full}
    return GeneratedFile(replace(file.language, rules=rules), file.precision, file.helpers)


def _cast(call: SourceCall) -> Expression:
    if call.output.shape != ():
        return call.fill("{0}.astype(W.dtype)")
    return Expression(f"float({call.x.text})") if "np." in call.x.text else call.x


def _power(call: SourceCall) -> Expression:
    return power_of(*call.operands)


def _full(call: SourceCall) -> Expression:
    return call.x
