"""The rule of `scan`: the steps of its body inside of a loop of ONNX."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from graphlang.kernels.scan import ScanCall
from graphlang.onnx.exporting.draws import ScanTimes
from graphlang.onnx.exporting.loop_nodes import scan_loop
from graphlang.onnx.exporting.writer import NodeWriter
from graphlang.trace import Step


def scan_results(
    w: NodeWriter,
    steps: Sequence[Step],
    operands: Sequence[str],
    run: Callable[[Sequence[Step], dict[int, str]], None],
) -> list[str]:
    """The results of several steps of one call; `run` writes the steps of the body."""
    call = ScanCall.from_params(steps[0].params)
    body, results = call.body, [step.params["result"] for step in steps]
    inner, kept = body.needed(results)
    count = len(body.elements)
    sequences = list(operands[:count])
    captured = operands[count + len(body.carried) :]
    drawn = _drawn(w, steps[0], inner)
    inner = [s for s in inner if s.output.number not in drawn]
    same = {x.number: name for x, name in zip(body.captured, captured, strict=True)}
    stacked = sorted({number for kind, number in results if kind == "stacked"})
    read = {x.number for s in inner for x in s.operands if hasattr(x, "number")}
    read |= set(stacked) | {body.following[i].number for i in kept}
    used = [i for i, x in enumerate(body.elements) if x.number in read] or [0]
    if call.reverse:
        sequences = [w.flip(x, 0) if i in used else x for i, x in enumerate(sequences)]
        drawn = {number: w.flip(x, 0) for number, x in drawn.items()}
    random = [body.value(number) for number in drawn]

    def repetition(carried: list[str], elements: list[str]) -> tuple[list[str], list[str]]:
        values = dict(same)
        numbers = [*(body.elements[i].number for i in used), *(x.number for x in random)]
        values.update(zip(numbers, elements, strict=True))
        values.update({body.carried[i].number: x for i, x in zip(kept, carried, strict=True)})
        run(inner, values)
        return [values[body.following[i].number] for i in kept], [values[n] for n in stacked]

    found = scan_loop(
        w,
        [operands[count + i] for i in kept],
        [*(sequences[i] for i in used), *(drawn[x.number] for x in random)],
        [(body.carried[i].shape, body.carried[i].dtype) for i in kept],
        [(x.shape, x.dtype) for x in (*(body.elements[i] for i in used), *random)],
        [(body.value(n).shape, body.value(n).dtype) for n in stacked],
        repetition,
    )
    ends = {("last", i): y for i, y in zip(kept, found, strict=False)}
    for number, y in zip(stacked, found[len(kept) :], strict=True):
        ends["stacked", number] = w.flip(y, 0) if call.reverse else y
    return [ends[result] for result in results]


def _drawn(w: NodeWriter, scan: Step, inner: Sequence[Step]) -> dict[int, str]:
    """The random numbers of all repetitions, drawn before the loop, by the numbers of their steps."""
    call = ScanCall.from_params(scan.params)
    elements = {x.number: i for i, x in enumerate(call.body.elements)}
    found = {}
    for step in (s for s in inner if s.primitive.name == "random_numbers"):
        position = next(i for i, x in enumerate(step.operands) if getattr(x, "number", None) in elements)
        times = scan.operands[elements[step.operands[position].number]]
        start = times.trace.steps[times.number].params["start"] if hasattr(times, "trace") else times[0]
        found[step.output.number] = w.draw(step, ScanTimes(position, start, call.length))
    return found
