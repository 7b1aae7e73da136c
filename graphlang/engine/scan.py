"""The one loop at run time: a body run step by step along time, its carried values handed on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeAlias

import numpy as np

from graphlang.catalog.operation import Random
from graphlang.spec.network import Loop
from graphlang.trace.primitives.creation import stop_gradient


class BodyRun(Protocol):
    """A body that has run once: its values by number, and the state that its layers renewed."""

    values: list[Any]
    state: dict[int, Any]


RunBody: TypeAlias = Callable[[Mapping[int, Any], "np.dtype[Any]", bool, Random | None], BodyRun]
"""Runs a body on its inputs: (inputs by number, precision, training, random)."""


class ScanOperation:
    """y[:, t] = body(xs[:, t], carried values), over axis 1; its gradient is derived from what it records.

    Operands: the sequence, the start of every carried value, then whatever else the body uses. The state
    of the layers in the body is given back by its place among them.
    """

    backward = None

    def __init__(self, loop: Loop, run_body: RunBody) -> None:
        self.next = loop.following
        self.result = loop.result
        self.run_body = run_body

    def forward(
        self, xs: Any, *others: Any, training: bool = False, random: Random | None = None
    ) -> tuple[Any, ...]:
        count = len(self.next)
        dtype = xs.dtype if xs.dtype.kind == "f" else _precision(others)
        # A carried number is a value of the body and has a gradient, so it becomes an array.
        carried = [np.asarray(v, dtype) if isinstance(v, int | float) else v for v in others[:count]]
        captured = list(others[count:])
        results = []
        state: dict[int, Any] = {}
        for t in range(xs.shape[1]):
            inputs = dict(enumerate([xs[:, t], *carried, *captured]))
            body = self.run_body(inputs, dtype, training, random)
            carried = [body.values[n] for n in self.next]
            results.append(body.values[self.result])
            # Running statistics are renewed at every step, as at every use of a layer.
            state |= body.state
            captured = [
                stop_gradient(body.state[i]) if i in body.state else v
                for i, v in enumerate(captured, 1 + count)
            ]
        y = np.stack(results, axis=1)
        return (y, None, state) if state else (y, None)


def _precision(operands: tuple[Any, ...]) -> Any:
    """The precision of the run, where the sequence itself holds whole numbers."""
    return next(
        (v.dtype for v in operands if getattr(v, "dtype", np.dtype(int)).kind == "f"), np.dtype(np.float64)
    )
