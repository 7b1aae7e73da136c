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


SINGULAR = """input x: float[N, 2, 2]
param w: float[2, 2] = [[1, 0], [0, 1]]
y = {function}(x @ w)
loss = mean(y)
output y
train {{ minimize = loss; optimizer = SGD(lr=0.01); batch = 3; epochs = 1; shuffle = false }}
"""


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("inv", "the matrix of sample 1 is singular"),
        ("cholesky", "the matrix of sample 1 is not positive definite"),
    ],
)
def test_a_singular_matrix_is_an_error_that_names_the_sample_in_training_and_outside(
    function: str, message: str
) -> None:
    good = np.eye(2)[None].repeat(3, 0)
    bad = np.array([np.eye(2), [[1, 2], [2, 4]], np.eye(2)])
    bad[1, 1, 1] = 4 if function == "inv" else 3
    graph = gl.loads(SINGULAR.format(function=function), backend=JAX)
    assert np.isfinite(graph.predict(x=good)).all()
    with pytest.raises(gl.GraphError, match=message):
        graph.predict(x=bad)
    with pytest.raises(gl.GraphError, match=message):
        graph.fit(x=bad)
    graph.fit(x=good)
