"""What the engine computes for a graph, for files that are differentiated by their own framework."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from generated_numpy import engine_tape

import graphlang as gl
from graphlang.engine.sized_recording import targets_of


class Expected(NamedTuple):
    """The values that a file is to give, and the gradients of one of them."""

    values: dict[str, Any]
    #: the value that the gradients are of; None where none is a float
    of: str | None
    gradients: dict[str, Any]
    #: the new values of what is state
    state: dict[str, Any]


def expected(graph: gl.Graph, inputs: Mapping[str, Any], *, training: bool) -> Expected:
    """The values, and the gradients by every trained parameter and every input of floats."""
    network, numbers = graph.network, graph.network.numbers
    tape = engine_tape(graph, inputs, training=training)
    values = {name: tape.values[numbers[name]] for name in targets_of(network)}
    train = network.spec.train
    starts = [train.minimize] if train is not None else [*network.spec.outputs, *reversed(values)]
    of = next((n for n in starts if np.asarray(values[n]).dtype.kind == "f"), None)
    found: dict[str, Any] = {}
    if of is not None:
        with np.errstate(all="ignore"):
            passed = tape.every_gradient(numbers[of], np.ones_like(values[of]))
        trained = [n for n, p in network.params.items() if p.trainable]
        floats = [n for n, spec in network.inputs.items() if spec.dtype == "float" and n in inputs]
        for name in [*trained, *floats]:
            shape = np.shape(graph.params[name] if name in network.params else inputs[name])
            own = passed.get(numbers[name])
            found[name] = np.zeros(shape) if own is None else own
    state = {network.names[number]: value for number, value in tape.state.items()}
    return Expected(values, of, found, state)
