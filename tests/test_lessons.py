"""The lessons that train reach what their comments say: the quick ones and shortened ones here, the rest as `slow`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphlang as gl
from graphlang.generation import continuation
from graphlang.training import Epoch, History

SPECS = Path(__file__).parent.parent / "specs"
ANIMALS = "fox crow hare wolf mouse owl goat bear frog hen cat dog".split()
OPTIMIZERS = ["SGD(lr=0.01)", "Momentum(lr=0.01)", "AdaGrad(lr=0.01)", "Adam(lr=0.001)"]


def lesson(name: str, **settings: Any) -> gl.Graph:
    return gl.load(SPECS / f"{name}.graph", set=settings)


def trained(name: str, settings: Mapping[str, Any] | None = None) -> tuple[gl.Graph, Epoch]:
    """The graph of a lesson after training as its file says, and the record of its last epoch."""
    graph = lesson(name, **(settings or {}))
    last = graph.fit().last
    assert last is not None
    return graph, last


def started(name: str, iterations: int) -> History:
    """The history of a few steps; the metrics would take longer than these."""
    return lesson(name, **{"train.metrics": "[]"}).fit(iterations=iterations)


# ---- gradients of gradients ------------------------------------------------------------------------------


@pytest.mark.parametrize(("start", "minimum"), [(2, 1), (0.7, 1), (-3, -1)])
def test_newtons_method_reaches_the_minimum_that_is_near(start: float, minimum: float) -> None:
    assert lesson("newton", start=start, steps=12).forward()["x"] == pytest.approx(minimum, abs=1e-12)


def test_from_where_the_curve_is_open_downward_newtons_method_climbs_to_the_maximum() -> None:
    assert lesson("newton", start=0.3).forward()["x"] == pytest.approx(0, abs=1e-14)


def test_a_run_of_newtons_method_shows_every_step() -> None:
    result = lesson("newton", steps=3).run()
    shown = [name for name in result if name.endswith("next_x")]
    assert shown[:3] == [f"newton_step{n}.next_x" for n in (1, 2, 3)]
    assert [round(float(result[name]), 2) for name in shown[:3]] == [1.45, 1.15, 1.03]


def test_every_step_of_newton_doubles_the_number_of_right_digits() -> None:
    away = [abs(lesson("newton", steps=n).forward()["x"] - 1) for n in (4, 5, 6)]
    assert away[1] < 2 * away[0] ** 2
    assert away[2] < 2 * away[1] ** 2


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_network_solves_the_differential_equation_between_the_points_of_training_too(seed: int) -> None:
    graph, last = trained("physics", {"train.seed": seed})
    assert last.train["worst"] < 0.001
    times = np.linspace(0, 4, 23)[:, None]
    w = np.sqrt(2 - 1 / 16)
    exact = np.exp(-times / 4) * (np.cos(w * times) + np.sin(w * times) / (4 * w))
    np.testing.assert_allclose(graph.predict(at=times), exact, atol=0.001)


def test_the_lstm_written_out_is_the_layer_at_other_sizes_too() -> None:
    graph = lesson("lstm_written_out", hidden=7)
    found = graph.forward(xs=np.random.default_rng(0).standard_normal((5, 11, 3)))
    np.testing.assert_allclose(found["by_hand"], found["built_in"], rtol=1e-12, atol=1e-14)


# ---- comparisons ------------------------------------------------------------------------------------------


def test_batch_normalisation_learns_from_a_start_from_which_the_plain_network_does_not() -> None:
    _, last = trained("batchnorm_vs_none")
    assert last.test["normed_accuracy"] > 0.94
    assert last.test["plain_accuracy"] < 0.5


def test_dropout_learns_fewer_wrong_labels_by_heart_and_does_better_on_new_images() -> None:
    _, last = trained("dropout_overfit")
    assert last.train["plain_accuracy"] > 0.99
    assert last.train["dropped_accuracy"] < 0.97
    assert last.test["dropped_accuracy"] > last.test["plain_accuracy"] + 0.02
    assert last.test["dropped_loss"] < last.test["plain_loss"] - 0.1


def test_sgd_is_the_slowest_of_the_optimizers() -> None:
    losses = [trained("optimizers_compared", {"train.optimizer": rule})[1].loss for rule in OPTIMIZERS]
    assert losses[0] > 0.35
    assert max(losses[1:]) < 0.16


# ---- quick ones, as their files say ---------------------------------------------------------------------------


def test_attention_learns_to_look_where_the_digit_is() -> None:
    graph, last = trained("attention")
    assert last.test["accuracy"] == 1
    weights = graph.predict(x=np.arange(8)[None])["weights"][0]
    np.testing.assert_array_equal(np.argmax(weights, axis=1), np.arange(8)[::-1])


def test_the_words_nearest_to_an_animal_are_animals() -> None:
    graph, last = trained("word2vec")
    assert last.loss < 0.6
    words = (SPECS / "data" / "words.txt").read_text(encoding="utf-8").split("\n")
    rows = graph.params["inside.W"]
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    for animal in ANIMALS:
        nearest = np.argsort(-unit @ unit[words.index(animal)])[1:4]
        assert {words[i] for i in nearest} <= set(ANIMALS)


# ---- long ones, shortened ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "iterations", "bound"),
    [
        ("simple_convnet", 60, 0.6),
        ("deep_convnet", 10, 2.45),
        ("resnet", 10, 2.2),
        ("autoencoder", 150, 0.25),
        ("seq2seq_addition", 60, 1.9),
        ("char_rnn", 80, 2.2),
        ("transformer", 60, 2.6),
    ],
)
def test_a_lesson_begins_to_learn(name: str, iterations: int, bound: float) -> None:
    losses = started(name, iterations).losses
    assert len(losses) == iterations
    assert np.mean(losses[-3:]) < bound


def test_an_untrained_transformer_goes_on_with_a_text_and_a_seed_gives_the_same_words() -> None:
    graph = lesson("transformer")
    drawn = ["".join(continuation(graph, "Once", 20, temperature=1, seed=seed)) for seed in (1, 1, 2)]
    assert len(drawn[0]) == 20
    assert drawn[0] == drawn[1] != drawn[2]
    likeliest = ["".join(continuation(graph, "Once", 20, seed=seed)) for seed in (1, 2)]
    assert likeliest[0] == likeliest[1]


def test_a_text_longer_than_the_window_is_continued_from_its_end() -> None:
    graph = lesson("transformer")
    end = "a hen and a dog had a house by the river and did not look where it went"
    assert len(end) > 64
    first, second = ("".join(continuation(graph, start + end, 5)) for start in ("", "Once there was "))
    assert first == second


@pytest.mark.parametrize(
    ("name", "start", "code"),
    [("transformer", "Été", "GL715"), ("transformer", "", "GL715"), ("two_layer_net", "Once", "GL714")],
)
def test_what_cannot_be_continued_is_said(name: str, start: str, code: str) -> None:
    with pytest.raises(gl.GraphError) as caught:
        next(continuation(lesson(name), start, 1))
    assert [d.code for d in caught.value.diagnostics] == [code]


# ---- in full ------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "metric", "reached"),
    [
        ("two_layer_net", "accuracy", 0.95),
        ("simple_convnet", "accuracy", 0.97),
        ("deep_convnet", "accuracy", 0.95),
        ("resnet", "accuracy", 0.965),
        ("seq2seq_addition", "exact", 0.98),
    ],
)
def test_a_lesson_reaches_the_accuracy_that_it_states(name: str, metric: str, reached: float) -> None:
    _, last = trained(name)
    assert last.test[metric] >= reached


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "metric", "reached"),
    [("autoencoder", "mse", 0.0165), ("char_rnn", "loss", 0.36)],
)
def test_a_lesson_falls_to_the_loss_that_it_states(name: str, metric: str, reached: float) -> None:
    _, last = trained(name)
    assert last.test[metric] <= reached


@pytest.mark.slow
def test_the_transformer_reaches_its_loss_and_writes_a_fable() -> None:
    graph, last = trained("transformer")
    assert last.test["loss"] < 0.23
    known = set((SPECS / "data" / "fables.txt").read_text(encoding="utf-8").split())
    words = "".join(continuation(graph, "Once upon", 300)).split()[1:-1]
    assert np.mean([word in known for word in words]) > 0.9
