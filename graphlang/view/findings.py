"""What is wrong in a run: the first value that is not finite or has vanished, and units that are dead."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from graphlang.catalog.operation import Layer
from graphlang.engine.tape import Tape
from graphlang.spec.network import Node, Ref
from graphlang.view.scene import Bad, Dead

MASKS = frozenset({"causal_mask", "pad", "where"})
"""Operations whose infinities are meant: scores that a softmax leaves out."""
RECTIFIERS = frozenset({"HardSwish", "Relu"})


def first_bad(run: Tape, gradients: Mapping[str, Any], arriving: Iterable[str]) -> Bad | None:
    """The first value in which something is wrong, else the first gradient on the way back.

    `arriving` are the values that a gradient reaches; where none does, it is zero by right.
    """
    return _first_value(run) or _first_gradient(run, gradients, frozenset(arriving))


def _first_value(run: Tape) -> Bad | None:
    network = run.network
    meant: set[int] = set()
    for number, value in enumerate(run.values):
        if value is None or value.dtype.kind != "f" or _finite(value):
            continue
        node = network.nodes[number - network.first_node] if number >= network.first_node else None
        if not np.isnan(value).any() and (node is None or _is_meant(node, meant)):
            meant.add(number)
            continue
        return {"node": network.names[number], "what": _not_finite(value, "value")}
    for node in network.nodes:
        value = run.values[node.number]
        if (
            value is not None
            and isinstance(node.operation, Layer)
            and _vanished(value)
            and _had_numbers(run, node)
        ):
            return {"node": node.name, "what": "the value is zero everywhere"}
    return None


def _is_meant(node: Node, meant: set[int]) -> bool:
    inputs = {o.number for o in node.operands if type(o) is Ref}
    return node.spec.operation in (*MASKS, "constant") or bool(inputs & meant)


def _had_numbers(run: Tape, node: Node) -> bool:
    """Whether zeros come from nothing that is zero itself, as weights may be at the start."""
    weights = [run.values[number] for number in node.own.values()]
    if any(w.ndim > 1 and not np.any(w) for w in weights):
        return False
    return any(type(o) is Ref and np.any(run.values[o.number]) for o in node.operands)


def _first_gradient(run: Tape, gradients: Mapping[str, Any], arriving: frozenset[str]) -> Bad | None:
    network = run.network
    order = [name for name in reversed(network.names) if name in gradients]
    for name in order:
        if not _finite(gradients[name]):
            return {"node": name, "what": _not_finite(gradients[name], "gradient")}
    alive = {name for name in order if np.any(gradients[name])}
    users: dict[int, list[str]] = {}
    for node in network.nodes:
        for number in (*(o.number for o in node.operands if type(o) is Ref), *node.own.values()):
            users.setdefault(number, []).append(node.name)
    for name in order:
        uses = users.get(network.numbers[name], [])
        if name in arriving and _vanished(gradients[name]) and any(user in alive for user in uses):
            return {"node": name, "what": "the gradient is zero everywhere"}
    return None


def _finite(array: Any) -> bool:
    return bool(np.isfinite(array).all())


def _vanished(array: Any) -> bool:
    """Whether all of several numbers are zero; a single one may well be."""
    return array.size > 1 and array.dtype.kind == "f" and not np.any(array)


def _not_finite(array: Any, what: str) -> str:
    nan, infinite = int(np.isnan(array).sum()), int(np.isinf(array).sum())
    if not array.shape:
        return f"the {what} is {array}"
    counts = [f"{count:,} {name}" for count, name in ((nan, "nan"), (infinite, "inf")) if count]
    return f"of {array.size:,} numbers of the {what}, {' and '.join(counts)}"


def dead_units(run: Tape) -> list[Dead]:
    """The units of rectifiers that are zero for every row; of a single row nothing can be said."""
    dead: list[Dead] = []
    for node in run.network.nodes:
        value = run.values[node.number]
        if value is None or not _rectifies(node) or value.ndim < 2 or value.shape[0] < 2 or not value.size:
            continue
        unit = 1 if value.ndim == 4 else value.ndim - 1
        active = np.any(value, axis=tuple(axis for axis in range(value.ndim) if axis != unit))
        count = int(active.size - np.count_nonzero(active))
        if count:
            dead.append({"node": node.name, "units": count, "of": int(active.size)})
    return dead


def _rectifies(node: Node) -> bool:
    if node.spec.operation == "maximum":
        return any(type(o) is not Ref and o == 0 for o in node.operands)
    return node.spec.operation in RECTIFIERS
