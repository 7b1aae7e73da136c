"""Words and options of other programs, and what they are told to write instead."""

from __future__ import annotations

from pathlib import Path

import pytest

from graphlang.cli.foreign_options import option_for, written_with_set

ALL = ("--set", "--weights", "--data", "--inputs")
SPEC = """\
hyper width = 3
input x: float[N, 2]
loss = mean(x -> Affine(width))
train {
  minimize = loss
  optimizer = SGD(lr=0.1)
  iterations = 2
}
"""


@pytest.mark.parametrize(
    ("word", "options", "help"),
    [
        ("lr=0.1", ALL, "write `--set lr=0.1`"),
        ("lr=0.1", ("--weights",), None),
        ("net.safetensors", ALL, "weights go with `--weights net.safetensors`"),
        ("rows.npz", ALL, "rows go with `--data rows.npz`, weights with `--weights rows.npz`"),
        ("rows.csv", ALL, "rows of a table go with `--data rows.csv`"),
        ("rows.csv", ("--inputs",), "values of inputs go with `--inputs rows.csv`"),
        ("values.json", ALL, "values of inputs go with `--inputs values.json`"),
        ("notes.txt", ("--inputs",), None),
    ],
)
def test_a_word_that_no_option_takes_is_told_its_option(
    word: str, options: tuple[str, ...], help: str | None
) -> None:
    assert option_for(word, options) == help


def test_the_folder_of_a_run_is_told_to_be_weights(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text("{}")
    assert option_for(str(tmp_path), ALL) == f"weights go with `--weights {tmp_path}`"


@pytest.mark.parametrize(
    ("name", "value", "help"),
    [
        ("width", "5", "write `--set width=5`"),
        ("width", "wide", "write `--set width=wide`"),
        ("widht", "5", "write `--set width=5`"),
        ("lr", "0.3", "write `--set lr=0.3`"),
        ("learning_rate", "0.3", "write `--set lr=0.3`"),
        ("iterations", "", "write `--set iterations=...`"),
        ("colour", "5", None),
    ],
)
def test_an_option_that_is_a_setting_of_the_file_is_told_set(
    name: str, value: str, help: str | None, tmp_path: Path
) -> None:
    file = tmp_path / "net.graph"
    file.write_text(SPEC)
    assert written_with_set(name, value, ["train", str(file)]) == help


def test_without_a_file_only_settings_of_training_are_known() -> None:
    assert written_with_set("epochs", "5", ["train"]) == "write `--set epochs=5`"
    assert written_with_set("colour", "5", ["train"]) is None
