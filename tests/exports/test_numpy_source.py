"""`--to numpy`: each generated file computes what the engine does, needs NumPy alone, and is laid out by ruff."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import numpy as np
import pytest
from generated_numpy import compare, executed, network_of
from ruff_check import ruff_leaves

import graphlang as gl
import graphlang.kernels
from graphlang.catalog.operation import Layer
from graphlang.contracts.initializer import Initializer
from graphlang.exports.source.numpy.helpers import HELPERS
from graphlang.exports.source.numpy.table import RULES
from graphlang.inputs.stand_ins import fill_with_random
from graphlang.syntax.lessons import lesson_names
from graphlang.trace.core import Primitive
from graphlang.trace.primitives import PRIMITIVES

sys.path.append(str(Path(__file__).parent.parent / "contracts"))
import contract_cases as cases

ENTRIES = cases.entries()
SAMPLES = 3
"""How many sample calls of an operation are exported, in each of its modes."""


def inputs_of(graph: gl.Graph) -> dict[str, Any]:
    return fill_with_random(graph.network, {}, np.random.default_rng(0))


@pytest.mark.parametrize("lesson", lesson_names())
def test_a_lesson_has_the_values_and_gradients_of_the_engine(lesson: str) -> None:
    graph = gl.load(f"lesson:{lesson}", dtype="float64")
    text = graph.to_source("numpy")
    compare(graph, text, inputs_of(graph), tolerance=1e-10)


@pytest.mark.parametrize(
    "lesson", ["two_layer_net", "simple_convnet", "batchnorm_vs_none", "transformer", "vae"]
)
def test_float32_agrees_too(lesson: str) -> None:
    graph = gl.load(f"lesson:{lesson}", dtype="float32")
    compare(graph, graph.to_source("numpy"), inputs_of(graph), tolerance=1e-5)


@pytest.mark.parametrize("lesson", ["dropout_overfit", "batchnorm_vs_none", "vae", "transformer"])
def test_the_mode_of_training_agrees_with_its_random_numbers(lesson: str) -> None:
    graph = gl.load(f"lesson:{lesson}", dtype="float64")
    compare(graph, graph.to_source("numpy"), inputs_of(graph), tolerance=1e-10, training=True)


@pytest.mark.parametrize("lesson", ["two_layer_net", "attention", "text_classifier", "seq2seq_addition"])
def test_parameters_start_as_those_of_graphlang(lesson: str) -> None:
    graph = gl.load(f"lesson:{lesson}")
    net = network_of(executed(graph.to_source("numpy")))()
    assert set(net.params) == set(graph.params)
    for name, value in net.params.items():
        np.testing.assert_array_equal(value, graph.params[name], err_msg=name)
        assert value.dtype == graph.params[name].dtype


def test_weights_of_graphlang_are_loaded(tmp_path: Path) -> None:
    graph = gl.load("lesson:two_layer_net", seed=7)
    graph.save(tmp_path / "net.npz")
    net = network_of(executed(gl.load("lesson:two_layer_net").to_source("numpy")))()
    net.load(tmp_path / "net.npz")
    x = inputs_of(graph)["x"]
    np.testing.assert_allclose(net.predict(x), graph.predict(x=x), rtol=1e-5)


def test_ruff_leaves_every_lesson_as_it_is(tmp_path: Path) -> None:
    for lesson in lesson_names():
        text = gl.load(f"lesson:{lesson}").to_source("numpy")
        (tmp_path / f"{lesson}.py").write_text(text, encoding="utf-8")
    ruff_leaves(tmp_path)


@pytest.mark.parametrize("name", sorted(ENTRIES))
def test_an_operation_of_the_catalog_has_the_values_and_gradients_of_the_engine(name: str) -> None:
    found: dict[bool, int] = {}
    for case in cases.one_of_each_call(cases.cases(ENTRIES[name])):
        found[case.training] = found.get(case.training, 0) + 1
        if found[case.training] <= SAMPLES:
            graph = cases.load(case.text)
            inputs = cases.inputs(graph, case.draw, cases.SIZES, "float64")
            text = graph.to_source("numpy")
            compare(graph, text, inputs, tolerance=1e-10, training=case.training)


@pytest.mark.parametrize("lesson", ["apple_orange", "two_layer_net"])
def test_the_text_of_a_lesson(lesson: str, golden: Callable[[str, str], None]) -> None:
    golden(f"{lesson}.numpy", gl.load(f"lesson:{lesson}").to_source("numpy"))


class Doubled(Layer):
    """y = 2 * x + tanh(x)"""

    def forward(self, x: Any) -> Any:
        return 2 * x + np.tanh(x), x

    def backward(self, dy: Any, x: Any) -> Any:
        return dy * (3 - np.tanh(x) ** 2)


TRAIN = "\ntrain { minimize = loss; optimizer = SGD; iterations = 3 }"
SPECS = {
    "a layer of one's own": "input x: float[N, 3]; y = x -> Doubled -> Affine(2); loss = mean(y**2); output y"
    + TRAIN,
    "shared parameters": "layer fc = Affine(3)\n"
    "input x: float[N, 3]; y = x -> fc -> Relu -> fc; loss = sum(y @ fc.W); output y" + TRAIN,
    "inputs with the names of the loop": "input rows: float[N, 3], seed: int[N], mask: float[N, 3]\n"
    "y = rows * mask -> Affine(4); loss = SoftmaxWithLoss(y, seed); output y" + TRAIN,
    "gradients among the values": "input x: float[N, 3]; h = x -> Affine(3) -> Tanh -> Affine(1)\n"
    "g = grad(sum(h), x); loss = mean(g**2) + mean(h); output g" + TRAIN,
    "several outputs of several types": "input x: float[N, 3], b: bool[N], i: int[N]\n"
    "y = where(b, i, 2) * x[:, 0]; k = argmax(x, axis=1); output y, k",
    "state in two places": "input x: float[N, 3]; y = x -> BatchNorm -> Affine(2) -> BatchNorm\n"
    "loss = mean(y**3); output y" + TRAIN,
    "letters of other scripts": "input größe = 3, β = 2; 값 = größe * β**2; output 값",
    "nothing but a constant": "y = 3 * 4 + 1\noutput y",
    "a value that is an input": "input x = 3\noutput x",
}


@pytest.mark.parametrize("what", SPECS)
@pytest.mark.parametrize("training", [False, True])
def test_what_specs_may_have_is_written(what: str, training: bool) -> None:
    graph = gl.loads(SPECS[what], layers=(Doubled,), dtype="float64")
    compare(graph, graph.to_source("numpy"), inputs_of(graph), tolerance=1e-10, training=training)


def test_an_initializer_of_ones_own_is_refused_by_name() -> None:
    class mine(Initializer):
        def draw(self, rng: Any, shape: Any, fan_in: int, fan_out: int) -> Any:
            return rng.random(shape)

    graph = gl.loads("input x: float[N, 3]; y = x -> Affine(2, init=mine); output y", layers=(mine,))
    with pytest.raises(
        gl.GraphError, match=r"`Affine1\.W` cannot become source for numpy: the initializer `mine`"
    ):
        graph.to_source("numpy")


def test_the_table_has_every_primitive_and_the_helpers_that_it_calls() -> None:
    kernels = [import_module(f"graphlang.kernels.{m.name}") for m in iter_modules(graphlang.kernels.__path__)]
    names = {v.name for module in kernels for v in vars(module).values() if isinstance(v, Primitive)}
    assert {*names, *PRIMITIVES} - set(RULES) == {"scan"}  # a loop, which the language writes
    for name, text in HELPERS.items():
        assert f"def {name}(" in text
