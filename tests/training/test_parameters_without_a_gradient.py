"""A parameter without a gradient does not change, as in PyTorch, where its `grad` is None."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import graphlang as gl
from graphlang.catalog.finder import family_names
from graphlang.datasets.arrays import from_arrays
from graphlang.training.loop import train

OPTIMIZERS = family_names("optimizers")
X = np.random.default_rng(0).standard_normal((40, 3))
TRAIN = "train {{ minimize = loss; optimizer = {}(lr=0.01, weight_decay=0.5); batch = 4; epochs = {}; {} }}"
BEHIND = {
    "stop_gradient": """input x: float[N, 3]
layer body = Affine(4)
layer head = Affine(1)
loss = mean(square(head(stop_gradient(tanh(body(x))))))
output loss
""",
    "a comparison": """input x: float[N, 3]
layer body = Affine(1)
layer head = Affine(1)
loss = mean(square(head(x) - where(body(x) > 0, 1, 0)))
output loss
""",
    "nothing": """input x: float[N, 3]
layer body = Affine(1)
layer head = Affine(1)
z = body(x)
loss = mean(square(head(x)))
output loss, z
""",
    "gradients within gradients": """input x: float[N, 3]
layer body = Affine(1)
layer head = Affine(1)
y = sum(tanh(head(x)) * stop_gradient(body(x)))
g = grad(y, x)
loss = mean(square(g))
output loss
""",
}


@pytest.mark.parametrize("clip", ["", "clip_norm = 1"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("case", BEHIND)
def test_every_optimizer_leaves_a_parameter_without_a_gradient_alone(
    case: str, optimizer: str, clip: str
) -> None:
    text = BEHIND[case] + TRAIN.format(optimizer, 1, clip)
    fitted, stepped = gl.loads(text), gl.loads(text)
    before = fitted.params.copies()
    fitted.fit(x=X)
    step = stepped.compile(train=True)
    for i in range(0, 40, 4):
        step(x=X[i : i + 4])
    for graph in (fitted, stepped):
        after = graph.params.copies()
        for name in before:
            same = np.array_equal(before[name], after[name])
            assert same == name.startswith("body"), name


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_gradient_that_happens_to_be_0_decays_the_parameter(optimizer: str) -> None:
    text = (
        "input x: float[N]\nparam w: float = 1\nloss = mean(x * w)\noutput loss\n"
        "train { minimize = loss; optimizer = "
        f"{optimizer}(lr=0.01, weight_decay=0.5); batch = 4; epochs = 1 }}"
    )
    graph = gl.loads(text)
    graph.fit(x=np.zeros(4))
    assert graph.params["w"] < 1


def test_a_parameter_of_whole_numbers_and_one_that_is_frozen_stay() -> None:
    text = (
        "input x: float[N]\nparam k: int = 3\nparam w: float = 1\nloss = mean(square(x * w * k))\noutput loss\n"
        "train { minimize = loss; optimizer = AdamW(lr=0.1); batch = 4; epochs = 3 }"
    )
    graph = gl.loads(text)
    graph.fit(x=np.ones(4))
    assert graph.params["k"] == 3
    assert graph.params["w"] != 1


def test_a_parameter_without_a_gradient_has_no_slots_in_a_checkpoint_and_a_run_resumes(
    tmp_path: Path,
) -> None:
    text = BEHIND["stop_gradient"] + TRAIN.format("Adam", 4, "")
    whole = gl.loads(text)
    train(whole.model, from_arrays({"x": X}), folder=tmp_path / "whole")
    slots = [n for n in np.load(tmp_path / "whole" / "checkpoint.npz").files if n.startswith("slot:")]
    assert slots
    assert not any("body" in name for name in slots)
    half = gl.loads(text)
    train(half.model, from_arrays({"x": X}), folder=tmp_path / "half", epochs=2)
    resumed = gl.loads(text)
    train(resumed.model, from_arrays({"x": X}), resume=tmp_path / "half", epochs=4)
    assert all(np.array_equal(whole.params[n], resumed.params[n]) for n in whole.params)


def test_a_graph_without_any_gradient_is_run_and_changes_nothing() -> None:
    text = (
        "input x: float[N]\nparam w: float = 1\nloss = mean(stop_gradient(x * w))\noutput loss\n"
        "train { minimize = loss; optimizer = AdamW(lr=0.1); batch = 4; epochs = 1; clip_norm = 1 }"
    )
    graph = gl.loads(text)
    graph.fit(x=np.ones(4))
    assert graph.params["w"] == 1
