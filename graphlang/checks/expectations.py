"""The `expect` lines of a file: its own tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from graphlang.diagnostics import Span
from graphlang.engine.memory import refuse_large_run
from graphlang.engine.model import Model
from graphlang.engine.random_streams import StreamRandom
from graphlang.engine.result import plain
from graphlang.engine.tape import Tape
from graphlang.inputs.input_values import bind_inputs
from graphlang.inputs.stand_ins import fill_with_random
from graphlang.spec.models import ExpectSpec

RELATIVE, ABSOLUTE = 1e-5, 1e-8
"""The tolerances of `numpy.allclose`."""


@dataclass(frozen=True)
class Expectation:
    """One `expect` line and whether it holds."""

    ok: bool
    text: str
    message: str
    at: Span | None


def check_expectations(model: Model, inputs: Mapping[str, Any] | None = None) -> list[Expectation]:
    """Evaluates every `expect` in float64; inputs without a value are drawn at random.

    `within d` allows a difference of d, or of d times the right side where that is larger than 1.
    Raises GraphError where the graph cannot run.
    """
    expects = model.spec.expects
    if not expects:
        return []
    network = model.network
    compared = [network.numbers[s] for e in expects for s in (e.left, e.right) if isinstance(s, str)]
    arrays = fill_with_random(network, inputs or {}, np.random.default_rng(model.seed))
    bound = bind_inputs(network, arrays, np.float64, None, model.file)
    refuse_large_run(network, bound.values, np.float64, bound.sizes, compared)
    leaves = {**bound.values, **model.params.numbered(np.float64)}
    random = StreamRandom(np.random.default_rng(model.seed), np.float64)
    tape = Tape(network, leaves, dtype=np.float64, sizes=bound.sizes, random=random)
    with model.diagnosed():
        tape.forward(compared)

    def value(side: Any) -> Any:
        return tape.values[network.numbers[side]] if isinstance(side, str) else np.asarray(side)

    return [_compare(e, value(e.left), value(e.right), network.span_of(e.at)) for e in expects]


def _compare(expect: ExpectSpec, left: Any, right: Any, at: Span | None) -> Expectation:
    text = " ".join(expect.text.split())
    try:
        a, b = np.broadcast_arrays(left, right)
    except ValueError:
        message = f"shapes {list(np.shape(left))} and {list(np.shape(right))} cannot be compared"
        return Expectation(False, text, message, at)
    a, b = a.astype(np.float64), b.astype(np.float64)
    with np.errstate(invalid="ignore"):
        if expect.within is None:
            allowed = ABSOLUTE + RELATIVE * np.abs(b)
        else:
            allowed = expect.within * np.maximum(1.0, np.abs(b))
        close = (np.abs(a - b) <= allowed) | (a == b)
    if bool(np.all(close)):
        return Expectation(True, text, "", at)
    return Expectation(False, text, _difference(a, b, close), at)


def _difference(a: Any, b: Any, close: Any) -> str:
    if a.ndim == 0:
        return f"the left side is {plain(a):.10g}, the right side {plain(b):.10g}"
    wrong = int(np.sum(~close))
    place = np.unravel_index(int(np.argmin(close)), close.shape)
    where = ", ".join(str(int(i)) for i in place)
    return f"{wrong} of {close.size} differ, first at [{where}]: {a[place]:.10g} and {b[place]:.10g}"
