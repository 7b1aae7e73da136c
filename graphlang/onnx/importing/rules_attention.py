"""Attention, with caches, masks and windows, and turned positions."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from graphlang.onnx.importing.node import OnnxNode
from graphlang.onnx.importing.refusals import NotImported
from graphlang.onnx.importing.rules_shape import known_size, with_border
from graphlang.onnx.importing.scan_writer import ScanStep, written_scan
from graphlang.onnx.importing.value import OnnxValue
from graphlang.onnx.importing.writer import Writer


def by_heads(w: Writer, x: OnnxValue, heads: int) -> OnnxValue:
    """[N, T, heads * D] as [N, heads, T, D]."""
    n, steps, width = x.shape
    rows = w.call("reshape", x, sizes=(n, steps, heads, width // heads))
    return w.call("transpose", rows, sizes=(0, 2, 1, 3))


def from_heads(w: Writer, y: OnnxValue) -> OnnxValue:
    """[N, heads, T, D] as [N, T, heads * D]."""
    n, heads, steps, width = y.shape
    return w.call("reshape", w.call("transpose", y, sizes=(0, 2, 1, 3)), sizes=(n, steps, heads * width))


def _attention(w: Writer, node: OnnxNode) -> tuple[OnnxValue, ...]:
    q, k, v = node[0], node[1], node[2]
    flat = q.rank == 3
    if flat:
        heads, others = int(node.attribute("q_num_heads", 0)), int(node.attribute("kv_num_heads", 0))
        if heads < 1 or others < 1:
            raise NotImported("it does not say how many heads there are")
        q, k, v = by_heads(w, q, heads), by_heads(w, k, others), by_heads(w, v, others)
    past = node.get(4).shape[2] if node.get(4) is not None else 0  # type: ignore[union-attr]
    if node.get(4) is not None:
        k, v = w.call("concat", node[4], k, axis=2), w.call("concat", node[5], v, axis=2)
    k, v = w.let(k, "keys"), w.let(v, "values")
    present = (k, v)
    if q.shape[1] != k.shape[1]:
        k, v = (w.call("repeat_axis", x, n=q.shape[1] // x.shape[1], axis=1) for x in (k, v))
    scale = node.attribute("scale") or 1 / math.sqrt(q.shape[3])
    scores = w.call("matmul", w.call("multiply", q, scale), w.call("swapaxes", k, axis1=2, axis2=3))
    raw = scores = w.let(scores, "scores")
    if (cap := node.attribute("softcap", 0.0)) > 0:
        scores = w.call("multiply", w.call("tanh", w.call("divide", scores, cap)), cap)
        scores = w.let(scores, "capped")
    seen = _masked(w, node, scores, past)
    weights = w.let(w.call("Softmax", seen), "attention")
    y = w.call("matmul", weights, v)
    shown = (raw, scores, seen, weights)[int(node.attribute("qk_matmul_output_mode", 0))]
    return (from_heads(w, y) if flat else y, *present, shown)


def _masked(w: Writer, node: OnnxNode, scores: OnnxValue, past: Any) -> OnnxValue:
    """The scores, with -inf where nothing may be seen."""
    allowed: list[OnnxValue] = []
    mask = node.get(3)
    if mask is not None:
        missing = scores.shape[-1] - mask.shape[-1]
        if not known_size(missing) or missing:
            ends = [[0, 0]] * (mask.rank - 1) + [[0, missing]]
            mask = with_border(w, mask, ends, 0 if mask.word == "bool" else -math.inf)
        if mask.word == "bool":
            allowed.append(mask)
        else:
            scores = w.call("add", scores, mask)
    allowed += _places(w, node, scores, past)
    if not allowed:
        return scores
    both = allowed[0]
    for other in allowed[1:]:
        both = w.call("logical_and", both, other)
    return w.let(w.call("where", both, scores, -math.inf), "seen")


def _places(w: Writer, node: OnnxNode, scores: OnnxValue, past: Any) -> list[OnnxValue]:
    """Where a key may be seen for its place: before the query, in its window, among those that count."""
    causal = bool(node.attribute("is_causal", 0))
    left, right = int(node.attribute("left_window_size", -1)), int(node.attribute("right_window_size", -1))
    lengths, allowed = node.get(6), []
    queries, keys = scores.shape[-2], scores.shape[-1]
    shifted = lengths is not None or not known_size(past) or bool(past)
    if causal and left < 0 and right < 0 and not shifted:
        allowed.append(w.call("not_equal", w.call("tril", w.call("ones", sizes=(queries, keys))), 0))
    elif causal or left >= 0 or right >= 0:
        rows: OnnxValue = w.call("expand_dims", w.call("arange", sizes=(queries,)), axis=1)
        if lengths is not None and node.get(4) is None:
            ends = w.call("subtract", w.call("reshape", lengths, sizes=(lengths.shape[0], 1, 1, 1)), queries)
            rows = w.call("add", rows, ends)
        elif not known_size(past) or past:
            rows = w.call("add", rows, past)
        ahead = w.let(w.call("subtract", w.call("arange", sizes=(keys,)), rows), "ahead")
        if causal:
            allowed.append(w.call("less_equal", ahead, 0))
        if left >= 0:
            allowed.append(w.call("greater_equal", ahead, -left))
        if right >= 0:
            allowed.append(w.call("less_equal", ahead, right))
    if lengths is not None:
        counts = w.call("reshape", lengths, sizes=(lengths.shape[0], 1, 1, 1))
        allowed.append(w.call("less", w.call("arange", sizes=(keys,)), counts))
    return allowed


def _rotary(w: Writer, node: OnnxNode) -> OnnxValue:
    x, cos, sin = node[0], node[1], node[2]
    flat = x.rank == 3
    heads = int(node.attribute("num_heads", 0))
    x4 = by_heads(w, x, heads) if flat else x
    x4 = w.let(x4, "x")
    width = int(node.attribute("rotary_embedding_dim", 0)) or x4.shape[3]
    if node.get(3) is not None:
        cos, sin = w.call("take", cos, node[3]), w.call("take", sin, node[3])
    cos, sin = (w.let(w.call("expand_dims", c, axis=1), n) for c, n in ((cos, "cosine"), (sin, "sine")))
    if node.attribute("interleaved", 0):
        a, b = (w.call("subscript", x4, items=(Ellipsis, slice(k, width, 2))) for k in range(2))
    else:
        half = width // 2
        a, b = (w.call("subscript", x4, items=(Ellipsis, s)) for s in (slice(0, half), slice(half, width)))
    a, b = w.let(a, "even"), w.let(b, "odd")
    real = w.call("subtract", w.call("multiply", cos, a), w.call("multiply", sin, b))
    imaginary = w.call("add", w.call("multiply", sin, a), w.call("multiply", cos, b))
    if node.attribute("interleaved", 0):
        turned = w.call("stack", real, imaginary, axis=-1)
        turned = w.call("reshape", turned, sizes=(*x4.shape[:3], width))
    else:
        turned = w.call("concat", real, imaginary, axis=3)
    if width != x4.shape[3]:
        rest = w.call("subscript", x4, items=(Ellipsis, slice(width, None)))
        turned = w.call("concat", turned, rest, axis=3)
    return from_heads(w, turned) if flat else turned


# ---- linear attention ------------------------------------------------------------------------------------


def _linear_attention(w: Writer, node: OnnxNode) -> tuple[OnnxValue, ...]:
    """A state of keys by values that each step decays, corrects and adds to, and a query reads."""
    heads, others = int(node.attribute("q_num_heads", 0)), int(node.attribute("kv_num_heads", 0))
    if heads < 1 or others < 1 or heads % others:
        raise NotImported(f"it has {heads} heads for queries and {others} for keys")
    q, k, v = node[0], node[1], node[2]
    n, width, depth = q.shape[0], q.shape[2] // heads, v.shape[2] // others
    parts = [value for value in (q, k, v, node.get(4), node.get(5)) if value is not None]
    ends = [sum(p.shape[2] for p in parts[: i + 1]) for i in range(len(parts))]
    xs = w.call("concat", *parts, axis=2)
    past = node[3] if node.get(3) is not None else w.call("zeros", sizes=(n, others, width, depth))
    scale = node.attribute("scale") or 1 / math.sqrt(width)

    def cut(x: OnnxValue, i: int, count: int) -> OnnxValue:
        start = ends[i - 1] if i else 0
        part = w.call("subscript", x, items=(slice(None), slice(start, ends[i])))
        return w.call("reshape", part, sizes=(n, count, (ends[i] - start) // count))

    def step(x: OnnxValue, carried: dict[str, OnnxValue]) -> ScanStep:
        state, at = carried["state"], 3
        key = w.let(w.call("expand_dims", cut(x, 1, others), axis=3), "key")
        value = w.call("expand_dims", cut(x, 2, others), axis=2)
        if node.get(4) is not None:
            decay = w.call("expand_dims", cut(x, at, others), axis=3)
            state, at = w.let(w.call("multiply", state, w.call("exp", decay)), "decayed"), at + 1
        if node.get(5) is not None:
            rate = w.call("expand_dims", cut(x, at, node[5].shape[2]), axis=3)
            found = w.call("sum", w.call("multiply", state, key), axis=2, keepdims=True)
            value = w.call("multiply", rate, w.call("subtract", value, found))
        state = w.let(w.call("add", state, w.call("multiply", key, value)), "new_state")
        read = state if heads == others else w.call("repeat_axis", state, n=heads // others, axis=1)
        query = w.call("expand_dims", w.call("multiply", cut(x, 0, heads), scale), axis=2)
        y = w.call("reshape", w.call("matmul", query, read), sizes=(n, heads * depth))
        return ScanStep({"state": state}, y)

    y, last = written_scan(w, xs, 1, {"state": past}, step)
    return y, last["state"]


ATTENTION: dict[str, Callable[[Writer, OnnxNode], Any]] = {
    "Attention": _attention,
    "RotaryEmbedding": _rotary,
    "LinearAttention": _linear_attention,
}
