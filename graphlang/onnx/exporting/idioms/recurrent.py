"""Idioms of recurrent layers: one operation of ONNX for each run, with the gates in its order."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from graphlang.catalog.operation import Layer
from graphlang.onnx.exporting.idioms.idiom import Finders, Idiom, NodeCall
from graphlang.onnx.exporting.writer import NodeWriter


class _Gates(NamedTuple):
    """How the gates of the language lie in ONNX."""

    kind: str
    #: for each gate of ONNX the place of ours
    order: tuple[int, ...]
    #: the places in ONNX of gates that are one minus ours
    turned: tuple[int, ...] = ()


_GATES = {
    "LSTM": _Gates("LSTM", (2, 3, 0, 1)),  # f, g, i, o here, and i, o, f, g there
    "GRU": _Gates("GRU", (0, 1, 2), turned=(0,)),  # z is what is kept there, and what is new here
    "RNN": _Gates("RNN", (0,)),
}


def _recurrent(call: NodeCall) -> Idiom | None:
    """Rows of other lengths, and a state to start from or to end with, are written step by step."""
    layer = call.operation
    one = isinstance(layer, Layer)
    if call.training or not one or any(x is not None for x in call.operands[1:]):
        return None
    suffixes = [""] + [str(n) for n in range(2, layer.layers + 1)]
    runs = [(n, f"{n}_reverse") if layer.bidirectional else (n,) for n in suffixes]

    def write(w: NodeWriter, x: Any, own: dict[str, str]) -> str:
        sequence, ends = w.transpose(x[0], (1, 0, 2)), []
        for names in runs:
            found = [_run(w, _GATES[call.name], sequence, own, name, layer) for name in names]
            ends = [end for _, end in found]
            sequence = _joined(w, [y for y, _ in found])
        return _joined(w, ends) if layer.return_ == "last" else w.transpose(sequence, (1, 0, 2))

    return write


def _joined(w: NodeWriter, parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else w.node("Concat", *parts, axis=-1)


def _run(
    w: NodeWriter, gates: _Gates, sequence: str, own: dict[str, str], suffix: str, layer: Any
) -> tuple[str, str]:
    """All hidden vectors of one layer in one direction, and the last one."""
    back = suffix.endswith("_reverse")
    xs = w.flip(sequence, 0) if back else sequence
    of_product = own.get(f"bn{suffix}")
    weights = [_arranged(w, gates, own[role + suffix], layer.hidden) for role in ("Wx", "Wh")]
    weights.append(_biases(w, gates, own[f"b{suffix}"], of_product, layer.hidden))
    ones = w.constant([1], np.int64)
    after: dict[str, Any] = {} if of_product is None else {"linear_before_reset": 1}
    y, last = w.nodes(gates.kind, [xs, *weights], 2, hidden_size=layer.hidden, **after)
    y, last = w.node("Squeeze", y, ones), w.node("Squeeze", last, w.constant([0], np.int64))
    return (w.flip(y, 0) if back else y), last


def _arranged(w: NodeWriter, gates: _Gates, name: str, hidden: int) -> str:
    """Weights with the gates as rows in the order of ONNX, for one direction."""
    rows = _in_order(gates, w.weights[name], hidden).T
    return w.weight(np.ascontiguousarray(rows)[None], f"{name} of ONNX")


def _biases(w: NodeWriter, gates: _Gates, name: str, of_product: str | None, hidden: int) -> str:
    """The bias, and the one that ONNX adds to the product with the hidden vector: there only the last gate of
    a GRU whose reset comes after the product has one."""
    bias = _in_order(gates, w.weights[name], hidden)
    second = np.zeros_like(bias)
    if of_product is not None:
        second[-hidden:] = w.weights[of_product]
    return w.weight(np.concatenate([bias, second])[None], f"{name} of ONNX")


def _in_order(gates: _Gates, array: Any, hidden: int) -> Any:
    """An array with its columns in the order of ONNX."""
    columns = array.reshape(*array.shape[:-1], len(gates.order), hidden)[..., list(gates.order), :]
    sign = np.ones((len(gates.order), 1), array.dtype)
    sign[list(gates.turned)] = -1
    return (columns * sign).reshape(array.shape)


FINDERS: Finders = dict.fromkeys(_GATES, _recurrent)
