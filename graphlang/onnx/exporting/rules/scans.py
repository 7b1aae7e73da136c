"""The rule of `scan`: the steps of its body inside of a loop of ONNX."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from graphlang.kernels.scan import ScanCall
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
    same = {x.number: name for x, name in zip(body.captured, captured, strict=True)}
    stacked = sorted({number for kind, number in results if kind == "stacked"})
    read = {x.number for s in inner for x in s.operands if hasattr(x, "number")}
    read |= set(stacked) | {body.following[i].number for i in kept}
    used = [i for i, x in enumerate(body.elements) if x.number in read] or [0]
    if call.reverse:
        sequences = [w.flip(x, 0) if i in used else x for i, x in enumerate(sequences)]

    def repetition(carried: list[str], elements: list[str]) -> tuple[list[str], list[str]]:
        values = dict(same)
        values.update({body.elements[i].number: x for i, x in zip(used, elements, strict=True)})
        values.update({body.carried[i].number: x for i, x in zip(kept, carried, strict=True)})
        run(inner, values)
        return [values[body.following[i].number] for i in kept], [values[n] for n in stacked]

    found = scan_loop(
        w,
        [operands[count + i] for i in kept],
        [sequences[i] for i in used],
        [(body.carried[i].shape, body.carried[i].dtype) for i in kept],
        [(body.elements[i].shape, body.elements[i].dtype) for i in used],
        [(body.value(n).shape, body.value(n).dtype) for n in stacked],
        repetition,
    )
    ends = {("last", i): y for i, y in zip(kept, found, strict=False)}
    for number, y in zip(stacked, found[len(kept) :], strict=True):
        ends["stacked", number] = w.flip(y, 0) if call.reverse else y
    return [ends[result] for result in results]
