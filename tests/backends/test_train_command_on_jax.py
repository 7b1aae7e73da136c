"""`graphlang train --backend jax`: it trains, goes on, and says what is another backend."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from graphlang.cli import main
from tests.backends.test_training_on_jax import CACHE, NET, arrays


def spec_with_data(folder: Path) -> Path:
    """A spec with data of its own in a folder."""
    np.savez(folder / "rows.npz", **arrays(24))
    data = 'data { source = npz("rows.npz"); x = x; t = t }\n'
    text = NET.format(optimizer="Adam", schedule="constant", more="", metrics="[accuracy(y, t)]")
    path = folder / "net.graph"
    path.write_text(text.replace("train {", f"{data}train {{"), encoding="utf-8")
    return path


def test_the_command_trains_on_jax_and_goes_on_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec, run = str(spec_with_data(tmp_path)), str(tmp_path / "run")
    jax = ["--backend", "jax", "--device", "cpu", "--cache", CACHE.name]
    assert main(["train", spec, *jax, "--run", run]) == 0
    assert "trained 6 iterations" in capsys.readouterr().out
    assert main(["train", spec, "--resume", run, "--set", "train.epochs=3"]) == 0
    told = capsys.readouterr()
    assert "--backend jax" in told.err
    assert "same bits" not in told.err
    assert "trained 9 iterations" in told.out


def test_going_on_with_the_other_backend_says_in_one_line_that_the_bits_are_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec, run = str(spec_with_data(tmp_path)), str(tmp_path / "run")
    assert main(["train", spec, "--run", run]) == 0
    capsys.readouterr()
    again = [
        "train",
        spec,
        "--resume",
        run,
        "--set",
        "train.epochs=3",
        "--backend",
        "jax",
        "--cache",
        CACHE.name,
    ]
    assert main(again) == 0
    told = capsys.readouterr().err
    assert len([line for line in told.split("\n") if "same bits" in line]) == 1
    assert "NumPy" in told
    assert json.loads((tmp_path / "run" / "run.json").read_text())["backend"]["name"] == "jax"


def test_what_is_compiled_is_told_above_the_live_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from graphlang.cli.training_progress import Lines

    told: list[str] = []
    monkeypatch.setattr(Lines, "show", lambda self, text: told.append(text))
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "dumb")
    spec = str(spec_with_data(tmp_path))
    assert (
        main(["train", spec, "--run", str(tmp_path / "run"), "--backend", "jax", "--cache", CACHE.name]) == 0
    )
    assert "compiling for 8 × 4, 8 …" in told
