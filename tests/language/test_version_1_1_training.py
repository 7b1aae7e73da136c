"""Section 4 of version 1.1 of the language: training, a test for each line."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphlang as gl

NET = """
input x: float[N, 3], t: float[N, 2]
enc = x -> Affine(4)
head = tanh(enc) -> Affine(2)
loss = MeanSquaredError(head, t)
output head
train {{ minimize = loss; batch = 4; seed = 3; dtype = float64; {} }}
"""


def net(settings: str, **options: Any) -> gl.Graph:
    return gl.loads(NET.format(settings), **options)


def rows(count: int = 12) -> dict[str, Any]:
    draw = np.random.default_rng(5)
    return {"x": draw.normal(size=(count, 3)), "t": draw.normal(size=(count, 2))}


def trained(settings: str) -> gl.Graph:
    graph = net(settings)
    graph.fit(**rows())
    return graph


def arrays(graph: gl.Graph) -> dict[str, Any]:
    return {name: np.array(graph.params[name]) for name in graph.params}


@pytest.mark.parametrize(
    "schedule",
    [
        "constant(warmup=2)",
        "step(every=2, warmup=2)",
        "milestones([3, 5], warmup=2)",
        "exponential(0.9, warmup=2)",
        "polynomial(2, warmup=2)",
        "linear(warmup=2)",
        "cosine(warmup=2)",
        "one_cycle(warmup=2)",
    ],
)
def test_schedules_each_with_a_warm_up(schedule: str) -> None:
    """SGD's first step is at half the rate, so it moves half as far; the second is at the whole rate."""
    half, whole = (
        net(f"optimizer = SGD(0.1); epochs = 3; schedule = {schedule}"),
        net("optimizer = SGD(0.1); epochs = 3"),
    )
    before = arrays(half)
    for graph in (half, whole):
        graph.compile(train=True, iterations=9)(**rows(4))
    for name, start in before.items():
        np.testing.assert_allclose(half.params[name] - start, (whole.params[name] - start) / 2, rtol=1e-12)


@pytest.mark.parametrize(
    "optimizer", ["Adam(amsgrad=true)", "NAdam(0.01)", "RAdam(0.01)", "Adadelta", "Lion(0.01)"]
)
def test_optimizers_amsgrad_as_an_option_nadam_radam_adadelta_lion(optimizer: str) -> None:
    graph = net(f"optimizer = {optimizer}; epochs = 30")
    history = graph.fit(**rows())
    assert history.epochs[-1].loss < history.epochs[0].loss


def test_clip_value_cuts_every_number_of_a_gradient() -> None:
    text = (
        "input g: float[N, 3]\nparam W: float[3] = 0\nloss = sum(g * W)\noutput loss\n"
        "train { minimize = loss; optimizer = SGD(1); batch = 1; epochs = 1; clip_value = 0.5 }"
    )
    graph = gl.loads(text)
    graph.fit(g=[[2.0, -3.0, 0.25]])
    assert graph.params["W"].tolist() == [-0.5, 0.5, -0.25]
    both = gl.loads(text.replace("clip_value = 0.5", "clip_value = 0.5; clip_norm = 1"))
    both.fit(g=[[3.0, -4.0, 0.0]])  # of norm 5, so [0.6, -0.8, 0] is cut
    np.testing.assert_allclose(both.params["W"], [-0.5, 0.5, 0])
