"""A run by a backend: one program for all values, one for all values and gradients."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphlang.contracts.backend import BoundProgram
from graphlang.engine.executable import bound
from graphlang.engine.forward import Forward, copied_params, named_of, run_on
from graphlang.engine.model import Model
from graphlang.engine.recording import SEED, Storage, gradient_label, record_run, value_label
from graphlang.engine.result import Named, Result, unknown_value
from graphlang.engine.tape import Tape
from graphlang.inputs.input_values import BoundInputs
from graphlang.lazy import alone, lazy


class BackendForward(Forward):
    """A forward pass whose values, and gradients, are computed by programs of a backend.

    What a picture shows besides, as the parts of a gradient, is computed by NumPy when it is asked for.
    """

    def __init__(self, model: Model, bound: BoundInputs, numbers: list[int], *, training: bool) -> None:
        self._model, self._bound, self._numbers, self._training = model, bound, numbers, training
        self._params = copied_params(model, numbers)
        self._values: dict[int, Any] | None = None
        needed = model.network.ancestors(numbers)
        computed = [n.number for n in model.network.nodes if needed[n.number]]
        Named.__init__(self, named_of(model.network, [*self._leaves, *computed]), self._value)

    @property
    def _leaves(self) -> dict[int, Any]:
        """The inputs and parameters by number."""
        return {**self._bound.values, **self._params}

    @lazy
    def _tape(self) -> Tape:
        return run_on(self._model, self._bound, self._numbers, self._params, training=self._training)

    def computed(self) -> BackendForward:
        """The pass, once its values are computed."""
        self._run(None, None)
        return self

    def _value(self, name: str) -> Any:
        network = self._model.network
        if self._values is None:
            self._run(None, None)
        value = (self._values or {}).get(network.numbers.get(name, -1))
        if value is None:
            raise unknown_value(name, network.names, self._model.file)
        return value

    def backward(self, seed: Any = None, of: str | None = None) -> Result:
        start = self._model.start(of)
        return self._result_of(start, self._run(start, seed))

    def _run(self, of: str | None, seed: Any) -> dict[int, Any]:
        """Runs the program of the values, with `of` also of its gradients, which it returns by number."""
        number = None if of is None else self._model.network.numbers[of]
        program = self._program(number)
        with alone((id(program), "run")):
            return self._run_program(program, of, seed)

    def _run_program(self, program: BoundProgram, of: str | None, seed: Any) -> dict[int, Any]:
        model, network = self._model, self._model.network
        for value, array in self._leaves.items():
            if network.names[value] in program.inputs:
                program.give(network.names[value], array)
        if of is not None:
            seeded = program.inputs[SEED]
            program.give(SEED, self._seed(seed, seeded, of))
        program.fill(np.random.default_rng(model.seed))
        with model.running():
            program.run()
        known = range(len(network.names))
        labels = set(program.outputs)
        self._values = {i: program.take(value_label(i)) for i in known if value_label(i) in labels}
        return {i: program.take(gradient_label(i)) for i in known if gradient_label(i) in labels}

    def _program(self, of: int | None) -> BoundProgram:
        """The program for inputs of these shapes."""
        model = self._model
        types = tuple((n, a.shape, a.dtype) for n, a in sorted(self._bound.values.items()))
        key = (types, tuple(sorted(self._bound.sizes.items())), tuple(self._numbers), of, self._training)
        program: BoundProgram = model.runs.get_or_make(key, lambda: self._recorded(of))
        return program

    def _recorded(self, of: int | None) -> BoundProgram:
        model = self._model
        storage = {n: Storage(a.shape, a.dtype) for n, a in self._bound.values.items()}
        sizes, numbers = self._bound.sizes, self._numbers
        with model.diagnosed():
            return bound(
                model.backend,
                lambda: record_run(
                    model.network, storage, model.dtype, sizes, numbers, of, training=self._training
                ),
                {},
                model.threads,
            )
