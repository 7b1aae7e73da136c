"""Random values of a graph in training on JAX: on demand those of NumPy, in the bodies of scans too."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphlang as gl

pytest.importorskip("jax", reason="JAX is not installed")

SPEC = """input x: float[N, 3]
param w: float = 1
noisy = x * w + random_like(x, "normal") * random_uniform(N, 1)
walk = scan v in noisy carry s = 0 * noisy[:, 0] { next s = s + w * v * random_like(v, "normal"); yield s }
loss = mean(walk**2)
output loss
train { minimize = loss; optimizer = SGD(lr=0.1); batch = 4; epochs = 2 }"""


def losses(dtype: str, backend: Any) -> list[float]:
    """Of six steps, every third on a smaller batch."""
    graph = gl.loads(SPEC, dtype=dtype, backend=backend)
    return graph.fit(x=np.random.default_rng(0).standard_normal((10, 3))).losses


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-12), ("float32", 1e-5)])
def test_a_training_takes_the_random_values_of_numpy_on_demand(dtype: str, tolerance: float) -> None:
    np.testing.assert_allclose(losses(dtype, gl.Jax(draws="numpy")), losses(dtype, "numpy"), rtol=tolerance)
