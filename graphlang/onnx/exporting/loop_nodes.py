"""A loop along the first axis of sequences, as the operation Scan of ONNX."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from onnx import helper

from graphlang.onnx.exporting.types import onnx_type
from graphlang.onnx.exporting.writer import NodeScope, NodeWriter
from graphlang.trace import Shape

Kind: TypeAlias = "tuple[Shape, Any]"
"""The shape and the type of a value."""
LoopStep: TypeAlias = "Callable[[list[str], list[str]], tuple[list[str], list[str]]]"
"""From the carried values and the elements to the next carried values, and to what is stacked."""


def scan_loop(
    w: NodeWriter,
    starts: Sequence[str],
    sequences: Sequence[str],
    carried: Sequence[Kind],
    elements: Sequence[Kind],
    stacked: Sequence[Kind],
    step: LoopStep,
) -> list[str]:
    """The last carried values, then what is stacked; the kinds are those within a repetition."""
    before = [w.take(f"{w.origin}/carried") for _ in starts]
    inputs = [w.take(f"{w.origin}/element") for _ in sequences]
    with w.into(NodeScope()) as body:
        following, yields = step(before, inputs)
        results = [w.node("Identity", x) for x in (*following, *yields)]
    graph = helper.make_graph(
        body.nodes,
        w.take(f"{w.origin}/body"),
        [value_info(x, kind) for x, kind in zip((*before, *inputs), (*carried, *elements), strict=True)],
        [value_info(x, kind) for x, kind in zip(results, (*carried, *stacked), strict=True)],
    )
    operands = [*starts, *sequences]
    return w.nodes("Scan", operands, len(results), body=graph, num_scan_inputs=len(sequences))


def value_info(name: str, kind: Kind) -> Any:
    """The type of a value, with the names of its sizes."""
    shape, dtype = kind
    return helper.make_tensor_value_info(
        name, onnx_type(dtype), [n if isinstance(n, int) else str(n) for n in shape]
    )
