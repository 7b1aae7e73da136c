"""A `scan` as a loop of Python over the elements of its sequences."""

from __future__ import annotations

from collections.abc import Sequence

from graphlang.exports.source.expressions import Expression
from graphlang.exports.source.statements import StatementWriter
from graphlang.kernels.scan import ScanBody, ScanCall
from graphlang.trace import Step, SymbolicArray


def python_loop(
    writer: StatementWriter,
    steps: Sequence[Step],
    operands: list[Expression],
    stack: str = "np.stack({})",
    flipped: str = "{}[::-1]",
) -> list[Expression]:
    """Writes the loop of several results of one `scan`; `stack` makes an array of a list, and `flipped` turns
    a sequence around."""
    call = ScanCall.from_params(steps[0].params)
    body, results = call.body, [step.params["result"] for step in steps]
    inner_steps, kept = body.needed(results)
    outer = [_as_name(writer, x) for x in operands]
    count = len(body.elements)
    inner = StatementWriter(writer.file, writer.scope, writer.sizes, writer.depth + 1)
    for x, text in zip(body.captured, outer[count + len(body.carried) :], strict=True):
        inner.bind(x, text)
    variables = {i: writer.scope.new("state") for i in kept}
    for i, name in variables.items():
        writer.assign(name, outer[count + i])
        inner.bind(body.carried[i], name)
    stacked = sorted({number for kind, number in results if kind == "stacked"})
    lists = {number: writer.named("ys", "[]").text for number in stacked}
    _head(writer, inner, call, outer[:count], _used(body, inner_steps, kept, stacked), flipped)
    after = [body.following[i] for i in kept]
    inner.write(inner_steps, [*(body.value(n) for n in stacked), *after])
    for number, name in lists.items():
        inner.line(f"{name}.append({inner.text(body.value(number))})")
    _carry(inner, variables, [inner.text(x) for x in after])
    writer.lines += inner.lines
    ends = {("last", i): Expression(name) for i, name in variables.items()}
    for number, name in lists.items():
        whole = stack.format(f"{name}[::-1]" if call.reverse else name)
        ends["stacked", number] = writer.named("y", whole)
    return [ends[result] for result in results]


def _head(
    writer: StatementWriter,
    inner: StatementWriter,
    call: ScanCall,
    sequences: Sequence[str],
    used: Sequence[int],
    flipped: str,
) -> None:
    """The line of `for`, and the names of the elements."""
    elements = [call.body.elements[i] for i in used]
    over = [flipped.format(sequences[i]) if call.reverse else sequences[i] for i in used]
    names = [writer.scope.new("x_t") for _ in used]
    for x, name in zip(elements, names, strict=True):
        inner.bind(x, name)
    if not used and sequences:
        writer.line(f"for _ in {sequences[0]}:")
    elif not used:
        writer.line(f"for _ in range({writer.sizes.size(call.length).text}):")
    elif len(used) == 1:
        writer.line(f"for {names[0]} in {over[0]}:")
    elif len(f"for {', '.join(names)} in zip({', '.join(over)}):") + 4 * writer.depth <= 88:
        writer.line(f"for {', '.join(names)} in zip({', '.join(over)}):")
    else:
        place = writer.scope.new("t")
        length = f"range(len({sequences[used[0]]}))"
        writer.line(f"for {place} in {f'reversed({length})' if call.reverse else length}:")
        for name, i in zip(names, used, strict=True):
            inner.assign(name, f"{sequences[i]}[{place}]")


def _carry(inner: StatementWriter, variables: dict[int, str], texts: list[str]) -> None:
    """Hands the carried values on: all are computed before the first is changed."""
    names = list(variables.values())
    if len(names) > 1:
        texts = [
            inner.named("after", text).text
            if text != name and (text in names or not text.isidentifier())
            else text
            for name, text in zip(names, texts, strict=True)
        ]
    for name, text in zip(names, texts, strict=True):
        if name != text:
            inner.assign(name, text)


def _used(body: ScanBody, steps: Sequence[Step], kept: Sequence[int], stacked: Sequence[int]) -> list[int]:
    """The elements that a repetition reads."""
    read = {x.number for s in steps for x in s.operands if x.__class__ is SymbolicArray}
    read |= set(stacked) | {body.following[i].number for i in kept}
    return [i for i, x in enumerate(body.elements) if x.number in read]


def _as_name(writer: StatementWriter, x: Expression) -> str:
    """An operand under a name, so that it is computed once."""
    plain = all(sign.isalnum() or sign in "_." for sign in x.text)
    return x.text if plain else writer.named("xs", x.text).text
