"""Runs generated files of NumPy, in which nothing but NumPy and the standard library can be imported."""

from __future__ import annotations

import builtins
import inspect
from collections.abc import Mapping
from typing import Any

import numpy as np

import graphlang as gl
from graphlang.engine.random_streams import StreamRandom
from graphlang.engine.tape import Tape
from graphlang.inputs.input_values import bind_inputs

ALLOWED = {"numpy", "math", "hashlib"}


def executed(text: str) -> dict[str, Any]:
    """The names that a generated file defines."""

    def imported(name: str, *rest: Any) -> Any:
        assert name.split(".", maxsplit=1)[0] in ALLOWED, f"the file imports {name}"
        return __import__(name, *rest)

    names: dict[str, Any] = {
        "__name__": "generated",
        "__builtins__": {**vars(builtins), "__import__": imported},
    }
    exec(compile(text, "generated.py", "exec"), names)  # noqa: S102 - the text is our own
    return names


def network_of(names: Mapping[str, Any]) -> Any:
    """The class of the network: the last one with `predict`."""
    return [v for v in names.values() if isinstance(v, type) and hasattr(v, "predict")][-1]


def call(method: Any, inputs: Mapping[str, Any], **more: Any) -> Any:
    """Calls a method with those of the arguments that it takes."""
    taken = inspect.signature(method).parameters
    return method(**{name: value for name, value in {**inputs, **more}.items() if name in taken})


def engine_tape(graph: gl.Graph, inputs: Mapping[str, Any], *, training: bool) -> Tape:
    """What the engine computes, with random numbers from the seed 5."""
    network = graph.network
    bound = bind_inputs(network, inputs, graph.dtype, list(network.inputs), graph.file)
    leaves = {**bound.values, **graph.model.params.numbered()}
    generator = StreamRandom(np.random.default_rng(5), graph.dtype)
    tape = Tape(network, leaves, dtype=graph.dtype, sizes=bound.sizes, training=training, random=generator)
    with np.errstate(all="ignore"):
        return tape.forward()


def close(found: Any, expected: Any, tolerance: float, what: str) -> None:
    """Holds that two arrays agree, relative to the largest of their numbers."""
    finite = np.abs(expected)[np.isfinite(expected)] if np.size(expected) else np.zeros(1)
    scale = float(np.max(finite, initial=1e-3))
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance * scale, err_msg=what)


def compare(
    graph: gl.Graph, text: str, inputs: Mapping[str, Any], tolerance: float, *, training: bool = False
) -> int:
    """Holds values and gradients of a file to those of the engine; returns how many gradients there were."""
    names = executed(text)
    network, numbers = graph.network, graph.network.numbers
    net = network_of(names)()
    for name, value in getattr(net, "params", {}).items():
        value[...] = graph.params[name]
    tape = engine_tape(graph, inputs, training=training)
    names["rng"] = np.random.default_rng(5)
    with np.errstate(all="ignore"):
        found = call(net.predict, inputs, train_flg=training)
        outputs = list(network.spec.outputs) or [n.name for n in network.nodes][-1:]
        for name, value in zip(outputs, found if isinstance(found, tuple) else (found,), strict=True):
            expected = tape.values[numbers[name]]
            close(value, expected, tolerance, name)
            assert isinstance(value, int) or np.asarray(value).dtype == expected.dtype, name
        if not hasattr(net, "gradient"):
            return 0
        fresh = network_of(names)()
        for name, value in getattr(fresh, "params", {}).items():
            value[...] = graph.params[name]
        names["rng"] = np.random.default_rng(5)
        gradients = call(fresh.gradient, inputs, train_flg=training)
        start = graph.spec.train.minimize if graph.spec.train else outputs[0]
        expected = tape.every_gradient(numbers[start], np.ones_like(tape.values[numbers[start]]))
    for name, value in gradients.items():
        own = expected.get(numbers[name])
        own = np.zeros(np.shape(value)) if own is None else own
        close(value, own, tolerance, f"the gradient of {name}")
    trained = [n for n, p in network.params.items() if p.trainable]
    floats = [n for n, spec in network.inputs.items() if spec.dtype == "float"]
    missing = [n for n in [*trained, *floats] if n not in gradients and np.any(expected.get(numbers[n], 0))]
    assert not missing, f"no gradient of {missing}"
    return len(gradients)
