"""A graph that becomes ONNX and comes back: its outputs, and its gradients by the parameters."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import numpy as np
import onnx

import graphlang as gl
from graphlang.inputs.stand_ins import fill_with_random
from graphlang.onnx.exporting.export import exported_bytes
from graphlang.onnx.importing.loading import graph_of, import_model
from graphlang.trace.primitives.random_numbers import NumberStream, RandomNumbers

TOLERANCE = 1e-5


def round_trip(graph: gl.Graph, inputs: dict[str, Any] | None = None) -> gl.Graph:
    """The graph that comes back, once it gives the same outputs and gradients.

    Parameters are told by their numbers, for an import names its layers anew; one that is used twice comes
    back as one. What is drawn at random is the same in both: see
    `same_draws`.
    """
    content, _ = exported_bytes(graph, verify=False)
    imported = import_model(onnx.load_model_from_string(content), "there.onnx")
    back = graph_of(imported, "back.graph", dtype="float32")
    given = drawn(graph) if inputs is None else inputs
    theirs = {imported.inputs[name]: value for name, value in given.items() if name in imported.inputs}
    with same_draws(graph, back):
        a, b = graph.forward(given), back.forward(theirs)
        for name in graph.spec.outputs:
            same(name, a[name], b[imported.outputs[name]])
        for name in graph.spec.outputs:
            if np.asarray(a[name]).dtype.kind == "f":
                ours = gradients(graph, given, name)
                others = gradients(back, theirs, imported.outputs[name])
                for param, gradient in ours.items():
                    found = counterparts(graph.params[param], back)
                    if not found and not gradient.any():
                        continue  # nothing is computed from it, as from a condition
                    assert len(found) == 1, f"`{param}` does not come back as one parameter: {found}"
                    same(f"gradient of {name} by {param}", gradient, others[found[0]])
    return back


@contextmanager
def same_draws(*graphs: gl.Graph) -> Iterator[None]:
    """The nodes that draw for the outputs of each graph get the same numbers, in their order.

    A draw follows from the name of its node, which is another one after an import.
    """
    places = {}
    for graph in graphs:
        for place, name in enumerate(drawing(graph)):
            places[NumberStream((0, ()), name, float).key] = place  # type: ignore[arg-type]
    compute = RandomNumbers.compute

    def by_place(self: RandomNumbers, *counters: Any, key: int, **params: Any) -> Any:
        return compute(self, *counters, **params | {"key": places.get(key, key), "seed": 0})

    with patch.object(RandomNumbers, "compute", by_place):
        yield


def drawing(graph: gl.Graph) -> list[str]:
    """The streams of the nodes that the outputs draw from."""
    network = graph.network
    needed = network.ancestors([network.numbers[name] for name in graph.spec.outputs])
    found = [n for n in network.nodes if needed[n.number] and n.operation is not None]
    return [n.spec.stream or n.name for n in found if n.spec.operation.startswith("random_")]


def randomize(graph: gl.Graph, seed: int = 0) -> gl.Graph:
    """The graph with other numbers in every parameter, so that no two are equal."""
    rng = np.random.default_rng(seed)
    for name, array in graph.params.items():
        drawn_ = 0.3 * rng.standard_normal(array.shape)
        array[...] = 0.1 + np.abs(drawn_) if name.endswith(".var") else drawn_
    return graph


def drawn(graph: gl.Graph) -> dict[str, Any]:
    given = {n: s.default for n, s in graph.network.inputs.items() if s.default is not None}
    return {**given, **fill_with_random(graph.network, {}, np.random.default_rng(1))}


def gradients(graph: gl.Graph, inputs: dict[str, Any], of: str) -> dict[str, Any]:
    """The gradients by the parameters that a value depends on."""
    result = graph.run(inputs, of=of).grad
    needed = graph.network.ancestors([graph.network.numbers[of]])
    names = [n for n, p in graph.network.params.items() if needed[graph.network.numbers[n]] and p.trainable]
    return {name: np.asarray(result[name]) for name in names if name in result}


def counterparts(array: Any, graph: gl.Graph) -> list[str]:
    return [n for n, x in graph.params.items() if np.shape(x) == np.shape(array) and np.array_equal(x, array)]


def same(name: str, ours: Any, theirs: Any) -> None:
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    assert ours.shape == theirs.shape, name
    if ours.dtype.kind != "f":
        np.testing.assert_array_equal(ours, theirs, err_msg=name)
        return
    size = max(1.0, float(np.max(np.abs(ours[np.isfinite(ours)]), initial=0)))
    np.testing.assert_allclose(ours, theirs, atol=TOLERANCE * size, rtol=0, err_msg=name)
