"""A recorded program of scalars as a JavaScript function, for a page that computes without Python.

Floats become numbers, whole numbers BigInts (they are exact up to 64 bits, as NumPy's), bools booleans. The
source contains no name of the spec, save in the message of a whole number that does not fit.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from graphlang.engine.passes.algebra import algebra
from graphlang.engine.passes.common import common_subexpressions
from graphlang.engine.passes.folding import fold_constants
from graphlang.engine.program import Program
from graphlang.trace import Step, SymbolicArray, Trace, TraceError
from graphlang.trace.core import Primitive, signature
from graphlang.trace.primitives.ufuncs import Elementwise
from graphlang.trace.whole_numbers import TOO_LARGE, is_counted
from graphlang.view.javascript_templates import FLOAT, HELPERS, TRUTH, WHOLE

CHUNK = 1000
"""Statements per function: a function with many variables takes too much of JavaScript's stack."""
_SAME = frozenset({"alias", "constant", "stop_gradient", "positive"})
"""Primitives whose result is their operand."""
_SAME_OF_ONE = frozenset({
    "all", "any", "broadcast_to", "cumsum", "max", "min", "prod", "reshape", "roll", "slice", "sum", "take",
    "transpose",
})  # fmt: skip
"""Primitives that give the operand back where it and the result have one element."""
_FLOAT64 = np.dtype(np.float64)


def javascript(
    program: Program,
    arguments: Sequence[str],
    results: Sequence[str],
    fixed: Mapping[str, Any] | None = None,
) -> str | None:
    """An expression whose value is a function from an array of the inputs `arguments` to an array of the
    outputs `results`, all of them numbers and booleans.

    `fixed` has the numbers of all other inputs. None where the program is not of scalars alone. The function
    throws a RangeError where a whole number does not fit into 64 bits.
    """
    program = common_subexpressions(algebra(fold_constants(program)))  # none of them changes a bit
    constants = {program.inputs[label].number: value for label, value in (fixed or {}).items()}
    inputs = [program.inputs[label] for label in arguments]
    outputs = [program.outputs[label] for label in results]
    helpers = _Helpers()
    try:
        _check([*inputs, *outputs])
        if len(program.steps) <= CHUNK:
            function = _in_variables(program.steps, inputs, outputs, constants, helpers)
        else:
            function = _in_parts(program.steps, inputs, outputs, constants, helpers)
    except NoJavaScript:
        return None
    return "\n".join(["(() => {", '"use strict";', *helpers.used(function), f"return {function};", "})()"])


class NoJavaScript(Exception):
    """A program contains what the page cannot compute."""


def _check(values: Sequence[Any]) -> None:
    if any(signature(v)[0] != () for v in values):
        raise NoJavaScript


# ---- functions


def _in_variables(
    steps: Sequence[Step],
    inputs: Sequence[SymbolicArray],
    outputs: Sequence[Any],
    constants: Mapping[int, Any],
    helpers: _Helpers,
) -> str:
    """A function with a variable for each step."""
    writer = _Writer(helpers, constants)
    lines = []
    for place, value in enumerate(inputs):
        lines.append(f"const a{place} = {_input(f'x[{place}]', value.dtype)};")
        writer.names[value.number] = f"a{place}"
    lines += writer.statements(steps)
    lines.append(f"return [{', '.join(map(writer.result, outputs))}];")
    return "\n".join(["(x) => {", *lines, "}"])


def _in_parts(
    steps: Sequence[Step],
    inputs: Sequence[SymbolicArray],
    outputs: Sequence[Any],
    constants: Mapping[int, Any],
    helpers: _Helpers,
) -> str:
    """A function that calls one function after the other, which pass values on in the array `m`."""
    writer = _Writer(helpers, constants)
    lines: list[str] = []

    def store(value: SymbolicArray, expression: str) -> None:
        name = f"m[{len(lines)}]"
        writer.names[value.number] = name
        lines.append(f"{name} = {expression};")

    for place, value in enumerate(inputs):
        store(value, _input(f"x[{place}]", value.dtype))
    for step in steps:
        expression = writer.expression(step)
        if expression is not None:
            store(step.output, expression)
    starts = range(0, len(lines), CHUNK)
    parts = [f"(x, m) => {{\n{chr(10).join(lines[start : start + CHUNK])}\n}}" for start in starts]
    returned = ", ".join(map(writer.result, outputs))
    body = f"const m = new Array({len(lines)}).fill(0);\nfor (const part of parts) part(x, m);"
    inner = f"return (x) => {{\n{body}\nreturn [{returned}];\n}};"
    return f"(() => {{\nconst parts = [{', '.join(parts)}];\n{inner}\n}})()"


def _input(text: str, dtype: np.dtype[Any]) -> str:
    if dtype.kind == "i":
        return f"BigInt({text})"
    return f"Boolean({text})" if dtype.kind == "b" else _rounded(f"Number({text})", dtype)


def _rounded(text: str, dtype: np.dtype[Any]) -> str:
    """A number in its precision."""
    return f"Math.fround({text})" if dtype == np.float32 else text


# ---- helper functions


class _Helpers:
    """The functions that a program calls: those written in JavaScript, and those traced to primitives."""

    def __init__(self) -> None:
        self._traced: dict[str, str] = {}

    def call(self, primitive: Primitive, operands: Sequence[str], params: Mapping[str, Any]) -> str:
        """A call of a primitive that consists of others, whose function is written once."""
        name = "_".join(["_t", primitive.name, *(str(v) for v in params.values())])
        if not re.fullmatch(r"\w+", name):
            raise NoJavaScript
        if name not in self._traced:
            self._traced[name] = ""  # a primitive that records itself calls itself here
            self._traced[name] = self._trace(primitive, len(operands), params)
        if not self._traced[name]:
            raise NoJavaScript
        return f"{name}({', '.join(operands)})"

    def _trace(self, primitive: Primitive, count: int, params: Mapping[str, Any]) -> str:
        trace = Trace()
        inputs = [trace.input((), _FLOAT64) for _ in range(count)]
        try:
            with trace, np.errstate(all="ignore"):
                output = primitive.arithmetic(*inputs, **params)
        except (TraceError, TypeError, ValueError, NotImplementedError):
            raise NoJavaScript from None
        if not isinstance(output, SymbolicArray):
            raise NoJavaScript
        writer = _Writer(self, {})
        writer.names = {x.number: f"a{place}" for place, x in enumerate(inputs)}
        lines = writer.statements(Program({}, {"y": output}, {}).steps)
        arguments = ", ".join(writer.names[x.number] for x in inputs)
        return " ".join([f"({arguments}) => {{", *lines, f"return {writer.result(output)}; }}"])

    def used(self, source: str) -> list[str]:
        """The definitions of all functions that a source calls, each before those that call it."""
        lines: dict[str, str] = {}

        def visit(text: str) -> None:
            for name in dict.fromkeys(re.findall(r"\b(_\w+)\(", text)):
                if name in lines:
                    continue
                definition = self._traced.get(name) or HELPERS[name]
                visit(definition)
                lines[name] = f"const {name} = {definition};"

        visit(source)
        return list(lines.values())


# ---- expressions


class _Writer:
    """Writes steps as expressions of the names that their operands have."""

    def __init__(self, helpers: _Helpers, constants: Mapping[int, Any]) -> None:
        self.helpers = helpers
        self.constants = constants
        #: by the number of a value: its variable
        self.names: dict[int, str] = {}
        #: values that are another one, or a constant
        self.same: dict[int, Any] = {}

    def statements(self, steps: Sequence[Step]) -> list[str]:
        """A variable for the result of each step."""
        lines = []
        for step in steps:
            expression = self.expression(step)
            if expression is not None:
                name = self.names[step.output.number] = f"v{step.output.number}"
                lines.append(f"const {name} = {expression};")
        return lines

    def expression(self, step: Step) -> str | None:
        """The expression of a step; None where its result is its operand, which takes its place."""
        name, output = step.primitive.name, step.output
        if not _is_one(output) or not all(map(_is_one, step.operands)):
            raise NoJavaScript
        if name in _SAME or (name in _SAME_OF_ONE and signature(step.operands[0])[1] == output.dtype):
            self.same[output.number] = step.operands[0]
            return None
        if name in ("argmax", "argmin"):
            return "0n"
        return _rounded(self._computed(step), output.dtype) if output.dtype.kind == "f" else self._exact(step)

    def _exact(self, step: Step) -> str:
        """A whole number, which has to fit, or a bool."""
        text = self._computed(step)
        if not is_counted(step.primitive.name, step.output.dtype, step.operands):
            return text
        value = f"`{step.origin}`" if step.origin else "the result"
        return f"_fits({text}, {_quoted(f'{value} {TOO_LARGE}')})"

    def _computed(self, step: Step) -> str:
        primitive, operands, dtype = step.primitive, step.operands, step.output.dtype
        if primitive.name in ("astype", "full") or primitive.name in _SAME_OF_ONE:
            return self.converted(operands[0], dtype)
        if primitive.name == "where":
            condition, *branches = operands
            chosen = [
                self.converted(condition, np.dtype(bool)),
                *(self.converted(x, dtype) for x in branches),
            ]
            return "({} ? {} : {})".format(*chosen)
        loop = _loop(primitive, operands, dtype)
        texts = [self.converted(x, kind) for x, kind in zip(operands, loop, strict=True)]
        kind = loop[0].kind
        template = {"b": TRUTH, "i": WHOLE}.get(kind, FLOAT).get(primitive.name)
        if template is not None:
            return template.format(*texts)
        if kind != "f":
            raise NoJavaScript
        return self.helpers.call(primitive, texts, step.params)

    def converted(self, x: Any, dtype: np.dtype[Any]) -> str:
        """An operand in another type, by NumPy's rules."""
        x = self._itself(x)
        if x.__class__ is not SymbolicArray:
            return _literal(x, dtype)
        return _conversion(x.dtype, dtype)(self.names[x.number])

    def _itself(self, x: Any) -> Any:
        """The value that stands for `x`: its operand where a step does nothing, the number of a constant."""
        while x.__class__ is SymbolicArray and x.number in self.same:
            x = self.same[x.number]
        return self.constants.get(x.number, x) if x.__class__ is SymbolicArray else x

    def result(self, x: Any) -> str:
        x = self._itself(x)
        kind = np.dtype(signature(x)[1])
        return self.converted(x, _FLOAT64 if kind.kind == "i" else kind)


def _is_one(x: Any) -> bool:
    """Whether an operand is a single number: a scalar, or an array of one element."""
    return all(n == 1 for n in signature(x)[0])


def _loop(primitive: Primitive, operands: Sequence[Any], dtype: np.dtype[Any]) -> list[np.dtype[Any]]:
    """The types in which NumPy computes: those to which it converts the operands."""
    if not isinstance(primitive, Elementwise):
        return [dtype] * len(operands)
    kinds = [signature(x)[1] for x in operands]
    return list(primitive.apply.resolve_dtypes((*kinds, None)))[:-1]


def _conversion(source: np.dtype[Any], target: np.dtype[Any]) -> Callable[[str], str]:
    kinds = source.kind + target.kind
    if kinds == "ff":
        return lambda x: x if source.itemsize <= target.itemsize else _rounded(x, target)
    templates = {
        "if": "Number({0})", "bf": "Number({0})", "bi": "BigInt({0})", "fi": "_whole({0})",
        "fb": "({0} != 0)", "ib": "({0} != 0)", "ii": "{0}", "bb": "{0}",
    }  # fmt: skip
    if kinds not in templates:
        raise NoJavaScript
    return templates[kinds].format


def _literal(x: Any, dtype: np.dtype[Any]) -> str:
    value = np.asarray(x).reshape(()).astype(dtype).item()
    if dtype.kind == "b":
        return "true" if value else "false"
    if dtype.kind == "i":
        return f"({value}n)" if value < 0 else f"{value}n"
    text = {"inf": "Infinity", "-inf": "-Infinity", "nan": "NaN"}.get(str(value), repr(value))
    return f"({text})" if text.startswith("-") else text


def _quoted(text: str) -> str:
    """A string of JavaScript that can stand in a page."""
    return json.dumps(text).replace("<", "\\u003c")
