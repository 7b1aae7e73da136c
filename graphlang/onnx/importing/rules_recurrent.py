"""Recurrent layers: the layer of the language where it does the same, otherwise a `scan`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from graphlang.onnx.importing.expression import Keyword
from graphlang.onnx.importing.node import OnnxNode
from graphlang.onnx.importing.refusals import NotImported
from graphlang.onnx.importing.rules_convolution import weights_of_layer
from graphlang.onnx.importing.scan_writer import ScanStep, ScanSteps, written_scan, written_scans
from graphlang.onnx.importing.value import OnnxValue
from graphlang.onnx.importing.writer import Writer

ORDER = {"LSTM": (2, 3, 0, 1), "GRU": (0, 1, 2), "RNN": (0,)}
"""The gates of a layer of the language, f g i o and z r n, by their places in ONNX: i o f c and z r h."""
USUAL = {"LSTM": ["Sigmoid", "Tanh", "Tanh"], "GRU": ["Sigmoid", "Tanh"], "RNN": ["Tanh"]}


class RecurrentWeights:
    """The weights of a node, direction by direction."""

    def __init__(self, node: OnnxNode) -> None:
        self.node = node
        self.W, self.R = weights_of_layer(node, 1), weights_of_layer(node, 2)
        self.directions, width, self.inputs = self.W.shape
        self.hidden = int(self.R.shape[-1])
        self.gates = len(ORDER[node.op])
        if width != self.gates * self.hidden or self.R.shape != (self.directions, width, self.hidden):
            raise NotImported(f"its weights are {self.W.shape} and {self.R.shape}")
        zeros = np.zeros((self.directions, 2 * width), self.W.dtype)
        self.B = weights_of_layer(node, 3) if node.get(3) is not None else zeros
        self.peepholes = weights_of_layer(node, 7) if node.op == "LSTM" and node.get(7) is not None else None
        self.direction = node.attribute("direction", "forward")
        self.axis = 0 if node.attribute("layout", 0) else 1

    @property
    def resets_after(self) -> bool:
        """Whether it is a GRU as PyTorch has it, whose reset comes after the product."""
        return bool(self.node.op == "GRU" and self.node.attribute("linear_before_reset", 0))

    def is_usual(self) -> bool:
        """Whether the layer of the language does the same."""
        node = self.node
        activations = node.attribute("activations") or USUAL[node.op] * self.directions
        return (
            activations == USUAL[node.op] * self.directions
            and not node.attribute("input_forget", 0)
            and node.attribute("clip") is None
            and self.peepholes is None
            and not (self.direction == "reverse" and node.get(4) is not None)
        )

    def weights(self) -> dict[str, np.ndarray[Any, Any]]:
        """The parameters of the layer."""
        named = {}
        for d, ending in zip(range(self.directions), ("", "_reverse"), strict=False):
            width = self.gates * self.hidden
            if self.resets_after:
                before = self.B[d].copy()
                named[f"bn{ending}"] = before[width + 2 * self.hidden :].copy()
                before[width + 2 * self.hidden :] = 0
                named[f"b{ending}"] = self._ordered(before[:width, None] + before[width:, None])[0]
                named[f"Wx{ending}"], named[f"Wh{ending}"] = (
                    self._ordered(self.W[d]),
                    self._ordered(self.R[d]),
                )
                continue
            named[f"Wx{ending}"] = self._ordered(self.W[d])
            named[f"Wh{ending}"] = self._ordered(self.R[d])
            named[f"b{ending}"] = self._ordered(self.B[d][:width, None] + self.B[d][width:, None])[0]
        return named

    def _ordered(self, rows: Any) -> Any:
        parts = np.split(rows, self.gates)
        if self.node.op == "GRU":  # its z says how much is kept, that of the layer how much is new
            parts[0] = -parts[0]
        return np.concatenate([parts[k] for k in ORDER[self.node.op]]).T


def _recurrent(w: Writer, node: OnnxNode) -> tuple[OnnxValue, ...]:
    layer = RecurrentWeights(node)
    x = node[0] if layer.axis == 0 else w.call("transpose", node[0], sizes=(1, 0, 2))
    if layer.direction == "reverse":
        x = w.call("flip", x, axis=1)
    if layer.is_usual():
        y, states = _as_layer(w, layer, x)
    else:
        y, states = _as_scan(w, layer, x)
    return _outputs(w, layer, y, states)


def _start(w: Writer, layer: RecurrentWeights, position: int) -> OnnxValue | None:
    """The state before the first step, [N, directions * hidden]."""
    value = layer.node.get(position)
    if value is None:
        return None
    rows = value if layer.axis == 0 else w.call("transpose", value, sizes=(1, 0, 2))
    return w.call("reshape", rows, sizes=(rows.shape[0], layer.directions * layer.hidden))


def _as_layer(w: Writer, layer: RecurrentWeights, x: OnnxValue) -> tuple[OnnxValue, list[OnnxValue]]:
    options: dict[str, Any] = {"hidden": layer.hidden}
    if layer.direction == "bidirectional":
        options["bidirectional"] = True
    states = [_start(w, layer, 5), _start(w, layer, 6) if layer.node.op == "LSTM" else None]
    lengths = layer.node.get(4)
    states = [None if state is None or w.is_zero(state) else state for state in states]
    if layer.resets_after:
        options["reset"] = Keyword("after")
    operands: list[Any] = [x, lengths, *states]
    while operands[-1] is None:
        operands.pop()
    if any(operand is None for operand in operands):
        operands = _filled(w, layer, x, operands)
    options["return"] = Keyword("state")
    results = w.layer(layer.node.op, *operands, weights=layer.weights(), several=True, **options)
    return results[0], list(results[1:])


def _filled(w: Writer, layer: RecurrentWeights, x: OnnxValue, operands: list[Any]) -> list[Any]:
    """What is left out before something that is given: full lengths, states of zeros."""
    n, steps = x.shape[0], x.shape[1]
    whole = w.call("cast", w.call("full", sizes=(n,), value=1.0), to=Keyword("int"))
    filled = [w.call("multiply", whole, steps) if k == 1 and o is None else o for k, o in enumerate(operands)]
    zeros = (n, layer.directions * layer.hidden)
    return [w.call("zeros", sizes=zeros) if o is None else o for o in filled]


def _as_scan(w: Writer, layer: RecurrentWeights, x: OnnxValue) -> tuple[OnnxValue, list[OnnxValue]]:
    """Written out, each direction by itself."""
    x = w.let(x, "sequence")
    ys, ends = [], []
    for d in range(layer.directions):
        starts, step = _starts(w, layer, x, d), _Step(w, layer, d)
        if layer.node.get(4) is None:
            y, end = written_scan(w, x, 1, starts, step, reverse=d == 1)
        else:
            y, end = _scan_of_lengths(w, layer, x, starts, step, reverse=d == 1)
        ys.append(y)
        ends.append(end)
    joined = ys[0] if len(ys) == 1 else w.call("concat", *ys, axis=2)
    names = ["h", "c"] if layer.node.op == "LSTM" else ["h"]
    states = [
        ends[0][n] if len(ends) == 1 else w.call("concat", *[end[n] for end in ends], axis=1) for n in names
    ]
    return joined, states


def _scan_of_lengths(
    w: Writer,
    layer: RecurrentWeights,
    x: OnnxValue,
    start: dict[str, OnnxValue],
    step: Callable[[OnnxValue, dict[str, OnnxValue]], ScanStep],
    *,
    reverse: bool,
) -> tuple[OnnxValue, dict[str, OnnxValue]]:
    """Steps beyond the length of a row leave its state alone, and give 0."""
    if layer.direction == "reverse":
        raise NotImported("it goes backwards over rows of different lengths")
    lengths = w.let(layer.node[4], "lengths")

    def steps(t: OnnxValue, held: Sequence[OnnxValue]) -> ScanSteps:
        done = step(w.let(w.call("take", x, t, axis=1), "x_t"), dict(zip(start, held, strict=True)))
        inside = w.let(w.call("expand_dims", w.call("less", t, lengths), axis=1), "inside")
        news = zip(start, held, strict=True)
        kept = [w.call("where", inside, done.carried[name], old) for name, old in news]
        return ScanSteps(kept, [w.call("where", inside, done.given, 0)])

    places = w.call("arange", sizes=(x.shape[1],))
    w.wanted = []
    ys, ends = written_scans(w, places, list(start.values()), steps, reverse=reverse)
    return w.call("transpose", ys[0], sizes=(1, 0, 2)), dict(zip(start, ends, strict=True))


def _starts(w: Writer, layer: RecurrentWeights, x: OnnxValue, d: int) -> dict[str, OnnxValue]:
    starts = {}
    for name, position in (("h", 5), ("c", 6)) if layer.node.op == "LSTM" else (("h", 5),):
        whole = _start(w, layer, position)
        if whole is None:
            starts[name] = w.call("zeros", sizes=(x.shape[0], layer.hidden))
        else:
            part = slice(d * layer.hidden, (d + 1) * layer.hidden)
            starts[name] = w.call("subscript", whole, items=(slice(None), part))
    return starts


def _constant(w: Writer, array: Any, name: str) -> OnnxValue:
    return w.operand(OnnxValue.constant(np.ascontiguousarray(array), name=name))


class _Step:
    """The step of a direction, with its weights as parameters."""

    def __init__(self, w: Writer, layer: RecurrentWeights, d: int) -> None:
        self.w, self.layer, self.op = w, layer, layer.node.op
        width, gates = layer.gates * layer.hidden, layer.gates
        self.Wx = [_constant(w, part.T, f"{self.op}_Wx") for part in np.split(layer.W[d], gates)]
        self.Wh = [_constant(w, part.T, f"{self.op}_Wh") for part in np.split(layer.R[d], gates)]
        self.bx = [_constant(w, part, f"{self.op}_bx") for part in np.split(layer.B[d][:width], gates)]
        self.bh = [_constant(w, part, f"{self.op}_bh") for part in np.split(layer.B[d][width:], gates)]
        self.act = [_activation(w, layer, d, k) for k in range(len(USUAL[self.op]))]
        held = layer.peepholes
        self.eyes = None if held is None else [_constant(w, p, "peephole") for p in np.split(held[d], 3)]

    def __call__(self, x: OnnxValue, carried: dict[str, OnnxValue]) -> ScanStep:
        return {"GRU": self._gru, "LSTM": self._lstm, "RNN": self._rnn}[self.op](x, carried)

    def _gate(self, x: OnnxValue, h: OnnxValue, k: int) -> OnnxValue:
        w = self.w
        total = w.call("add", w.call("matmul", x, self.Wx[k]), w.call("matmul", h, self.Wh[k]))
        return w.call("add", w.call("add", total, self.bx[k]), self.bh[k])

    def _gru(self, x: OnnxValue, carried: dict[str, OnnxValue]) -> ScanStep:
        w, h = self.w, carried["h"]
        z, r = w.let(self.act[0](self._gate(x, h, 0)), "z"), self.act[0](self._gate(x, h, 1))
        own = w.call("add", w.call("matmul", x, self.Wx[2]), self.bx[2])
        if self.layer.resets_after:
            past = w.call("multiply", r, w.call("add", w.call("matmul", h, self.Wh[2]), self.bh[2]))
        else:
            past = w.call("add", w.call("matmul", w.call("multiply", r, h), self.Wh[2]), self.bh[2])
        new = self.act[1](w.call("add", own, past))
        kept = w.call("multiply", z, h)
        h2 = w.let(w.call("add", w.call("multiply", w.call("subtract", 1, z), new), kept), "h_new")
        return ScanStep({"h": h2}, h2)

    def _seen(self, total: OnnxValue, k: int, cell: OnnxValue) -> OnnxValue:
        w = self.w
        return total if self.eyes is None else w.call("add", total, w.call("multiply", self.eyes[k], cell))

    def _lstm(self, x: OnnxValue, carried: dict[str, OnnxValue]) -> ScanStep:
        w, h, c, act = self.w, carried["h"], carried["c"], self.act
        i = w.let(act[0](self._seen(self._gate(x, h, 0), 0, c)), "i")
        if self.layer.node.attribute("input_forget", 0):
            f = w.call("subtract", 1, i)
        else:
            f = act[0](self._seen(self._gate(x, h, 2), 2, c))
        content = w.call("multiply", i, act[1](self._gate(x, h, 3)))
        c2 = w.let(w.call("add", w.call("multiply", f, c), content), "c_new")
        o = act[0](self._seen(self._gate(x, h, 1), 1, c2))
        h2 = w.let(w.call("multiply", o, act[2](c2)), "h_new")
        return ScanStep({"h": h2, "c": c2}, h2)

    def _rnn(self, x: OnnxValue, carried: dict[str, OnnxValue]) -> ScanStep:
        h2 = self.w.let(self.act[0](self._gate(x, carried["h"], 0)), "h_new")
        return ScanStep({"h": h2}, h2)


_ACTIVATIONS = {"sigmoid": "sigmoid", "tanh": "tanh", "relu": "relu", "softplus": "softplus"}


def _activation(w: Writer, layer: RecurrentWeights, d: int, k: int) -> Callable[[OnnxValue], OnnxValue]:
    usual = USUAL[layer.node.op]
    names = layer.node.attribute("activations") or usual * layer.directions
    name = _ACTIVATIONS.get(str(names[d * len(usual) + k]).lower())
    if name is None:
        raise NotImported(f"its activation is `{names[d * len(usual) + k]}`")
    bound = layer.node.attribute("clip")
    if bound is None:
        return lambda x: w.call(name, x)
    return lambda x: w.call(name, w.call("clip", x, low=-bound, high=bound))


def _outputs(
    w: Writer, layer: RecurrentWeights, y: OnnxValue, states: list[OnnxValue]
) -> tuple[OnnxValue, ...]:
    """The results in the order of ONNX: time, direction, row, number; or row, time, direction, number."""
    n, steps = y.shape[0], y.shape[1]
    if layer.direction == "reverse":
        y = w.call("flip", y, axis=1)
    if layer.directions == 1:
        y = w.call("expand_dims", y, axis=2)
    else:
        y = w.call("reshape", y, sizes=(n, steps, layer.directions, layer.hidden))
    if layer.axis == 1:
        y = w.call("transpose", y, sizes=(1, 2, 0, 3))
    return (y, *(_state(w, layer, state) for state in states))


def _state(w: Writer, layer: RecurrentWeights, state: OnnxValue) -> OnnxValue:
    rows = w.call("reshape", state, sizes=(state.shape[0], layer.directions, layer.hidden))
    return rows if layer.axis == 0 else w.call("transpose", rows, sizes=(1, 0, 2))


RECURRENT: dict[str, Callable[[Writer, OnnxNode], Any]] = dict.fromkeys(("LSTM", "GRU", "RNN"), _recurrent)
