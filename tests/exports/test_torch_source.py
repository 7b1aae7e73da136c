"""`--to torch`: each generated module gives the values of the engine, and autograd the gradients."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from generated_forward import expected
from generated_numpy import close

import graphlang as gl
from graphlang.exports.source.torch.table import RULES
from graphlang.inputs.stand_ins import fill_with_random
from graphlang.layouts.torch_layout import torch_parameters
from graphlang.syntax.lessons import lesson_names
from graphlang.trace.primitives import PRIMITIVES

sys.path.append(str(Path(__file__).parent.parent / "contracts"))
import contract_cases as cases

torch = pytest.importorskip("torch")
ENTRIES = cases.entries()


@pytest.fixture(autouse=True)
def same_random_numbers(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Draws in PyTorch what the engine draws with the seed 5."""
    drawn: list[np.random.Generator] = []

    def generator() -> np.random.Generator:
        if not drawn:
            drawn.append(np.random.default_rng(5))
        return drawn[0]

    def rand(shape: Any, dtype: Any, device: Any = None) -> Any:
        kind = np.float64 if dtype is torch.float64 else np.float32
        return torch.from_numpy(np.asarray(generator().random(tuple(shape), kind)))

    def dropout(x: Any, p: float, training: bool) -> Any:
        return torch.where(rand(x.shape, x.dtype) >= p, x / (1 - p), 0) if training else x

    monkeypatch.setattr(torch, "rand", rand)
    monkeypatch.setattr(torch.nn.functional, "dropout", dropout)
    monkeypatch.setattr(sys.modules[__name__], "new_draws", drawn.clear)
    yield


def new_draws() -> None:
    """Begins the random numbers anew."""


def executed(graph: gl.Graph) -> Any:
    """The generated module, with the parameters of the graph read by `load_state_dict`."""
    names: dict[str, Any] = {"__name__": "generated"}
    exec(compile(graph.to_source("torch"), "generated.py", "exec"), names)  # noqa: S102 - the text is our own
    module = [
        v for v in names.values() if isinstance(v, type) and v.__module__ == "generated" and "_" not in v.__name__
    ][-1]()
    state = {name: torch.from_numpy(value) for name, value in graph.torch_state().items()}
    assert list(module.load_state_dict(state)) == [[], []]
    return module


def compare(graph: gl.Graph, inputs: Mapping[str, Any], tolerance: float, *, training: bool = False) -> None:
    """Holds values and gradients of a module to those of the engine."""
    module = executed(graph).train(training)
    wanted = expected(graph, inputs, training=training)
    new_draws()
    given = {n: torch.as_tensor(np.asarray(v)) for n, v in inputs.items()}
    floats = {n: v.requires_grad_() for n, v in given.items() if v.is_floating_point()}
    taken = module.forward.__code__.co_varnames[1 : module.forward.__code__.co_argcount]
    values = module(**{n: v for n, v in given.items() if n in taken})
    for name, value in wanted.values.items():
        close(values[name].detach().numpy(), value, tolerance, name)
    if wanted.of is not None and values[wanted.of].requires_grad:
        values[wanted.of].sum().backward()
    found = {name: p.grad for name, p in module.named_parameters()}
    for name, value in wanted.gradients.items():
        own = floats[name].grad if name in floats else gradient_here(graph, found, name)
        own = np.zeros(np.shape(value)) if own is None else np.asarray(own)
        close(own, value, tolerance, f"the gradient of {name}")
    if training:
        buffers = {name: value.numpy() for name, value in module.named_buffers()}
        parameters = torch_parameters(graph.network)
        for name, value in wanted.state.items():
            parts = [buffers[n] for n in parameters[name].arrays(buffers)]
            close(parameters[name].slot.here(parts), value, tolerance, name)


def gradient_here(graph: gl.Graph, found: Mapping[str, Any], name: str) -> Any:
    """The gradient of a parameter from those of the arrays that it is written into.

    A bias that PyTorch has twice has its gradient twice, so that of the first is taken.
    """
    parameter = torch_parameters(graph.network)[name]
    names = parameter.arrays(found)
    parts = [found[n] for n in names]
    if all(part is None for part in parts):
        return None
    arrays = [part.numpy() for part in parts]
    if len(arrays) == 2 and "bias_hh" in names[1]:
        arrays[1] = np.zeros_like(arrays[1])
    return parameter.slot.here(arrays)


def inputs_of(graph: gl.Graph) -> dict[str, Any]:
    return fill_with_random(graph.network, {}, np.random.default_rng(0))


@pytest.mark.parametrize("lesson", lesson_names())
def test_a_lesson_has_the_values_and_gradients_of_the_engine_in_torch(lesson: str) -> None:
    graph = gl.load(f"lesson:{lesson}", dtype="float64")
    compare(graph, inputs_of(graph), 1e-9)


@pytest.mark.parametrize("lesson", ["two_layer_net", "simple_convnet", "char_rnn", "batchnorm_vs_none"])
def test_float32_agrees_in_torch(lesson: str) -> None:
    graph = gl.load(f"lesson:{lesson}", dtype="float32")
    compare(graph, inputs_of(graph), 1e-5)


@pytest.mark.parametrize("lesson", ["dropout_overfit", "batchnorm_vs_none", "vae", "resnet"])
def test_training_agrees_in_torch_with_the_same_random_numbers(lesson: str) -> None:
    graph = gl.load(f"lesson:{lesson}", dtype="float64")
    compare(graph, inputs_of(graph), 1e-9, training=True)


@pytest.mark.parametrize("name", sorted(ENTRIES))
def test_an_operation_has_the_values_and_gradients_of_the_engine_in_torch(name: str) -> None:
    done: set[bool] = set()
    for case in cases.one_of_each_call(cases.cases(ENTRIES[name])):
        if case.training not in done:
            done.add(case.training)
            graph = cases.load(case.text)
            inputs = cases.inputs(graph, case.draw, cases.SIZES, "float64")
            compare(graph, inputs, 1e-9, training=case.training)
