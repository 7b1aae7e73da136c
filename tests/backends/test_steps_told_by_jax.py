"""What a training on JAX tells of its steps: each before the next one begins, and the loss of every objective."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphlang as gl
from tests.backends.test_training_on_jax import CACHE

TEXT = """
input x: float[N], t: float[N]
param v: float = 1
param w: float = 1
near = mean((x * v - t)**2)
far = mean((v * x * w - t)**2)
output near
train { batch = 4; iterations = 9; log_every = 4; dtype = float64; seed = 3; stop = early(far, patience=9)
        minimize = [objective(near, "v", SGD(0.01)), objective(far, "w", Momentum(0.02))] }
"""
ROWS = {"x": np.arange(10.0) / 5, "t": np.arange(10.0)}


@pytest.mark.parametrize("per_call", [3])
def test_on_step_sees_every_step_on_jax_and_ends_the_training_there(per_call: int) -> None:
    def trained(backend: Any) -> tuple[gl.History, list[Any]]:
        graph, seen = gl.loads(TEXT, backend=backend), []

        def on_step(step: Any) -> bool:
            seen.append((step.iteration, *step.objectives.values(), *map(float, graph.params.values())))
            return step.iteration < 6

        return graph.fit(**ROWS, on_step=on_step), seen

    (found, told), (expected, told_by_numpy) = (
        trained(backend) for backend in (gl.Jax(cache=CACHE.name, steps_per_call=per_call), "numpy")
    )
    np.testing.assert_allclose(told, told_by_numpy, rtol=1e-9)
    assert [epoch.iteration for epoch in found.epochs] == [4, 6]
    for one, other in zip(found.epochs, expected.epochs, strict=True):
        assert one.objectives == pytest.approx(other.objectives, rel=1e-9)
    assert {n: len(of) for n, of in found.objectives.items()} == {"near": 6, "far": 6}
    np.testing.assert_allclose(found.objectives["far"], expected.objectives["far"], rtol=1e-9)


def test_a_compiled_step_on_jax_has_the_loss_of_each_objective() -> None:
    steps = [gl.loads(TEXT, backend=b).compile(train=True) for b in (gl.Jax(cache=CACHE.name), "numpy")]
    for step in steps:
        assert step(**ROWS) == step.losses["near"]
    assert steps[0].losses == pytest.approx(steps[1].losses, rel=1e-9)


def test_what_is_not_finite_in_a_later_objective_is_named_on_jax_too() -> None:
    text = TEXT.replace("far = mean(", "far = mean(sqrt(w - 0.9 * v) + ")
    graph = gl.loads(text, backend=gl.Jax(cache=CACHE.name))
    with pytest.raises(gl.GraphError, match="at iteration 1, in `far`") as caught:
        graph.fit(x=ROWS["x"], t=ROWS["t"] * 100)
    assert "sqrt" in str(caught.value)
    assert graph.params["v"] == 1
