"""What a graph gives on the inputs of a comparison, in the precision of the file and in float64."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from graphlang.engine.model import Model
from graphlang.engine.random_streams import StreamRandom
from graphlang.engine.tape import Tape
from graphlang.inputs.input_values import bind_inputs
from graphlang.onnx.exporting.inference import Made
from graphlang.onnx.exporting.trial_inputs import ComparedInputs


class Ours(NamedTuple):
    """What the file is given, and what the graph computes."""

    feeds: dict[str, Any]
    values: dict[str, Any]
    #: the same in float64, from the same numbers
    exact: dict[str, Any]


def compared_values(model: Model, made: Made, trial: ComparedInputs) -> Ours:
    """The named values that the file computes; raises GraphError where the graph cannot run on the inputs."""
    network = model.network
    bound = bind_inputs(network, trial.inputs, model.dtype, None, model.file)
    params = model.params.numbered(model.dtype)
    leaves = {number: np.asarray(x) for number, x in {**bound.values, **params}.items()}
    wide = {n: x.astype(np.float64) if x.dtype.kind == "f" else x for n, x in leaves.items()}
    numbers = [network.numbers[name] for name in made.named]
    found = []
    for dtype, own in ((model.dtype, leaves), (np.dtype(np.float64), wide)):
        random = StreamRandom(np.random.default_rng(model.seed), dtype)
        tape = Tape(network, own, dtype=dtype, sizes=bound.sizes, random=random)
        with model.diagnosed():
            tape.forward(numbers)
        found.append({name: tape.values[network.numbers[name]] for name in made.named})
    feeds = {x.name: leaves[network.numbers[x.name]] for x in made.proto.graph.input}
    feeds |= {name: draw.numbers(bound.sizes) for name, draw in made.draws.items()}
    return Ours(feeds, found[0], found[1])
