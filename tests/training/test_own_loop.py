"""A user's loop over `compile(train=True)` trains exactly as `fit` does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphlang as gl

RNG = np.random.default_rng(0)
X, T = RNG.standard_normal((30, 5)), RNG.integers(0, 3, 30)
NET = """input x: float[N, 5], t: int[N]
y = x -> Affine(8) -> BatchNorm -> Dropout(0.4) -> Tanh -> Dropout(0.2) -> Affine(3)
loss = SoftmaxWithLoss(y, t)
output y
train {{ minimize = loss; optimizer = Adam(lr=0.01); batch = 10; dtype = {dtype}; shuffle = false; {more} }}"""


def trained_by_a_loop(graph: gl.Graph, steps: int, **options: Any) -> list[float]:
    step = graph.compile(train=True, **options)
    x = X.astype(graph.dtype)
    return [step(x=x[i % 30 : i % 30 + 10], t=T[i % 30 : i % 30 + 10]) for i in range(0, 10 * steps, 10)]


def same_bits(a: gl.Graph, b: gl.Graph) -> bool:
    return all(np.array_equal(a.params[n], b.params[n]) for n in a.params)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "schedule", ["constant", "cosine(floor=0.1)", "warmup_cosine(warmup=3)", "step(every=2)"]
)
def test_a_loop_over_the_compiled_step_gives_the_same_bits_as_fit(schedule: str, dtype: str) -> None:
    text = NET.format(dtype=dtype, more=f"schedule = {schedule}; iterations = 8")
    by_fit, by_loop = gl.loads(text), gl.loads(text)
    losses = by_fit.fit(x=X.astype(dtype), t=T).losses
    assert trained_by_a_loop(by_loop, 8) == losses
    assert same_bits(by_fit, by_loop)


@pytest.mark.parametrize("schedule", ["cosine", "warmup_cosine(warmup=3)"])
def test_a_schedule_over_the_whole_training_asks_how_long_that_is(schedule: str) -> None:
    text = NET.format(dtype="float64", more=f"schedule = {schedule}; epochs = 2")
    with pytest.raises(gl.GraphError) as caught:
        gl.loads(text).compile(train=True)
    name = schedule.partition("(")[0]
    assert str(caught.value).startswith(f"error[GL502]: `schedule = {name}` runs over the whole training")
    assert "compile(train=True, iterations=10000)" in str(caught.value)
    by_fit, by_loop = gl.loads(text), gl.loads(text)
    assert trained_by_a_loop(by_loop, 6, iterations=6) == by_fit.fit(x=X, t=T).losses
    assert same_bits(by_fit, by_loop)


def test_after_the_end_of_its_schedule_the_rate_stays_at_the_floor() -> None:
    text = NET.format(dtype="float64", more="schedule = cosine; epochs = 2")
    graph = gl.loads(text)
    trained_by_a_loop(graph, 4, iterations=4)
    longer = gl.loads(text)
    trained_by_a_loop(longer, 6, iterations=4)
    trainable = [n for n, p in longer.network.params.items() if p.trainable]
    assert all(np.array_equal(graph.params[n], longer.params[n]) for n in trainable)


def test_a_number_of_iterations_below_one_is_refused() -> None:
    with pytest.raises(gl.GraphError, match="`iterations` is 0, but must be at least 1"):
        gl.loads(NET.format(dtype="float64", more="epochs = 2")).compile(train=True, iterations=0)


def test_a_loss_that_is_not_finite_is_refused_by_name_and_changes_nothing() -> None:
    graph = gl.loads(NET.format(dtype="float64", more="epochs = 2"))
    step = graph.compile(train=True)
    first = step(x=X[:10], t=T[:10])
    before = graph.params.copies()
    spoilt = np.where(np.arange(5) == 2, np.nan, X[10:20])
    with pytest.raises(gl.GraphError, match=r"not a number \(nan\) at iteration 2; .* is `x` \(input\)"):
        step(x=spoilt, t=T[10:20])
    assert all(np.array_equal(graph.params[n], before[n]) for n in before)
    again = gl.loads(NET.format(dtype="float64", more="epochs = 2"))
    assert [first, step(x=X[10:20], t=T[10:20])] == trained_by_a_loop(again, 2)
    assert same_bits(graph, again)
