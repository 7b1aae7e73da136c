"""A training on JAX is saved between its steps, also where several of them are one call, and at a signal."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import graphlang as gl
from graphlang.cli import main
from graphlang.datasets.arrays import from_arrays
from graphlang.training import saving_times
from graphlang.training.loop import train
from graphlang.training.weight_files import read

pytest.importorskip("jax")

NET = """
input x: float[N, 4], t: float[N, 1]
y = x -> Affine(5) -> Dropout(0.2) -> Affine(1)
loss = MeanSquaredError(y, t)
output y
data { source = npz("d.npz"); x = x; t = t }
train { minimize = loss; optimizer = Adam(lr=0.01); batch = 5; epochs = 3; seed = 1 }
"""


def rows() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {"x": rng.normal(size=(43, 4)).astype("f"), "t": rng.normal(size=(43, 1)).astype("f")}


def test_saving_between_steps_changes_no_bit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    backend = gl.Jax(steps_per_call=3, cache=False)
    whole = gl.loads(NET, backend=backend)
    history = train(whole.model, from_arrays(rows()), fields={"x": "x", "t": "t"})
    monkeypatch.setattr(saving_times, "SECONDS", 0.0)
    monkeypatch.setattr(saving_times, "SHARE", 0)
    saved: list[int] = []
    graph = gl.loads(NET, backend=backend)

    def note(progress: object) -> None:
        if (tmp_path / "run" / "weights.npz").exists():
            saved.append(len(saved))

    again = train(
        graph.model,
        from_arrays(rows()),
        fields={"x": "x", "t": "t"},
        folder=tmp_path / "run",
        on_progress=note,
    )
    assert len(saved) > 20
    assert again == history
    kept = read(tmp_path / "run" / "weights.npz")
    for name, array in whole.params.items():
        np.testing.assert_array_equal(graph.params[name], array)
        np.testing.assert_array_equal(kept[name], array)


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_sigterm_saves_a_training_on_jax(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("net.graph").write_text(NET)
    np.savez("d.npz", **rows())
    words = ["train", "net.graph", "--backend", "jax", "--cache", "none"]
    env = os.environ | {"PYTHONPATH": str(Path(gl.__file__).parents[1]), "JAX_PLATFORMS": "cpu"}
    process = subprocess.Popen(
        [sys.executable, "-m", "graphlang", *words, "--run", "r", "--set", "train.epochs=1000000"],
        env=env,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        end = time.monotonic() + 120
        while not Path("r/checkpoint.npz").exists():
            assert process.poll() is None
            assert time.monotonic() < end
            time.sleep(0.02)
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=120)
    finally:
        process.kill()
    assert process.returncode == 143, err
    assert "ended by SIGTERM; the run is kept in r, go on with:" in err
    with np.load("r/checkpoint.npz") as checkpoint:
        more = f"train.epochs={int(checkpoint['iteration']) // 9 + 2}"
    assert main([*words, "--resume", "r", "--set", more]) == 0
    assert main([*words, "--run", "whole", "--set", more]) == 0
    parts, whole = read("r/weights.npz"), read("whole/weights.npz")
    assert all(np.array_equal(parts[name], whole[name]) for name in whole)
