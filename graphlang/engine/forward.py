"""A run by the interpreter: the values of a forward pass, from which backward can be started."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from graphlang.diagnostics import GraphError
from graphlang.diagnostics.running import SeedOfOtherShape, WrongSeed
from graphlang.engine.model import Model
from graphlang.engine.parts import Part, parts
from graphlang.engine.random_streams import StreamRandom
from graphlang.engine.recorder import recorded_gradients
from graphlang.engine.result import Gradients, Named, Result, unknown_value
from graphlang.engine.tape import Tape
from graphlang.inputs.input_values import BoundInputs, bind_inputs
from graphlang.spec.network import Network


def forward(model: Model, inputs: Mapping[str, Any], *, training: bool = False) -> Forward:
    """Computes every value that the file names; raises GraphError for missing or wrong inputs."""
    network = model.network
    names = [*(n.name for n in network.nodes if n.spec.named), *network.spec.outputs]
    numbers = [network.numbers[name] for name in names]
    bound = bind_inputs(network, inputs, model.dtype, _needed(network, numbers, inputs), model.file)
    # A result keeps its values when the caller goes on writing into the arrays of the inputs.
    bound.values = {number: np.array(value) for number, value in bound.values.items()}
    return Forward(model, run(model, bound, numbers, training=training))


def _needed(network: Network, numbers: list[int], inputs: Mapping[str, Any]) -> list[str]:
    """The inputs that a run has to have: where several values are named, all of them are looked at."""
    if len(numbers) > len(network.spec.outputs):
        return sorted(network.inputs)
    names, sizes = network.sources_of(numbers)
    with_default = [n for n, spec in network.inputs.items() if spec.default is not None and numbers]
    return sorted({*names, *with_default, *network.inputs_with(sizes, inputs)})


def run(model: Model, bound: BoundInputs, numbers: Iterable[int], *, training: bool) -> Tape:
    """A tape on which some values are computed, and all that they depend on."""
    network, numbers = model.network, list(numbers)
    needed = network.ancestors(numbers)
    params = {n: np.array(p) if needed[n] else p for n, p in model.params.numbered().items()}
    tape = Tape(
        network,
        {**bound.values, **params},
        dtype=model.dtype,
        sizes=bound.sizes,
        training=training,
        random=StreamRandom(np.random.default_rng(model.seed), model.dtype),
        derived=model.derived,
    )
    with model.diagnosed():
        return tape.forward(numbers)


def is_named(network: Network, name: str) -> bool:
    """Whether the file names a value: inputs, parameters and the nodes that have a name there."""
    number = network.numbers[name]
    return number < network.first_node or network.nodes[number - network.first_node].spec.named


class Forward(Named):
    """The values of a forward pass, from which backward can be started, as often as one likes."""

    def __init__(self, model: Model, tape: Tape) -> None:
        self._model = model
        self._tape = tape
        network = model.network
        computed = (n for n, value in zip(network.names, tape.values, strict=True) if value is not None)
        super().__init__([name for name in computed if is_named(network, name)], self._value)

    def __reduce__(self) -> Any:
        raise TypeError("a forward pass holds its graph at work: pickle or copy `.result()`, its values")

    def _value(self, name: str) -> Any:
        network = self._model.network
        number = network.numbers.get(name)
        if number is None or self._tape.values[number] is None:
            raise unknown_value(name, network.names, self._model.file)
        return self._tape.values[number]

    def is_float(self, name: str) -> bool:
        """Whether a value has a gradient: ints and bools have none."""
        return bool(self._value(name).dtype.kind == "f")

    def result(self) -> Result:
        """The values alone, with no gradients."""
        return Result(self._names, self._value, self._outputs(), None, Gradients([], self._value), self)

    def _outputs(self) -> list[str]:
        return [n for n in self._model.spec.outputs if n in self._names]

    def backward(self, seed: Any = None, of: str | None = None) -> Result:
        """The gradients of `of` with respect to every value, from the gradient `seed` there (default 1)."""
        model, tape = self._model, self._tape
        network = model.network
        start = model.start(of)
        y = self._value(start)
        seed = self._seed(seed, y, start)
        if y.dtype.kind != "f":
            raise GraphError([WrongSeed.no_float(start, model.file)])
        number = network.numbers[start]
        with model.diagnosed():
            if tape.through_grad(number):
                gradients = self._recorded(number, seed)
            else:
                gradients = tape.backward(number, seed)

        def gradient(name: str) -> Any:
            value = self._value(name)
            array = gradients.get(network.numbers[name])
            return np.zeros(np.shape(value), model.dtype) if array is None else array

        state = {n for n, p in network.params.items() if not p.trainable}  # it is remembered, not learned
        names = [n for n in self._names if self._value(n).dtype.kind == "f" and n not in state]
        grad = Gradients(names, gradient, lambda name: gradients.get(network.numbers[name]) is not None)
        return Result(self._names, self._value, self._outputs(), start, grad, self)

    def parts(self, result: Result) -> list[Part]:
        """How the gradient of every value divides among its uses: the parts of a value sum to its gradient.

        What backward starts from has the seed besides.
        """
        assert result.of is not None
        model, values = self._model, self._tape.values
        names = model.network.names
        floats = [i for i, v in enumerate(values) if v is not None and v.dtype.kind == "f"]
        arrived = [i for i in floats if result.grad.arrives(names[i])]
        gradients = {i: np.asarray(result.grad[names[i]], model.dtype) for i in arrived}
        with model.diagnosed():
            return parts(self._tape, model.network.numbers[result.of], gradients)

    def _recorded(self, number: int, seed: Any) -> dict[int, Any]:
        numbers = [i for i, v in enumerate(self._tape.values) if v is not None and v.dtype.kind == "f"]
        gradients = recorded_gradients(self._tape, number, numbers, seed)
        return dict(zip(numbers, gradients, strict=True))

    def _seed(self, seed: Any, y: Any, name: str) -> Any:
        if seed is None:
            return np.ones_like(y)
        model = self._model
        try:
            array = np.asarray(seed, model.dtype)
            return np.array(np.broadcast_to(array, y.shape))
        except OverflowError:
            raise GraphError([WrongSeed.too_large(name, model.file)]) from None
        except (ValueError, TypeError):
            actual = repr(seed) if isinstance(seed, str) else str(list(np.shape(seed)))
            raise GraphError([SeedOfOtherShape(name, model.file, y.shape, actual)]) from None
