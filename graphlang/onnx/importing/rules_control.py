"""Branches and loops: what is decided by constants is written out, loops over data are a `scan`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from graphlang.onnx.importing.node import OnnxNode
from graphlang.onnx.importing.refusals import NotImported, ValueWanted
from graphlang.onnx.importing.rules_shape import known_size
from graphlang.onnx.importing.scan_writer import ScanSteps, written_scans
from graphlang.onnx.importing.value import OnnxValue
from graphlang.onnx.importing.writer import Writer

MOST_ROUNDS = 16
"""A loop of no more rounds is written out."""


def _if(w: Writer, node: OnnxNode) -> tuple[OnnxValue, ...]:
    """The branch that is chosen; where the data choose, both, if they give arrays of the same shapes."""
    condition = node[0]
    if condition.known is not None:
        chosen = "then_branch" if condition.known.reshape(-1)[0] else "else_branch"
        return tuple(node.inlined(chosen, ()))
    condition = w.let(condition, "condition")
    yes, no = (node.inlined(branch, ()) for branch in ("then_branch", "else_branch"))
    if any(a.shape != b.shape or a.word != b.word for a, b in zip(yes, no, strict=True)):
        raise NotImported("the data choose between results of different shapes")
    flag = condition if not condition.rank else w.call("reshape", condition)
    return tuple(w.call("where", flag, a, b) for a, b in zip(yes, no, strict=True))


def _loop(w: Writer, node: OnnxNode) -> tuple[OnnxValue, ...]:
    count = None if node.get(0) is None else int(node.number(0))
    condition: Any = OnnxValue.constant(np.asarray(True)) if node.get(1) is None else node[1]
    if condition.known is None:
        raise ValueWanted(1)
    if not condition.known.any():
        count = 0
    if count is None:
        raise NotImported("how often it goes round is not known before running")
    carried = [node[k] for k in range(2, len(node.inputs))]
    if count > MOST_ROUNDS:
        return _long_loop(w, node, count, condition, carried)
    given: list[tuple[OnnxValue, ...]] = []
    for k in range(count):
        results = node.inlined("body", (OnnxValue.constant(np.asarray(k)), condition, *carried))
        condition, carried = results[0], list(results[1 : 1 + len(carried)])
        given.append(tuple(results[1 + len(carried) :]))
        if condition.known is None:
            raise NotImported("the data decide whether it goes on")
        if not condition.known.any():
            break
    several = len(node.outputs) - len(carried)
    if several > 0 and not given:
        raise NotImported("it gives arrays of no elements, for it goes round not once")
    return (*carried, *(w.call("stack", *column, axis=0) for column in zip(*given, strict=True)))


def _long_loop(
    w: Writer, node: OnnxNode, count: int, condition: OnnxValue, carried: Sequence[OnnxValue]
) -> tuple[OnnxValue, ...]:
    def step(t: OnnxValue, held: Sequence[OnnxValue]) -> ScanSteps:
        results = node.inlined("body", (t, condition, *held), scanning=True)
        if results[0].known is None or not results[0].known.any():
            raise NotImported("the data decide whether it goes on")
        return ScanSteps(results[1 : 1 + len(held)], results[1 + len(held) :])

    ys, ends = written_scans(w, w.call("arange", sizes=(count,)), carried, step)
    return (*ends, *ys)


def _scan(w: Writer, node: OnnxNode) -> tuple[OnnxValue, ...]:
    """A `scan` over the places of its inputs, each of which it takes in turn."""
    if node.version < 9:
        raise NotImported("it goes through each row by itself, as before version 9 of the operators")
    several = int(node.attribute("num_scan_inputs", 0))
    values = [node[k] for k in range(len(node.inputs))]
    states, inputs = values[: len(values) - several], values[len(values) - several :]
    if not inputs:
        raise NotImported("it goes through nothing")
    axes = [
        a % x.rank for a, x in zip(node.attribute("scan_input_axes") or [0] * several, inputs, strict=True)
    ]
    backwards = node.attribute("scan_input_directions") or [0] * several
    length = inputs[0].shape[axes[0]]
    if any(x.shape[a] != length for x, a in zip(inputs, axes, strict=True)):
        raise NotImported("its inputs have different lengths")
    inputs = [w.let(x, "sequence") for x in inputs]

    def step(t: OnnxValue, held: Sequence[OnnxValue]) -> ScanSteps:
        at = [w.call("subtract", length - 1, t) if back and known_size(length) else t for back in backwards]
        if any(backwards) and not known_size(length):
            raise NotImported("it goes backwards, and its length is not known before running")
        parts = [w.call("take", x, i, axis=a) for x, i, a in zip(inputs, at, axes, strict=True)]
        results = node.inlined("body", (*held, *parts), scanning=True)
        return ScanSteps(results[: len(held)], results[len(held) :])

    ys, ends = written_scans(w, w.call("arange", sizes=(length,)), states, step)
    return (*ends, *(_turned_result(w, node, y, k) for k, y in enumerate(ys)))


def _turned_result(w: Writer, node: OnnxNode, y: OnnxValue, k: int) -> OnnxValue:
    """A result along its own axis, in its own direction."""
    directions, axes = node.attribute("scan_output_directions"), node.attribute("scan_output_axes")
    if directions and directions[k]:
        y = w.call("flip", y, axis=0)
    axis = axes[k] % y.rank if axes else 0
    if axis == 0:
        return y
    order = list(range(1, y.rank))
    order.insert(axis, 0)
    return w.call("transpose", y, sizes=tuple(order))


CONTROL: dict[str, Callable[[Writer, OnnxNode], Any]] = {"If": _if, "Loop": _loop, "Scan": _scan}
