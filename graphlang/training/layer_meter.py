"""Measures the layers while they are trained: norms of weights, gradients and updates, and dead units.

The norms of the gradients are those that the step computes anyway. The dead units cost a forward pass over a
sample of the data.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from graphlang.contracts.backend import BoundProgram
from graphlang.contracts.initializer import stream
from graphlang.diagnostics import GraphError
from graphlang.engine.executable import bound
from graphlang.engine.plan import step_flops
from graphlang.engine.recording import record_peaks
from graphlang.layers.relu import Relu
from graphlang.spec.network import Network, Node, Ref
from graphlang.trace.primitives.norms import norm_of
from graphlang.training.batches import BatchSource
from graphlang.training.record import LayerRecord, ParameterNorms
from graphlang.training.state import TrainingState

SAMPLE = 100
"""How many rows of the data show whether a unit is dead."""
COMPILED_FROM = 2e9
"""Operations from which on a backend computes the sample; below, compiling takes longer than NumPy."""
DENSE, STEPS, GROWTH = 20, 100, 1.1
"""So many records are made in any case; after these, where epochs are short, one for so many steps or for
such a growth of the training, so that measuring takes a fiftieth of the time at most."""
_BY_CHANNELS = ("Conv", "ConvTranspose", "BatchNorm", "GroupNorm", "InstanceNorm")
"""Layers whose results have channels at axis 1, also where they have three axes."""


class LayerMeter:
    """Measures one training; `before` and `after` are called around a step."""

    def __init__(self, state: TrainingState, data: BatchSource) -> None:
        self._state = state
        self._params = state.model.params
        self._before: dict[str, Any] = {}
        self.units = DeadUnits(state, data)

    def before(self) -> None:
        """Keeps the parameters as they are before a step."""
        params = self._params.to_read()
        self._before = {name: np.array(params[name]) for name in self._state.slots}

    def after(self, epoch: int) -> LayerRecord:
        """The record of the step just taken."""
        return LayerRecord(self._state.t, epoch, self._norms(), self.units.shares())

    def start(self) -> Callable[[], LayerRecord]:
        """Measures before the first step; what it returns is called after it, for that step and the weights
        and dead units before it."""
        dead, weights = self.units.shares(), {name: norm_of(W) for name, W in self._before.items()}
        return lambda: LayerRecord(0, 0, self._norms(weights), dead)

    def _norms(self, weights: Mapping[str, float] | None = None) -> dict[str, ParameterNorms]:
        before, params = self._before, self._params.to_read()
        updates = {name: norm_of(params[name] - array) for name, array in before.items()}
        weights = weights or {name: norm_of(params[name]) for name in before}
        gradients = self._state.gradient_norms()
        return {name: ParameterNorms(weights[name], gradients[name], updates[name]) for name in before}


def due(records: int, last: int, iteration: int) -> bool:
    """Whether to measure at the end of an epoch, after so many records, the last at iteration `last`."""
    return records < DENSE or iteration - last >= STEPS or iteration >= GROWTH * last


class DeadUnits:
    """The units of each Relu whose argument is nowhere above 0 over a sample of the data."""

    def __init__(self, state: TrainingState, data: BatchSource) -> None:
        self._model, self._data = state.model, data
        network = self._model.network
        needed = network.ancestors([loss for loss, _ in state.objectives])
        #: for each Relu the number of its argument and the axis of its units
        self._relus = {
            node.name: (node.operands[0].number, unit_axis(network, node))
            for node in network.nodes
            if needed[node.number] and isinstance(node.operation, Relu) and type(node.operands[0]) is Ref
        }
        self._program: BoundProgram | None = None
        #: how many rows the sample has
        self.rows = 0

    def shares(self) -> dict[str, float]:
        """The share of dead units of each Relu."""
        return {name: float(np.mean(peak <= 0)) for name, peak in self.peaks().items()}

    def peaks(self) -> dict[str, Any]:
        """The largest argument of each unit over the sample."""
        if not self._relus:
            return {}
        try:
            program = self._run()
        except (GraphError, ValueError, IndexError, TypeError, ArithmeticError):
            return {}  # a graph that trains and does not evaluate; its metrics say so
        names = self._model.network.names
        return {relu: program.output(names[number]) for relu, (number, _) in self._relus.items()}

    def _run(self) -> BoundProgram:
        if self._program is None:
            self._program = self._planned()
        program, data = self._program, self._data
        self._model.params.refresh()
        data.gather(self._rows, program.inputs)
        if program.draws:
            program.fill(stream(self._model.seed, "random of measured layers"))
        program.run()
        return program

    def _planned(self) -> BoundProgram:
        model, data = self._model, self._data
        count = min(SAMPLE, data.rows)
        if not data.accepts(count):
            assert model.spec.train is not None
            count = min(model.spec.train.batch or data.rows, data.rows)
        self.rows = count
        self._rows = np.linspace(0, data.rows - 1, count).astype(np.intp)
        storage, sizes, kept = data.storage(count), data.sizes(count), dict(self._relus.values())
        with model.diagnosed():
            recording = record_peaks(model.network, storage, model.dtype, sizes, kept)
            small = sum(step_flops(step) for step in recording.program.steps) < COMPILED_FROM
            arrays = {**model.params, **data.constants()}
            return bound(None if small else model.backend, lambda: recording, arrays, model.threads)


def unit_axis(network: Network, relu: Node) -> int | None:
    """The axis of the units in the argument of a Relu: the channels of images, else the last axis."""
    rank = len(relu.spec.shape)
    if rank < 2:
        return None
    source = network.find(network.names[relu.operands[0].number])
    images = rank > 3 or (rank == 3 and source is not None and source.spec.operation in _BY_CHANNELS)
    return 1 if images else rank - 1
