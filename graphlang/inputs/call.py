"""The inputs of a Python call: by keyword, in one mapping, or a single array where only one is missing."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from keyword import iskeyword
from typing import TYPE_CHECKING, Any, NoReturn

from graphlang.diagnostics import GraphError
from graphlang.diagnostics.inputs import MissingInputs
from graphlang.diagnostics.python_arguments import by_name, text_of
from graphlang.inputs.files_for_rows import refuse_file
from graphlang.inputs.input_values import declared_type, takes_rows
from graphlang.inputs.options import refuse_fit_option, unknown_input
from graphlang.spec.network import Network

if TYPE_CHECKING:
    from graphlang.datasets.dataset import Dataset

METHODS = {
    "parameters": "the parameters are `params`, arrays by name",
    "named_parameters": "the parameters are `params`, arrays by name",
    "weights": "the parameters are `params`, arrays by name; `save` and `load_weights` keep them in a file",
    "state_dict": "the parameters are `params`; `save` and `load_weights` keep them in a file",
    "load_state_dict": "`load_weights` reads a file; `params[name] = array` sets one parameter",
    "train": "`fit` trains; `compile(train=True)` gives the step for a loop of your own",
    "eval": "`predict` always computes in evaluation mode; `evaluate` gives the metrics",
    "score": "`evaluate` gives the loss and the metrics",
    "backward": "`run` goes forward and backward; `forward(...).backward()` does it in two steps",
    "zero_grad": "gradients are made anew by every run",
    "summary": "`graphlang summary FILE` prints it; `graph` holds every node",
    "predict_proba": "`predict` gives the outputs; `output p` with `p = softmax(y)` makes them "
    "probabilities; the estimator `gl.sklearn.GraphClassifier(file)` has it",
    "get_weights": "the parameters are `params`, arrays by name",
    "set_weights": "`params[name] = array` sets one parameter, `load_weights` reads a file",
    "trainable_variables": "the parameters are `params`, arrays by name",
    "trainable_weights": "the parameters are `params`, arrays by name",
    "get_params": "the parameters are `params`, arrays by name; settings stand in the file",
    "set_params": "`params[name] = array` sets one; settings are given by `gl.load(file, set={...})`; "
    "the estimators of `gl.sklearn` have it",
    "plot": "`graphlang run FILE` draws the picture",
    "draw": "`graphlang run FILE` draws the picture",
    "show": "`graphlang run FILE` draws the picture",
    "visualize": "`graphlang run FILE` draws the picture",
    "grad": "`run(...).grad` holds the gradients by name; `compile(wrt=[...])` computes some of them",
    "gradient": "`run(...).grad` holds the gradients by name; `compile(wrt=[...])` computes some of them",
    "gradients": "`run(...).grad` holds the gradients by name; `compile(wrt=[...])` computes some of them",
    "step": "`compile(train=True)` gives the step for a loop of your own",
    "train_on_batch": "`compile(train=True)` gives the step for a loop of your own",
    "partial_fit": "`compile(train=True)` gives the step for a loop of your own",
    "export": '`to_source("numpy")` gives the graph as a program, `gl.onnx.export(graph, path)` writes ONNX; '
    "`save` writes the parameters",
    "layers": "`graphlang summary FILE` lists every node; `graph` holds them",
    "nodes": "`graph` holds every node",
    "save_weights": "`save(path)` writes the parameters, `load_weights(path)` reads them",
    "save_model": "`save(path)` writes the parameters; the file of the spec is the model",
    "write": "`save(path)` writes the parameters",
    "restore": "`load_weights(path)` reads what `save(path)` wrote, or the folder of a run",
    "load_state": "`load_weights(path)` reads what `save(path)` wrote, or the folder of a run",
    "to_onnx": "`gl.onnx.export(graph, path)` writes the file",
    "count_params": "the sum of `array.size` over `params.values()`; `graphlang summary FILE` prints it",
    "num_params": "the sum of `array.size` over `params.values()`; `graphlang summary FILE` prints it",
    "print_summary": "`graphlang summary FILE` prints it; `graph` holds every node",
    "copy": "`copy.deepcopy(graph)` makes one with parameters of its own",
    "clone": "`copy.deepcopy(graph)` makes one with parameters of its own",
    "reset": "`gl.load(file)` makes a graph whose parameters are at their start",
    "weights_": "the parameters are `params`, arrays by name",
    "history_": "`history` is that of the last `fit`",
    "loss": "`evaluate` gives the loss and the metrics; `history.losses` are those of the last `fit`",
    "metrics": "`evaluate` gives the loss and the metrics",
    "optimizer": "it is that of the `train` section; `fit(optimizer=...)` takes another",
    "fit_predict": "`fit` trains, `predict` gives the outputs",
    "transform": "`predict` gives the outputs; the estimators of `gl.sklearn` go into pipelines",
    "cuda": '`gl.load(file, backend=gl.Jax(device="gpu"))` computes on a GPU',
    "device": '`gl.load(file, backend=gl.Jax(device="gpu"))` computes on a GPU',
    "to": 'there is one device; `gl.load(file, dtype="float32")` chooses the precision',
    "load": "`gl.load(file)` reads a spec, `load_weights(file)` parameters",
}
"""Attributes of models in other libraries, and what to write here."""


class MissingAttribute:
    """A descriptor for an attribute that a graph does not have: the AttributeError says what to use."""

    def __init__(self, name: str, sentence: str) -> None:
        self._name = name
        self._sentence = sentence

    def __get__(self, graph: Any, owner: Any = None) -> NoReturn:
        raise AttributeError(f"a graph has no `{self._name}`: {self._sentence}")


def inputs_by_name(
    method: str,
    network: Network,
    inputs: Any,
    more: tuple[Any, ...],
    named: dict[str, Any],
    of: Iterable[str] | None = None,
) -> dict[str, Any]:
    """The inputs of a call by name.

    They are keywords, one mapping where a name is no Python identifier, or a single array where exactly one
    input has no value yet, of all inputs or of those that the values `of` depend on.
    """
    refuse_file(method, inputs)
    if inputs is None and not more:
        return named
    needed = list(network.inputs) if of is None else network.inputs_of(of)
    if isinstance(inputs, Mapping) and not more:
        return {**by_name("what is given by position", inputs), **named}
    wanting = [n for n in needed if network.inputs[n].default is None] or needed
    if more or len(wanting) != 1 or wanting[0] in named:
        refuse_positions(method, network, needed)
    return {wanting[0]: inputs, **named}


def refuse_positions(method: str, network: Network, needed: list[str]) -> NoReturn:
    """Raises TypeError for inputs passed by position, since only names tell several of them apart."""
    names = [n for n in needed if network.inputs[n].default is None] or needed or list(network.inputs)
    if not names:
        raise TypeError(f"{method} takes inputs by name, and this graph has none")
    plain = all(n.isidentifier() and not iskeyword(n) for n in names)
    written = ", ".join(f"{n}=..." if plain else f'"{n}": ...' for n in names)
    written = written if plain else f"{{{written}}}"
    if method in ("fit", "evaluate"):
        raise TypeError(f"{method} takes arrays by the names of inputs: write {method}({written})")
    one = "what is given by position is a mapping from names, or the array of the one input that is needed"
    raise TypeError(f"{one}: write {method}({written})")


def data_or_arrays(
    method: str, network: Network, data: Any, more: tuple[Any, ...], arrays: dict[str, Any]
) -> tuple[Dataset | None, dict[str, Any]]:
    """The data of a `fit` or an `evaluate`: a data set, or arrays by the names of inputs, or neither."""
    from graphlang.datasets.dataset import Dataset

    refuse_file(method, data)
    section = network.spec.train
    computed = [*section.losses, *section.metrics.values()] if section is not None else []
    needed = network.inputs_of(computed) or list(network.inputs)
    if isinstance(data, Dataset) and not more and not arrays:
        return data, {}
    if more or (data is not None and not isinstance(data, Mapping)):
        refuse_positions(method, network, needed)
    values = {**by_name("what is given by position", data), **arrays}
    if values:
        _check_arrays(method, network, values, needed)
    return None, values


def _check_arrays(method: str, network: Network, arrays: Mapping[str, Any], needed: list[str]) -> None:
    """Raises TypeError for an option of another library, and GraphError for unknown or missing inputs."""
    unknown = [name for name in arrays if name not in network.inputs]
    for name in unknown:
        if method == "fit":
            refuse_fit_option(network.spec, name, arrays[name])
    file = network.spec.sources[0].name if network.spec.sources else None
    problems: list[Any] = [unknown_input(network, name, file) for name in unknown]
    missing = [n for n in needed if n not in arrays and network.inputs[n].default is None]
    if missing:
        types = [declared_type(network.inputs[n]) for n in missing]
        problems.append(MissingInputs(missing, types, file, takes_rows(network)))
    if problems:
        raise GraphError(problems)


def validation_arrays(value: Any, arrays: Mapping[str, Any]) -> dict[str, Any] | None:
    """The arrays of `validation`, by the names of inputs; raises TypeError unless it is a mapping."""
    if value is None:
        return None
    if not isinstance(value, Mapping):
        names = ", ".join(f'"{name}": ...' for name in arrays)
        raise TypeError(f"validation is a mapping from the names of inputs: write validation={{{names}}}")
    return by_name("validation", value)


def check_path(what: str, path: Any) -> None:
    """Raises TypeError unless `path` is the name of a file."""
    if not isinstance(path, str | os.PathLike):
        more = "; `params[name] = array` sets one parameter" if isinstance(path, Mapping) else ""
        raise TypeError(f"{what}, not {type(path).__name__}{more}")


def check_callable(what: str, function: Callable[..., Any] | None) -> None:
    """Raises TypeError unless `function` is callable or None."""
    if function is not None and not callable(function):
        raise TypeError(f"{what} is a function that is called with each record, not {function!r}")


def name_list(what: str, names: str | Iterable[str]) -> list[str]:
    """A list of names; a single name needs no list."""
    if isinstance(names, str):
        return [names]
    if not isinstance(names, Iterable):
        raise TypeError(f"{what} is a list of names, not {type(names).__name__}")
    return [text_of(f"a name in {what}", name) for name in names]
