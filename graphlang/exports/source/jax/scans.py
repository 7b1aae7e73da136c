"""A `scan` as `jax.lax.scan`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphlang.exports.source.expressions import Expression
from graphlang.exports.source.layout import STEP
from graphlang.exports.source.statements import StatementWriter
from graphlang.kernels.scan import ScanCall
from graphlang.trace import Step, SymbolicArray


def lax_scan(writer: StatementWriter, steps: Sequence[Step], operands: list[Expression]) -> list[Expression]:
    """Writes a function for one repetition, and the call that repeats it."""
    call = ScanCall.from_params(steps[0].params)
    body, results = call.body, [step.params["result"] for step in steps]
    inner_steps, kept = body.needed(results)
    count = len(body.elements)
    inner = StatementWriter(writer.file, writer.scope, writer.sizes, writer.depth + 1)
    for x, outer in zip(body.captured, operands[count + len(body.carried) :], strict=True):
        inner.bind(x, _named(writer, outer))
    states = {i: writer.scope.new("state") for i in kept}
    read = {x.number for s in inner_steps for x in s.operands if x.__class__ is SymbolicArray}
    read |= {number for kind, number in results if kind == "stacked"}
    read |= {body.following[i].number for i in kept}
    elements = [writer.scope.new("x_t") if x.number in read else "_" for x in body.elements]
    for i, name in states.items():
        inner.bind(body.carried[i], name)
    for x, name in zip(body.elements, elements, strict=True):
        inner.bind(x, name)
    stacked = sorted({number for kind, number in results if kind == "stacked"})
    values = [body.value(n) for n in stacked]
    after = [body.following[i] for i in kept]
    inner.write(inner_steps, [*values, *after])
    function = writer.scope.new("repeat")
    carry, item = writer.scope.new("carry"), writer.scope.new("item")
    indent = STEP * (writer.depth + 1)
    writer.lines += ["", f"{STEP * writer.depth}def {function}({carry}, {item}):"]
    writer.lines += [f"{indent}{_targets(list(states.values()))} = {carry}"] if states else []
    writer.lines += [f"{indent}{_targets(elements)} = {item}"] if elements else []
    writer.lines += inner.lines
    last = StatementWriter(writer.file, writer.scope, writer.sizes, writer.depth + 1)
    following = [_as(inner, x, body.carried[i]) for x, i in zip(after, kept, strict=True)]
    last.line(f"return {_tuple(following)}, {_tuple([inner.text(v) for v in values])}")
    writer.lines += [*last.lines, ""]
    return _called(writer, call, (function, kept, stacked), operands, results)


def _called(
    writer: StatementWriter, call: ScanCall, parts: Any, operands: list[Expression], results: Sequence[Any]
) -> list[Expression]:
    function, kept, stacked = parts
    count = len(call.body.elements)
    kinds = [writer.language.dtype(call.body.carried[i].dtype) for i in kept]
    start = [f"jnp.asarray({operands[count + i].text}, {kind})" for i, kind in zip(kept, kinds, strict=True)]
    over = [operands[i].text for i in range(count)]
    ends = [writer.scope.new("last") if ("last", i) in results else "_" for i in kept]
    ys = [writer.scope.new("ys") for _ in stacked]
    tail = f", length={writer.sizes.size(call.length).text}" if not over else ""
    tail += ", reverse=True" if call.reverse else ""
    left = f"{_tuple(ends, '_')}, {_tuple(ys, '_')}"
    writer.assign(left, f"jax.lax.scan({function}, {_tuple(start)}, {_tuple(over, 'None')}{tail})")
    found: dict[Any, Expression] = {("last", i): Expression(n) for i, n in zip(kept, ends, strict=True)}
    found |= {("stacked", n): Expression(name) for n, name in zip(stacked, ys, strict=True)}
    return [found[result] for result in results]


def _as(inner: StatementWriter, x: Any, carried: Any) -> str:
    """A carried value in the type that it began with."""
    text = inner.text(x)
    return text if x.dtype == carried.dtype else f"({text}).astype({inner.language.dtype(carried.dtype)})"


def _tuple(names: Sequence[str], empty: str = "()") -> str:
    if not names:
        return empty
    return f"({', '.join(names)},)" if len(names) == 1 else f"({', '.join(names)})"


def _targets(names: Sequence[str]) -> str:
    """Names that a tuple is assigned to."""
    return f"({names[0]},)" if len(names) == 1 else ", ".join(names)


def _named(writer: StatementWriter, x: Expression) -> str:
    plain = all(sign.isalnum() or sign in '_.[]"' for sign in x.text)
    return x.text if plain else writer.named("same", x.text).text
