"""Options and arguments as other commands take them: what to write here."""

from __future__ import annotations

from pathlib import Path

import pytest

from graphlang.cli import main

SPECS = Path(__file__).parents[2] / "specs"


@pytest.mark.parametrize(
    ("words", "help_"),
    [
        (["run", "apple.graph", "--apple", "5"], "--set apple=5"),
        (["run", "apple.graph", "--apple=5"], "--set apple=5"),
        (["train", "two_layer_net.graph", "--epochs", "1"], "--set epochs=1"),
        (["train", "two_layer_net.graph", "--epoch", "1"], "--set epochs=1"),
        (["train", "two_layer_net.graph", "--optimiser", "Adam"], "--set optimizer=Adam"),
        (["train", "two_layer_net.graph", "--batch-size", "10"], "--set train.batch=10"),
        (["train", "two_layer_net.graph", "--lr", "0.1"], "--set lr=0.1"),
        (["train", "two_layer_net.graph", "--learning-rate=0.1"], "--set lr=0.1"),
        (["train", "two_layer_net.graph", "--weight-decay", "0.1"], "--set weight_decay=0.1"),
        (["train", "two_layer_net.graph", "--set", "learning_rate=0.1"], "--set lr=0.1"),
        (["train", "two_layer_net.graph", "--set", "train.lr=0.1"], "--set train.optimizer.lr=0.1"),
        (["train", "two_layer_net.graph", "--set", "epoch=3"], "did you mean `epochs`?"),
        (["train", "two_layer_net.graph", "--set", "optimiser=SGD"], "did you mean `optimizer`?"),
        (["train", "two_layer_net.graph", "--set", "wieght_decay=0.1"], "did you mean `weight_decay`?"),
        (
            ["train", "two_layer_net.graph", "--set", "train.optimizer.learning_rate=1"],
            "`train.optimizer.lr`",
        ),
        (["run", "apple.graph", "--jsn"], "--json"),
        (["run", "apple.graph", "apple=5"], "--set apple=5"),
        (["train", "two_layer_net.graph", "--hidden", "10"], "--set hidden=10"),
        (["train", "two_layer_net.graph", "--set", "trian.batch=3"], "`train.batch`"),
        (["train", "two_layer_net.graph", "--set", "train.dtype=float16"], "`float32` or `float64`"),
        (["train", "two_layer_net.graph", "--set", "data.source=a.npz"], 'npz("a.npz")'),
        (["predict", "apple.graph", "--inputs", '{"apple": 3}'], "--inputs -"),
        (["explain", "201"], "GL201"),
        (["explain", "GL-201"], "GL201"),
    ],
)
def test_help_says_what_to_write(
    words: list[str], help_: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(SPECS)
    assert main(words) in (1, 2)
    assert help_ in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--verbose", "--gpu", "--svg", "--output"])
def test_an_unknown_option_suggests_set_only_for_a_name_in_the_file(
    option: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(SPECS)
    assert main(["run", "apple.graph", option, "a.svg"]) == 2
    assert "--set" not in capsys.readouterr().err
