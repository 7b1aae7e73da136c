"""A run goes on with epochs of the length that it has, or not at all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from graphlang.cli import main

NET = """
input x: float[N, 2], t: int[N]
y = x -> Affine(3)
loss = SoftmaxWithLoss(y, t)
output y
data { source = npz("d.npz"); x = x; t = t }
train { minimize = loss; optimizer = Adam(lr=0.1); batch = 5; epochs = 3 }
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("net.graph").write_text(NET)
    for name, rows in (("d.npz", 23), ("fewer.npz", 11)):
        np.savez(name, x=np.arange(2.0 * rows).reshape(rows, 2) / rows, t=np.arange(rows) % 3)
    assert main(["train", "net.graph", "--run", "run"]) == 0


@pytest.mark.parametrize(("words", "steps"), [(("--set", "train.batch=7"), 4), (("--data", "fewer.npz"), 3)])
def test_another_length_is_refused_and_the_run_left_as_it_is(
    words: tuple[str, ...], steps: int, capsys: pytest.CaptureFixture[str]
) -> None:
    before = Path("run/checkpoint.npz").read_bytes()
    assert main(["train", "net.graph", "--resume", "run", "--set", "train.epochs=5", *words]) == 1
    err = capsys.readouterr().err
    assert f"an epoch of that run has 5 steps, and one of this has {steps}" in err
    assert Path("run/checkpoint.npz").read_bytes() == before
    assert main(["train", "net.graph", "--weights", "run", "--run", "other", *words]) == 0


def test_the_same_length_goes_on_to_the_bit() -> None:
    assert main(["train", "net.graph", "--resume", "run", "--set", "train.epochs=5"]) == 0
    assert main(["train", "net.graph", "--run", "whole", "--set", "train.epochs=5"]) == 0
    assert Path("run/weights.npz").read_bytes() == Path("whole/weights.npz").read_bytes()
