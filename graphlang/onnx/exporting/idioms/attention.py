"""Attention as one operation of ONNX between the products with its weights."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphlang.onnx.exporting.idioms.idiom import Finders, Idiom, NodeCall
from graphlang.onnx.exporting.writer import NodeWriter


def _attention(call: NodeCall) -> Idiom | None:
    """What is hidden by two rules, and a state of training, are written step by step."""
    layer = call.operation
    x, kv, mask = (*call.operands, None, None)[:3]
    if call.training or call.opset < 23 or (layer.causal and (kv is not None or mask is not None)):
        return None
    there = x if kv is None else kv
    shape = (x.shape[0], 1, x.shape[1], there.shape[1])

    def write(w: NodeWriter, names: list[Any], own: dict[str, str]) -> str:
        if kv is None:
            q, k, v = _parts(w, _affine(w, names[0], own, "qkv"), 3)
        else:
            q = _affine(w, names[0], own, "q")
            k, v = _parts(w, _affine(w, names[1], own, "kv"), 2)
        more, looks = [], None
        if mask is not None:
            seen = names[2] if mask.dtype == np.bool_ else w.cast(names[2], np.bool_)
            seen = w.node("Unsqueeze", seen, w.ints([1, 2] if len(mask.shape) == 2 else [1]))
            looks, hidden = _looking(w, seen)
            more = [w.node("Expand", w.node("Or", seen, hidden), w.ints(shape))]
        heads = {"q_num_heads": layer.heads, "kv_num_heads": layer.heads}
        y = w.node("Attention", q, k, v, *more, is_causal=int(layer.causal), **heads)
        y = _affine(w, y, own, "o")
        if looks is None:
            return y
        return w.node("Where", w.node("Squeeze", looks, w.ints([1])), y, w.constant(0, call.output.dtype))

    return write


def _looking(w: NodeWriter, seen: str) -> tuple[str, str]:
    """Whether each place may look at anything, and whether it may not: such a one looks at all, for a result
    that is left out."""
    count = w.node("ReduceMax", w.cast(seen, np.int32), w.ints([-1]), keepdims=1)
    looks = w.cast(count, np.bool_)
    return looks, w.node("Not", looks)


def _affine(w: NodeWriter, x: str, own: dict[str, str], role: str) -> str:
    return w.node("Add", w.node("MatMul", x, own[f"W{role}"]), own[f"b{role}"])


def _parts(w: NodeWriter, x: str, count: int) -> list[str]:
    """Queries, keys and values, which lie side by side."""
    return w.nodes("Split", [x], count, axis=-1, num_outputs=count)


FINDERS: Finders = {"Attention": _attention}
