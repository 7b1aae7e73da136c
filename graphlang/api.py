"""The graph as Python uses it: loads a spec, runs it, and hands on to training, checking and saving."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from graphlang.catalog.finder import Catalog
from graphlang.catalog.operation import Layer, WrongForward
from graphlang.diagnostics import Diagnostic, GraphError
from graphlang.diagnostics.arguments import LayerFailed
from graphlang.diagnostics.limits import Limits
from graphlang.diagnostics.python_arguments import by_name, precision, text_of, whole
from graphlang.diagnostics.running import (
    CannotRun,
    NothingToStartFrom,
    SeedForNoFloat,
    SeedOfOtherShape,
    SeedTooLarge,
)
from graphlang.engine.derived import Derived
from graphlang.engine.failures import OperationFailed, WrongGradients
from graphlang.engine.garbage import collection_paused
from graphlang.engine.parts import Part, parts
from graphlang.engine.random_streams import StreamRandom
from graphlang.engine.recorder import recorded_gradients
from graphlang.engine.result import Gradients, Named, Result, unknown_value
from graphlang.engine.tape import Tape
from graphlang.inputs.call import (
    METHODS,
    Elsewhere,
    a_path,
    called,
    for_training,
    given,
    refuse_positions,
    validated,
)
from graphlang.inputs.input_values import Feeds, pointing_to_an_output, prepare
from graphlang.resolve import resolve
from graphlang.resolve.nodes import layer_failed
from graphlang.spec.models import InputSpec, OutputSpec, Spec
from graphlang.spec.network import Network, build
from graphlang.syntax import read_tree
from graphlang.syntax.files import importer_below, read_text
from graphlang.trace import TraceError, UndecidedError, Unrecorded
from graphlang.trace.whole_numbers import NoInt
from graphlang.training.parameters import Params, check_name, save

if TYPE_CHECKING:
    import networkx as nx

    from graphlang.checks.gradcheck import Report
    from graphlang.datasets.dataset import Dataset
    from graphlang.engine.quick import QuickRun
    from graphlang.training.loop import Epoch, History

_EXPECTED = (ValueError, TypeError, IndexError, ArithmeticError, MemoryError, TraceError)
"""What operations raise for values that do not fit; its text tells enough."""
Layers = Iterable[type[Layer] | Callable[..., Any]]


def load(
    path: str | os.PathLike[str],
    *,
    set: Mapping[str, Any] | None = None,  # noqa: A002 - the name on the command line
    dtype: str | None = None,
    seed: int | None = None,
    threads: int | None = None,
    layers: Layers = (),
    limits: Limits | None = None,
) -> Graph:
    """The graph of a `.graph` file.

    `set` overrides inputs' defaults, `hyper`s and `section.setting`s; `dtype` is "float32" or
    "float64"; `threads` is how many may compute, by default as many as there are cores; `layers` adds
    layers of your own. Raises GraphError with every mistake in the file.
    """
    name, text = read_text(path)
    folder = Path(path).parent
    return loads(
        text,
        name=name,
        folder=folder,
        set=set,
        dtype=dtype,
        seed=seed,
        threads=threads,
        layers=layers,
        limits=limits,
    )


def loads(
    text: str,
    *,
    name: str = "<text>",
    folder: str | os.PathLike[str] | None = None,
    set: Mapping[str, Any] | None = None,  # noqa: A002
    dtype: str | None = None,
    seed: int | None = None,
    threads: int | None = None,
    layers: Layers = (),
    limits: Limits | None = None,
) -> Graph:
    """The graph of a spec that is at hand as text; `folder` is where its data and imports may lie."""
    if not isinstance(text, str):
        raise TypeError(f"loads takes a spec as text, not {type(text).__name__}; `load` reads a file")
    if re.fullmatch(r"\s*[^\n=]+\.graph\s*", text):
        raise ValueError(f"loads takes the text of a spec; the file is read by `load({text.strip()!r})`")
    if limits is not None and not isinstance(limits, Limits):
        raise TypeError(f"limits is a gl.Limits, as gl.Limits(nodes=10**7), not {type(limits).__name__}")
    overrides = by_name("set", set)
    catalog = Catalog(layers)
    importer = importer_below(Path(folder)) if folder is not None else None
    with collection_paused():
        tree, problems = read_tree(text, name, limits or Limits())
        found = resolve(tree, catalog, overrides, limits, importer, problems)
        return Graph(found.spec, catalog, found.notes, dtype=dtype, seed=seed, threads=threads, folder=folder)


class Graph:
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
    ) -> None:
        if not isinstance(spec, Spec):
            raise TypeError(f"Graph is made of a Spec, not {spec!r}: gl.load reads a file, gl.loads a text")
        self._catalog = catalog or Catalog()
        self._network: Network = build(spec, self._catalog)
        self._derived = Derived()
        self._spec = spec
        self._folder = None if folder is None else Path(folder)
        #: notes and warnings that came with the file
        self.notes: tuple[Diagnostic, ...] = tuple(notes)
        train = spec.train
        chosen = precision(dtype)
        self._dtype = chosen or np.dtype(train.dtype if train else "float64")
        given = whole("seed", seed, 0)
        self._seed = given if given is not None else train.seed if train else 0
        self._threads = whole("threads", threads, 1)
        self._params = Params(self._network, self._dtype, self._seed)
        #: what the last training recorded, also where it was interrupted
        self.history: History | None = None
        self._runs = 0
        self._predict: Any = None
        self._quick: dict[str, QuickRun] = {}

    @classmethod
    def from_spec(
        cls,
        spec: Spec | str | Mapping[str, Any],
        *,
        dtype: str | None = None,
        seed: int | None = None,
        layers: Layers = (),
    ) -> Graph:
        """The graph of a spec: the model, its JSON, or its JSON's object. Raises GraphError."""
        from pydantic import ValidationError

        from graphlang.diagnostics.running import MisshapenSpec

        try:
            if isinstance(spec, str):
                spec = Spec.model_validate_json(spec)
            elif not isinstance(spec, Spec):
                spec = Spec.model_validate(spec)
        except ValidationError as error:
            problems = error.errors(include_url=False)
            raise GraphError([MisshapenSpec(p["loc"], p["msg"]) for p in problems[:20]]) from None
        return cls(spec, Catalog(layers), dtype=dtype, seed=seed)

    # ---- what it is made of ---------------------------------------------------------------------------

    @property
    def spec(self) -> Spec:
        """The validated Pydantic model; its JSON round-trips through `from_spec`."""
        return self._spec

    @property
    def graph(self) -> nx.DiGraph[str]:
        """The NetworkX graph: a node per value."""
        return self._network.digraph

    @property
    def inputs(self) -> dict[str, InputSpec]:
        """The inputs in order, with their types and defaults."""
        return dict(self._network.inputs)

    @property
    def outputs(self) -> dict[str, OutputSpec]:
        """The outputs in order, with their types."""
        return dict(self._network.outputs)

    @property
    def params(self) -> Params:
        """The parameters in order: arrays that one may assign into."""
        return self._params

    @property
    def dtype(self) -> np.dtype[Any]:
        """The precision of the graph."""
        return self._dtype

    @property
    def seed(self) -> int:
        """What every random stream is derived from."""
        return self._seed

    @property
    def threads(self) -> int | None:
        """How many threads its programs may use; None is all cores that the process may use."""
        return self._threads

    @property
    def file(self) -> str | None:
        """The name of the file it came from."""
        return self._spec.sources[0].name if self._spec.sources else None

    @property
    def folder(self) -> Path | None:
        """The folder that the spec may take data from."""
        return self._folder

    @property
    def network(self) -> Network:
        """The nodes in order with their operations: what the engines run."""
        return self._network

    def __repr__(self) -> str:
        network = self._network
        counts = f"{len(network.inputs)} inputs, {len(self._params)} parameters, {len(network.nodes)} nodes"
        return f"Graph({self.file or 'from a spec'}: {counts}, {self._dtype})"

    def __dir__(self) -> list[str]:
        return [name for name in super().__dir__() if name not in METHODS]

    def __reduce__(self) -> Any:
        """A pickle or a copy holds the spec, the layers of one's own and the parameters."""
        options = {"dtype": str(self._dtype), "seed": self._seed, "threads": self._threads}
        layers = tuple({id(e.target): e.target for e in self._catalog.own.values()}.values())
        state = (self._params.copies(), self.history)
        return _restored, (self._spec, layers, self.notes, {**options, "folder": self._folder}), state

    def __setstate__(self, state: tuple[dict[str, Any], History | None]) -> None:
        params, self.history = state
        for name, array in params.items():
            self._params[name] = array

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
        default what `train` minimises, else the single output that has a gradient; `seed` is the gradient
        there, by default 1. Raises GraphError for missing or wrong inputs.
        """
        given = named if inputs is None and not more else self._given("run", inputs, more, named)
        quick = self._quick_run(given, of, seed)
        return quick or self.forward(given).backward(seed=seed, of=of)

    def _quick_run(self, given: Mapping[str, Any], of: str | None, seed: Any) -> Result | None:
        """A run of a graph of scalars by its straight-line function, made when a graph is run again."""
        self._runs += 1
        if self._runs == 1:
            return None
        start = self.start(of)
        if start not in self._quick:
            from graphlang.engine.quick import QuickRun

            names = [n for n in self._network.names if _is_named(self._network, n)]
            self._quick[start] = QuickRun(self, start, names)
        found = self._quick[start](given, seed)
        if found is None:
            return None
        names, values, gradients = found

        @cache
        def eager() -> Result:
            # An inner value, which the file does not name, is looked up in a run that keeps every value.
            return self.forward(given).backward(seed=seed, of=start)

        def value(name: str) -> Any:
            return values[name] if name in values else eager()[name]

        def gradient(name: str) -> Any:
            return gradients[name] if name in gradients else eager().grad[name]

        return Result(names, value, list(self._spec.outputs), start, Gradients(names, gradient))

    def forward(self, inputs: Any = None, /, *more: Any, training: bool = False, **named: Any) -> Forward:
        """Forward alone; `.backward(...)` of the result goes on from there."""
        given = self._given("forward", inputs, more, named)
        wanted = [self._network.numbers[n] for n in self._wanted_names()]
        return Forward(self, self._tape(given, wanted, training), wanted)

    def predict(self, inputs: Any = None, /, *more: Any, **named: Any) -> Any:
        """The outputs in evaluation mode: the value where there is one, else a dict.

        Needs only the inputs that the outputs depend on; where that is one, `predict(x)` is enough.
        """
        if self._predict is None:
            self._predict = self.compile()
        given = named
        if inputs is not None or more:
            given = self._given("predict", inputs, more, named, list(self._spec.outputs))
        try:
            return self._predict(given)
        except GraphError as error:
            error.diagnostics[:] = pointing_to_an_output(self._network, error.diagnostics)
            raise

    def _given(
        self,
        method: str,
        inputs: Any,
        more: tuple[Any, ...],
        named: dict[str, Any],
        of: list[str] | None = None,
    ) -> dict[str, Any]:
        if inputs is None and not more:
            return named
        needed = list(self._network.inputs) if of is None else self._inputs_of(of)
        return given(method, self._network, inputs, more, named, needed)

    def _inputs_of(self, names: Iterable[str]) -> list[str]:
        """The inputs that values depend on."""
        needed = self._network.ancestors([self._network.numbers[n] for n in names])
        return [n for n in self._network.inputs if needed[self._network.numbers[n]]]

    def _wanted_names(self) -> list[str]:
        return [n.name for n in self._network.nodes if n.spec.named] + list(self._spec.outputs)

    def _tape(self, given: Mapping[str, Any], wanted: list[int], training: bool, dtype: Any = None) -> Tape:
        inputs, sizes = self._network.sources_of(wanted)
        known = [name for name, spec in self._network.inputs.items() if spec.default is not None and wanted]
        names = {*inputs, *known, *self._network.bringing(sizes, given)}
        if len(wanted) > len(self._spec.outputs):
            names = set(self._network.inputs)
        feeds = prepare(self._network, given, dtype or self._dtype, sorted(names), self.file)
        # A result keeps its values when the caller goes on writing into what was given.
        feeds.values = {number: np.array(value) for number, value in feeds.values.items()}
        return self._run(feeds, wanted, training, dtype or self._dtype)

    def _run(self, feeds: Feeds, wanted: list[int], training: bool, dtype: Any) -> Tape:
        params = self._params.numbered(dtype if dtype != self._dtype else None)
        needed = self._network.ancestors(wanted)
        leaves = {**feeds.values, **{n: np.array(p) if needed[n] else p for n, p in params.items()}}
        tape = Tape(
            self._network,
            leaves,
            dtype=dtype,
            sizes=feeds.sizes,
            training=training,
            random=StreamRandom(np.random.default_rng(self._seed), dtype),
            derived=self._derived,
        )
        with np.errstate(all="ignore"):
            try:
                return tape.forward(wanted)
            except OperationFailed as failed:
                raise self._failed(failed) from failed.error

    @contextmanager
    def _diagnosed(self) -> Iterator[None]:
        """What goes wrong inside, with shapes or with a gradient that is not there, becomes a GraphError.

        Constants are computed while a program is recorded, and may be infinite or nan.
        """
        try:
            with np.errstate(all="ignore"):
                yield
        except OperationFailed as failed:
            raise self._failed(failed) from failed.error
        except TraceError as error:
            raise GraphError([CannotRun("the graph", str(error))]) from error

    def _failed(self, failed: OperationFailed) -> GraphError:
        node, error, span = failed.node, failed.error, self._network.span(failed.node.name)
        who = f"{'the backward of ' if failed.backward else ''}`{node.name}` ({node.spec.operation})"
        if isinstance(error, Unrecorded | UndecidedError | WrongForward):
            return GraphError([layer_failed(who, span, error)])
        if isinstance(error, WrongGradients):
            return GraphError(
                [LayerFailed(span, f"{who} is wrong: {error}", "give one of each argument's shape")]
            )
        expected = isinstance(error, _EXPECTED)
        what = str(failed) if expected else f"{type(error).__name__}: {error}"
        return GraphError([CannotRun(who, what, span)])

    def _no_int(self, error: NoInt) -> GraphError:
        """A planned program found a whole number that is no int: what the interpreter says of it."""
        node = self._network.find(error.value)
        if node is not None:
            return self._failed(OperationFailed(node, NoInt(error.what)))
        return GraphError([CannotRun("the graph", str(error))])

    def start(self, of: str | None) -> str:
        """The value that backward starts from; raises GraphError where it is not clear."""
        if of is not None:
            if text_of("of", of) not in self._network.numbers:
                raise unknown_value(of, self._network.names, self.file)
            return of
        if self._spec.train is not None:
            return self._spec.train.minimize
        if len(self.starts) == 1:
            return self.starts[0]
        raise GraphError([NothingToStartFrom(self.starts, self.file)])

    @property
    def starts(self) -> list[str]:
        """The outputs that backward may start from: those with a gradient, or all where none has one."""
        network, outputs = self._network, list(self._spec.outputs)
        if len(outputs) == 1:
            return outputs
        varying = network.varying()
        return [name for name in outputs if varying[network.numbers[name]]] or outputs

    def compile(
        self,
        *,
        train: bool = False,
        wrt: str | Iterable[str] | None = None,
        of: str | None = None,
        batch: int | None = None,
        threads: int | None = None,
        iterations: int | None = None,
    ) -> Any:
        """A planned program as a callable; shapes are planned when first seen, or up front with `batch`.

        By default the outputs in evaluation mode: `f(x=...)`. With `train=True` the training step:
        `step(x=..., t=...)` gives the loss and updates the parameters, as an iteration of `fit` does; a
        loss that is not finite raises GraphError and changes nothing. `iterations` is how many steps there
        will be, for a schedule that runs over the whole training. With `wrt`, a name or several, a value
        and its gradients: `vg(apple=...)` gives `(value, {"apple": ...})`. A program has one set of
        buffers: calls from several threads wait for one another, so compile once per thread.
        """
        from graphlang.engine.compiled import CompiledForward, CompiledGradient
        from graphlang.training.step import CompiledStep

        threads = self._threads if threads is None else whole("threads", threads, 1)
        batch = whole("batch", batch, 1)
        if train and (wrt is not None or of is not None):
            raise ValueError(
                "compile(train=True) minimizes what the `train` section says: leave `wrt` and `of` out; "
                "a value and its gradients are a program of their own, compile(wrt=[...])"
            )
        compiled: Any
        if train:
            compiled = CompiledStep(self, threads, iterations)
        elif wrt is not None:
            wrt = _names("wrt", wrt)
            for name in wrt:
                if name not in self._network.numbers:
                    raise unknown_value(name, self._network.names, self.file)
            compiled = CompiledGradient(self, self.start(of), wrt, self._dtype, threads)
            if batch is None:  # a batch is of rows: no single numbers are to come
                compiled = compiled.of_scalars() or compiled
        else:
            names = [of] if of is not None else list(self._spec.outputs)
            compiled = CompiledForward(self, [self.start(n) for n in names], self._dtype, threads)
        if batch is not None:
            compiled.plan_for(batch)
        return compiled

    # ---- checking, training, saving ---------------------------------------------------------------------

    def gradcheck(self, inputs: Any = None, /, *more: Any, **named: Any) -> Report:
        """Backpropagation against numerical differentiation, a row per parameter.

        Settings come from the `gradcheck` section; inputs that are not given are drawn at random.
        """
        from graphlang.checks.gradcheck import gradcheck

        return gradcheck(self, self._given("gradcheck", inputs, more, named))

    def fit(
        self,
        data: Dataset | Mapping[str, Any] | None = None,
        /,
        *more: Any,
        validation: Mapping[str, Any] | None = None,
        epochs: int | None = None,
        iterations: int | None = None,
        batch: int | None = None,
        on_epoch: Callable[[Epoch], Any] | None = None,
        **arrays: Any,
    ) -> History:
        """Trains by the `train` section on arrays by input name, and returns the history.

        The arrays are keywords, or one mapping where an input bears the name of an option; without any,
        the data is that of the file. `epochs`, `iterations` and `batch` override the section. `on_epoch`
        is called with each epoch's record; where it returns False, training stops there. `history` of the
        graph is the one that is being made, and stays where training is interrupted.

        The parameters of this graph are changed. Every call is a training of its own: the optimizer's
        memory, the schedule, the order of rows and the random numbers start anew, so two calls of three
        epochs are not one of six.
        """
        from graphlang.training.loop import fit

        called("on_epoch", on_epoch)
        dataset, found = self._data("fit", data, more, arrays)
        return fit(
            self,
            dataset,
            arrays=found,
            validation=validated(validation, found),
            epochs=epochs,
            iterations=iterations,
            batch=batch,
            on_epoch=on_epoch,
        )

    def evaluate(
        self,
        data: Dataset | Mapping[str, Any] | None = None,
        /,
        *more: Any,
        split: str = "test",
        **arrays: Any,
    ) -> dict[str, float]:
        """The loss and the metrics of the `train` section in evaluation mode, as the command gives them.

        Over arrays by input name, or over a split of a data set; without either over the file's own data.
        A data set of one split is evaluated over that.
        """
        from graphlang.datasets.arrays import from_arrays
        from graphlang.training.loop import evaluate, open_data, section_of

        section_of(self, "evaluate")
        dataset, found = self._data("evaluate", data, more, arrays)
        if found:
            return evaluate(self, from_arrays(found), "train", fields={name: name for name in found})
        return evaluate(self, dataset or open_data(self, command="evaluate"), text_of("split", split))

    def _data(
        self, method: str, data: Any, more: tuple[Any, ...], arrays: dict[str, Any]
    ) -> tuple[Dataset | None, dict[str, Any]]:
        """A data set that is handed in, or arrays by the names of inputs."""
        from graphlang.datasets.dataset import Dataset

        section = self._spec.train
        wanted = [section.minimize, *section.metrics.values()] if section is not None else []
        needed = self._inputs_of(wanted) or list(self._network.inputs)
        if isinstance(data, Dataset) and not more and not arrays:
            return data, {}
        if more or (data is not None and not isinstance(data, Mapping)):
            refuse_positions(method, self._network, needed)
        found = {**by_name("what is given by position", data), **arrays}
        return None, for_training(method, self._network, found, needed) if found else {}

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the parameters as npz, without pickle."""
        a_path("save takes the name of a file", path)
        check_name(path)
        save(path, dict(self._params))

    def load_weights(self, path: str | os.PathLike[str]) -> None:
        """Reads parameters that `save` wrote, or those in the folder of a run; raises GraphError where they
        do not belong to this graph."""
        from graphlang.training.run_folder import load_run

        a_path("load_weights takes the name of a file or a folder", path)
        load_run(self, Path(path))

    def __call__(self, *_: Any, **__: Any) -> NoReturn:
        """A graph is no function: `run`, `forward` and `predict` say which way is meant."""
        raise TypeError(
            "a graph is not called: `run(...)` goes forward and backward, `predict(...)` gives outputs"
        )


# Not by `__getattr__`: every look-up of an attribute would be slower for it.
for _name, _sentence in METHODS.items():
    setattr(Graph, _name, Elsewhere(_name, _sentence))


def _restored(spec: Spec, layers: Layers, notes: tuple[Diagnostic, ...], options: dict[str, Any]) -> Graph:
    return Graph(spec, Catalog(layers), notes, **options)


def _names(what: str, names: str | Iterable[str]) -> list[str]:
    """Names; one alone may stand without a list."""
    if isinstance(names, str):
        return [names]
    if not isinstance(names, Iterable):
        raise TypeError(f"{what} is a list of names, not {type(names).__name__}")
    return [text_of(f"a name in {what}", name) for name in names]


class Forward(Named):
    """The values of a forward pass, from which backward can be started, as often as one likes."""

    def __init__(self, graph: Graph, tape: Tape, wanted: list[int]) -> None:
        self._graph = graph
        self._tape = tape
        names = [
            name
            for name in graph.network.names
            if tape.values[graph.network.numbers[name]] is not None and _is_named(graph.network, name)
        ]
        super().__init__(names, self._value)

    def __reduce__(self) -> Any:
        raise TypeError("a forward pass holds its graph at work: pickle or copy `.result()`, its values")

    def _value(self, name: str) -> Any:
        number = self._graph.network.numbers.get(name)
        if number is None or self._tape.values[number] is None:
            raise unknown_value(name, self._graph.network.names, self._graph.file)
        return self._tape.values[number]

    def is_float(self, name: str) -> bool:
        """Whether a value has a gradient: ints and bools have none."""
        return bool(self._value(name).dtype.kind == "f")

    def result(self) -> Result:
        """The values alone, with no gradients."""
        none = Gradients([], self._value)
        outputs = [n for n in self._graph.spec.outputs if n in self._names]
        return Result(self._names, self._value, outputs, None, none)

    def backward(self, seed: Any = None, of: str | None = None) -> Result:
        """The gradients of `of` with respect to every value, from the gradient `seed` there (default 1)."""
        graph, tape = self._graph, self._tape
        start = graph.start(of)
        y = self._value(start)
        seed = self._seed(seed, y, start)
        if y.dtype.kind != "f":
            raise GraphError([SeedForNoFloat(start, graph.file)])
        number = graph.network.numbers[start]
        with np.errstate(all="ignore"), graph._diagnosed():
            if tape.through_grad(number):
                found = self._recorded(number, seed)
            else:
                found = tape.backward(number, seed)

        def gradient(name: str) -> Any:
            value = self._value(name)
            gradient = found.get(graph.network.numbers[name])
            return np.zeros(np.shape(value), graph.dtype) if gradient is None else gradient

        params = graph.network.params
        state = {n for n, p in params.items() if not p.trainable}  # it is remembered, not learned
        names = [n for n in self._names if self._value(n).dtype.kind == "f" and n not in state]
        outputs = [n for n in graph.spec.outputs if n in self._names]
        grad = Gradients(names, gradient, lambda name: found.get(graph.network.numbers[name]) is not None)
        return Result(self._names, self._value, outputs, start, grad)

    def parts(self, result: Result) -> list[Part]:
        """How the gradient of every value divides among its uses: the parts of a value sum to its gradient.

        What backward starts from has the seed besides.
        """
        assert result.of is not None
        graph, values = self._graph, self._tape.values
        names = graph.network.names
        floats = [i for i, v in enumerate(values) if v is not None and v.dtype.kind == "f"]
        arrived = [i for i in floats if result.grad.arrives(names[i])]
        gradients = {i: np.asarray(result.grad[names[i]], graph.dtype) for i in arrived}
        with np.errstate(all="ignore"), graph._diagnosed():
            return parts(self._tape, graph.network.numbers[result.of], gradients)

    def _recorded(self, number: int, seed: Any) -> dict[int, Any]:
        numbers = [i for i, v in enumerate(self._tape.values) if v is not None and v.dtype.kind == "f"]
        gradients = recorded_gradients(self._tape, number, numbers, seed)
        return dict(zip(numbers, gradients, strict=True))

    def _seed(self, seed: Any, y: Any, name: str) -> Any:
        if seed is None:
            return np.ones_like(y)
        try:
            array = np.asarray(seed, self._graph.dtype)
            return np.array(np.broadcast_to(array, y.shape))
        except OverflowError:
            raise GraphError([SeedTooLarge(name, self._graph.file)]) from None
        except (ValueError, TypeError):
            actual = repr(seed) if isinstance(seed, str) else str(list(np.shape(seed)))
            raise GraphError([SeedOfOtherShape(name, self._graph.file, y.shape, actual)]) from None


def _is_named(network: Network, name: str) -> bool:
    number = network.numbers[name]
    return number < network.first_node or network.nodes[number - network.first_node].spec.named
