"""On JAX too, infinite parameters are not saved, and what is not as it was is told when a run goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphlang as gl
from graphlang.datasets.arrays import from_arrays
from graphlang.training.loop import train
from tests.backends.test_training_on_jax import JAX

FALLS = """input x: float[N]
param w: float = 0
loss = mean(x) * (w - stop_gradient(w))
output loss
train { minimize = loss; optimizer = SGD(lr=%s); batch = 1; epochs = 1; shuffle = false; dtype = float32 }
"""


def falls(backend: Any, lr: str = "1e30") -> Any:
    return gl.loads(FALLS % lr, backend=backend).model


def rows(*numbers: float) -> Any:
    return from_arrays({"x": np.array(numbers, np.float32)})


def test_a_last_update_to_infinity_is_not_saved(tmp_path: Path) -> None:
    with pytest.raises(gl.GraphError, match="`w` holds -inf since the update of iteration 2"):
        train(falls(JAX), rows(1, 1e30), folder=tmp_path / "run")
    assert not (tmp_path / "run/checkpoint.npz").exists()


def test_another_backend_is_told_and_a_changed_rate_is_refused(tmp_path: Path) -> None:
    train(falls("numpy", "0.5"), rows(1, 2), folder=tmp_path / "run")
    told: list[str] = []
    options: dict[str, Any] = {"resume": tmp_path / "run", "epochs": 2, "on_note": told.append}
    with pytest.raises(gl.GraphError, match=r"`train.optimizer.lr` was 0.5 in this run, and is 0.25"):
        train(falls(JAX, "0.25"), rows(1, 2), **options)
    train(falls(JAX, "0.5"), rows(1, 2), **options)
    (sentence,) = told
    assert sentence.startswith("the run was computed by NumPy and goes on with JAX")
    model = falls("numpy", "0.5")
    train(model, rows(1, 2), **{**options, "epochs": 3})
    assert told[1].startswith("the run was computed by JAX")
    assert model.params["w"] == -4.5
