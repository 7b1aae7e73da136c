"""Compiled graphs: a program for each shape of the inputs, planned when the shape is first seen."""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np

from graphlang.contracts.backend import BoundProgram
from graphlang.contracts.initializer import stream
from graphlang.contracts.memory import Memory
from graphlang.diagnostics import GraphError
from graphlang.engine.executable import Executable, bound
from graphlang.engine.garbage import collection_paused
from graphlang.engine.memory import refuse_large_run
from graphlang.engine.model import Model
from graphlang.engine.passes import optimised
from graphlang.engine.plain_products import plain_products
from graphlang.engine.recording import Recording, Storage, record_forward, record_gradients
from graphlang.engine.result import plain, unknown_value
from graphlang.engine.scalar import keyword_function
from graphlang.engine.updates import STEP
from graphlang.inputs.input_values import bind_inputs, pointing_to_an_output, wrong_indices
from graphlang.spec.recently_used import RecentlyUsed

CAPACITY = 16
"""How many programs a compiled graph keeps: enough for the last batch of an epoch and a few other sizes."""


class CachedProgram(NamedTuple):
    """A program with its key in the cache and the sizes for which it was planned."""

    key: Any
    sizes: Mapping[str, int]
    executable: Any


class Compiled:
    """What `Graph.compile` gives: a callable on keywords, or on one mapping.

    Calls from several threads wait for one another: a program has one set of buffers. Compile once per
    thread for more.
    """

    def __init__(self, model: Model, needed_for: Sequence[int]) -> None:
        self._model = model
        self._dtype = model.dtype
        self._lock = threading.Lock()
        network = model.network
        self._needed_for = list(needed_for)
        self._inputs, self._sizes = network.sources_of(self._needed_for)
        self._indices = [n for n in self._inputs if network.inputs[n].below is not None]
        self._programs: RecentlyUsed[CachedProgram] = RecentlyUsed(CAPACITY)
        self._calls = 0

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of Graph({self._model.described})>"

    def __reduce__(self) -> Any:
        raise TypeError(
            "a compiled program is neither pickled nor copied: pickle the graph, and compile it again"
        )

    # ---- for subclasses: what to record, and what to return --------------------------------------------

    def _record(self, inputs: Mapping[int, Storage], sizes: Mapping[str, int]) -> Recording:
        raise NotImplementedError

    def _result(self, executable: BoundProgram) -> Any:
        raise NotImplementedError

    # ---- calling ------------------------------------------------------------------------------------------

    def __call__(self, inputs: Mapping[str, Any] | None = None, /, **named: Any) -> Any:
        arrays = {**inputs, **named} if inputs else named
        with self._lock:
            planned = self._planned(arrays)
            executable = planned.executable
            executable.renew()
            self._fill_random(executable)
            self._run(executable)
            if executable.fails:
                executable = self._without_plain_products(planned)
            return self._result(executable)

    def _without_plain_products(self, failed: CachedProgram) -> BoundProgram:
        """Replaces a program that has just failed by one without plain products, and runs that on the same
        inputs."""
        inputs = failed.executable.inputs
        arrays = {name: inputs[name] for name in self._inputs}
        executable: BoundProgram = self._plan(failed.key, arrays, failed.sizes, plain=False).executable
        for label in (*arrays, *failed.executable.draws):
            executable.give(label, inputs[label])
        self._run(executable)
        return executable

    def _run(self, executable: BoundProgram) -> None:
        self._model.params.refresh()
        with self._model.running():
            executable.run()

    def _planned(self, inputs: Mapping[str, Any]) -> CachedProgram:
        """The program for the shapes of the inputs, once it has the inputs."""
        key = self._key_of(inputs)
        planned = None if key is None else self._programs.get(key)
        if planned is not None:
            arrays: Mapping[str, Any] = inputs
            self._check_indices(inputs)
        else:
            model = self._model
            bound = bind_inputs(model.network, inputs, self._dtype, self._needed(inputs), model.file)
            arrays = {n: bound.values[model.network.numbers[n]] for n in self._inputs}
            sizes = self._own_sizes(arrays, bound.sizes)
            key = (self._types(arrays), tuple([sizes[s] for s in self._sizes]))
            planned = self._programs.get(key) or self._plan(key, arrays, sizes)
        executable = planned.executable
        for name in self._inputs:
            executable.give(name, arrays[name])
        return planned

    def _check_indices(self, inputs: Mapping[str, Any]) -> None:
        """Checks the indices in arrays for which there is a program; `bind_inputs` checks the others."""
        if not self._indices:
            return
        network = self._model.network
        sizes: dict[str, int] = {}
        for name in self._inputs:
            named = zip(network.axes[name], inputs[name].shape, strict=False)
            sizes.update({axis: size for axis, size in named if axis is not None})
        problems = wrong_indices(network, {network.numbers[n]: inputs[n] for n in self._indices}, sizes)
        if problems:
            raise GraphError(problems)

    def _needed(self, inputs: Collection[str]) -> list[str]:
        """The inputs that a call needs for their values, or for a size."""
        return [*self._inputs, *self._model.network.inputs_with(self._sizes, inputs)]

    def _key_of(self, inputs: Mapping[str, Any]) -> Any:
        """The key of the program where all that it needs are arrays; else None."""
        if self._sizes or len(inputs) != len(self._inputs):
            return None
        types = self._types(inputs)
        return None if types is None else (types, ())

    def _types(self, inputs: Mapping[str, Any]) -> tuple[Any, ...] | None:
        """Shapes and types of the inputs where all are arrays; else None."""
        parts = []
        for name in self._inputs:
            value = inputs.get(name)
            if value.__class__ is not np.ndarray:
                return None
            parts.append((value.shape, value.dtype))
        return tuple(parts)

    def _own_sizes(self, arrays: Mapping[str, Any], sizes: Mapping[str, int]) -> dict[str, int]:
        """The sizes that belong to the key: a program must not depend on others."""
        axes = self._model.network.axes
        named = {axis for name in arrays for axis in axes[name]}
        return {s: sizes[s] for s in sizes if s in named or s in self._sizes}

    def _plan(
        self, key: Any, arrays: Mapping[str, Any], sizes: Mapping[str, int], *, plain: bool = True
    ) -> CachedProgram:
        model, numbers = self._model, self._model.network.numbers
        storage = {numbers[n]: Storage(a.shape, a.dtype) for n, a in arrays.items()}
        refuse_large_run(model.network, storage, model.dtype, sizes, self._needed_for, planned=True)
        with model.diagnosed():
            executable = bound(
                model.backend,
                lambda: self._record(storage, sizes),
                self._bound,
                model.threads,
                lent=arrays,
                plain=plain,
                memory=model.network.limits.memory,
            )
        planned = self._programs[key] = CachedProgram(key, sizes, executable)
        return planned

    def _bound(self) -> Mapping[str, Any]:
        """The parameters: arrays that the program reads and updates in place."""
        return dict(self._model.params)

    def _fill_random(self, executable: BoundProgram) -> None:
        if executable.draws:
            self._calls += 1
            generator = stream(self._model.seed, f"random of call {self._calls}")
            executable.fill(generator)

    def plan_for(self, batch: int) -> None:
        """Plans ahead for a batch of that many rows, where that decides every shape."""
        network = self._model.network
        values: dict[str, Any] = {}
        for name in self._needed(()):
            spec = network.inputs[name]
            shape = tuple(
                batch if i == 0 and not isinstance(s, int) else s for i, s in enumerate(spec.shape or ())
            )
            if not all(isinstance(s, int) for s in shape):
                return
            kind = {"float": self._dtype, "int": np.int64, "bool": np.bool_}[spec.dtype]
            values[name] = np.zeros(shape, kind)
        with self._lock:
            self._planned(values)

    @property
    def memory(self) -> Memory | None:
        """The bytes of the program last used or planned, by what they are for; None before the first, and
        where a backend does not tell."""
        kept = list(self._programs.values())
        memory: Memory | None = kept[-1].executable.memory(set(self._model.network.params)) if kept else None
        return memory

    @property
    def executables(self) -> list[Executable]:
        """The programs of NumPy's engine that are kept, the one last used at the end."""
        kept = [planned.executable for planned in self._programs.values()]
        return [executable for executable in kept if isinstance(executable, Executable)]


class CompiledForward(Compiled):
    """The outputs of a graph in evaluation mode."""

    def __init__(self, model: Model, names: Sequence[str]) -> None:
        self._numbers = {n: model.network.numbers[n] for n in names}
        super().__init__(model, list(self._numbers.values()))

    def _record(self, inputs: Mapping[int, Storage], sizes: Mapping[str, int]) -> Recording:
        return record_forward(self._model.network, inputs, self._dtype, sizes, self._numbers)

    def _result(self, executable: BoundProgram) -> Any:
        values = {n: plain(executable.take(n)) for n in self._numbers}
        return next(iter(values.values())) if len(values) == 1 else values


class Predictor:
    """The outputs in evaluation mode; the error for a missing input names a value that does not need it."""

    def __init__(self, model: Model) -> None:
        self._network = model.network
        self._outputs = CompiledForward(model, list(model.spec.outputs))

    def __call__(self, inputs: Mapping[str, Any]) -> Any:
        try:
            return self._outputs(inputs)
        except GraphError as error:
            error.diagnostics[:] = pointing_to_an_output(self._network, error.diagnostics)
            raise


class CompiledGradient(Protocol):
    """A value and its gradients: `vg(apple=...)` gives `(value, {"apple": gradient})`.

    Where the graph is one of scalars it is a plain Python function, else a PlannedGradient.
    """

    def __call__(
        self, inputs: Mapping[str, Any] | None = None, /, **named: Any
    ) -> tuple[Any, dict[str, Any]]: ...


class PlannedGradient(Compiled):
    """A value and its gradients by planned programs."""

    def __init__(self, model: Model, of: str | None, wrt: Sequence[str]) -> None:
        for name in wrt:
            if name not in model.network.numbers:
                raise unknown_value(name, model.network.names, model.file)
        self._of = model.network.numbers[model.start(of)]
        self._wrt = {n: model.network.numbers[n] for n in wrt}
        super().__init__(model, [self._of, *self._wrt.values()])

    def _record(self, inputs: Mapping[int, Storage], sizes: Mapping[str, int]) -> Recording:
        return record_gradients(self._model.network, inputs, self._dtype, sizes, self._of, self._wrt)

    def of_scalars(self) -> CompiledGradient | None:
        """The same as a straight-line function of the inputs by keyword, where the graph is one of float64
        scalars; it calls this program for arrays and for all else that is unusual."""
        network = self._model.network
        if self._dtype != np.float64 or network.params or self._model.backend is not None:
            return None
        specs = {n: network.inputs[n] for n in self._inputs}
        if self._sizes or any(s.shape not in (None, ()) or s.dtype != "float" for s in specs.values()):
            return None
        storage = {network.numbers[n]: Storage((), np.dtype(np.float64)) for n in self._inputs}
        with self._model.diagnosed(), collection_paused():
            program, telling = plain_products(self._record(storage, {}).program)
            program = optimised(program)
        keyed = {n: f"gradient {n}" for n in self._wrt}
        defaults = {n: _number(spec.default) for n, spec in specs.items()}
        return keyword_function(program, defaults, "value", keyed, self._unusual, telling)

    def _unusual(
        self, inputs: Mapping[str, Any] | None, values: Sequence[Any], more: Mapping[str, Any]
    ) -> Any:
        """Runs the planned program for a call that the straight-line function cannot compute."""
        by_name = {n: v for n, v in zip(self._inputs, values, strict=True) if v is not None}
        return self({**by_name, **(inputs or {}), **more})

    def _result(self, executable: BoundProgram) -> Any:
        gradients = {n: plain(executable.take(f"gradient {n}")) for n in self._wrt}
        return plain(executable.take("value")), gradients


class TrainingGradient(PlannedGradient):
    """A value and its gradients as a training step computes them: each call is a step, with random numbers of
    its own, after which layers remember what they saw."""

    def __init__(self, model: Model, of: str | None, wrt: Sequence[str]) -> None:
        super().__init__(model, of, wrt)
        #: how many calls there have been
        self.t = 0

    def _record(self, inputs: Mapping[int, Storage], sizes: Mapping[str, int]) -> Recording:
        network = self._model.network
        return record_gradients(network, inputs, self._dtype, sizes, self._of, self._wrt, training=True)

    def _plan(
        self, key: Any, arrays: Mapping[str, Any], sizes: Mapping[str, int], *, plain: bool = True
    ) -> CachedProgram:
        """With exact products, as in a training step: a call that is made twice would be two steps."""
        return super()._plan(key, arrays, sizes, plain=False)

    def _fill_random(self, executable: BoundProgram) -> None:
        if STEP in executable.inputs:
            executable.give(STEP, np.asarray(float(self.t + 1)))
        if executable.draws:
            executable.fill(stream(self._model.seed, f"random of step {self.t + 1}"))

    def _result(self, executable: BoundProgram) -> Any:
        self.t += 1
        for label in executable.outputs:
            if label.startswith("state "):
                self._model.params[label.removeprefix("state ")][...] = executable.output(label)
        return super()._result(executable)


def _number(default: Any) -> Any:
    """A default as a float, where it is one number."""
    return float(default) if type(default) in (int, float) else default
