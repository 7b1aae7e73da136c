"""The scene of a graph that is drawn without being asked for a run."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphlang.api import Graph
from graphlang.inputs.stand_ins import fill_with_random
from graphlang.trace.dims import shape_text
from graphlang.view.build import scene
from graphlang.view.scene import Scene
from graphlang.view.unfolded import leading


def still_scene(graph: Graph) -> Scene:
    """A run on the defaults of the inputs; where some have none, every value is told by its shape."""
    complete = all(spec.default is not None for spec in graph.inputs.values())
    arrays = {} if complete else fill_with_random(graph.network, {}, np.random.default_rng(0))
    forward = graph.forward(arrays)
    start = complete and graph.model.may_start
    result = forward.backward() if start else forward.result()
    drawn = leading(scene(graph, forward, result))
    return drawn if complete else _with_shapes(graph, drawn)


def _with_shapes(graph: Graph, drawn: Scene) -> Scene:
    """The same with shapes in the place of numbers that stand for none."""
    slots: list[Any] = list(drawn["slots"])
    for node in drawn["nodes"]:
        slot = node["v"]
        if node["id"] in graph.network.numbers:
            shape = graph.network.spec_of(node["id"]).shape or ()
            slots[slot] = shape_text(shape) if shape else ""
    return {**drawn, "slots": slots}
