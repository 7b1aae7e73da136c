"""Compiled graphs: programs planned per shape when it is first seen, kept in a bounded cache."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from graphlang.contracts.initializer import stream
from graphlang.diagnostics import GraphError
from graphlang.diagnostics.running import CannotRunForInputs
from graphlang.engine.executable import Executable, built
from graphlang.engine.garbage import collection_paused
from graphlang.engine.passes import optimised
from graphlang.engine.plain_products import plain_products
from graphlang.engine.plan import Memory, memory_of
from graphlang.engine.recording import Recording, Storage, record_forward, record_gradients
from graphlang.engine.result import plain
from graphlang.engine.scalar import keyword_function
from graphlang.inputs.input_values import prepare, wrong_indices
from graphlang.trace.whole_numbers import NoInt

if TYPE_CHECKING:
    from graphlang.api import Graph

CAPACITY = 16
"""Programs that one compiled graph keeps: the last batch of an epoch and a few other sizes."""


class Compiled:
    """What `Graph.compile` gives: a callable on keywords, or on one mapping.

    Calls from several threads wait for one another: a program has one set of buffers. Compile once per
    thread for more.
    """

    def __init__(self, graph: Graph, needed_for: Sequence[int], dtype: Any, threads: int | None) -> None:
        self._graph = graph
        self._dtype = np.dtype(dtype)
        self._threads = threads
        self._lock = threading.Lock()
        network = graph.network
        self._inputs, self._sizes = network.sources_of(list(needed_for))
        self._indices = [n for n in self._inputs if network.inputs[n].below is not None]
        self._kept: OrderedDict[Any, Any] = OrderedDict()
        #: the sizes that each kept program was recorded for
        self._recorded_for: dict[Any, Mapping[str, int]] = {}
        self._calls = 0

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._graph!r}>"

    def __reduce__(self) -> Any:
        raise TypeError(
            "a compiled program is neither pickled nor copied: pickle the graph, and compile it again"
        )

    # ---- subclasses say what is recorded, and what a run gives -----------------------------------------

    def _record(self, inputs: Mapping[int, Storage], sizes: Mapping[str, int]) -> Recording:
        raise NotImplementedError

    def _result(self, executable: Executable) -> Any:
        raise NotImplementedError

    # ---- calling ------------------------------------------------------------------------------------------

    def __call__(self, inputs: Mapping[str, Any] | None = None, /, **named: Any) -> Any:
        given = {**inputs, **named} if inputs else named
        with self._lock:
            executable = self._planned(given)
            executable.renew()
            self._fill_random(executable)
            self._run(executable)
            if executable.fails:
                executable = self._without_plain_products(executable)
            return self._result(executable)

    def _without_plain_products(self, failed: Executable) -> Executable:
        """The program that has just failed, built anew and run on the same inputs; it stays in its place."""
        key = next(key for key, kept in self._kept.items() if kept is failed)
        arrays = {name: failed.inputs[name] for name in self._inputs}
        executable = self._plan(key, arrays, self._recorded_for[key], plain=False)
        for label in (*arrays, *failed.draws):
            executable.give(label, failed.inputs[label])
        self._run(executable)
        return executable

    def _run(self, executable: Executable) -> None:
        try:
            executable.run()
        except NoInt as error:
            raise self._graph._no_int(error) from error
        except (ValueError, IndexError, TypeError, ArithmeticError) as error:
            raise GraphError([CannotRunForInputs("the graph", str(error))]) from error

    def _planned(self, given: Mapping[str, Any]) -> Executable:
        """The program for the shapes of the inputs, its inputs filled."""
        key = self._key_of(given)
        found = None if key is None else self._kept.get(key)
        if found is not None:
            arrays: Mapping[str, Any] = given
            self._check_indices(given)
        else:
            network = self._graph.network
            feeds = prepare(network, given, self._dtype, self._needed(given), self._graph.file)
            arrays = {n: feeds.values[network.numbers[n]] for n in self._inputs}
            sizes = self._own_sizes(arrays, feeds.sizes)
            key = (self._types(arrays), tuple([sizes[s] for s in self._sizes]))
            found = self._kept.get(key)
            if found is None:
                found = self._plan(key, arrays, sizes)
        self._kept.move_to_end(key)
        for name in self._inputs:
            found.give(name, arrays[name])
        return found

    def _check_indices(self, given: Mapping[str, Any]) -> None:
        """What `prepare` checks of the contents of arrays whose shapes and types are known."""
        if not self._indices:
            return
        network = self._graph.network
        sizes: dict[str, int] = {}
        for name in self._inputs:
            sizes.update(zip(map(str, network.inputs[name].shape or ()), given[name].shape, strict=False))
        problems = wrong_indices(network, {network.numbers[n]: given[n] for n in self._indices}, sizes)
        if problems:
            raise GraphError(problems)

    def _needed(self, given: Collection[str]) -> list[str]:
        """The inputs that a call must have: for their values, or for a size."""
        return [*self._inputs, *self._graph.network.bringing(self._sizes, given)]

    def _key_of(self, given: Mapping[str, Any]) -> Any:
        """The key of the program, where it needs nothing but arrays that are there; else None."""
        if self._sizes or len(given) != len(self._inputs):
            return None
        types = self._types(given)
        return None if types is None else (types, ())

    def _types(self, given: Mapping[str, Any]) -> tuple[Any, ...] | None:
        """Shapes and types of the inputs, where all are arrays already; else None."""
        parts = []
        for name in self._inputs:
            value = given.get(name)
            if value.__class__ is not np.ndarray:
                return None
            parts.append((value.shape, value.dtype))
        return tuple(parts)

    def _own_sizes(self, arrays: Mapping[str, Any], sizes: Mapping[str, int]) -> dict[str, int]:
        """The sizes that the key tells apart: a program is recorded with no others."""
        inputs = self._graph.network.inputs
        named = {s for n in arrays for s in inputs[n].shape or () if s in sizes}
        return {s: sizes[s] for s in sizes if s in named or s in self._sizes}

    def _plan(
        self, key: Any, arrays: Mapping[str, Any], sizes: Mapping[str, int], *, plain: bool = True
    ) -> Executable:
        numbers = self._graph.network.numbers
        storage = {numbers[n]: Storage(a.shape, a.dtype) for n, a in arrays.items()}
        with self._graph._diagnosed():
            executable = built(
                lambda: self._record(storage, sizes), self._bound, self._threads, lent=arrays, plain=plain
            )
        self._kept[key], self._recorded_for[key] = executable, sizes
        while len(self._kept) > CAPACITY:
            del self._recorded_for[self._kept.popitem(last=False)[0]]
        return executable

    def _bound(self) -> Mapping[str, Any]:
        """Arrays that the program uses where they lie: the parameters."""
        params = self._graph.params
        if self._dtype == params.dtype:
            return {name: params[name] for name in params}
        return {name: params[name].astype(self._dtype) for name in params}

    def _fill_random(self, executable: Executable) -> None:
        if executable.draws:
            self._calls += 1
            generator = stream(self._graph.seed, f"random of call {self._calls}")
            executable.fill(generator)

    def plan_for(self, batch: int) -> None:
        """Plans ahead for a batch of that many rows, where that decides every shape."""
        network = self._graph.network
        values: dict[str, Any] = {}
        for name in self._needed(()):
            spec = network.inputs[name]
            shape = tuple(
                batch if i == 0 and isinstance(s, str) else s for i, s in enumerate(spec.shape or ())
            )
            if not all(isinstance(s, int) for s in shape):
                return
            kind = {"float": self._dtype, "int": np.int64, "bool": np.bool_}[spec.dtype]
            values[name] = np.zeros(shape, kind)
        with self._lock:
            self._planned(values)

    @property
    def memory(self) -> Memory | None:
        """The bytes of the program last used or planned, by what they are for; None before the first."""
        kept = self.executables
        return (
            None if not kept else memory_of(kept[-1].plan, set(self._graph.network.params), kept[-1].threads)
        )

    @property
    def executables(self) -> list[Executable]:
        """The programs that are kept, the one last used at the end."""
        return list(self._kept.values())


class CompiledForward(Compiled):
    """The outputs of a graph in evaluation mode."""

    def __init__(self, graph: Graph, names: Sequence[str], dtype: Any, threads: int | None) -> None:
        self._names = list(names)
        self._numbers = {n: graph.network.numbers[n] for n in names}
        super().__init__(graph, list(self._numbers.values()), dtype, threads)

    def _record(self, inputs: Mapping[int, Storage], sizes: Mapping[str, int]) -> Recording:
        return record_forward(self._graph.network, inputs, self._dtype, sizes, self._numbers)

    def _result(self, executable: Executable) -> Any:
        found = {n: plain(executable.take(n)) for n in self._names}
        return next(iter(found.values())) if len(found) == 1 else found


class CompiledGradient(Compiled):
    """A value and its gradients: (value, {name: gradient})."""

    def __init__(self, graph: Graph, of: str, wrt: Sequence[str], dtype: Any, threads: int | None) -> None:
        self._of = graph.network.numbers[of]
        self._wrt = {n: graph.network.numbers[n] for n in wrt}
        super().__init__(graph, [self._of, *self._wrt.values()], dtype, threads)

    def _record(self, inputs: Mapping[int, Storage], sizes: Mapping[str, int]) -> Recording:
        return record_gradients(self._graph.network, inputs, self._dtype, sizes, self._of, self._wrt)

    def of_scalars(self) -> Callable[..., Any] | None:
        """The same as a straight-line function of the inputs by keyword, where the graph is one of float64
        scalars; arrays and all that is unusual still come here."""
        network = self._graph.network
        if self._dtype != np.float64 or network.params:
            return None
        specs = {n: network.inputs[n] for n in self._inputs}
        if self._sizes or any(s.shape not in (None, ()) or s.dtype != "float" for s in specs.values()):
            return None
        storage = {network.numbers[n]: Storage((), np.dtype(np.float64)) for n in self._inputs}
        with self._graph._diagnosed(), collection_paused():
            program, telling = plain_products(self._record(storage, {}).program)
            program = optimised(program)
        keyed = {n: f"gradient {n}" for n in self._wrt}
        defaults = {n: _number(spec.default) for n, spec in specs.items()}
        return keyword_function(program, defaults, "value", keyed, self._unusual, telling)

    def _unusual(
        self, inputs: Mapping[str, Any] | None, values: Sequence[Any], more: Mapping[str, Any]
    ) -> Any:
        """A call of the straight-line function that it left to the planned program."""
        given = {n: v for n, v in zip(self._inputs, values, strict=True) if v is not None}
        return self({**given, **(inputs or {}), **more})

    def _result(self, executable: Executable) -> Any:
        gradients = {n: plain(executable.take(f"gradient {n}")) for n in self._wrt}
        return plain(executable.take("value")), gradients


def _number(default: Any) -> Any:
    """A default as a float, where it is one number."""
    return float(default) if type(default) in (int, float) else default
