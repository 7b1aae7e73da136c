"""A graph in Python: its parts, and what runs and checks it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Never, NoReturn, overload

import numpy as np

from graphlang.api.trainable import Trainable
from graphlang.backends.choice import choice
from graphlang.catalog.finder import Catalog
from graphlang.catalog.operation import Layer
from graphlang.diagnostics import Diagnostic
from graphlang.diagnostics.limits import DEFAULT, Limits
from graphlang.diagnostics.python_arguments import precision, whole
from graphlang.engine.forward import Forward
from graphlang.engine.memory import refuse_large_parameters
from graphlang.engine.model import Model
from graphlang.engine.parameters import Params
from graphlang.engine.result import Result
from graphlang.engine.runs import both_ways, forward
from graphlang.inputs.call import (
    METHODS,
    MissingAttribute,
    inputs_by_name,
    name_list,
)
from graphlang.inputs.files_for_rows import refuse_named_rows
from graphlang.inputs.frames import columns_of, is_frame
from graphlang.inputs.options import check_compile_options, check_options, refuse_option
from graphlang.lazy import lazy
from graphlang.report.viewed import Viewed
from graphlang.spec.models import InputSpec, OutputSpec, Spec
from graphlang.spec.network import Network, build
from graphlang.spec.shown import Shown
from graphlang.spec.validated import validated_spec

if TYPE_CHECKING:
    import networkx as nx

    from graphlang.backends.options import Jax
    from graphlang.checks.gradcheck import Report
    from graphlang.compare.values import ComparedValues
    from graphlang.engine.compiled import CompiledForward, CompiledGradient, PlannedGradient, Predictor
    from graphlang.engine.quick import QuickRuns
    from graphlang.training.record import History
    from graphlang.training.step import TrainStep

OwnLayers = Iterable[type[Layer] | Callable[..., Any]]
"""Layers, losses, functions, optimizers, schedules, initializers and data sources of one's own."""


def checked_limits(limits: Limits | None) -> Limits:
    """The limits that are given, or the defaults."""
    if limits is not None and not isinstance(limits, Limits):
        raise TypeError(f"limits is a gl.Limits, as gl.Limits(nodes=10**7), not {type(limits).__name__}")
    return limits or DEFAULT


class Graph(Trainable, Viewed, Shown):
    """A graph with its parameters: run it, train it, look at it.

    Values come back as Python floats for scalars and NumPy arrays otherwise. No call prints, writes a
    file unless asked to, or touches global state.
    """

    def __init__(
        self,
        spec: Spec,
        catalog: Catalog | None = None,
        notes: Iterable[Diagnostic] = (),
        *,
        dtype: str | None = None,
        seed: int | None = None,
        threads: int | None = None,
        folder: str | os.PathLike[str] | None = None,
        backend: str | Jax | None = None,
        limits: Limits | None = None,
        **unknown: Never,
    ) -> None:
        if not isinstance(spec, Spec):
            raise TypeError(f"Graph is made of a Spec, not {spec!r}: gl.load reads a file, gl.loads a text")
        check_options("Graph", unknown, spec)
        self._catalog = catalog or Catalog()
        network = build(spec, self._catalog, checked_limits(limits))
        train = spec.train
        kind = precision(dtype) or np.dtype(train.dtype if train else "float64")
        refuse_large_parameters(network, kind)
        seed = whole("seed", seed, 0)
        seed = seed if seed is not None else train.seed if train else 0
        params = Params(network, kind, seed)
        where = None if folder is None else Path(folder)
        runner, more = choice(backend, network, kind)
        self._model = Model(network, params, kind, seed, whole("threads", threads, 1), where, runner)
        #: notes and warnings that came with the file
        self.notes: tuple[Diagnostic, ...] = (*notes, *more)
        #: what the last training recorded, also where it was interrupted
        self.history: History | None = None
        self._was_run = False

    @classmethod
    def from_spec(
        cls,
        spec: Spec | str | Mapping[str, Any],
        *,
        dtype: str | None = None,
        seed: int | None = None,
        layers: OwnLayers = (),
        backend: str | Jax | None = None,
        limits: Limits | None = None,
        **unknown: Never,
    ) -> Graph:
        """The graph of a spec: the model, its JSON, or its JSON's object. Raises GraphError."""
        model = validated_spec(spec)
        check_options("from_spec", unknown, model)
        return cls(model, Catalog(layers), dtype=dtype, seed=seed, backend=backend, limits=limits)

    # ---- its parts and settings ---------------------------------------------------------------------------

    @property
    def spec(self) -> Spec:
        """The validated Pydantic model; its JSON round-trips through `from_spec`."""
        return self._model.spec

    @property
    def graph(self) -> nx.DiGraph[str]:
        """The NetworkX graph: a node per value."""
        return self._model.network.digraph

    @property
    def inputs(self) -> dict[str, InputSpec]:
        """The inputs in order, with their types and defaults."""
        return dict(self._model.network.inputs)

    @property
    def outputs(self) -> dict[str, OutputSpec]:
        """The outputs in order, with their types."""
        return dict(self._model.network.outputs)

    @property
    def params(self) -> Params:
        """The parameters in order: arrays that one may assign into."""
        return self._model.params

    @property
    def dtype(self) -> np.dtype[Any]:
        """The precision of the graph."""
        return self._model.dtype

    @property
    def seed(self) -> int:
        """The seed from which every random stream is derived."""
        return self._model.seed

    @property
    def threads(self) -> int | None:
        """How many threads its programs may use; None is all cores that the process may use."""
        return self._model.threads

    @property
    def backend(self) -> str:
        """What computes: "numpy" or "jax"."""
        return "numpy" if self._model.backend is None else self._model.backend.name

    @property
    def file(self) -> str | None:
        """The name of the file it came from."""
        return self._model.file

    @property
    def folder(self) -> Path | None:
        """The folder that the spec may take data from."""
        return self._model.folder

    @property
    def network(self) -> Network:
        """The nodes in order with their operations."""
        return self._model.network

    @property
    def model(self) -> Model:
        """The network with its parameters and settings, for the modules that train, check and report."""
        return self._model

    def __repr__(self) -> str:
        return f"Graph({self._model.described})"

    def __dir__(self) -> list[str]:
        return [name for name in super().__dir__() if name not in METHODS]

    def __reduce__(self) -> Any:
        """A pickle or a copy holds the spec, what is the user's own, the parameters and what was learned."""
        model = self._model
        backend = None if model.backend is None else model.backend.options
        options: dict[str, Any] = {
            "dtype": str(model.dtype),
            "seed": model.seed,
            "threads": model.threads,
            "backend": backend,
            "folder": model.folder,
            "limits": model.network.limits,
        }
        layers = tuple(self._catalog.own_targets)
        state = (model.params.copies(), self.history, dict(model.learned))
        return _restored, (model.spec, layers, self.notes, options), state

    def __setstate__(self, state: tuple[dict[str, Any], History | None, dict[str, Any]]) -> None:
        params, self.history, learned = state
        self._model.learned.update(learned)
        for name, array in params.items():
            self.params[name] = array

    # ---- running ----------------------------------------------------------------------------------------

    def run(
        self,
        inputs: Any = None,
        /,
        *more: Any,
        of: str | None = None,
        seed: Any = None,
        **named: Any,
    ) -> Result:
        """Forward and backward: every named value and its gradient.

        Inputs are keywords, or one mapping where a name is no Python identifier; where one input alone is
        without a value, its array may stand by position. `of` is the value that backward starts from: by
        default the loss of the `train` section, else the single output that has a gradient; `seed` is the
        gradient there, by default 1. Raises GraphError for missing or wrong inputs.
        """
        if inputs is not None or more:
            named = inputs_by_name("run", self.network, inputs, more, named)
        if self._was_run and self._model.backend is None:
            result = self._run_quickly(named, of, seed)
            if result is not None:
                return result
        self._was_run = True
        return both_ways(self._model, named, seed, of)

    def _run_quickly(self, arrays: Mapping[str, Any], of: str | None, seed: Any) -> Result | None:
        """A run of a graph of scalars by its straight-line function, which pays off from the second run."""
        return self._quick.run(arrays, of, seed)

    @lazy
    def _quick(self) -> QuickRuns:
        from graphlang.engine.quick import QuickRuns

        return QuickRuns(self._model)

    def forward(self, inputs: Any = None, /, *more: Any, training: bool = False, **named: Any) -> Forward:
        """Forward alone; `.backward(...)` of the result goes on from there."""
        arrays = inputs_by_name("forward", self.network, inputs, more, named)
        return forward(self._model, arrays, training=training)

    def compare(
        self,
        other: Graph,
        inputs: Mapping[str, Any] | None = None,
        *,
        rename: Mapping[str, str] | None = None,
        tolerance: float = 1e-6,
        seed: int = 0,
    ) -> ComparedValues:
        """What this graph and another compute from the same inputs, in evaluation mode: for each value that
        both name the largest difference, and the first that differs beyond the tolerance.

        Inputs that are not given have their defaults, or random numbers drawn from `seed`. `rename` maps
        globs over the names of this graph to names of the other; outputs, and inputs, without a partner of
        their name have the one at the same place. Raises GraphError where one of them cannot run.
        """
        from graphlang.compare.values import compare_values
        from graphlang.diagnostics.python_arguments import by_name

        if not isinstance(other, Graph):
            raise TypeError(f"compare takes another graph, not {type(other).__name__}")
        given = by_name("inputs", inputs)
        return compare_values(
            self._model,
            other._model,
            given,
            rename=by_name("rename", rename),
            tolerance=tolerance,
            seed=whole("seed", seed, 0) or 0,
        )

    def predict(self, inputs: Any = None, /, *more: Any, classes: Any = False, **named: Any) -> Any:
        """The outputs in evaluation mode: the value where there is one, else a dict.

        Needs only the inputs that the outputs depend on; where that is one, `predict(x)` is enough. Columns
        of raw rows may stand for inputs that the `data` section computes, by the names of its source's
        fields: `predict(area=[50.5], kind=["flat"])`, a data frame of pandas or a list of dicts; what was
        learned from the training split is applied. `classes=True` gives the names of classes for their
        numbers, or for the largest of their scores.
        """
        if "classes" in self.network.inputs and classes is not False:
            named, classes = {**named, "classes": classes}, False
        outputs = self._predictor(self._prepared(inputs, more, named))
        if not classes:
            return outputs
        from graphlang.training.class_names import named_classes

        return named_classes(self._model, outputs)

    def _prepared(self, inputs: Any, more: tuple[Any, ...], named: dict[str, Any]) -> dict[str, Any]:
        """The inputs of `predict`, with what the `data` section makes of raw rows."""
        of = self.spec.outputs
        if named:
            refuse_named_rows("predict", self.network, named)
            refuse_option("predict", self.network, named)
        if is_frame(inputs) and not more:
            from graphlang.training.raw_rows import from_columns

            return {**from_columns(self._model, columns_of(inputs), of), **named}
        if inputs is not None or more:
            named = inputs_by_name("predict", self.network, inputs, more, named, of)
        if self.spec.data is not None:
            from graphlang.training.raw_rows import from_raw

            named = from_raw(self._model, named, of)
        return named

    @lazy
    def _predictor(self) -> Predictor:
        from graphlang.engine.compiled import Predictor

        return Predictor(self._model)

    @overload
    def compile(
        self,
        *,
        train: Literal[True],
        batch: int | None = None,
        threads: int | None = None,
        iterations: int | None = None,
    ) -> TrainStep: ...

    @overload
    def compile(
        self,
        *,
        train: Literal[False] = False,
        wrt: str | Iterable[str],
        of: str | None = None,
        training: bool = False,
        batch: int | None = None,
        threads: int | None = None,
        iterations: int | None = None,
    ) -> CompiledGradient: ...

    @overload
    def compile(
        self,
        *,
        train: Literal[False] = False,
        wrt: None = None,
        of: str | None = None,
        batch: int | None = None,
        threads: int | None = None,
        iterations: int | None = None,
    ) -> CompiledForward: ...

    def compile(
        self,
        *,
        train: bool = False,
        wrt: str | Iterable[str] | None = None,
        of: str | None = None,
        training: bool = False,
        batch: int | None = None,
        threads: int | None = None,
        iterations: int | None = None,
        **unknown: Never,
    ) -> CompiledForward | CompiledGradient | TrainStep:
        """A planned program as a callable; shapes are planned when first seen, or up front with `batch`.

        By default the outputs in evaluation mode: `f(x=...)`. With `train=True` the training step:
        `step(x=..., t=...)` gives the loss and updates the parameters, as an iteration of `fit` does; a
        loss that is not finite raises GraphError and changes nothing. `iterations` is how many steps there
        will be, for a schedule that runs over the whole training. With `wrt`, a name or several, a value
        and its gradients: `vg(apple=...)` gives `(value, {"apple": ...})`; with `training=True` as a step
        of `fit` computes them, with new random numbers at each call, and layers remember what they saw. A
        program has one set of buffers: calls from several threads wait for one another, so compile once per
        thread.
        """
        check_compile_options(self._model.network, unknown)
        model = replace(self._model, threads=whole("threads", threads, 1) or self._model.threads)
        batch = whole("batch", batch, 1)
        compiled: CompiledForward | PlannedGradient | TrainStep
        if training and (train or wrt is None):
            raise ValueError("training=True goes with `wrt`: write compile(wrt=[...], training=True)")
        if train:
            from graphlang.training.step import train_step

            compiled = train_step(model, wrt, of, iterations)
        elif training and wrt is not None:
            from graphlang.engine.compiled import TrainingGradient

            compiled = TrainingGradient(model, of, name_list("wrt", wrt))
        elif wrt is not None:
            from graphlang.engine.compiled import PlannedGradient

            compiled = PlannedGradient(model, of, name_list("wrt", wrt))
            if batch is None and (scalar := compiled.of_scalars()) is not None:
                return scalar  # a batch is of rows, not of numbers
        else:
            from graphlang.engine.compiled import CompiledForward

            names = list(model.spec.outputs) if of is None else [of]
            compiled = CompiledForward(model, [model.start(n) for n in names])
        if batch is not None:
            compiled.plan_for(batch)
        return compiled

    # ---- checking ---------------------------------------------------------------------

    def gradcheck(self, inputs: Any = None, /, *more: Any, **named: Any) -> Report:
        """Backpropagation against numerical differentiation, a row per parameter.

        Settings come from the `gradcheck` section; inputs that are not given are drawn at random.
        """
        from graphlang.checks.gradcheck import gradcheck

        return gradcheck(self._model, inputs_by_name("gradcheck", self.network, inputs, more, named))

    def __call__(self, *_: Any, **__: Any) -> NoReturn:
        """Refuses a call: `run`, `forward` and `predict` are the ways to run a graph."""
        raise TypeError(
            "a graph is not called: `run(...)` goes forward and backward, `predict(...)` gives outputs"
        )


# Not by `__getattr__`, which would make every attribute lookup slower.
for _name, _sentence in METHODS.items():
    setattr(Graph, _name, MissingAttribute(_name, _sentence))


def _restored(spec: Spec, layers: OwnLayers, notes: tuple[Diagnostic, ...], options: dict[str, Any]) -> Graph:
    return Graph(spec, Catalog(layers), notes, **options)
