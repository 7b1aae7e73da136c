"""Attention that a file has written out: the layer, where all of it is there."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from graphlang.onnx.importing.causal_masks import is_causal
from graphlang.onnx.importing.expression import NameRef, WrittenCall
from graphlang.onnx.importing.patterns import Definitions, Found, Pattern, is_this_number
from graphlang.onnx.importing.writer import Statement, Writer

_Q: Pattern = ("transpose", ("reshape", "q"))
_K: Pattern = ("transpose", ("reshape", "k"))
_V: Pattern = ("transpose", ("reshape", "v"))
_TURNED: tuple[Pattern, ...] = (_K, ("swapaxes", _K), ("transpose", _K))


def _scores() -> tuple[Pattern, ...]:
    """The products of queries and keys, divided by a root, wherever a file divides."""
    patterns: list[Pattern] = []
    for keys in _TURNED:
        product: Pattern = ("matmul", _Q, keys)
        patterns += [("divide", product, "root"), ("multiply", product, "factor")]
        patterns += [("matmul", ("multiply", _Q, "half"), ("multiply", keys, "half"))]
        patterns += [("matmul", ("divide", _Q, "root"), keys), ("matmul", ("multiply", _Q, "factor"), keys)]
    return tuple(patterns)


_FORMS = tuple(
    (form, ("matmul", ("Softmax", seen), _V))
    for scores in _scores()
    for form, seen in (
        ("none", scores),
        ("hidden", ("where", "mask", "low", scores)),
        ("shown", ("where", "mask", scores, "low")),
        ("added", ("add", scores, "mask")),
    )
)


_Made = tuple[WrittenCall, tuple[str, ...], tuple[str, ...]]


class _Sizes(NamedTuple):
    heads: int
    width: int


def attention(definitions: Definitions, statement: Statement, writer: Writer) -> _Made | None:
    """`Attention` with its weights, in place of the last product of one that is written out."""
    root = statement.expression
    if not isinstance(root, WrittenCall) or root.name != "Affine" or len(root.operands) != 1:
        return None
    joined = definitions.find(root.operands[0], ("reshape", ("transpose", "y")))
    if joined is None or _axes(joined.call("transpose")) != (0, 2, 1, 3):
        return None
    for form, pattern in _FORMS:
        found = definitions.find(joined["y"], pattern)
        if found is not None and found.call("Softmax").attributes.get("axis", -1) in (-1, 3):
            causal = form != "none"
            if causal and not is_causal(definitions, form, found["mask"], found.bound.get("low")):
                continue
            made: _Made | None = _made(definitions, writer, root, joined, found, causal)
            return made
    return None


def _axes(call: WrittenCall) -> tuple[Any, ...]:
    axes = tuple(call.sizes)
    if call.name == "swapaxes":
        pair = {call.attributes["axis1"] % 4, call.attributes["axis2"] % 4}
        axes = (0, 1, 3, 2) if pair == {2, 3} else ()
    return axes


def _made(
    definitions: Definitions, writer: Writer, root: WrittenCall, joined: Found, found: Found, causal: bool
) -> Any:
    sizes = _sizes(found)
    given = _projected(definitions, writer, found)
    if sizes is None or given is None or not _divided(definitions, found, sizes.width):
        return None
    source, Wqkv, bqkv, inner, keys = given
    d = sizes.heads * sizes.width
    assert root.key is not None
    last = writer.weights[root.key]
    if Wqkv.shape != (d, 3 * d) or last["W"].shape != (d, d):
        return None
    if joined.call("reshape").sizes[-1] != d or definitions.rank(source) not in (3, None):
        return None
    bo = last.get("b", np.zeros(d, last["W"].dtype))
    weights = {"Wqkv": Wqkv, "bqkv": bqkv, "Wo": last["W"], "bo": bo}
    more: dict[str, Any] = {"heads": sizes.heads} | ({"causal": True} if causal else {})
    head = (
        joined.inner
        + found.inner
        + ((root.operands[0].name,) if isinstance(root.operands[0], NameRef) else ())
    )
    sources = tuple(source for key in (*keys, root.key) for source in writer.sources[key])
    between = (*head, *_names(joined["y"]), *inner)
    return (
        WrittenCall("Attention", (source,), (), more, writer.own(weights, sources)),
        tuple(dict.fromkeys(between)),
        (),
    )


def _names(expression: Any) -> tuple[str, ...]:
    return (expression.name,) if isinstance(expression, NameRef) else ()


def _sizes(found: Found) -> _Sizes | None:
    """The heads and the width of each, if all three are taken apart alike, and the keys are turned."""
    takes = [call for call in found.calls if call.name == "reshape"]
    turns = [call for call in found.calls if call.name in ("transpose", "swapaxes")]
    heads = {(call.sizes[-2], call.sizes[-1]) for call in takes if len(call.sizes) == 4}
    if len(takes) != 3 or len(heads) != 1 or not all(isinstance(n, int) for n in next(iter(heads))):
        return None
    plain, turned = (0, 2, 1, 3), (0, 2, 3, 1)
    orders = [_axes(call) for call in turns]
    if len(orders) == 3 and sorted(orders) == [plain, plain, turned] and orders[1] == turned:
        return _Sizes(*next(iter(heads)))
    if len(orders) == 4 and orders.count(plain) == 3 and orders[1] == (0, 1, 3, 2):
        return _Sizes(*next(iter(heads)))
    return None


def _divided(definitions: Definitions, found: Found, width: int) -> bool:
    """Whether the scores are divided by the root of the width."""
    for variable, wanted in (("root", width**0.5), ("factor", width**-0.5), ("half", width**-0.25)):
        if variable in found.bound:
            return is_this_number(found[variable], wanted) or _is_root(
                definitions, found[variable], width, variable
            )
    return False


def _is_root(definitions: Definitions, expression: Any, width: int, variable: str) -> bool:
    call = definitions.call(expression)
    if call is None or variable != "root":
        return False
    if call.name == "power":
        return is_this_number(call.operands[0], width) and is_this_number(call.operands[1], 0.5)
    return call.name == "sqrt" and is_this_number(call.operands[0], width)


def _projected(definitions: Definitions, writer: Writer, found: Found) -> Any:
    """Of what queries, keys and values are products, with the weights of the three side by side."""
    refs = [found[n] for n in "qkv"]
    if not all(isinstance(ref, NameRef) for ref in refs):
        return None
    names = tuple(ref.name for ref in refs)
    statement = definitions.by_name.get(names[0])
    if statement is not None and statement.names == names:  # parts of one product
        split = statement.expression
        if not isinstance(split, WrittenCall) or split.name != "split" or split.attributes.get("parts") != 3:
            return None
        if split.attributes.get("axis") not in (2, -1):
            return None
        whole = split.operands[0]
        products, inner = [definitions.call(whole)], (*names, *_names(whole))
    else:
        products, inner = [definitions.call(ref) for ref in refs], names
    weights = [_weights(writer, call) for call in products]
    if any(w is None for w in weights):
        return None
    sources = {call.operands for call in products if call is not None}
    if len(sources) != 1:
        return None
    keys = tuple(call.key for call in products if call is not None)
    W = np.concatenate([w for w, _ in weights], axis=1)
    b = np.concatenate([b for _, b in weights])
    return next(iter(sources))[0], W, b, inner, keys


def _weights(writer: Writer, call: WrittenCall | None) -> Any:
    if call is None or call.name != "Affine" or call.key is None:
        return None
    own = writer.weights[call.key]
    return own["W"], own.get("b", np.zeros(own["W"].shape[1], own["W"].dtype))
