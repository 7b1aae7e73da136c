"""Metrics and losses over a whole split equal NumPy's over all rows at once, for any blocks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import graphlang as gl
from graphlang.datasets.arrays import from_arrays
from graphlang.datasets.dataset import Dataset
from graphlang.training.batches import BatchSource
from graphlang.training.column_binding import bind_columns
from graphlang.training.evaluation import SplitEvaluator, _ByBlocks, evaluate

ROWS = 2500
TRAIN = "train {{ minimize = loss; optimizer = SGD(lr=1e-9); batch = 2500; epochs = 1; dtype = float64; metrics = [{}] }}"


def columns(rows: int = ROWS) -> tuple[Any, Any]:
    """x and t whose parts differ, so that blocks of a thousand do not look alike."""
    rng = np.random.default_rng(3)
    x = rng.standard_normal(rows) * np.linspace(0.1, 3, rows)
    return x, 0.5 * x + rng.standard_normal(rows)


def measured(
    formula: str, data: Dataset, inputs: str = "x: float[N], t: float[N]", before: str = ""
) -> float:
    text = f"input {inputs}\nparam w: float = 1\n{before}\nloss = mean(x) * w\nm = {formula}\noutput loss\n"
    graph = gl.loads(text + TRAIN.format("m"))
    return evaluate(graph.model, data)["m"]


X, T = columns()
FORMULAS: dict[str, Any] = {
    "sqrt(mean((x - t)**2))": np.sqrt(np.mean((X - T) ** 2)),
    "max(abs(x - t))": np.max(np.abs(X - T)),
    "min(x)": np.min(X),
    "sum(x > 1)": np.sum(X > 1),
    "sum(x)": np.sum(X),
    "sum(x) / N": np.mean(X),
    "sum(x) / N**2": np.sum(X) / ROWS**2,
    "1 - sum((x - t)**2) / sum((t - mean(t))**2)": 1 - np.sum((X - T) ** 2) / np.sum((T - T.mean()) ** 2),
    "std(x)": np.std(X),
    "var(x, ddof=1)": np.var(X, ddof=1),
    "mean((x - mean(x)) * (t - mean(t))) / (std(x) * std(t))": np.corrcoef(X, T)[0, 1],
    "logsumexp(x)": np.log(np.sum(np.exp(X))),
    "max(softmax(x, axis=0))": np.max(np.exp(X) / np.sum(np.exp(X))),
    "max(cumsum(x))": np.max(np.cumsum(X)),
    "x @ t": X @ T,
    "argmax(x)": np.argmax(X),
    "sum(x[:N // 2])": np.sum(X[:1250]),
    "x[N - 1]": X[-1],
    "mean(roll(x, 1) * t)": np.mean(np.roll(X, 1) * T),
    "mean(x * arange(N))": np.mean(X * np.arange(ROWS)),
    "sum(x * t) / sum(abs(t))": np.sum(X * T) / np.sum(np.abs(T)),
    "SumSquaredError(x, t)": 0.5 * np.sum((X - T) ** 2),
    "MeanSquaredError(x, t)": np.mean((X - T) ** 2),
}


@pytest.mark.parametrize("formula", FORMULAS)
def test_a_metric_is_that_of_all_rows(formula: str) -> None:
    data = from_arrays(x=X, t=T)
    assert measured(formula, data) == pytest.approx(float(FORMULAS[formula]), rel=1e-12)


def test_a_loss_that_ignores_labels_is_the_mean_over_those_that_count() -> None:
    rng = np.random.default_rng(0)
    x, t = rng.standard_normal((ROWS, 3)), rng.integers(0, 3, ROWS)
    t[:1900][rng.random(1900) < 0.95] = -1
    z = x - x.max(1, keepdims=True)
    each = np.log(np.exp(z).sum(1)) - z[np.arange(ROWS), np.maximum(t, 0)]
    graph = gl.loads(
        "input x: float[N, 3], t: int[N]\nparam w: float = 1\nloss = SoftmaxWithLoss(x * w, t, ignore=-1)\n"
        "output loss\n" + TRAIN.format("loss")
    )
    assert evaluate(graph.model, from_arrays(x=x, t=t))["loss"] == pytest.approx(
        each[t >= 0].mean(), rel=1e-12
    )


def test_validation_in_fit_is_measured_over_all_its_rows() -> None:
    text = "input x: float[N], t: float[N]\nparam w: float = 1\nloss = SumSquaredError(x * w, t)\n"
    text += (
        "rmse = sqrt(mean((x - t)**2))\nlargest = max(x)\ncount = sum(x > 1)\noutput loss\n"
        + TRAIN.format("rmse, largest, count")
    )
    ended = gl.loads(text).fit(x=X[:5], t=T[:5], validation={"x": X, "t": T}).epochs[-1]
    expected = {"rmse": np.sqrt(np.mean((X - T) ** 2)), "largest": X.max(), "count": np.sum(X > 1),
                "loss": 0.5 * np.sum((X - T) ** 2)}  # fmt: skip
    assert ended.validation == pytest.approx({k: float(v) for k, v in expected.items()})


def test_a_covariance_of_several_columns_is_that_of_all_rows() -> None:
    x = np.random.default_rng(1).standard_normal((ROWS, 3)) * [1, 2, 3]
    m = measured("sum((transpose(x - mean(x, axis=0)) @ (x - mean(x, axis=0)) / N)**2)",
                 from_arrays(x=x), "x: float[N, 3]")  # fmt: skip
    assert m == pytest.approx(float(np.sum(np.cov(x.T, ddof=0) ** 2)), rel=1e-12)


NET = """
input x: float[N, 1, 8, 8], s: float[N, 5, 3], ids: int[N, 4], t: int[N]
images = x -> Conv(4, 3, pad=1) -> BatchNorm -> Relu -> MaxPool(2) -> Flatten -> Affine(6)
steps = s -> LSTM(6)
hs = scan v in s carry h = zeros(N, 3) {{
  h2 = tanh(h + v)
  next h = h2
  yield h2
}}
words = ids -> Embedding(10, 6) -> Attention(2) -> LayerNorm
y = images + mean(steps, axis=1) + mean(words, axis=1) -> Affine(3)
z = concat(y, hs[:, -1], axis=1)
loss = SoftmaxWithLoss(y, t)
m = {}
output y
train {{ minimize = loss; optimizer = SGD(lr=0.1); batch = 10; epochs = 1; metrics = [m]; dtype = float64 }}
"""


def layered(formula: str, rows: int = 23) -> tuple[gl.Graph, Dataset]:
    rng = np.random.default_rng(5)
    data = from_arrays(
        x=rng.standard_normal((rows, 1, 8, 8)),
        s=rng.standard_normal((rows, 5, 3)),
        ids=rng.integers(0, 10, (rows, 4)),
        t=rng.integers(0, 3, rows),
    )
    return gl.loads(NET.format(formula)), data


def feed_of(graph: gl.Graph, data: Dataset) -> BatchSource:
    return bind_columns(graph.model, data.train, {n: n for n in data.train}, "arrays")


@st.composite
def formulas(draw: st.DrawFn) -> str:
    """A number made of the values of the net, in any order of steps by rows and steps across them."""
    values = ["y", "z", "mean(x, axis=[2, 3])", "hs[:, 0]", "one_hot(t, 3)", "words[:, 0]", "steps[:, -1]"]
    wide = draw(st.sampled_from(values))
    steps = ["{} * 2 - 1", "tanh({})", "{} - mean({}, axis=0)", "softmax({}, axis=1)", "softmax({}, axis=0)",
             "cumsum({}, axis=0)", "cumsum({}, axis=1)", "flip({}, axis=0)",
             "transpose(transpose({}) * 2)", "{} @ transpose({}) @ {}", "{} * expand_dims(arange(N), 1)", "{} / N",
             "concat({}, {}, axis=0)[N:]", "concat({}, {}, axis=1)", "where({} > 0, {}, 0)", "{}[::2]",
             "{} @ (transpose({}) @ {})", "take({}, t, axis=0)", "roll({}, 1, axis=0)",
             "repeat_axis({}, 2, axis=0)", "clip({}, -1, 1)", "{} + zeros(N, 1)"]  # fmt: skip
    for step in draw(st.lists(st.sampled_from(steps), max_size=3)):
        wide = step.replace("{}", f"({wide})")
    ends = ["sum({})", "mean({})", "max({})", "sum({}**2) / N", "sqrt(mean({}**2))", "std({})",
            "sum(max({}, axis=0))", "min(sum({}, axis=1))", "logsumexp({})", "sum({} > 0.123)", "prod(mean({}, axis=1))",
            "mean(sum({}, axis=0, keepdims=true))", "sum(argmax({}, axis=0))", "mean(argmax({}, axis=1))"]  # fmt: skip
    return draw(st.sampled_from(ends)).replace("{}", f"({wide})")


@settings(max_examples=60, deadline=None, derandomize=True)
@given(formulas(), st.integers(2, 22))
def test_blocks_of_any_size_give_what_one_batch_gives(formula: str, size: int) -> None:
    try:
        graph, data = layered(formula)
    except gl.GraphError:
        assume(False)
    feed = feed_of(graph, data)
    names = {"m": "m", "loss": "loss"}
    whole = SplitEvaluator(graph.model, names).over(feed, feed.rows)
    blocks = SplitEvaluator(graph.model, names).over(feed, size)
    assert blocks == pytest.approx(whole, rel=1e-9, abs=1e-12)


def test_the_activations_of_all_rows_are_never_there_at_once() -> None:
    graph, data = layered("max(abs(y - mean(y, axis=0)))", rows=2300)
    evaluator = SplitEvaluator(graph.model, {"m": "m", "loss": "loss"})
    evaluator.over(feed_of(graph, data), 100)
    (found,) = evaluator._programs.values()
    assert isinstance(found, _ByBlocks)
    assert sum(b.nbytes for b in found._rest.plan.buffers) < 2300 * 3 * 8 * 4, "a few arrays like y"
    inputs = {n: a.nbytes for n, a in found._rest.inputs.items() if n not in graph.params}
    assert sum(inputs.values()) <= 2300 * 3 * 8 + 64 * 23, "y, and a sum for each block"
