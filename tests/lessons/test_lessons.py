"""The lessons that train reach what their comments state: the quick ones here, the rest, and in full, as `slow`.

A comment states it in a line of its own, `Reaches: test accuracy 0.97 or more`, which is read here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import numpy as np
import pytest

import graphlang as gl
from graphlang.training.generation import continuation
from graphlang.training.record import Epoch, History

SPECS = Path(__file__).parents[2] / "specs"
ANIMALS = "bear dog fox jay lion wolf crow goat hare mouse quail vole".split()
THINGS = "apple bell coat drum fish hat key lamp melon plum ring vase".split()
TRAINING = sorted(p.stem for p in SPECS.glob("*.graph") if gl.load(p).spec.train)
QUICK = """attention house_prices iris kepler optimizers_compared physics
portfolio regression text_classifier word2vec""".split()
LONG = [name for name in TRAINING if name not in QUICK]
STATEMENT = r"(train|test) (\w+) ([0-9.]+)(?: or (more|less))?(?:, with the weights of (\w+))?"


@dataclass(frozen=True)
class Statement:
    """What a comment states: of a split, a metric, and the bound that it reaches."""

    split: str
    metric: str
    bound: float
    more: bool | None

    def holds(self, epoch: Epoch) -> bool:
        found = (epoch.train if self.split == "train" else epoch.test)[self.metric]
        if self.more is None:
            return found == self.bound
        return found >= self.bound if self.more else found <= self.bound


def stated(name: str) -> list[Statement]:
    """The statements of the lesson's `Reaches:` lines."""
    lines = re.findall(r"^Reaches: (.*)$", gl.load(SPECS / f"{name}.graph").spec.doc, re.MULTILINE)
    found = []
    for line in lines:
        match = re.fullmatch(STATEMENT, line)
        assert match, line
        found.append(
            Statement(match[1], match[2], float(match[3]), {"more": True, "less": False}.get(match[4]))
        )
    return found


def weights_needed(name: str) -> tuple[str, dict[str, str]] | None:
    """The lesson with whose weights this one begins, and how they are renamed, as its comment says."""
    doc = gl.load(SPECS / f"{name}.graph").spec.doc
    source = re.search(r"^Reaches: .*, with the weights of (\w+)$", doc, re.MULTILINE)
    if source is None:
        return None
    command = rf"--weights runs/{source[1]}-1 --partial --rename \"(\S+)=(\S+)\"$"
    renamed = re.search(command, doc, re.MULTILINE)
    assert renamed, name
    return source[1], {renamed[1]: renamed[2]}


def table(name: str, head: str) -> list[list[str]]:
    """The table in the lesson's comment that begins with the row `head`: rows of cells, two spaces between."""
    lines = gl.load(SPECS / f"{name}.graph").spec.doc.split("\n")
    start = next(i for i, line in enumerate(lines) if line.strip().startswith(head))
    end = next(i for i in range(start, len(lines)) if not lines[i].strip())
    return [re.split(r"\s{2,}", line.strip()) for line in lines[start:end]]


def lesson(name: str, backend: str = "numpy", **settings: Any) -> gl.Graph:
    return gl.load(SPECS / f"{name}.graph", set=settings, backend=backend)


def trained(
    name: str, settings: Mapping[str, Any] | None = None, backend: str = "numpy"
) -> tuple[gl.Graph, Epoch]:
    """The graph of a lesson after training as its file says, and the record of the epoch of its weights."""
    started = perf_counter()
    graph = lesson(name, backend, **(settings or {}))
    before = weights_needed(name)
    if before is not None:
        source, rename = before
        first = trained_before(source, backend)
        with TemporaryDirectory() as folder:
            first.save(f"{folder}/first.npz")
            graph.load_weights(f"{folder}/first.npz", partial=True, rename=rename)
    history = graph.fit()
    last = history.best or history.last
    assert last is not None
    print(f"{name} {settings or ''} {backend}: {perf_counter() - started:.1f} s, {last.train} {last.test}")
    return graph, last


@cache
def trained_before(name: str, backend: str) -> gl.Graph:
    """A lesson after training, for those that begin with its weights."""
    return trained(name, backend=backend)[0]


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


# ---- what the comments state -------------------------------------------------------------------------------


def test_every_lesson_that_trains_states_what_it_reaches() -> None:
    assert [name for name in TRAINING if not stated(name)] == []


def test_the_table_of_lessons_states_what_the_lessons_state() -> None:
    page = (SPECS.parent / "docs" / "reference" / "lessons.md").read_text(encoding="utf-8")
    rows = [line.strip("| ").split(" | ") for line in page.split("\n") if line.startswith("| ")]
    reached = {name: cells[2] for cells in rows if len(cells) == 3 for name in cells[0].split(", ")}
    for name in TRAINING:
        numbers = re.findall(r"[0-9]+(?:\.[0-9]+)?", reached[name])
        assert stated(name)[0].bound in map(float, numbers) or "table" in reached[name], name


@pytest.mark.parametrize("name", [n for n in QUICK if n != "physics"])
def test_a_quick_lesson_reaches_what_it_states(name: str) -> None:
    _, last = trained(name)
    assert [s for s in stated(name) if not s.holds(last)] == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("name", LONG)
def test_a_long_lesson_reaches_what_it_states(name: str, seed: int) -> None:
    _, last = trained(name, {"train.seed": seed})
    assert [s for s in stated(name) if not s.holds(last)] == []


@pytest.mark.slow
@pytest.mark.parametrize("name", TRAINING)
def test_a_lesson_reaches_on_jax_what_it_states(name: str) -> None:
    pytest.importorskip("jax", reason="JAX is not installed")
    _, last = trained(name, backend="jax")
    assert [s for s in stated(name) if not s.holds(last)] == []


@pytest.mark.slow
def test_twice_the_code_halves_what_the_autoencoder_misses() -> None:
    _, last = trained("autoencoder", {"code": 32})
    assert last.test["mse"] <= 0.0105


@pytest.mark.slow
def test_one_expert_alone_knows_less_than_eight() -> None:
    _, last = trained("mixture_of_experts", {"experts": 1})
    assert 0.9 < last.test["accuracy"] < 0.93


@pytest.mark.slow
def test_a_look_of_three_by_three_pixels_finds_the_figures_and_cannot_tell_them_apart() -> None:
    _, last = trained("unet", {"depth": 0})
    ground, disc, square = np.asarray(last.train["found"])
    assert ground[0] > 0.95 * sum(ground)
    assert disc[0] + square[0] < 0.1 * (sum(disc) + sum(square))
    assert last.train["iou"] < 0.65


@pytest.mark.slow
def test_short_sums_are_learned_without_reading_backwards_too() -> None:
    _, last = trained("seq2seq_addition", {"reverse": "false"})
    assert last.test["exact"] >= 0.96


# ---- comparisons ------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_batch_normalisation_learns_from_starts_from_which_the_plain_network_does_not() -> None:
    stds, without, normed = table("batchnorm_vs_none", "std")
    for std, plain, with_it in zip(stds[1:], without[1:], normed[1:], strict=True):
        _, last = trained("batchnorm_vs_none", {"std": std})
        assert last.test["plain_accuracy"] == pytest.approx(float(plain), abs=0.05)
        assert last.test["normed_accuracy"] == pytest.approx(float(with_it), abs=0.05)


@pytest.mark.slow
def test_dropout_learns_fewer_wrong_labels_by_heart_and_does_better_on_new_images() -> None:
    _, *rows = table("dropout_overfit", "training accuracy")
    _, last = trained("dropout_overfit")
    for name, cells in zip(("plain", "dropped"), rows, strict=True):
        accuracy, new, loss = map(float, cells[1:])
        assert last.train[f"{name}_accuracy"] == pytest.approx(accuracy, abs=0.03)
        assert last.test[f"{name}_accuracy"] == pytest.approx(new, abs=0.03)
        assert last.test[f"{name}_loss"] == pytest.approx(loss, abs=0.15)
    assert last.test["dropped_accuracy"] > last.test["plain_accuracy"] + 0.02


@pytest.mark.slow
def test_sgd_is_the_slowest_of_the_optimizers() -> None:
    _, *rows = table("optimizers_compared", "optimizer")
    losses = []
    for rule, loss, accuracy, _ in rows:
        _, last = trained("optimizers_compared", {"train.optimizer": rule})
        assert last.loss == pytest.approx(float(loss), abs=0.05)
        assert last.test["accuracy"] == pytest.approx(float(accuracy), abs=0.02)
        losses.append(last.loss)
    assert losses[0] > 2 * max(losses[1:])


# ---- quick ones, as their files say ---------------------------------------------------------------------------


def test_attention_learns_to_look_where_the_digit_is() -> None:
    graph, _ = trained("attention")
    found = graph.predict(x=np.arange(8)[None])
    np.testing.assert_array_equal(found["answer"][0], np.arange(8)[::-1])
    np.testing.assert_array_equal(found["look"][0], np.arange(8)[::-1])


@pytest.mark.parametrize("seed", [0, 1])
def test_the_words_nearest_to_an_animal_are_animals_and_to_a_thing_things(seed: int) -> None:
    graph, _ = trained("word2vec", {"train.seed": seed})
    words = (SPECS / "data" / "words.txt").read_text(encoding="utf-8").split("\n")
    rows = graph.params["inside.W"]
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    for animal in ANIMALS:
        nearest = np.argsort(-unit @ unit[words.index(animal)])[1:4]
        assert {words[i] for i in nearest} <= set(ANIMALS)
    asked = np.array([words.index(thing) for thing in THINGS])
    assert {words[i] for i in graph.predict(ask=asked)} <= set(THINGS)


def test_what_word2vec_asks_by_itself_is_an_animal_a_thing_and_a_place() -> None:
    words = (SPECS / "data" / "words.txt").read_text(encoding="utf-8").split("\n")
    default = lesson("word2vec").inputs["ask"].default
    assert [words[i] for i in np.asarray(default)] == ["fox", "plum", "hill"]


# ---- long ones, shortened ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "iterations", "bound"),
    [
        ("simple_convnet", 60, 0.6),
        ("deep_convnet", 20, 2.45),
        ("resnet", 20, 2.2),
        ("autoencoder", 150, 0.25),
        ("seq2seq_addition", 60, 1.9),
        ("char_rnn", 80, 2.2),
        ("transformer", 60, 2.6),
        ("mixture_of_experts", 60, 1.3),
        ("unet", 10, 0.8),
        ("vae", 60, 260),
        ("gan", 60, 1.2),
        ("translation", 30, 2.1),
    ],
)
def test_a_lesson_begins_to_learn(name: str, iterations: int, bound: float) -> None:
    losses = started(name, iterations).losses
    assert len(losses) == iterations
    assert np.mean(losses[-3:]) < bound


def test_the_fine_tuned_network_takes_the_eye_of_another_and_learns_nothing_but_what_digits_are_worth(
    tmp_path: Path,
) -> None:
    source, rename = weights_needed("fine_tuning") or ("", {})
    lesson(source, **{"train.seed": 7}).save(tmp_path / "first.npz")
    graph = lesson("fine_tuning")
    graph.load_weights(tmp_path / "first.npz", partial=True, rename=rename)
    eye = {name: array.copy() for name, array in graph.params.items() if name != "value.W"}
    with np.load(tmp_path / "first.npz") as first:
        assert {f"eye.{name}" for name in first.files} == set(eye)
        np.testing.assert_array_equal(eye["eye.conv.W"], first["conv.W"])
    graph.fit(iterations=4)
    for name, array in eye.items():
        np.testing.assert_array_equal(graph.params[name], array)
    assert np.all(graph.params["value.W"] != 0)


def test_an_untrained_transformer_goes_on_with_a_text_and_a_seed_gives_the_same_words() -> None:
    graph = lesson("transformer")
    drawn = ["".join(continuation(graph.model, "Once", 8, temperature=1, seed=seed)) for seed in (1, 1, 2)]
    assert len(drawn[0]) == 8
    assert drawn[0] == drawn[1] != drawn[2]
    likeliest = ["".join(continuation(graph.model, "Once", 8, seed=seed)) for seed in (1, 2)]
    assert likeliest[0] == likeliest[1]


def test_a_text_longer_than_the_window_is_continued_from_its_end() -> None:
    graph = lesson("transformer")
    end = "one morning old Fox came home with a ripe plum, and lazy Crow came to Fox and asked for a song at noon"
    assert len(end) > 96
    first, second = ("".join(continuation(graph.model, start + end, 5)) for start in ("", "Once there was "))
    assert first == second


@pytest.mark.parametrize(
    ("name", "start", "code"),
    [("transformer", "Été", "GL715"), ("transformer", "", "GL715"), ("two_layer_net", "Once", "GL714")],
)
def test_what_cannot_be_continued_is_said(name: str, start: str, code: str) -> None:
    with pytest.raises(gl.GraphError) as caught:
        next(continuation(lesson(name).model, start, 1))
    assert [d.code for d in caught.value.diagnostics] == [code]


@pytest.mark.slow
def test_the_pairs_teach_the_order_of_the_digits() -> None:
    graph, _ = trained("fine_tuning")
    worth = graph.params["value.W"][:, 0]
    assert np.all(np.diff(worth) > -0.5)
    assert np.argsort(worth)[[0, 9]].tolist() == [0, 9]


# ---- in full ------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("name", ["seq2seq_addition", "translation"])
def test_the_decoder_writes_the_sum_by_itself(name: str) -> None:
    graph, _ = trained(name)
    found = graph.predict(question=[[5, 7, 10, 5, 12], [9, 9, 10, 9, 9]])
    assert found.tolist() == [[6, 2, 12], [1, 9, 8]]
