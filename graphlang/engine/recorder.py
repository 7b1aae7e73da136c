"""The recorder: runs a graph a second time on symbolic arrays, and takes gradients from what it recorded.

Gradients of a value that contains gradients come this way, since the backward of a layer has no backward.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np

from graphlang.engine.interpreter import Interpreter
from graphlang.engine.random_streams import Draws
from graphlang.trace import SymbolicArray, Trace, reached, replay

Run = TypeVar("Run", bound=Interpreter)


def record(run: Run, trace: Trace) -> Run:
    """The same run on symbolic arrays, before forward; its leaves are inputs of `trace`."""
    leaves = {
        i: trace.input(v.shape, v.dtype)
        for i, v in enumerate(run.values[: run.network.first_node])
        if v is not None
    }
    symbolic = type(run)(
        run.network,
        leaves,
        dtype=run.dtype,
        sizes=run.sizes,
        training=run.training,
        trace=trace,
    )
    symbolic.drawn = {
        number: call[2]["random"]
        for number, call in enumerate(run.calls)
        if call is not None and isinstance(call[2].get("random"), Draws)
    }
    return symbolic


def leaf_values(run: Interpreter, symbolic: Interpreter) -> dict[SymbolicArray, Any]:
    """The arrays of a run for the inputs of its recording."""
    leaves = zip(symbolic.values, run.values[: run.network.first_node], strict=False)
    return {x: array for x, array in leaves if isinstance(x, SymbolicArray)}


def recorded_gradients(run: Interpreter, of: int, wrt: Sequence[int], seed: Any) -> list[Any]:
    """The gradients of `of` by some values, from the primitives of a recording that is then replayed.

    None for a value that no gradient reaches.
    """
    trace = Trace()
    symbolic = record(run, trace)
    with trace:
        symbolic.forward([of, *wrt])
        upstream = None
        feeds = leaf_values(run, symbolic)
        if seed is not None:
            upstream = trace.input(np.shape(seed), run.dtype)
            feeds[upstream] = np.asarray(seed, run.dtype)
        sources = [symbolic.values[x] for x in wrt]
        present = [x for x in sources if isinstance(x, SymbolicArray)]
        recorded = iter(reached(symbolic.values[of], present, upstream))
        gradients = [next(recorded) if isinstance(x, SymbolicArray) else None for x in sources]
    arrays = iter(replay(trace, [g for g in gradients if g is not None], feeds))
    return [None if g is None else next(arrays) for g in gradients]
