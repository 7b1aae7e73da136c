"""One training step and one pass over a split: forward, backward and the optimizer's update."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphlang.engine.derived import Derived
from graphlang.engine.tape import OperationFailed, StreamRandom, Tape
from graphlang.initializers.initializer import stream

if TYPE_CHECKING:
    from graphlang.api import Graph
    from graphlang.feeding import Feed
    from graphlang.optimizers.optimizer import Optimizer


class Stepper:
    """Training steps on a graph: the parameters are changed in place."""

    def __init__(self, graph: Graph, minimize: str, optimizer: Optimizer, clip_norm: float | None) -> None:
        self.graph = graph
        self.network = graph.network
        self.loss = graph.network.numbers[minimize]
        self.optimizer = optimizer
        self.clip_norm = clip_norm
        self.derived = Derived()
        needed = self.network.ancestors([self.loss])
        params = self.network.params
        self.trained = [n for n, p in params.items() if p.trainable and needed[self.network.numbers[n]]]
        self.slots: dict[str, dict[str, Any]] = {n: optimizer.slots(graph.params[n]) for n in self.trained}
        self.random = any("random" in n.wants for n in self.network.nodes)

    def restore(self, slots: dict[str, dict[str, Any]]) -> None:
        """Takes up what the optimizer remembered."""
        self.slots = {name: {k: np.array(v) for k, v in slot.items()} for name, slot in slots.items()}

    def step(self, feed: Feed, rows: Any, lr: float, t: int) -> float:
        """One step on some rows; the loss before it. Nothing is changed where the loss is not finite."""
        with np.errstate(all="ignore"):
            tape = self._forward(feed, rows, t)
            loss = float(tape.values[self.loss])
            if not np.isfinite(loss):
                return loss
            self._update(tape, lr, t)
        return loss

    def _forward(self, feed: Feed, rows: Any, t: int) -> Tape:
        params = self.graph.params
        leaves = {**feed.batch(rows, params.dtype), **params.numbered()}
        generator = stream(self.graph.seed, f"random of step {t}") if self.random else None
        tape = Tape(
            self.network,
            leaves,
            dtype=params.dtype,
            sizes=feed.sizes(len(rows)),
            training=True,
            random=None if generator is None else StreamRandom(generator, params.dtype),
            derived=self.derived,
        )
        try:
            return tape.forward([self.loss])
        except OperationFailed as failed:
            raise self.graph._failed(failed) from failed.error

    def _update(self, tape: Tape, lr: float, t: int) -> None:
        numbers = [self.network.numbers[n] for n in self.trained]
        found = tape.gradients(self.loss, numbers)
        if self.clip_norm is not None:
            found = clipped(found, self.clip_norm)
        for name, gradient in zip(self.trained, found, strict=True):
            W = self.graph.params[name]
            new, self.slots[name] = self.optimizer.update(W, gradient, self.slots[name], lr, t)
            W[...] = new
        for number, value in tape.state.items():
            self.graph.params[self.network.names[number]] = value

    def first_not_finite(self, feed: Feed, rows: Any, t: int) -> tuple[str, str]:
        """The first value, in forward order, that is not finite: its name and what made it."""
        with np.errstate(all="ignore"):
            tape = self._forward(feed, rows, t)
        for number, value in enumerate(tape.values):
            if value is not None and value.dtype.kind == "f" and not np.all(np.isfinite(value)):
                first = number - self.network.first_node
                if first >= 0:
                    return self.network.names[number], self.network.nodes[first].spec.operation
                name = self.network.names[number]
                return name, "parameter" if name in self.network.params else "input"
        return self.network.names[self.loss], "loss"


def clipped(gradients: list[Any], norm: float) -> list[Any]:
    """The gradients scaled down together, where their common norm is larger than `norm`."""
    total = float(np.sqrt(sum(float(np.sum(np.square(g, dtype=np.float64))) for g in gradients)))
    if not total > norm:
        return gradients
    return [g * np.asarray(norm / total, g.dtype) for g in gradients]


class Evaluator:
    """Scalars of a graph, averaged over all rows of a split in evaluation mode."""

    def __init__(self, graph: Graph, metrics: dict[str, str]) -> None:
        self.graph = graph
        self.metrics = metrics
        self.numbers = {label: graph.network.numbers[name] for label, name in metrics.items()}
        self.derived = Derived()

    def over(self, feed: Feed, size: int) -> dict[str, float]:
        """Each metric over every row, in batches of `size`, weighted by their rows."""
        totals = dict.fromkeys(self.numbers, 0.0)
        params = self.graph.params
        numbered = params.numbered()
        with np.errstate(all="ignore"):
            for start in range(0, feed.rows, size):
                rows = slice(start, min(start + size, feed.rows))
                count = rows.stop - rows.start
                leaves = {**feed.batch(rows, params.dtype), **numbered}
                tape = Tape(
                    self.graph.network, leaves, dtype=params.dtype, sizes=feed.sizes(count), derived=self.derived
                )
                try:
                    tape.forward(list(self.numbers.values()))
                except OperationFailed as failed:
                    raise self.graph._failed(failed) from failed.error
                for label, number in self.numbers.items():
                    totals[label] += float(tape.values[number]) * count
        return {label: total / feed.rows for label, total in totals.items()}
