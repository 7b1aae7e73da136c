"""Random values in training: new at every step, and those of a run that goes on are those of one that was not
stopped."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from graphlang.cli import main

NET = """
input x: float[N, 2]
mu = x -> Affine(2)
z = mu + 0.3 * random_like(mu, "normal")
y = z -> Affine(2)
noise = scan a in x carry h = zeros(N) { h2 = h + random_like(h); next h = h2; yield h2 }
loss = MeanSquaredError(y, x) + mean(noise) * mean(y)
output y
data { source = npz("d.npz"); x = x }
train { minimize = loss; optimizer = Adam(lr=0.1); batch = 5; epochs = 2 }
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("net.graph").write_text(NET)
    np.savez("d.npz", x=np.arange(46.0).reshape(23, 2) / 23)


def test_a_run_that_goes_on_has_the_bits_of_one_that_was_not_stopped() -> None:
    assert main(["train", "net.graph", "--run", "run"]) == 0
    assert main(["train", "net.graph", "--resume", "run", "--set", "train.epochs=4"]) == 0
    assert main(["train", "net.graph", "--run", "whole", "--set", "train.epochs=4"]) == 0
    assert Path("run/weights.npz").read_bytes() == Path("whole/weights.npz").read_bytes()


def test_it_is_so_on_jax_too() -> None:
    pytest.importorskip("jax")
    on_jax = ["--backend", "jax", "--device", "cpu"]
    assert main(["train", "net.graph", "--run", "run", *on_jax]) == 0
    assert main(["train", "net.graph", "--resume", "run", "--set", "train.epochs=4", *on_jax]) == 0
    assert main(["train", "net.graph", "--run", "whole", "--set", "train.epochs=4", *on_jax]) == 0
    for name, array in np.load("run/weights.npz").items():
        np.testing.assert_array_equal(array, np.load("whole/weights.npz")[name])
