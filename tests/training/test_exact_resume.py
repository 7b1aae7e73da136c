"""A run that was stopped, wherever and however often, ends as one that was not: every number of its checkpoint."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphlang as gl
from graphlang.datasets.dataset import Column, Dataset
from graphlang.training.loop import train
from graphlang.training.sections import open_data
from graphlang.training.weight_files import read_sealed, save_sealed

SPECS = Path(__file__).parent.parent.parent / "specs"
ROWS, BATCH, STEPS = 18, 4, 13
"""Five steps an epoch, the last one smaller; the run ends in the middle of the third epoch."""


def with_few_rows(dataset: Dataset) -> Dataset:
    """The data set with the first rows of each split."""

    def few(column: Column) -> Column:
        return replace(
            column,
            stored=(ROWS, *column.stored[1:]),
            read=lambda: column.load()[:ROWS].reshape(ROWS, *column.stored[1:]),
        )

    splits = {name: {k: few(c) for k, c in columns.items()} for name, columns in dataset.splits.items()}
    return replace(dataset, splits=splits)


def trained(lesson: str, folder: Path, stops: list[int]) -> None:
    """Trains a lesson for some steps, and in between stops it and goes on in another graph."""
    for number, stop in enumerate([*stops, STEPS + 1]):
        graph = gl.load(SPECS / f"{lesson}.graph")
        rows = with_few_rows(open_data(graph.model))
        options: dict[str, Any] = {"resume" if number else "folder": folder}
        try:
            train(graph.model, rows, iterations=STEPS, batch=BATCH, on_progress=stopping_at(stop), **options)
        except KeyboardInterrupt:
            assert stop <= STEPS


def stopping_at(stop: int) -> Callable[[Any], None]:
    def call(progress: Any) -> None:
        if progress.iteration == stop:
            raise KeyboardInterrupt

    return call


# Dropout; BatchNorm's statistics; a text with a schedule and clipping; Adam; ids; random points without data; AdamW
# with a warm-up.
LESSONS = [
    "dropout_overfit", "batchnorm_vs_none", "char_rnn", "attention", "word2vec", "physics", "transformer", "simple_convnet",
]  # fmt: skip


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_lesson_that_was_stopped_ends_with_the_same_checkpoint_and_record(
    lesson: str, tmp_path: Path
) -> None:
    trained(lesson, tmp_path / "whole", [])
    draw = random.Random(lesson)
    for attempt in range(2):
        stops = sorted(draw.sample(range(1, STEPS + 1), attempt + 1))
        trained(lesson, tmp_path / f"stopped{attempt}", stops)
        same_files(tmp_path / "whole", tmp_path / f"stopped{attempt}", f"{lesson} stopped after {stops}")


def same_files(whole: Path, stopped: Path, what: str) -> None:
    with np.load(whole / "checkpoint.npz") as expected, np.load(stopped / "checkpoint.npz") as found:
        assert sorted(expected.files) == sorted(found.files), what
        differing = [n for n in expected.files if expected[n].tobytes() != found[n].tobytes()]
        assert differing == [], what
    for name in ("metrics.jsonl", "layers.jsonl", "weights.npz"):
        assert (whole / name).read_bytes() == (stopped / name).read_bytes(), f"{name} of {what}"


def test_the_rest_of_an_epoch_has_the_order_that_the_checkpoint_keeps(tmp_path: Path) -> None:
    """Not one that is drawn anew, which another version of NumPy might draw otherwise."""
    text = (
        "input x: float[N]\nparam w: float = 0\nloss = sum(x * w)\noutput loss\n"
        "train { minimize = loss; optimizer = SGD(lr=1); batch = 1; epochs = 2; dtype = float64 }"
    )
    data = Dataset("rows", {"train": {"x": Column((8,), np.dtype("f8"), lambda: 2.0 ** np.arange(8))}})
    fields = {"x": "x"}
    with pytest.raises(KeyboardInterrupt):
        train(gl.loads(text).model, data, folder=tmp_path / "run", fields=fields, on_progress=stopping_at(3))
    arrays = read_sealed(tmp_path / "run/checkpoint.npz")
    assert arrays is not None
    arrays["order"][3:] = arrays["order"][3:][::-1].copy()
    save_sealed(tmp_path / "run/checkpoint.npz", arrays, None)
    graph = gl.loads(text)
    steps: list[float] = [float(np.load(tmp_path / "run/weights.npz")["w"])]
    train(
        graph.model,
        data,
        resume=tmp_path / "run",
        fields=fields,
        on_progress=lambda p: steps.append(float(graph.params["w"])),
    )
    rows = [int(np.log2(-d)) for d in np.diff(steps)]
    assert rows[:5] == list(arrays["order"][3:])
    assert sorted(rows[5:]) == list(range(8)), "the next epoch has each row once again"
