"""`--to jax`: each generated file gives the values of the engine, and `jax.grad` of it the gradients."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from generated_forward import expected
from generated_numpy import close
from ruff_check import ruff_leaves

import graphlang as gl
from graphlang.exports.source.jax.table import RULES
from graphlang.inputs.stand_ins import fill_with_random
from graphlang.syntax.lessons import lesson_names
from graphlang.trace.primitives import PRIMITIVES

sys.path.append(str(Path(__file__).parent.parent / "contracts"))
import contract_cases as cases

jax = pytest.importorskip("jax")
ENTRIES = cases.entries()


@pytest.fixture(autouse=True)
def precision() -> Iterator[None]:
    """Sets the precision back, which a file of float64 raises."""
    before = jax.config.jax_enable_x64
    yield
    jax.config.update("jax_enable_x64", before)


def executed(graph: gl.Graph) -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": "generated"}
    exec(compile(graph.to_source("jax"), "generated.py", "exec"), names)  # noqa: S102 - the text is our own
    return names


def compare(
    graph: gl.Graph, inputs: Mapping[str, Any], tolerance: float, *, training: bool = False, jit: bool = False
) -> None:
    """Holds values and gradients of a file to those of the engine."""
    names = executed(graph)
    wanted = expected(graph, inputs, training=training)
    rng = np.random.default_rng(5)
    names["uniform_numbers"] = lambda keys, shape, dtype: jax.numpy.asarray(rng.random(shape, dtype), dtype)
    forward = names["forward"]
    taken = forward.__kwdefaults__ or {}
    options = {"training": training} if "training" in taken else {}
    options |= {"key": jax.random.key(0)} if "key" in taken else {}
    params = {name: jax.numpy.asarray(graph.params[name]) for name in graph.params}
    samples = {n: spec.default for n, spec in graph.network.inputs.items() if spec.default is not None}
    inputs = {**samples, **inputs}
    floats = {n: v for n, v in inputs.items() if n in wanted.gradients}
    others = {n: v for n, v in inputs.items() if n not in floats}

    def both(params: Any, floats: Any) -> tuple[Any, Any]:
        values = forward(params, {**floats, **others}, **options)
        return (values[wanted.of].sum() if wanted.of else 0.0), values

    trained = {n: v for n, v in params.items() if n in wanted.gradients}
    state = {n: v for n, v in params.items() if n not in trained}
    function = jax.value_and_grad(lambda p, x: both({**p, **state}, x), (0, 1), has_aux=True)
    if wanted.of is None:
        values, gradients = both(params, floats)[1], ({}, {})
    else:
        (_, values), gradients = (jax.jit(function) if jit else function)(trained, floats)
    for name, value in {**wanted.values, **(wanted.state if training else {})}.items():
        close(values[name], value, tolerance, name)
    found = {**gradients[0], **gradients[1]}
    for name, value in (wanted.gradients if wanted.of else {}).items():
        close(found[name], value, tolerance, f"the gradient of {name}")


def inputs_of(graph: gl.Graph) -> dict[str, Any]:
    return fill_with_random(graph.network, {}, np.random.default_rng(0))


COMPILED_LONG = {"deep_convnet", "transformer", "translation", "unet"}
"""Lessons that XLA compiles for five seconds and more."""
LESSONS = [pytest.param(n, marks=pytest.mark.slow if n in COMPILED_LONG else ()) for n in lesson_names()]


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_lesson_has_the_values_and_gradients_of_the_engine_under_jit(lesson: str) -> None:
    graph = gl.load(f"lesson:{lesson}", dtype="float64")
    compare(graph, inputs_of(graph), 1e-9, jit=True)


@pytest.mark.parametrize("lesson", ["two_layer_net", "simple_convnet", "char_rnn"])
def test_float32_agrees_in_jax(lesson: str) -> None:
    graph = gl.load(f"lesson:{lesson}", dtype="float32")
    compare(graph, inputs_of(graph), 1e-5, jit=True)


@pytest.mark.parametrize("lesson", ["dropout_overfit", "batchnorm_vs_none", "vae"])
def test_training_agrees_in_jax_with_the_same_random_numbers(lesson: str) -> None:
    graph = gl.load(f"lesson:{lesson}", dtype="float64")
    compare(graph, inputs_of(graph), 1e-9, training=True)


@pytest.mark.parametrize("name", sorted(ENTRIES))
def test_an_operation_has_the_values_and_gradients_of_the_engine_in_jax(name: str) -> None:
    done: set[bool] = set()
    for case in cases.one_of_each_call(cases.cases(ENTRIES[name])):
        if case.training not in done:
            done.add(case.training)
            graph = cases.load(case.text)
            inputs = cases.inputs(graph, case.draw, cases.SIZES, "float64")
            compare(graph, inputs, 1e-9, training=case.training)


def test_parameters_start_in_jax_as_those_of_graphlang() -> None:
    graph = gl.load("lesson:simple_convnet")
    for name, value in executed(graph)["init_params"]().items():
        np.testing.assert_array_equal(value, graph.params[name], err_msg=name)


def test_labels_of_a_sample_are_not_taken_for_those_of_other_rows_in_jax() -> None:
    graph = gl.loads(
        """
        input x: float[N, 2] = [[0, 1], [1, 1]], t: int[N] = [0, 1], rate = 0.5
        y = x -> Affine(3)
        loss = SoftmaxWithLoss(y, t) * rate
        output y
        train { minimize = loss; optimizer = SGD(lr=0.1); epochs = 1 }
        """
    )
    names = executed(graph)
    forward, params = names["forward"], names["init_params"]()
    assert list(forward(params, {"x": [[0.0, 1.0]]})) == ["y"]
    rows = {"x": [[0.0, 1.0], [1.0, 0.0]], "t": [0, 2]}
    assert list(forward(params, rows)) == ["y", "loss"]
    assert names["loss"](params, {**rows, "rate": 1.0}) == 2 * names["loss"](params, rows)


def test_every_primitive_has_a_form_in_jax() -> None:
    from graphlang.backends.jax.rules import RULES as RULES_OF_BACKEND

    assert {*PRIMITIVES, *RULES_OF_BACKEND} - {*RULES, "scan"} == set()


def test_an_operation_without_a_form_in_jax_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(RULES, "tanh")
    with pytest.raises(
        gl.GraphError, match=r"`y` .Tanh. cannot become source for jax: the primitive `tanh`"
    ) as e:
        gl.loads("input x: float[3]; y = x -> Tanh; output y").to_source("jax")
    assert [d.code for d in e.value.diagnostics] == ["GL787"]


def test_without_labels_a_file_of_jax_gives_the_outputs() -> None:
    graph = gl.load("lesson:two_layer_net", dtype="float64")
    names, inputs = executed(graph), inputs_of(graph)
    params = names["init_params"]()
    assert list(names["forward"](params, {"x": inputs["x"]})) == ["y"]
    assert names["loss"](params, inputs) == names["forward"](params, inputs)["loss"]


def test_ruff_leaves_every_file_of_jax_as_it_is(tmp_path: Path) -> None:
    for lesson in lesson_names():
        text = gl.load(f"lesson:{lesson}").to_source("jax")
        (tmp_path / f"{lesson}.py").write_text(text, encoding="utf-8")
    ruff_leaves(tmp_path)
