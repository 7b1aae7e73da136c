"""Optimizers, schedules, initializers and data sources of one's own, used by a spec as the built-in ones."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

import graphlang as gl

TEXT = """
data { source = waves(rows=40); validation = 0.25; x = x; t = t }
input x: float[N, 1], t: float[N, 1]
param W: float[1, 8] = checker(size=0.5)
y = tanh(x @ W) -> Affine(1, init=checker(0.2))
loss = MeanSquaredError(y, t)
output y
train {
  minimize = loss; optimizer = SignSGD(lr=0.01, beta=0.8); schedule = halving(every=8, warmup=2)
  epochs = 4; batch = 10; dtype = float64; groups = [group("W", lr=0.005)]
}
"""


class SignSGD(gl.Optimizer):
    """W <- W - lr * sign(m),  m <- beta * m + (1 - beta) * dW"""

    beta: float = 0.9

    def slots(self, W: Any) -> dict[str, Any]:
        return {"m": np.zeros_like(W)}

    def formula(self, W: Any, dW: Any, slots: Any, lr: Any, t: Any) -> Any:
        m = self.beta * slots["m"] + (1 - self.beta) * dW
        return W - lr * np.sign(m), {"m": m}


class halving(gl.Schedule):
    """factor = 0.5 ** ((t - 1) // every)"""

    every: int = 10

    def factor(self, t: int, total: int) -> float:
        return 0.5 ** ((t - 1) // self.every)


class checker(gl.Initializer):
    """size and -size in turn"""

    size: float = 0.1

    def draw(self, rng: Any, shape: Any, fan_in: int, fan_out: int) -> Any:
        return self.size * np.where(np.indices(shape).sum(0) % 2, -1.0, 1.0)


class waves(gl.DataSource):
    """Points of a sine."""

    rows: int = 50

    def read(self, files: Any) -> gl.Dataset:
        x = np.random.default_rng(0).uniform(-3, 3, (self.rows, 1))
        return gl.from_arrays(x=x, t=np.sin(x))


OWN: Any = [SignSGD, halving, checker, waves]


def test_a_spec_trains_with_them_on_their_data() -> None:
    graph = gl.loads(TEXT, layers=OWN)
    assert graph.params["W"].tolist() == [[0.5, -0.5] * 4]
    before = graph.params["W"].copy()
    history = graph.fit()
    assert (len(history.losses), history.last.validation["loss"] > 0) == (12, True)
    # Two steps of warmup, eight at the rate, and two at half of it, each as long as the rate allows.
    factors = [0.5, 1] + [1] * 8 + [0.5] * 2
    moved = np.abs(graph.params["W"] - before) / 0.005
    assert np.all(moved < sum(factors) + 1e-9)
    assert np.max(np.abs(moved - np.round(moved * 2) / 2)) < 1e-9


def test_from_json_and_from_a_pickle_the_graph_is_the_same() -> None:
    graph = gl.loads(TEXT, layers=OWN)
    back = gl.Graph.from_spec(graph.spec.model_dump_json(), layers=OWN)
    copied = pickle.loads(pickle.dumps(graph))
    losses = graph.fit().losses
    assert back.fit().losses == losses
    assert copied.fit().losses == losses


def test_attributes_are_set_from_outside_and_wrong_ones_refused() -> None:
    text = "param w = 1\nloss = w * w\ntrain {{ minimize = loss; optimizer = {}; iterations = 3 }}"
    graph = gl.loads(text.format("SignSGD"), layers=OWN, set={"lr": 0.1})
    graph.fit()
    assert graph.params["w"] == pytest.approx(0.7)
    for written, code, help in [
        ("SignSDG(lr=0.1)", "GL202", "did you mean `SignSGD`?"),
        ("SignSGD(betta=0.1)", "GL401", "did you mean `beta`?"),
        ("SignSGD(lr=-1)", "GL402", "`graphlang layers"),
    ]:
        with pytest.raises(gl.GraphError) as caught:
            gl.loads(text.format(written), layers=OWN)
        (problem,) = caught.value.diagnostics
        assert problem.code == code
        assert help in str(problem.help)


def test_the_name_of_ones_own_wins_over_a_built_in_one() -> None:
    class SGD(gl.Optimizer):
        """W <- 0"""

        def formula(self, W: Any, dW: Any, slots: Any, lr: Any, t: Any) -> Any:
            return 0 * W, {}

    text = "param w = 1\nloss = w * w\ntrain { minimize = loss; optimizer = SGD; iterations = 1 }"
    graph = gl.loads(text, layers=[SGD])
    graph.fit()
    assert graph.params["w"] == 0


def test_an_optimizer_that_forgets_the_precision_keeps_it() -> None:
    params = {"w": np.ones(3, np.float32)}
    opt = SignSGD(lr=0.25)
    opt.step(params, {"w": np.ones(3)})
    assert params["w"].dtype == np.float32
    assert opt.state_dict()["w: m"].dtype == np.float32
    text = TEXT.replace("float64", "float32")
    graph = gl.loads(text, layers=OWN)
    graph.fit()
    assert graph.params["W"].dtype == np.float32


def test_on_jax_an_own_optimizer_and_schedule_train_as_in_numpy() -> None:
    pytest.importorskip("jax")
    by_numpy, by_jax = gl.loads(TEXT, layers=OWN), gl.loads(TEXT, layers=OWN, backend="jax")
    np.testing.assert_allclose(by_jax.fit().losses, by_numpy.fit().losses, rtol=1e-9)


class Without(gl.Schedule):
    """Has no factor."""


class Initiated(gl.Optimizer):
    """Has an __init__."""

    def __init__(self) -> None:
        super().__init__()

    def formula(self, W: Any, dW: Any, slots: Any, lr: Any, t: Any) -> Any:
        return W, {}


class nothing(gl.DataSource):
    """Reads no data set."""

    def read(self, files: Any) -> Any:
        return {"x": [1.0]}


def test_what_is_no_member_of_a_family_is_refused() -> None:
    for own, message in [
        (Without, r"the schedule Without needs a method `factor\(self, t, total\)`"),
        (Initiated, "the optimizer Initiated has an `__init__`: its attributes are fields"),
        (SignSGD(), r"layers takes the classes of which the file makes layers: write `layers=\[SignSGD\]`"),
    ]:
        with pytest.raises(TypeError, match=message):
            gl.loads("y = 1", layers=[own])  # type: ignore[list-item]
    text = "data { source = nothing(); x = x }\ninput x: float[N]\nparam w = 1\nloss = sum(x * w)\n"
    graph = gl.loads(
        text + "train { minimize = loss; optimizer = SGD; epochs = 1; batch = 1 }", layers=[nothing]
    )
    with pytest.raises(TypeError, match="the data source nothing returns dict from its `read`"):
        graph.fit()
