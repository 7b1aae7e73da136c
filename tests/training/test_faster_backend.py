"""Training says where another backend would probably be faster, and only there."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphlang as gl
from graphlang.cli import main
from graphlang.datasets.arrays import from_arrays
from graphlang.training import training_run
from graphlang.training.faster_backend import Machine, faster_backend
from graphlang.training.loop import train

LAPTOP = Machine(cores=2, has_jax=True, has_gpu=False, jax_has_gpu=False)
WORKSTATION = LAPTOP._replace(cores=16)
WITH_GPU = WORKSTATION._replace(has_gpu=True, jax_has_gpu=True)
NET = """input x: float[N, 4]
y = x -> Affine(3)
loss = mean(y * y)
output loss
train { minimize = loss; optimizer = SGD(lr=0.1); batch = 2; epochs = 1; metrics = [] }"""


@pytest.mark.parametrize(
    ("machine", "flops", "steps", "told"),
    [
        (LAPTOP, 1e9, 10000, None),
        (WORKSTATION, 1e9, 10000, "16 cores"),
        (WORKSTATION, 1e9, 100, None),
        (WORKSTATION, 1e7, 10**6, None),
        (WORKSTATION._replace(has_jax=False), 1e9, 10000, None),
        (WITH_GPU, 2e8, 10**6, "on the GPU"),
        (WITH_GPU, 2e7, 10**6, None),
        (WITH_GPU._replace(jax_has_gpu=False), 1e9, 10000, '`pip install "jax[cuda13]"`'),
        (WITH_GPU._replace(jax_has_gpu=False, has_jax=False), 1e9, 10000, '"graphlang-dsl[jax]"'),
    ],
)
def test_it_follows_from_the_work_and_the_machine(
    machine: Machine, flops: float, steps: int, told: str | None
) -> None:
    advice = faster_backend(flops, steps, machine)
    assert advice is None if told is None else told in str(advice)


def advised(monkeypatch: pytest.MonkeyPatch, settings: str = "", **options: Any) -> list[str]:
    """What a training of a small graph says on a machine where JAX is faster for everything."""
    told: list[str] = []
    monkeypatch.setattr(training_run, "faster_backend", lambda flops, steps, machine: f"{flops > 0} {steps}")
    graph = gl.loads(NET.replace("metrics = []", f"metrics = []{settings}"), **options)
    data = from_arrays({"x": np.ones((6, 4))})
    train(graph.model, data, fields={"x": "x"}, on_advice=told.append)
    return told


def test_a_training_says_it_once_with_the_size_of_a_step_and_the_steps(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert advised(monkeypatch) == ["True 3"]


def test_numpy_says_once_which_settings_have_no_effect_there(monkeypatch: pytest.MonkeyPatch) -> None:
    remat, faster = advised(monkeypatch, "; remat = block")
    assert remat.startswith("`remat = block` has no effect in NumPy")
    assert faster == "True 3"
    precision, remat = advised(monkeypatch, "; remat = true; precision = tf32", dtype="float32")
    assert "`precision = tf32`" in precision
    assert remat.startswith("`remat = true` has no effect")


def test_a_training_on_jax_says_nothing_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("jax", reason="JAX is not installed")
    assert advised(monkeypatch, "; remat = true", backend="jax") == []


@pytest.mark.parametrize(("more", "lines"), [([], 1), (["--json"], 0), (["--backend", "numpy"], 0)])
def test_the_command_says_it_in_one_line_where_nobody_has_chosen(
    more: list[str],
    lines: int,
    tmp_path: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    np.savez(tmp_path / "rows.npz", x=np.ones((6, 4)))
    spec = tmp_path / "net.graph"
    spec.write_text(
        NET.replace("train {", 'data { source = npz("rows.npz"); x = x }\ntrain {'), encoding="utf-8"
    )
    monkeypatch.setattr(training_run, "faster_backend", lambda *_: "the other one is faster")
    assert main(["train", str(spec), "--run", str(tmp_path / "run"), *more]) == 0
    told = [line for line in capsys.readouterr().err.split("\n") if "the other one is faster" in line]
    assert len(told) == lines
