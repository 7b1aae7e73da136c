"""A `scan` as indexed equations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from graphlang.exports.latex.notation import Tex
from graphlang.exports.latex.writing import Writing
from graphlang.kernels.scan import ScanBody, ScanCall
from graphlang.trace import Step, SymbolicArray

_COUNTERS = "tkijlmn"


def write_scan(writer: Writing, together: Sequence[Step], results: Mapping[int, str]) -> None:
    """Writes one call: an equation for each value of the body, and its results."""
    first = together[0]
    call = ScanCall.from_params(first.params)
    body, length = call.body, writer.sizes.size(call.length).text
    t = _COUNTERS[writer.depth % len(_COUNTERS)]
    inner = writer.inner(lambda symbol: with_index(symbol, t))
    before = f"{t} + 1" if call.reverse else f"{t} - 1"
    operands = [writer.short(x) for x in first.operands]
    steps, kept = body.needed([step.params["result"] for step in together])
    count = len(body.elements)
    for x, outer in zip(body.elements, operands, strict=False):
        inner.bind(x, Tex(f"{outer.text}[{t}]"))
    for x, outer in zip(body.captured, operands[count + len(body.carried) :], strict=True):
        inner.bind(x, outer)
    carried = {i: writer.symbols.fresh("c") for i in kept}
    for i, symbol in carried.items():
        inner.bind(body.carried[i], Tex(with_index(symbol, before)))
    following = _following(body, carried, t)
    inner.write(steps, following, _later(body, kept, together))
    ends = (length, "1") if call.reverse else ("1", length)
    writer.lines.append(rf"\text{{for }} & {t} = {ends[0]}, \dots, {ends[1]}:")
    writer.lines += [rf"\quad {line}" for line in inner.lines]
    for i, symbol in carried.items():
        value = inner.operand(body.following[i])
        if value.text != with_index(symbol, t):
            writer.lines.append(rf"\quad {with_index(symbol, t)} &= {value.text}")
    for i, symbol in carried.items():
        start = f"{length} + 1" if call.reverse else "0"
        writer.equation(with_index(symbol, start), operands[count + i])
    for step in together:
        _result(writer, inner, step, carried, (t, ends[1]), results)


def _following(body: ScanBody, carried: Mapping[int, str], t: str) -> dict[int, str]:
    """The symbols of the next values of what is carried."""
    found: dict[int, str] = {}
    for i, symbol in carried.items():
        number = body.following[i].number
        if number >= 0 and number not in found:
            found[number] = with_index(symbol, t)
    return found


def _later(body: ScanBody, kept: Sequence[int], together: Sequence[Step]) -> list[SymbolicArray]:
    """What is read once the body has been written."""
    return [*(body.following[i] for i in kept), *(body.value_of(step.params["result"]) for step in together)]


def _result(
    writer: Writing,
    inner: Writing,
    step: Step,
    carried: Mapping[int, str],
    places: tuple[str, str],
    results: Mapping[int, str],
) -> None:
    kind, number = step.params["result"]
    t, last = places
    if kind == "last":
        value = Tex(with_index(carried[number], last))
    else:
        writer.notes["stack"] = None
        element = inner.operand(inner_value(step, number))
        value = Tex(rf"\left( {element.text} \right)_{{{t}}}")
    own = results.get(step.output.number)
    if own is not None:
        writer.equation(own, value)
        value = Tex(own)
    elif kind != "last":
        value = writer.named(value)
    writer.bind(step.output, value)


def inner_value(step: Step, number: int) -> SymbolicArray:
    """The value of the body that a step stacks."""
    body: ScanBody = step.params["body"]
    return body.value(number)


def with_index(symbol: str, index: str) -> str:
    """A symbol with one more index."""
    if symbol.endswith("}") and "_{" in symbol and "^" not in symbol.rpartition("_{")[2]:
        return f"{symbol[:-1]}, {index}}}"
    return f"{symbol}_{{{index}}}"
