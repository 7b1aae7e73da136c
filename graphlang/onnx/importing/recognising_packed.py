"""Attention as PyTorch exports `MultiheadAttention`: time first, queries, keys and values packed, and the
heads beside the samples."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphlang.onnx.importing.causal_masks import is_causal
from graphlang.onnx.importing.expression import NameRef, WrittenCall
from graphlang.onnx.importing.patterns import Definitions, Found, Pattern, is_this_number
from graphlang.onnx.importing.writer import Statement, Writer

_Made = tuple[WrittenCall, tuple[str, ...], tuple[str, ...]]


def _rows(part: str) -> Pattern:
    """A part as [N * heads, T, D / heads]."""
    return ("transpose", ("reshape", part))


_TURNED: tuple[Pattern, ...] = (
    ("transpose", ("reshape", _rows("k"))),
    ("reshape", ("transpose", ("reshape", ("reshape", _rows("k"))))),
)
_SCORES = tuple(
    ("matmul", ("multiply", ("reshape", _rows("q")), "half"), ("multiply", keys, "half_2"))
    for keys in _TURNED
)
_FORMS: tuple[tuple[str, Pattern], ...] = (
    *(("none", ("matmul", ("Softmax", scores), ("reshape", _rows("v")))) for scores in _SCORES),
    *(
        ("added", ("matmul", ("Softmax", ("add", scores, "mask")), ("reshape", _rows("v"))))
        for scores in _SCORES
    ),
)
_FLAT: Pattern = (
    "matmul",
    ("Softmax", ("matmul", ("multiply", _rows("q"), "factor"), ("transpose", ("reshape", "k")))),
    _rows("v"),
)
"""Where the weights of the attention are wanted too, the heads stay beside the samples."""
_PACKED: Pattern = ("squeeze", ("transpose", ("expand_dims", ("reshape", "projected"))))


def packed_attention(definitions: Definitions, statement: Statement, writer: Writer) -> _Made | None:
    """`Attention` with its weights, in place of the transpose that puts the samples first again."""
    outer = definitions.find(statement.expression, ("transpose", ("reshape", "last")))
    if outer is None or _sizes(outer, "transpose") != (1, 0, 2):
        return None
    last = definitions.call(outer["last"])
    if last is None or last.name != "Affine" or last.key is None:
        return None
    joined = definitions.find(last.operands[0], ("reshape", ("transpose", "y")))
    if joined is None:
        return None
    core = _core(definitions, joined)
    if core is None:
        return None
    found, width, causal = core
    given = _source(definitions, found)
    if given is None:
        return None
    source, first, inner = given
    own, end = writer.weights[first], writer.weights[last.key]
    d = end["W"].shape[0]
    if own["W"].shape != (d, 3 * d) or end["W"].shape != (d, d) or d % width:
        return None
    weights = {"Wqkv": own["W"], "bqkv": _bias(own), "Wo": end["W"], "bo": _bias(end)}
    more: dict[str, Any] = {"heads": d // width} | ({"causal": True} if causal else {})
    sources = (*writer.sources[first], *writer.sources[last.key])
    refs = [outer["last"], last.operands[0], joined["y"], *(found[part] for part in "qkv")]
    names = [ref.name for ref in refs if isinstance(ref, NameRef)]
    between = dict.fromkeys([*outer.inner, *joined.inner, *found.inner, *inner, *names])
    call = WrittenCall("Attention", (source,), (), more, writer.own(weights, sources))
    return call, tuple(name for name in between if name not in statement.names), ()


def _bias(own: dict[str, Any]) -> Any:
    return own.get("b", np.zeros(own["W"].shape[1], own["W"].dtype))


def _sizes(found: Found, name: str) -> tuple[Any, ...]:
    return tuple(found.call(name).sizes)


def _core(definitions: Definitions, joined: Found) -> tuple[Found, int, bool] | None:
    """What the products of the heads are made of, the width of a head, and whether it looks back alone."""
    order = _sizes(joined, "transpose")
    if order == (1, 0, 2):
        found = definitions.find(joined["y"], _FLAT)
        if found is None or _turns(found) != [(1, 0, 2), (1, 2, 0), (1, 0, 2)]:
            return None
        widths = {call.sizes[-1] for call in found.calls if call.name == "reshape"}
        width = next(iter(widths))
        same = len(widths) == 1 and isinstance(width, int) and is_this_number(found["factor"], width**-0.5)
        return (found, width, False) if same else None
    if order != (2, 0, 1, 3):
        return None
    for form, pattern in _FORMS:
        found = definitions.find(joined["y"], pattern)
        if found is None:
            continue
        width = _width(found)
        if width is None or not all(is_this_number(found[n], width**-0.25) for n in ("half", "half_2")):
            return None
        if form == "added" and not is_causal(definitions, form, found["mask"], None):
            return None
        return found, width, form == "added"
    return None


def _turns(found: Found) -> list[tuple[Any, ...]]:
    return [tuple(call.sizes) for call in found.calls if call.name == "transpose"]


def _width(found: Found) -> int | None:
    """The width of each head, if all three parts are taken apart alike, and the keys are turned."""
    calls = [call for call in found.calls if call.name in ("reshape", "transpose")]
    by_heads = [tuple(call.sizes) for call in calls if call.name == "reshape" and len(call.sizes) == 4]
    packed = [tuple(call.sizes) for call in calls if call.name == "reshape" and len(call.sizes) == 3]
    plain, turned = (1, 0, 2), (0, 1, 3, 2)
    if _turns(found) == [plain, turned, plain, plain]:
        shapes = by_heads
    elif _turns(found) == [plain, (0, 2, 1), plain, plain] and len(by_heads) == 4 and len(packed) == 4:
        keys = by_heads.pop(1)
        between = packed.pop(1)
        shapes = by_heads
        if (keys[1], keys[3], keys[2]) != shapes[0][1:] or between[1:] != shapes[0][2:]:
            return None
    else:
        return None
    heads = {shape[1:] for shape in shapes}
    if len(shapes) != 3 or len(heads) != 1 or len(packed) != 3:
        return None
    _, steps, width = next(iter(heads))
    if any((shape[0], shape[2]) != (steps, width) for shape in packed):
        return None
    return width if isinstance(width, int) else None


def _source(definitions: Definitions, found: Found) -> tuple[Any, int, tuple[str, ...]] | None:
    """Of what the three parts are one product, with the key of its weights."""
    wholes = set()
    for place, part in enumerate("qkv"):
        call = definitions.call(found[part])
        if call is None or call.name != "subscript" or tuple(call.attributes["items"]) != (place,):
            return None
        wholes.add(call.operands[0])
    if len(wholes) != 1:
        return None
    packed = definitions.find(whole := wholes.pop(), _PACKED)
    if packed is None or _sizes(packed, "transpose") != (3, 1, 2, 0, 4) or _sizes(packed, "reshape")[2] != 3:
        return None
    axes = packed.call("squeeze").attributes.get("axis"), packed.call("expand_dims").attributes.get("axis")
    projected = definitions.call(packed["projected"])
    if axes not in ((-2, 0), (3, 0)) or projected is None or projected.name != "Affine":
        return None
    first = definitions.find(projected.operands[0], ("transpose", "x"))
    if first is None or projected.key is None or _sizes(first, "transpose") != (1, 0, 2):
        return None
    refs = (whole, packed["projected"], projected.operands[0])
    names = [ref.name for ref in refs if isinstance(ref, NameRef)]
    return first["x"], projected.key, (*packed.inner, *first.inner, *names)
