"""`grad` by a value that is known before running, as `arange(9) / 8`: the same eager, planned and in training."""

from __future__ import annotations

import numpy as np
import pytest

import graphlang as gl

TEXT = """
input w = 2
t = arange(4) / 2
y = sum(t**3 * w)
d = grad(y, t)
dd = grad(sum(d), t)
loss = sum(d) + sum(dd)
output d, dd, loss
train { minimize = loss; optimizer = SGD(lr=1); batch = 1; iterations = 1; dtype = float64 }
"""
T = np.array([0, 0.5, 1, 1.5])


def test_the_interpreter_and_the_plan_give_the_derivatives_of_a_cube() -> None:
    graph = gl.loads(TEXT)
    eager, planned = graph.forward(), graph.predict()
    for found in (eager, planned):
        np.testing.assert_allclose(found["d"], 6 * T**2)
        np.testing.assert_allclose(found["dd"], 12 * T)


def test_a_parameter_is_trained_through_such_a_gradient() -> None:
    graph = gl.loads(TEXT.replace("input w = 2", "param w: float = constant(2)"))
    graph.fit()
    # The loss is w * (3 t^2 + 6 t) summed, so that sum is its slope.
    assert graph.params["w"] == pytest.approx(2 - np.sum(3 * T**2 + 6 * T))
