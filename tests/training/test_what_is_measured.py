"""Each metric is reported under its name, whatever is minimized; a value without a gradient cannot be."""

from __future__ import annotations

import numpy as np
import pytest

import graphlang as gl

X = np.arange(12.0).reshape(6, 2) / 12
T = np.arange(6.0)
TEXT = """
input x: float[N, 2], t: float[N]
layer fc = Affine(1)
y = fc(x)[:, 0]
loss = mean((y - t)**2)
total = loss + 10
low = mean(y) < 1
best = argmax(y)
output y
train {{ minimize = {0}; optimizer = SGD(lr=0.01); batch = 4; epochs = 1; dtype = float64; metrics = [{1}] }}
"""


def measured(graph: gl.Graph) -> float:
    """The loss by NumPy."""
    y = (X @ graph.params["fc.W"] + graph.params["fc.b"])[:, 0]
    return float(np.mean((y - T) ** 2))


def test_a_metric_called_loss_is_not_what_is_minimized() -> None:
    graph = gl.loads(TEXT.format("total", "loss"))
    last = graph.fit(x=X, t=T, validation={"x": X, "t": T}).last
    assert last is not None
    loss = measured(graph)
    assert last.train == pytest.approx({"loss": loss})
    assert last.validation == pytest.approx({"loss": loss, "total": loss + 10})
    assert graph.evaluate(x=X, t=T) == pytest.approx({"loss": loss, "total": loss + 10})


def test_the_loss_may_be_a_metric_too() -> None:
    graph = gl.loads(TEXT.format("loss", "loss, total"))
    last = graph.fit(x=X, t=T).last
    assert last is not None
    assert last.train == pytest.approx({"loss": measured(graph), "total": measured(graph) + 10})


def test_without_metrics_what_is_minimized_is_the_loss() -> None:
    graph = gl.loads(TEXT.format("total", ""))
    assert graph.evaluate(x=X, t=T) == pytest.approx({"loss": measured(graph) + 10})


@pytest.mark.parametrize(("name", "kind"), [("low", "bool"), ("best", "int")])
def test_what_has_no_gradient_is_not_minimized(name: str, kind: str) -> None:
    with pytest.raises(gl.GraphError, match=f"must be a float, and this is {kind}, which has no gradient"):
        gl.loads(TEXT.format(name, ""))


def test_the_learning_rate_is_not_blamed_before_the_first_step() -> None:
    graph = gl.loads(TEXT.format("loss", ""))
    with pytest.raises(gl.GraphError, match="at iteration 1") as caught:
        graph.fit(x=X * 1e200, t=T)
    assert "learning rate" not in str(caught.value)
