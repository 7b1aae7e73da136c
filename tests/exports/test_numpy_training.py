"""The loop of a generated file takes the steps of `fit`: the same batches, rates, updates and random numbers."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest
from generated_numpy import executed, network_of

import graphlang as gl
from graphlang.catalog.finder import family_names
from graphlang.inputs.stand_ins import fill_with_random

NET = """
input x: float[N, 3], t: int[N]
y    = x -> Affine(5) -> BatchNorm -> Relu -> Dropout(0.3) -> Affine(4)
loss = SoftmaxWithLoss(y, t)
train {{
  minimize = loss
  batch = 4
  epochs = 3
  {}
}}
"""
LESSONS = (
    "two_layer_net",
    "simple_convnet",
    "gan",
    "vae",
    "fine_tuning",
    "seq2seq_addition",
    "physics",
    "word2vec",
)


def trained(graph: gl.Graph, arrays: dict[str, Any], **options: Any) -> None:
    """Trains both, and holds one to the other."""
    names = executed(graph.to_source("numpy"))
    net, train = network_of(names)(), names["train"]
    taken = inspect.signature(train).parameters
    options = {name: value for name, value in options.items() if name in taken}
    arrays = {name: array for name, array in arrays.items() if name in taken}
    losses = train(net, **arrays, **options)
    history = graph.fit(**arrays, **options)
    tolerance = 1e-9 if graph.dtype == np.float64 else 1e-4
    np.testing.assert_allclose(losses, history.losses, rtol=tolerance)
    for name, value in net.params.items():
        np.testing.assert_allclose(
            value, graph.params[name], rtol=1000 * tolerance, atol=10 * tolerance, err_msg=name
        )


def rows_of(graph: gl.Graph, rows: int) -> dict[str, Any]:
    full = fill_with_random(graph.network, {}, np.random.default_rng(0))
    return {name: np.concatenate([array] * rows)[:rows] for name, array in full.items() if np.ndim(array)}


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_lesson_is_trained_as_fit_does(lesson: str) -> None:
    graph = gl.load(f"lesson:{lesson}", dtype="float64")
    trained(graph, rows_of(graph, 6), epochs=2, iterations=4, batch=4)


def test_two_layer_net_learns_in_float32() -> None:
    graph = gl.load("lesson:two_layer_net")
    rng = np.random.default_rng(3)
    arrays = {"x": rng.random((200, 784), np.float32), "t": rng.integers(0, 10, 200)}
    trained(graph, arrays, iterations=40, batch=20)


def small(settings: str) -> tuple[gl.Graph, dict[str, Any]]:
    rng = np.random.default_rng(2)
    arrays = {"x": rng.standard_normal((10, 3)), "t": rng.integers(0, 4, 10)}
    return gl.loads(NET.format(settings), dtype="float64"), arrays


@pytest.mark.parametrize("optimizer", family_names("optimizers"))
def test_every_optimizer_updates_as_graphlang_does(optimizer: str) -> None:
    trained(*small(f"optimizer = {optimizer}(lr=0.01, weight_decay=0.1)"))


SCHEDULES = (
    "constant(warmup=3)", "cosine", "cosine(floor=0.1, warmup=2)", "exponential(0.9)", "linear(floor=0.2)", "milestones([2, 5])",
    "milestones([2, 5], warmup=2)", "one_cycle", "polynomial(2.0, floor=0.1)", "step(2)", "warmup_cosine(3)",
)  # fmt: skip


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_every_schedule_gives_the_rates_of_graphlang(schedule: str) -> None:
    trained(*small(f"optimizer = SGD(lr=0.5); schedule = {schedule}"))


@pytest.mark.parametrize(
    "settings",
    [
        "clip_norm = 0.1",
        "clip_value = 0.01",
        "clip_norm = 0.1; clip_value = 0.02",
        "accumulate = 2",
        "accumulate = 2; schedule = cosine; ema = 0.9",
        "ema = 0.9",
        "shuffle = false",
        'groups = [group("Affine1.*", lr=0.01)]',
        'groups = [group("*.b", freeze=true)]',
    ],
)
def test_the_settings_of_training_are_followed(settings: str) -> None:
    trained(*small(f"optimizer = Momentum(lr=0.1); {settings}"))


def test_what_the_loop_leaves_out_is_said() -> None:
    graph, _ = small("optimizer = SGD; schedule = plateau(train.loss); stop = early(train.loss)")
    assert "Left out of what `train` of the spec has: `schedule`, `stop`." in graph.to_source("numpy")
