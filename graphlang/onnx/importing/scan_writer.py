"""A `scan`: the steps of a recurrence, written once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from graphlang.onnx.importing.expression import NameRef, expression_text, names_of_expression
from graphlang.onnx.importing.refusals import NotImported
from graphlang.onnx.importing.spec_text import lines_of
from graphlang.onnx.importing.value import OnnxValue
from graphlang.onnx.importing.writer import Statement, Writer, shape_comment


class ScanStep(NamedTuple):
    """What a step hands on, by the names of the carried values, and what it gives."""

    carried: Mapping[str, OnnxValue]
    given: OnnxValue


class ScanSteps(NamedTuple):
    """What a step hands on, in order, and all that it gives."""

    carried: Sequence[OnnxValue]
    given: Sequence[OnnxValue]


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

    def steps(x: OnnxValue, held: Sequence[OnnxValue]) -> ScanSteps:
        done = step(x, dict(zip(start, held, strict=True)))
        return ScanSteps([done.carried[name] for name in start], [done.given])

    written = _Scan(w, xs, axis, reverse, list(start))
    ys, ends = written.of(list(start.values()), steps)
    return ys[0], dict(zip(start, ends, strict=True))


def written_scans(
    w: Writer,
    places: OnnxValue,
    start: Sequence[OnnxValue],
    step: Callable[[OnnxValue, Sequence[OnnxValue]], ScanSteps],
    *,
    reverse: bool = False,
) -> tuple[list[OnnxValue], list[OnnxValue]]:
    """All that the steps over places give, along a first axis, and the carried values after the last one."""
    named, count = list(w.wanted), len(start)
    scan = _Scan(w, places, 0, reverse=reverse, wanted=["state"] * count)
    scan.results = [*named[count:], *named[:count]]
    return scan.of(start, step)


class _Scan:
    """A `scan` while it is written."""

    def __init__(self, w: Writer, xs: OnnxValue, axis: int, reverse: bool, wanted: list[str]) -> None:
        self.w, self.axis, self.reverse, self.wanted = w, axis, reverse, wanted
        self.sequence = w.operand(xs) if xs.rank == 1 and axis == 0 else w.let(xs, "sequence")
        #: what the results are to be called, if that is known
        self.results: list[str] = []

    def of(
        self, start: Sequence[OnnxValue], step: Callable[[OnnxValue, Sequence[OnnxValue]], ScanSteps]
    ) -> tuple[list[OnnxValue], list[OnnxValue]]:
        w, sequence = self.w, self.sequence
        first = [w.let(value, f"{name}_start") for name, value in zip(self.wanted, start, strict=True)]
        names = [w.names.new(name) for name in self.wanted]
        element = w.names.new("x_t" if sequence.rank > 1 else "t")
        shape = tuple(n for a, n in enumerate(sequence.shape) if a != self.axis)
        outer, w.statements = w.statements, []
        held = [OnnxValue(NameRef(n), v.array, v.elem) for n, v in zip(names, first, strict=True)]
        x = OnnxValue(NameRef(element), w.trace.input(shape, sequence.array.dtype), sequence.elem)
        try:
            done = step(x, held)
            ends = [w.let(value, "next_value") for value in done.carried]
            given = [w.let(value, "given") for value in done.given]
        finally:
            body, w.statements = w.statements, outer
        for value, end in zip(first, ends, strict=True):
            if value.shape != end.shape or value.word != end.word:
                raise NotImported("a step hands on an array of another shape or type than it gets")
        return self._entered(names, element, first, body, ends, given)

    def _entered(
        self, names: list[str], element: str, first: list[OnnxValue], body: list[Statement],
        ends: list[OnnxValue], given: list[OnnxValue],
    ) -> tuple[list[OnnxValue], list[OnnxValue]]:  # fmt: skip
        w, sequence = self.w, self.sequence
        wanted = ["steps"] * len(given) + [f"{name}_last" for name in self.wanted]
        wanted = self.results if len(self.results) == len(wanted) else wanted
        results = [w.names.new(name) for name in wanted]
        arrays = [w.trace.input(self._whole(value), value.array.dtype) for value in given]
        arrays += [value.array for value in first]
        text = self._text(results, element, names, first, body, ends, given)
        inner = {name for s in body for name in s.names} | {element, *names}
        used = [n for s in body for n in (*names_of_expression(s.expression), *s.uses)]
        used += [n for v in (sequence, *first, *ends, *given) for n in names_of_expression(v.expression)]
        uses = tuple(n for n in used if n not in inner) * 2  # inside of the braces, nothing may be moved
        w.statements.append(Statement(tuple(results), None, tuple(map(shape_comment, arrays)), text, uses))
        values = [OnnxValue(NameRef(n), a, None) for n, a in zip(results, arrays, strict=True)]
        return values[: len(given)], values[len(given) :]

    def _whole(self, given: OnnxValue) -> tuple[Any, ...]:
        shape = list(given.shape)
        shape.insert(min(self.axis, len(shape)), self.sequence.shape[self.axis])
        return tuple(shape)

    def _text(
        self, results: list[str], element: str, names: list[str], first: list[OnnxValue],
        body: list[Statement], ends: list[OnnxValue], given: list[OnnxValue],
    ) -> str:  # fmt: skip
        carry = ", ".join(f"{n} = {_texted(v)}" for n, v in zip(names, first, strict=True))
        alone = self.axis == 0 and self.sequence.rank == 1
        options = "" if self.axis == 1 or alone else f", axis={self.axis}"
        source = f"{_texted(self.sequence)}{options}{', reverse=true' if self.reverse else ''}"
        lines = [
            f"{', '.join(results)} = scan {element} in {source}{' carry ' if carry else ''}{carry} {{",
            *lines_of(body, []),
        ]
        if names:
            lines.append("next " + ", ".join(f"{n} = {_texted(v)}" for n, v in zip(names, ends, strict=True)))
        if given:
            lines.append(f"yield {', '.join(map(_texted, given))}")
        if names:
            lines.append(f"last {', '.join(names)}")
        return "\n".join([*lines, "}"])


def _texted(value: OnnxValue) -> str:
    return expression_text(value.expression)
