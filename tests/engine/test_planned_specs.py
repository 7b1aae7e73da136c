"""Whole graphs as planned programs: every spec and every optimizer, against the interpreter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphlang as gl
from graphlang.catalog.finder import family_member, family_names
from graphlang.engine.random_streams import StreamRandom
from graphlang.engine.tape import Tape
from graphlang.inputs.input_values import bind_inputs
from graphlang.inputs.stand_ins import fill_with_random

SPECS = sorted((Path(__file__).parent.parent.parent / "specs").rglob("*.graph"))
ROUNDING = {"float64": 1e-12, "float32": 3e-5}

NETWORK = """
input x: float[N, 6], t: int[N]
s = x -> BatchNorm -> Affine(8, init=he) -> Tanh -> Affine(3) -> LayerNorm
loss = SoftmaxWithLoss(s, t) + 0.01 * sum(s ** 2)
output s
train {{ minimize = loss; optimizer = {}; batch = 5; epochs = 1; dtype = {}; {} }}
"""


def close(found: Any, expected: Any, dtype: str, scale: float = 0.0) -> None:
    """Equal to rounding, measured by the largest number of the array, or of those that it is made of."""
    expected = np.asarray(expected)
    largest = max(scale, float(np.max(np.abs(expected), initial=0.0)))
    np.testing.assert_allclose(found, expected, rtol=ROUNDING[dtype], atol=ROUNDING[dtype] * largest)


@pytest.mark.parametrize("dtype", ROUNDING)
@pytest.mark.parametrize("path", SPECS, ids=lambda p: p.stem)
def test_the_outputs_of_a_spec_are_those_of_the_interpreter(path: Path, dtype: str) -> None:
    graph = gl.load(path, dtype=dtype)
    inputs = fill_with_random(graph.network, {}, np.random.default_rng(0))
    found = graph.compile()(inputs)
    outputs = found if len(graph.outputs) > 1 else {graph.spec.outputs[0]: found}
    expected = graph.forward(inputs)
    for name in graph.outputs:
        close(outputs[name], expected[name], dtype)


@pytest.mark.parametrize("dtype", ROUNDING)
@pytest.mark.parametrize("path", SPECS, ids=lambda p: p.stem)
def test_the_gradients_of_a_spec_are_those_of_the_interpreter(path: Path, dtype: str) -> None:
    graph = gl.load(path, dtype=dtype)
    inputs = fill_with_random(graph.network, {}, np.random.default_rng(0))
    check, train = graph.spec.gradcheck, graph.spec.train
    of = check.of if check else train.minimize if train else graph.spec.outputs[0]
    forward = graph.forward(inputs)
    expected = forward.backward(np.ones_like(forward[of]), of)
    wrt = [n for n in (*graph.inputs, *graph.params) if forward.is_float(n)]
    value, gradients = graph.compile(wrt=wrt, of=of)(dict(inputs.items()))
    close(value, expected[of], dtype)
    largest = max(float(np.max(np.abs(expected.grad[name]))) for name in wrt)
    for name in wrt:
        close(gradients[name], expected.grad[name], dtype, largest)


def eager_step(
    graph: gl.Graph, inputs: dict[str, Any], optimizer: Any, slots: Any, lr: float, t: int
) -> float:
    """A training step in plain NumPy: the interpreter's gradients, the optimizer's formula."""
    network, train = graph.network, graph.spec.train
    assert train is not None
    dtype = graph.dtype
    bound = bind_inputs(network, inputs, dtype)
    leaves = {**bound.values, **graph.params.numbered()}
    random = StreamRandom(np.random.default_rng(0), dtype)
    tape = Tape(network, leaves, dtype=dtype, sizes=bound.sizes, training=True, random=random)
    loss = network.numbers[train.minimize]
    tape.forward([loss])
    names = [n for n, p in network.params.items() if p.trainable]
    gradients = tape.gradients(loss, [network.numbers[n] for n in names])
    if train.clip_norm is not None:
        norm = np.sqrt(sum(np.sum(g.astype(np.float64) ** 2) for g in gradients))
        gradients = [g * min(1.0, train.clip_norm / (norm + 1e-6)) for g in gradients]
    for name, gradient in zip(names, gradients, strict=True):
        W, slots[name] = optimizer.update(
            graph.params[name].copy(), gradient, slots[name], np.float64(lr), np.float64(t)
        )
        graph.params[name] = W
    for number, value in tape.state.items():
        graph.params[network.names[number]] = value
    return float(tape.values[loss])


def optimizer_texts() -> list[str]:
    """Every optimizer with its defaults, and with each attribute that is off by default."""
    found = []
    for name in family_names("optimizers"):
        fields = family_member("optimizers", name).model_fields  # type: ignore[union-attr]
        found.append(f"{name}(lr=0.05)")
        found.append(f"{name}(lr=0.05, weight_decay=0.1)")
        found += [f"{name}(lr=0.05, {f}=true)" for f in fields if fields[f].annotation is bool]
    return found


@pytest.mark.parametrize("dtype", ROUNDING)
@pytest.mark.parametrize("settings", ["", "clip_norm = 0.5", "schedule = step(every=2)"])
@pytest.mark.parametrize("optimizer", optimizer_texts())
def test_the_updates_of_an_optimizer_are_those_of_its_formula(
    optimizer: str, settings: str, dtype: str
) -> None:
    text = NETWORK.format(optimizer, dtype, settings)
    planned, eager = gl.loads(text), gl.loads(text)
    train = planned.spec.train
    assert train is not None
    member = planned.network.member
    formula, schedule = member("optimizers", train.optimizer), member("schedules", train.schedule)
    slots = {n: formula.slots(eager.params[n]) for n, p in eager.network.params.items() if p.trainable}
    step = planned.compile(train=True)
    rng = np.random.default_rng(1)
    for t in range(1, 5):
        rows = 5 if t != 3 else 2
        inputs = {"x": rng.standard_normal((rows, 6)), "t": rng.integers(0, 3, rows)}
        loss = eager_step(eager, inputs, formula, slots, formula.lr * schedule.factor(t, t), t)
        close(step(inputs), loss, dtype)
        for name in planned.params:
            close(planned.params[name], eager.params[name], dtype, scale=formula.lr)


def test_the_loss_that_training_reports_is_that_before_the_step_though_state_is_renewed_in_it() -> None:
    text = NETWORK.format("SGD(lr=0.1)", "float64", "shuffle = false")
    rng = np.random.default_rng(1)
    x, t = rng.standard_normal((10, 6)), rng.integers(0, 3, 10)
    graph, eager = gl.loads(text), gl.loads(text)
    losses = graph.fit(x=x, t=t).losses
    formula = eager.network.member("optimizers", eager.spec.train.optimizer)  # type: ignore[union-attr]
    slots: dict[str, Any] = {n: {} for n, p in eager.network.params.items() if p.trainable}
    rows = [slice(0, 5), slice(5, 10)]
    expected = [
        eager_step(eager, {"x": x[r], "t": t[r]}, formula, slots, 0.1, i + 1) for i, r in enumerate(rows)
    ]
    close(losses, expected, "float64")
    for name in graph.params:
        close(graph.params[name], eager.params[name], "float64")


def test_a_step_whose_loss_is_not_finite_changes_nothing() -> None:
    graph = gl.loads(NETWORK.format("Adam(lr=0.1)", "float64", ""))
    before = graph.params.copies()
    with pytest.raises(gl.GraphError, match=r"not finite|infinite|not a number"):
        graph.fit(x=np.full((5, 6), 1.7e308), t=np.zeros(5, int))
    for name, array in before.items():
        np.testing.assert_array_equal(graph.params[name], array)


def test_training_gives_the_same_bits_twice_and_with_more_threads_the_same_numbers() -> None:
    text = NETWORK.format("Adam(lr=0.01)", "float64", "")
    rng = np.random.default_rng(1)
    x, t = rng.standard_normal((23, 6)), rng.integers(0, 3, 23)
    graphs = [gl.loads(text) for _ in range(3)]
    for graph in graphs:
        graph.fit(x=x, t=t)
    for name in graphs[0].params:
        assert (
            graphs[0].params[name].tobytes()
            == graphs[1].params[name].tobytes()
            == graphs[2].params[name].tobytes()
        )
