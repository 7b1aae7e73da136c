"""A run by the interpreter: the values of a forward pass, from which backward can be started."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from graphlang.diagnostics import GraphError
from graphlang.diagnostics.running import SeedOfOtherShape, WrongSeed
from graphlang.engine.memory import refuse_large_run
from graphlang.engine.model import Model
from graphlang.engine.parts import Part, parts
from graphlang.engine.random_streams import StreamRandom
from graphlang.engine.result import Gradients, Named, Result, unknown_value
from graphlang.engine.tape import Tape
from graphlang.inputs.input_values import BoundInputs, bind_inputs
from graphlang.lazy import lazy
from graphlang.spec.network import Network


def bound_run(
    model: Model, inputs: Mapping[str, Any], *, training: bool = False
) -> tuple[BoundInputs, list[int]]:
    """The inputs of a run, and the numbers of the values that it computes."""
    network = model.network
    names = [*(n.name for n in network.nodes if n.spec.named), *network.spec.outputs]
    numbers = [network.numbers[name] for name in names]
    bound = bind_inputs(network, inputs, model.dtype, _needed(network, numbers, inputs), model.file)
    refuse_large_run(network, bound.values, model.dtype, bound.sizes, numbers, training=True)
    # A result keeps its values when the caller goes on writing into the arrays of the inputs.
    bound.values = {number: np.array(value) for number, value in bound.values.items()}
    return bound, numbers


def _needed(network: Network, numbers: list[int], inputs: Mapping[str, Any]) -> list[str]:
    """The inputs that a run has to have: where several values are named, all of them are looked at."""
    if len(numbers) > len(network.spec.outputs):
        return sorted(network.inputs)
    names, sizes = network.sources_of(numbers)
    with_default = [n for n, spec in network.inputs.items() if spec.default is not None and numbers]
    return sorted({*names, *with_default, *network.inputs_with(sizes, inputs)})


def run(model: Model, bound: BoundInputs, numbers: Iterable[int], *, training: bool) -> Tape:
    """A tape on which some values are computed, and all that they depend on."""
    numbers = list(numbers)
    return run_on(model, bound, numbers, copied_params(model, numbers), training=training)


def copied_params(model: Model, numbers: list[int]) -> dict[int, Any]:
    """The parameters; a result keeps the values of those that it needs when the caller changes them."""
    needed = model.network.ancestors(numbers)
    return {n: np.array(p) if needed[n] else p for n, p in model.params.numbered().items()}


def run_on(
    model: Model, bound: BoundInputs, numbers: list[int], params: Mapping[int, Any], *, training: bool
) -> Tape:
    """The same on a copy of the parameters."""
    network = model.network
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


def named_of(network: Network, numbers: Iterable[int]) -> list[str]:
    """The names of those values that the file names."""
    return [name for name in (network.names[number] for number in numbers) if is_named(network, name)]


class Forward(Named):
    """The values of a forward pass, from which backward can be started, as often as one likes."""

    def __init__(self, model: Model, tape: Tape) -> None:
        self._model = model
        vars(self)["_tape"] = tape
        computed = [number for number, value in enumerate(tape.values) if value is not None]
        super().__init__(named_of(model.network, computed), self._value)

    @lazy
    def _tape(self) -> Tape:
        """The run in NumPy."""
        raise NotImplementedError

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
        start = model.start(of)
        y = self._value(start)
        seed = self._seed(seed, y, start)
        number = model.network.numbers[start]
        with model.diagnosed():
            gradients = tape.every_gradient(number, seed)
        return self._result_of(start, gradients)

    def _result_of(self, start: str, gradients: Mapping[int, Any]) -> Result:
        """The values with these gradients; a value that none reaches has zeros."""
        model, network = self._model, self._model.network

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

    def _seed(self, seed: Any, y: Any, name: str) -> Any:
        """The gradient that arrives at `y`, of its shape; raises GraphError where it has none."""
        model = self._model
        try:
            array = np.asarray(1 if seed is None else seed, model.dtype)
            array = np.array(np.broadcast_to(array, y.shape))
        except OverflowError:
            raise GraphError([WrongSeed.too_large(name, model.file)]) from None
        except (ValueError, TypeError):
            actual = repr(seed) if isinstance(seed, str) else str(list(np.shape(seed)))
            meant = seed if isinstance(seed, str) and seed in self._names else None
            raise GraphError([SeedOfOtherShape(name, model.file, y.shape, actual, meant)]) from None
        if y.dtype.kind != "f":
            raise GraphError([WrongSeed.no_float(name, model.file)])
        return array
