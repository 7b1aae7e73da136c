"""The one run-time loop: a body run step by step along time, its carried values handed on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from graphlang.catalog.operation import Random
from graphlang.trace import SymbolicArray
from graphlang.trace.primitives.creation import stop_gradient

if TYPE_CHECKING:
    from graphlang.spec.network import Loop


class ScanOperation:
    """y[:, t] = body(xs[:, t], carried values), over axis 1; its gradient is derived from what it records.

    Operands: the sequence, the start of every carried value, then whatever else the body uses. The state
    of the layers in the body is given back by its place among them.
    """

    backward = None

    def __init__(self, loop: Loop, sizes: Mapping[str, int]) -> None:
        self.body = loop.body
        self.next = loop.following
        self.result = loop.result
        self.sizes = dict(sizes)
        self.derived: Any = None

    def forward(
        self, xs: Any, *others: Any, training: bool = False, random: Random | None = None
    ) -> tuple[Any, ...]:
        from graphlang.engine.tape import Tape

        symbolic = next((v for v in (xs, *others) if isinstance(v, SymbolicArray)), None)
        count = len(self.next)
        dtype = xs.dtype if xs.dtype.kind == "f" else _dtype(others)
        # A number that is carried is a value of the body, which has a gradient.
        carried = [np.asarray(v, dtype) if isinstance(v, int | float) else v for v in others[:count]]
        captured = list(others[count:])
        results = []
        state: dict[int, Any] = {}
        for t in range(xs.shape[1]):
            leaves = dict(enumerate([xs[:, t], *carried, *captured]))
            tape = Tape(
                self.body,
                leaves,
                dtype=dtype,
                sizes=self.sizes,
                training=training,
                random=random,
                derived=self.derived,
                trace=None if symbolic is None else symbolic.trace,
            )
            tape.forward([*self.next, self.result])
            self.derived = tape.derived
            carried = [tape.values[n] for n in self.next]
            results.append(tape.values[self.result])
            # Running statistics are renewed from step to step as from use to use.
            state |= tape.state
            captured = [
                stop_gradient(tape.state[i]) if i in tape.state else v
                for i, v in enumerate(captured, 1 + count)
            ]
        y = np.stack(results, axis=1)
        return (y, None, state) if state else (y, None)


def _dtype(operands: tuple[Any, ...]) -> Any:
    """The precision of the run, where the sequence itself holds whole numbers."""
    return next(
        (v.dtype for v in operands if getattr(v, "dtype", np.dtype(int)).kind == "f"), np.dtype(np.float64)
    )
