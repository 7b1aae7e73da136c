"""Slices, gathers and scatters, and what orders."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphlang.onnx.importing.expression import Keyword
from graphlang.onnx.importing.node import OnnxNode
from graphlang.onnx.importing.refusals import NotImported
from graphlang.onnx.importing.rules_shape import axis_in, known_size
from graphlang.onnx.importing.value import OnnxValue
from graphlang.onnx.importing.writer import Writer
from graphlang.trace.dims import Dim


def _slice(w: Writer, node: OnnxNode) -> OnnxValue:
    x = node[0]
    starts, ends = node.ints(1, "starts") or [], node.ints(2, "ends") or []
    axes = node.ints(3, "axes") or list(range(len(starts)))
    steps = node.ints(4, "steps") or [1] * len(starts)
    items: list[Any] = [slice(None)] * x.rank
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        if not -x.rank <= axis < x.rank or step == 0:
            raise NotImported(f"it cuts axis {axis} of {x.rank} with the step {step}")
        items[axis] = _range(start, end, step, x.shape[axis])
    return _cut(w, x, items)


def _cut(w: Writer, x: OnnxValue, items: list[Any]) -> OnnxValue:
    """A slice; the first T rows of a weight are taken one by one, for then there have to be as many."""
    for axis, item in enumerate(items):
        if item.start in (None, 0) and item.step is None and not known_size(item.stop) and x.is_constant:
            x = w.call("take", x, w.call("arange", sizes=(item.stop,)), axis=axis)
            x.is_constant = True
            items[axis] = slice(None)
    while items and items[-1] == slice(None):
        items.pop()
    return w.call("subscript", x, items=tuple(items)) if items else x


def _range(start: Any, end: Any, step: int, size: Any) -> slice:
    """A slice as the language writes it; bounds far outside are left out."""
    if known_size(size) and known_size(start) and known_size(end):
        numbers = range(*slice(start, _stop(end, step, size), step).indices(size))
        if len(numbers) == 0:
            return slice(0, 0)
        first, last = numbers[0], numbers[-1]
        if step > 0:
            stop = None if last + step >= size else last + 1
            return slice(first or None, stop, None if step == 1 else step)
        return slice(None if first == size - 1 else first, None if last + step < 0 else last - 1, step)
    stop = None if known_size(end) and abs(end) > 2**30 else end
    begin = None if known_size(start) and (start == 0 or abs(start) > 2**30) and step > 0 else start
    if step < 0 and known_size(start) and start > 2**30:
        begin = None
    return slice(begin, stop, None if step == 1 else step)


def _stop(end: int, step: int, size: int) -> int | None:
    return None if step < 0 and end < -size else end


def _gather(w: Writer, node: OnnxNode) -> OnnxValue:
    x, i, axis = node[0], node[1], axis_in(node)
    if i.known is not None and i.known.ndim == 0 and not isinstance(i.known[()], Dim):
        return w.call("subscript", x, items=(*[slice(None)] * axis, int(i.known)))
    if i.known is not None and i.known.ndim == 1 and 0 < i.known.size <= 64 and i.known.dtype != object:
        return w.call("take", x, [int(k) for k in i.known], axis=axis)
    table = node.weights(0)
    if table is not None and x.is_weight and table.ndim == 2 and axis == 0 and i.known is None:
        more: dict[str, Any] = {"vocab": int(table.shape[0]), "dim": int(table.shape[1])}
        y: OnnxValue = w.layer("Embedding", i, weights={"W": table}, **more)
        return y
    return w.call("take", x, i, axis=axis)


def grid(w: Writer, shape: tuple[Any, ...], axis: int) -> OnnxValue:
    """The place along an axis, with the other axes 1."""
    places = w.call("arange", sizes=(shape[axis],))
    return w.call("reshape", places, sizes=tuple(n if a == axis else 1 for a, n in enumerate(shape)))


def _gather_elements(w: Writer, node: OnnxNode) -> OnnxValue:
    x, i, axis = node[0], node[1], axis_in(node)
    indices = [i if a == axis else grid(w, i.shape, a) for a in range(x.rank)]
    return w.call("indexed", x, *indices, items=["i"] * x.rank)


def _gather_nd(w: Writer, node: OnnxNode) -> OnnxValue:
    x, i, batch = node[0], w.let(node[1], "places"), int(node.attribute("batch_dims", 0))
    depth = i.shape[-1]
    if not known_size(depth):
        raise NotImported("how many axes it takes from is not known before running")
    lead = i.shape[:-1]
    indices = [grid(w, lead, a) for a in range(batch)]
    indices += [w.call("subscript", i, items=(Ellipsis, k)) for k in range(depth)]
    return w.call("indexed", x, *indices, items=["i"] * len(indices))


# ---- scatters --------------------------------------------------------------------------------------------


def _scatter_elements(w: Writer, node: OnnxNode) -> OnnxValue:
    x, i, updates, axis = node[0], node[1], node[2], axis_in(node)
    if not all(map(known_size, i.shape)):
        raise NotImported("how many elements it sets is not known before running")
    i = w.let(i, "places")
    i = w.call("mod", i, x.shape[axis])
    indices = [i if a == axis else grid(w, i.shape, a) for a in range(x.rank)]
    return scattered(
        w, node.attribute("reduction", "none"), x, _flat_place(w, indices, x.shape, i.shape), updates, i.shape
    )


def _scatter_nd(w: Writer, node: OnnxNode) -> OnnxValue:
    x, i, updates = node[0], w.let(node[1], "places"), node[2]
    depth, lead = i.shape[-1], i.shape[:-1]
    if not all(map(known_size, (*i.shape, *x.shape))):
        raise NotImported("how many elements it sets is not known before running")
    shape = (*lead, *x.shape[depth:])
    wide = (*lead, *[1] * (len(shape) - len(lead)))
    indices = []
    for k in range(depth):
        part = w.call("mod", w.call("subscript", i, items=(Ellipsis, k)), x.shape[k])
        indices.append(w.call("reshape", part, sizes=wide))
    indices += [grid(w, shape, a) for a in range(len(lead), len(shape))]
    return scattered(
        w, node.attribute("reduction", "none"), x, _flat_place(w, indices, x.shape, shape), updates, shape
    )


def _flat_place(
    w: Writer, indices: list[OnnxValue], shape: tuple[Any, ...], wide: tuple[Any, ...]
) -> OnnxValue:
    """The place in the flattened array."""
    total: OnnxValue | None = None
    for index, size in zip(indices, shape, strict=True):
        total = index if total is None else w.call("add", w.call("multiply", total, size), index)
    assert total is not None
    if total.shape != wide:
        total = w.call("broadcast_to", total, sizes=wide)
    return w.call("reshape", total, sizes=(-1,))


def scattered(
    w: Writer, reduction: str, x: OnnxValue, place: OnnxValue, updates: OnnxValue, shape: tuple[Any, ...]
) -> OnnxValue:
    """The updates at their places, by a matrix that says which place each goes to; the last one wins."""
    count = 1
    for n in shape:
        count *= n
    size = 1
    for n in x.shape:
        size *= n
    flat, place = w.let(w.call("reshape", x, sizes=(size,)), "flat"), w.let(place, "place")
    new = w.let(w.call("reshape", updates, sizes=(count,)), "updates")
    chosen = w.let(
        w.call("equal", w.call("expand_dims", w.call("arange", sizes=(size,)), axis=1), place), "chosen"
    )
    if reduction == "none":
        order = w.call("where", chosen, w.call("arange", sizes=(count,)), -1)
        last = w.let(w.call("max", order, axis=1), "last")
        taken = w.call("take", new, w.call("maximum", last, 0))
        y = w.call("where", w.call("greater_equal", last, 0), taken, flat)
    elif reduction in _COMBINED:
        y = _combined(w, reduction, flat, chosen, new)
    else:
        raise NotImported(f"its reduction is `{reduction[:30]}`")
    return w.call("reshape", y, sizes=x.shape)


_COMBINED = {"add": ("sum", "add", 0), "mul": ("prod", "multiply", 1), "max": ("max", "maximum", None),
             "min": ("min", "minimum", None)}  # fmt: skip


def _combined(w: Writer, reduction: str, flat: OnnxValue, chosen: OnnxValue, new: OnnxValue) -> OnnxValue:
    over, both, neutral = _COMBINED[reduction]
    if neutral is None:
        start = w.call("expand_dims", flat, axis=1)
        return w.call(over, w.call("where", chosen, new, start), axis=1)
    return w.call(both, flat, w.call(over, w.call("where", chosen, new, neutral), axis=1))


# ---- order -----------------------------------------------------------------------------------------------


def _top_k(w: Writer, node: OnnxNode) -> tuple[OnnxValue, ...]:
    x, axis = node[0], axis_in(node, -1)
    k = int(node.number(1, node.attribute("k", 1)))
    if node.attribute("largest", 1):
        return w.calls("topk", x, k=k, axis=axis)
    if x.word == "int":
        x = w.let(x, "x")
        order = w.let(w.call("argsort", x, axis=axis), "order")
        items = (*[slice(None)] * axis, slice(0, k))
        first = w.let(w.call("subscript", order, items=items), "first")
        indices = [first if a == axis else grid(w, first.shape, a) for a in range(x.rank)]
        return w.call("indexed", x, *indices, items=["i"] * x.rank), first
    values, places = w.calls("topk", w.call("negative", x), k=k, axis=axis)
    return w.call("negative", values), places


def _one_hot(w: Writer, node: OnnxNode) -> OnnxValue:
    indices, depth, values = w.let(node[0], "indices"), int(node.number(1)), w.let(node[2], "values")
    axis = int(node.attribute("axis", -1)) % (indices.rank + 1)
    if indices.word == "float":
        indices = w.call("cast", indices, to=Keyword("int"))
    low, high = w.call("subscript", values, items=(0,)), w.call("subscript", values, items=(1,))
    inside = w.call("logical_and", w.call("greater_equal", indices, -depth), w.call("less", indices, depth))
    place = w.call("where", inside, w.call("mod", indices, depth), -1)
    shape = tuple(depth if a == axis else 1 for a in range(indices.rank + 1))
    classes = w.call("reshape", w.call("arange", sizes=(depth,)), sizes=shape)
    chosen = w.call("equal", w.call("expand_dims", place, axis=axis), classes)
    return w.call("where", chosen, high, low)


def _reverse_sequence(w: Writer, node: OnnxNode) -> OnnxValue:
    x, lengths = node[0], node[1]
    time, batch = int(node.attribute("time_axis", 0)), int(node.attribute("batch_axis", 1))
    shape = x.shape
    t = w.let(grid(w, shape, time), "t")
    n = w.call("reshape", lengths, sizes=tuple(s if a == batch else 1 for a, s in enumerate(shape)))
    n = w.let(w.call("add", n, w.call("multiply", t, 0)), "n")
    t = w.let(w.call("add", t, w.call("multiply", n, 0)), "t")
    back = w.call("subtract", w.call("subtract", n, 1), t)
    place = w.call("where", w.call("less", t, n), back, t)
    pair = [place if a == time else grid(w, shape[:2], a) for a in range(2)]
    place2 = w.call("reshape", place, sizes=shape[:2])
    return w.call("indexed", x, *[place2 if a == time else p for a, p in enumerate(pair)], items=["i", "i"])


def _compress(w: Writer, node: OnnxNode) -> OnnxValue:
    chosen = node.known(1).reshape(-1).nonzero()[0].tolist()
    axis = node.attribute("axis")
    x = node[0] if axis is not None else w.call("reshape", node[0], sizes=(-1,))
    return w.call("take", x, chosen, axis=int(axis or 0))


def _features(w: Writer, node: OnnxNode) -> OnnxValue:
    """Columns by their numbers, of the domain ai.onnx.ml."""
    return w.call("take", node[0], w.call("reshape", node[1], sizes=(-1,)), axis=-1)


def _tensor_scatter(w: Writer, node: OnnxNode) -> OnnxValue:
    """A cache with new rows from a place of each row on, around its end where it is circular."""
    past, update = w.let(node[0], "past"), w.let(node[1], "update")
    axis = int(node.attribute("axis", -2)) % past.rank
    size, count = past.shape[axis], update.shape[axis]
    n = past.shape[0]
    zeros = w.call("cast", w.call("zeros", sizes=(n,)), to=Keyword("int"))
    start = node[2] if node.get(2) is not None else zeros
    column = w.call("reshape", start, sizes=(n, 1))
    places = w.call("expand_dims", w.call("arange", sizes=(size,)), axis=0)
    away = w.call("subtract", places, column)
    if node.attribute("mode", "linear") == "circular":
        away = w.call("mod", away, size)
    away = w.let(away, "away")
    inside = w.call("logical_and", w.call("greater_equal", away, 0), w.call("less", away, count))
    held = w.call("minimum", w.call("maximum", away, 0), count - 1)
    rows = w.call("expand_dims", w.call("arange", sizes=(n,)), axis=1)
    front = (0, axis, *(a for a in range(1, past.rank) if a != axis))
    moved = w.call("transpose", update, sizes=front)
    taken = w.call("indexed", moved, rows, held, items=["i", "i"])
    back = tuple(front.index(a) for a in range(past.rank))
    taken = w.call("transpose", taken, sizes=back)
    wide = tuple(n if a == 0 else size if a == axis else 1 for a in range(past.rank))
    return w.call("where", w.call("reshape", inside, sizes=wide), taken, past)


INDEXING: dict[str, Callable[[Writer, OnnxNode], Any]] = {
    "Slice": _slice,
    "Gather": _gather,
    "GatherElements": _gather_elements,
    "GatherND": _gather_nd,
    "Scatter": _scatter_elements,
    "ScatterElements": _scatter_elements,
    "ScatterND": _scatter_nd,
    "TopK": _top_k,
    "OneHot": _one_hot,
    "ReverseSequence": _reverse_sequence,
    "Compress": _compress,
    "ArrayFeatureExtractor": _features,
    "TensorScatter": _tensor_scatter,
}
