"""The steps of a graph for sizes that are not known yet: what a backend has to compute, before it runs."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphlang.engine.failures import OperationFailed
from graphlang.engine.recording import Recorder, Storage
from graphlang.spec.network import Network
from graphlang.trace import Step, TraceError
from graphlang.trace.dims import Dim


def symbolic_steps(network: Network, dtype: np.dtype[Any]) -> list[Step]:
    """What the outputs and the losses record, forward and backward, in training mode.

    A part that can be recorded for known sizes only is left out.
    """
    spec = network.spec
    names = [*spec.outputs, *(spec.train.losses if spec.train is not None else ())]
    types = {"float": dtype, "int": np.dtype(np.int64), "bool": np.dtype(np.bool_)}
    shapes: dict[str, Any] = {name: tuple(own.shape or ()) for name, own in network.inputs.items()}
    sizes: dict[str, Any] = {
        symbol: Dim.symbol(symbol)
        for shape in shapes.values()
        for size in shape
        if isinstance(size, Dim)
        for symbol in size.symbols
    }
    storage = {
        network.numbers[n]: Storage(shape, types[network.inputs[n].dtype]) for n, shape in shapes.items()
    }
    recorder = Recorder(network, storage, dtype, sizes, training=True)
    try:
        recorder.forward([network.numbers[name] for name in names])
        with recorder.trace:
            for name in names:
                y = recorder.tape.values[network.numbers[name]]
                if y.dtype.kind == "f":
                    recorder.tape.every_gradient(network.numbers[name], np.ones_like(y))
    except (OperationFailed, TraceError, ValueError, TypeError):
        pass
    return recorder.trace.steps
