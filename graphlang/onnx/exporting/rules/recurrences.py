"""Rules of the recurrences: the cells of NumPy's engine, recorded, inside of a loop."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from graphlang.kernels import recurrence
from graphlang.kernels.cells import Cell, plus
from graphlang.onnx.exporting.call import Rule, RuleCall, Rules
from graphlang.onnx.exporting.loop_nodes import scan_loop
from graphlang.trace import Trace


def _forward(cell: Cell, c: RuleCall) -> str:
    """The states of all steps."""
    (_, N, _), hidden, kind = c.shapes[0], int(c.shapes[2][0]), c.output.dtype
    width = cell.states * hidden

    def before(x: Any, Wx: Any, Wh: Any, b: Any, *start: Any) -> list[Any]:
        scale = cell.scale(hidden, kind)
        weights = [Wh[:, part] * scale[part] for part in cell.columns(hidden)]
        return [x @ (Wx * scale) + b * scale, *weights]

    def step(state: Any, pre: Any, *weights: Any) -> Any:
        return np.concatenate(cell.forward(pre, cell.pieces(state), list(weights)), axis=-1)

    pre, *weights = c.inline(before, c.operands, c.shapes, c.types)
    parts = [(hidden, column.stop - column.start) for column in cell.columns(hidden)]
    start = c.operands[4] if len(c.operands) > 4 else c.w.zeros((N, width), kind)
    shapes = [(N, width), (N, cell.gates * hidden), *parts]

    def repetition(state: list[str], at: list[str]) -> tuple[list[str], list[str]]:
        y = c.inline(step, [*state, *at, *weights], shapes, [kind] * len(shapes))
        return y, y

    own = ((N, width), kind)
    return scan_loop(c.w, [start], [pre], [own], [(shapes[1], kind)], [own], repetition)[-1]


def _gradient(cell: Cell, c: RuleCall) -> str:
    """The gradient of the pre-activations of all steps."""
    hidden = int(c.shapes[2][0])
    whole = c.shapes[0][-1] != hidden or cell.states == 1
    form: dict[str, Any] = {}

    def before(ds: Any, states: Any, Wh: Any) -> list[Any]:
        arriving = cell.pieces(ds) if whole else [ds, *[None] * (len(cell.widths) - 1)]
        earlier = np.concatenate([np.zeros_like(states[:1]), states[:-1]])
        slopes = cell.slopes(cell.pieces(states), cell.pieces(earlier), full=arriving[-1] is not None)
        form["arriving"], form["slopes"] = _places(arriving), _places(slopes)
        form["sizes"] = [(x.shape[1:]) for x in (*arriving, *slopes) if x is not None]
        weights = [Wh[:, part].T for part in cell.columns(hidden)]
        form["weights"] = [x.shape for x in weights]
        return [x for x in (*arriving, *slopes, *weights) if x is not None]

    found = c.inline(before, c.operands, c.shapes, c.types)
    count = len(form["sizes"])
    return _backward(cell, c, found[:count], found[count:], form)


def _backward(cell: Cell, c: RuleCall, sequences: list[str], weights: list[str], form: dict[str, Any]) -> str:
    kind, split = c.output.dtype, sum(place is not None for place in form["arriving"])

    def step(carried: list[Any], sequence: tuple[Any, ...], own: tuple[Any, ...]) -> tuple[Any, list[Any]]:
        ds = _filled(form["arriving"], sequence[:split])
        slopes = _filled(form["slopes"], sequence[split:])
        da, after = cell.backward(list(map(plus, ds, carried)), slopes, list(own))
        return da, list(after)

    shapes = form["sizes"]
    trial = Trace()
    with trial:
        symbols = [trial.input(shape, kind) for shape in (*shapes, *form["weights"])]
        nothing: list[Any] = [None] * len(cell.widths)
        da, after = step(nothing, tuple(symbols[: len(shapes)]), tuple(symbols[len(shapes) :]))
    kept = _places(after)
    carried = [x.shape for x in after if x is not None]

    def all_of(*arrays: Any) -> list[Any]:
        first, rest = arrays[: len(carried)], arrays[len(carried) :]
        da, after = step(_filled(kept, first), rest[: len(shapes)], rest[len(shapes) :])
        return [da, *[x for x, place in zip(after, kept, strict=True) if place is not None]]

    def repetition(state: list[str], at: list[str]) -> tuple[list[str], list[str]]:
        every = [*carried, *shapes, *form["weights"]]
        y = c.inline(all_of, [*state, *at, *weights], every, [kind] * len(every))
        return y[1:], y[:1]

    starts = [c.w.zeros(shape, kind) for shape in carried]
    results = scan_loop(
        c.w,
        starts,
        [c.w.flip(x, 0) for x in sequences],
        [(shape, kind) for shape in carried],
        [(shape, kind) for shape in shapes],
        [(da.shape, kind)],
        repetition,
    )
    return c.w.flip(results[-1], 0)


def _places(values: Any) -> list[int | None]:
    """Which values there are, counted."""
    count, places = 0, []
    for value in values:
        places.append(None if value is None else count)
        count += value is not None
    return places


def _filled(places: list[int | None], values: Any) -> list[Any]:
    return [None if place is None else values[place] for place in places]


def _weight_gradient(cell: Cell, c: RuleCall) -> str:
    """The gradients of Wx, Wh and b as rows."""
    hidden = int(c.shapes[1][2]) // cell.states

    def gradients(dpre: Any, states: Any, x: Any) -> Any:
        earlier = np.concatenate([np.zeros_like(states[:1]), states[:-1]])
        factors = cell.factors(cell.pieces(states), cell.pieces(earlier)[0])

        def product(a: Any, b: Any) -> Any:
            return np.einsum("tnd,tng->dg", a, b)

        columns = cell.columns(hidden)
        dWh = [product(v, dpre[..., own]) for v, own in zip(factors, columns, strict=True)]
        whole = dWh[0] if len(dWh) == 1 else np.concatenate(dWh, axis=1)
        return np.concatenate([product(x, dpre), whole, np.sum(dpre, axis=(0, 1))[None]])

    return c.recorded(gradients)


def _rules(cell: Cell) -> dict[str, Rule]:
    return {
        cell.name: partial(_forward, cell),
        f"{cell.name}_gradient": partial(_gradient, cell),
        f"{cell.name}_weight_gradient": partial(_weight_gradient, cell),
    }


RULES: Rules = {}
for _recurrence in (recurrence.rnn, recurrence.lstm, recurrence.gru, recurrence.gru_after):
    RULES |= _rules(_recurrence.cell)
