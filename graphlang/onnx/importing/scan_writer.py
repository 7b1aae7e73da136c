"""A `scan`: the steps of a recurrence, written once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from graphlang.onnx.importing.expression import NameRef, expression_text, names_of_expression
from graphlang.onnx.importing.spec_text import lines_of
from graphlang.onnx.importing.value import OnnxValue
from graphlang.onnx.importing.writer import Statement, Writer, shape_comment


class ScanStep(NamedTuple):
    """What a step hands on, by the names of the carried values, and what it gives."""

    carried: Mapping[str, OnnxValue]
    given: OnnxValue


def written_scan(
    w: Writer,
    xs: OnnxValue,
    axis: int,
    start: Mapping[str, OnnxValue],
    step: Callable[[OnnxValue, dict[str, OnnxValue]], ScanStep],
    *,
    reverse: bool = False,
) -> tuple[OnnxValue, dict[str, OnnxValue]]:
    """What all steps give, along the axis, and the carried values after the last one."""
    sequence = w.let(xs, "sequence")
    first = {name: w.let(value, f"{name}_start") for name, value in start.items()}
    names = {name: w.names.new(name) for name in start}
    element = w.names.new("x_t")
    shape = tuple(n for a, n in enumerate(xs.shape) if a != axis)
    outer, w.statements = w.statements, []
    carried = {
        name: OnnxValue(NameRef(names[name]), value.array, value.elem) for name, value in first.items()
    }
    done = step(
        OnnxValue(NameRef(element), w.trace.input(shape, sequence.array.dtype), sequence.elem), carried
    )
    ends = {name: w.let(done.carried[name], "next_value") for name in start}
    given = w.let(done.given, "given")
    body, w.statements = w.statements, outer
    given_shape = list(given.shape)
    given_shape.insert(min(axis, len(given_shape)), xs.shape[axis])
    results = [w.names.new(name) for name in ("steps", *(f"{name}_last" for name in start))]
    options = f"{'' if axis == 1 else f', axis={axis}'}{', reverse=true' if reverse else ''}"
    text = _text(results, element, sequence, options, names, first, body, ends, given)
    arrays = [w.trace.input(tuple(given_shape), given.array.dtype), *(v.array for v in first.values())]
    inner = {name for s in body for name in s.names} | {element, *names.values()}
    used = [n for s in body for n in (*names_of_expression(s.expression), *s.uses)]
    used += [n for value in (sequence, *first.values()) for n in names_of_expression(value.expression)]
    uses = tuple(n for n in used if n not in inner) * 2  # inside of the braces, nothing may be moved
    w.statements.append(Statement(tuple(results), None, tuple(map(shape_comment, arrays)), text, uses))
    values = [OnnxValue(NameRef(n), a, None) for n, a in zip(results, arrays, strict=True)]
    return values[0], dict(zip(start, values[1:], strict=True))


def _text(
    results: list[str], element: str, sequence: OnnxValue, options: str, names: dict[str, str],
    first: dict[str, OnnxValue], body: list[Statement], ends: dict[str, OnnxValue], given: OnnxValue,
) -> str:  # fmt: skip
    carry = ", ".join(f"{names[n]} = {expression_text(value.expression)}" for n, value in first.items())
    source = f"{expression_text(sequence.expression)}{options}"
    lines = [
        f"{', '.join(results)} = scan {element} in {source} carry {carry} {{",
        *lines_of(body, []),
        "next " + ", ".join(f"{names[n]} = {expression_text(value.expression)}" for n, value in ends.items()),
        f"yield {expression_text(given.expression)}",
        "last " + ", ".join(names.values()),
        "}",
    ]
    return "\n".join(lines)
