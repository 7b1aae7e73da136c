"""The norms of the gradient along the paths from the loss back to the parameters.

The interpreter, which keeps every value, runs forward and backward once on a batch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from graphlang.diagnostics import GraphError
from graphlang.engine.model import Model
from graphlang.engine.random_streams import StreamRandom
from graphlang.engine.tape import Tape
from graphlang.lazy import lazy
from graphlang.spec.network import Network, Node, Ref
from graphlang.trace import NoGradient
from graphlang.trace.primitives.norms import norm_of
from graphlang.training.refused_steps import StepInputs


class PathStep(NamedTuple):
    """A value on a path, and the norm of the gradient by it."""

    name: str
    operation: str
    norm: float


class Path(NamedTuple):
    """From the first layer with weights that a parameter acts on, or that follows it, to the last one."""

    parameter: str
    steps: Sequence[PathStep]
    #: how many layers with weights follow the first
    layers: int

    @property
    def ratio(self) -> float:
        """The norm of the gradient at the first layer, over that at the last."""
        return self.steps[0].norm / self.steps[-1].norm

    def factor(self, place: int) -> float:
        """The factor by which the step after a place multiplies the norm on its way back."""
        before = self.steps[place + 1].norm
        return self.steps[place].norm / before if before else 1.0


class _Reach(NamedTuple):
    """Where the path from a value on leads: the first and the last layer with weights, and their number."""

    first: Node
    last: Node
    layers: int


class GradientPaths:
    """The paths of one batch. From each value a path goes on to its last user, where shortcuts lead."""

    def __init__(self, model: Model, loss: int, parameters: Sequence[str], batch: StepInputs) -> None:
        self._model, self._network, self._loss = model, model.network, loss
        self._parameters = [(name, model.network.numbers[name]) for name in parameters]
        self._batch = batch

    def compute(self, random: np.random.Generator, step: int) -> bool:
        """Computes the gradients; False where they do not go from node to node, since the loss contains
        gradients itself."""
        model, batch = self._model, self._batch
        leaves = {**batch.inputs, **model.params.numbered()}
        stream = StreamRandom(random, model.dtype, step)
        tape = Tape(self._network, leaves, dtype=model.dtype, sizes=batch.sizes, training=True, random=stream)
        try:
            with model.diagnosed():
                towards = [number for _, number in self._parameters]
                self._gradients = tape.forward([self._loss]).backward(self._loss, towards=towards)
        except (NoGradient, GraphError):
            return False
        return True

    def extreme(self, choose: Callable[..., Any]) -> Path | None:
        """The path with the smallest or the largest ratio, for `min` or `max`; None where there is none."""
        reaches = ((name, self._reach.get(number)) for name, number in self._parameters)
        ratios = {
            name: self._norm(reach.first) / self._norm(reach.last)
            for name, reach in reaches
            if reach is not None and reach.layers > 0 and self._norm(reach.last) > 0
        }
        if not ratios:
            return None
        name = choose(ratios, key=lambda n: ratios[n])
        reach = self._reach[self._network.numbers[name]]
        assert reach is not None
        nodes = [reach.first]
        while nodes[-1] is not reach.last:
            nodes.append(self._next[nodes[-1].number])
        steps = [PathStep(node.name, node.spec.operation, self._norm(node)) for node in nodes]
        return Path(name, steps, reach.layers)

    def _norm(self, node: Node) -> float:
        return norm_of(self._gradients[node.number])

    @lazy
    def _next(self) -> dict[int, Node]:
        """The last user of every value, among the nodes that a gradient reaches."""
        users: dict[int, Node] = {}
        for node in self._network.nodes:
            if node.number in self._gradients:
                users.update(dict.fromkeys(_sources(node), node))
        return users

    @lazy
    def _reach(self) -> dict[int, _Reach | None]:
        """Where the path leads from each value."""
        reach: dict[int, _Reach | None] = {}
        starts = [number for _, number in self._parameters]
        for number in [*(node.number for node in reversed(self._network.nodes)), *starts]:
            node = self._next.get(number)
            if node is None:
                continue
            after = reach.get(node.number)
            if not has_weights(self._network, node):
                reach[number] = after
            elif after is None:
                reach[number] = _Reach(node, node, 0)
            else:
                reach[number] = _Reach(node, after.last, after.layers + 1)
        return reach


def _sources(node: Node) -> list[int]:
    """The numbers of what a node is computed from, its own parameters included."""
    return [*(o.number for o in node.operands if type(o) is Ref), *node.own.values()]


def has_weights(network: Network, node: Node) -> bool:
    """Whether a node takes a parameter of two or more axes."""
    names = (network.names[number] for number in _sources(node))
    return any(name in network.params and len(network.params[name].shape) > 1 for name in names)
