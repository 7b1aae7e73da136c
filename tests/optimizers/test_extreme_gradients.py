"""Gradients whose squares overflow or vanish in float32: every optimizer takes the step that float64 takes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphlang as gl
from graphlang.catalog.finder import family_member, family_names

REFERENCE = Path(__file__).parent / "references" / "huge_gradient" / "torch.json"
RUNS = json.loads(REFERENCE.read_text("utf-8"))["runs"]
"""PyTorch in float64: in float32 its Adagrad stays at 1 from the start, and its Adam and RMSprop do at 1e25."""


def written(name: str) -> str:
    """The optimizer of a run as a spec writes it."""
    return f"{name}({', '.join(f'{key}={value}' for key, value in RUNS[name]['settings'].items())})"


def steps(optimizer: str, size: int) -> Any:
    text = (
        f"input g: float[N, {size}]\nparam W: float[{size}] = [1, -2]\nloss = sum(g * W)\noutput loss\n"
        f"train {{ minimize = loss; optimizer = {optimizer}; batch = 1; epochs = 1 }}"
    )
    if size != 2:
        text = text.replace("[1, -2]", "1")
    graph = gl.loads(text)
    return graph, graph.compile(train=True)


@pytest.mark.parametrize("big", [1e20, 1e25, 3e38])
@pytest.mark.parametrize("name", RUNS)
def test_one_huge_gradient_is_followed_by_the_steps_of_float64(name: str, big: float) -> None:
    graph, step = steps(written(name), 2)
    for t, expected in enumerate(RUNS[name]["steps"]):
        step(g=np.array([[big if t == 0 else 1.0, 1.0]], np.float32))
        np.testing.assert_allclose(graph.params["W"], expected, rtol=1e-5)


@pytest.mark.parametrize("name", RUNS)
def test_a_fused_update_of_huge_gradients_takes_the_same_steps(name: str) -> None:
    graph, step = steps(written(name), 2**17)
    for t, (expected, _) in enumerate(RUNS[name]["steps"]):
        step(g=np.full((1, 2**17), 1e20 if t == 0 else 1.0, np.float32))
        np.testing.assert_allclose(graph.params["W"], expected, rtol=1e-5)


@pytest.mark.parametrize("tiny", [1e-25, 1e-30, 1e-38])
@pytest.mark.parametrize("name", family_names("optimizers"))
def test_tiny_gradients_take_the_steps_of_float64(name: str, tiny: float) -> None:
    """Their squares are 0 in float32, and nothing beside `eps` in float64."""
    optimizer = family_member("optimizers", name)(lr=0.01)  # type: ignore[misc]
    moved = []
    for dtype in (np.float32, np.float64):
        W = np.zeros(1, dtype)
        slots = optimizer.slots(W)
        for t in range(1, 4):
            W, slots = optimizer.update(W, np.full(1, tiny, dtype), slots, np.float64(0.01), np.float64(t))
        moved.append(float(W[0]))
    assert moved[0] == pytest.approx(moved[1], rel=1e-3, abs=1e-44)


@pytest.mark.parametrize("size", [2, 2**17])
@pytest.mark.parametrize("big", [1e15, 1e20, 3e37])
def test_a_clipped_step_has_the_norm_1_and_the_gradients_direction(big: float, size: int) -> None:
    text = (
        f"input g: float[N, {size}]\nparam W: float[{size}] = 0\nloss = sum(g * W)\noutput loss\n"
        "train { minimize = loss; optimizer = SGD(lr=1); batch = 1; epochs = 1; clip_norm = 1 }"
    )
    graph = gl.loads(text)
    g = np.zeros((1, size), np.float32)
    g[0, :2] = 3 * big, -4 * big
    graph.fit(g=g)
    np.testing.assert_allclose(graph.params["W"][:2], [-0.6, 0.8], rtol=1e-5)
    assert not np.any(graph.params["W"][2:])


def test_a_norm_that_float64_cannot_hold_is_clipped_too() -> None:
    text = (
        "input g: float[N, 4]\nparam W: float[4] = 0\nloss = sum(g * W)\noutput loss\n"
        "train { minimize = loss; optimizer = SGD(lr=1); batch = 1; epochs = 1; clip_norm = 1; dtype = float64 }"
    )
    graph = gl.loads(text)
    graph.fit(g=np.full((1, 4), 1e200))
    np.testing.assert_allclose(graph.params["W"], -0.5, rtol=1e-12)


NORMALISED = {
    "LayerNorm": "x -> LayerNorm",
    "RMSNorm": "x -> RMSNorm",
    "GroupNorm": "x -> GroupNorm(1)",
    "InstanceNorm": "reshape(reshape(x, N, 1, 4) -> InstanceNorm, N, 4)",
}


@pytest.mark.parametrize("name", NORMALISED)
def test_layers_normalise_what_squares_beyond_float32(name: str) -> None:
    """The expected values are the formula's in NumPy, in float64."""
    x = np.array([[1e20, 2e20, 4e20, -3e20], [1, 2, 3, 5]], np.float32)
    graph = gl.loads(f"input x: float[N, 4]\ny = {NORMALISED[name]}\noutput y", dtype="float32")
    wide = x.astype(np.float64)
    d = wide if name == "RMSNorm" else wide - wide.mean(1, keepdims=True)
    expected = d / np.sqrt((d * d).mean(1, keepdims=True) + 1e-5)
    np.testing.assert_allclose(graph.run(x=x)["y"], expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(graph.compile()(x=x), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("ddof", [0, 1])
@pytest.mark.parametrize("scale", [1e20, 1.0, 1e-25])
def test_std_holds_where_the_variance_does_not(scale: float, ddof: int) -> None:
    x = np.array([[1, 2, 4], [7, 7, 7]]) * np.float32(scale)
    graph = gl.loads(
        f"input x: float[N, 3]\ny = std(x, axis=1, ddof={ddof})\ns = sum(y)\noutput y", dtype="float32"
    )
    x32 = x.astype(np.float32)
    wide = x32.astype(np.float64)
    found = graph.run(x=x32, of="s")
    np.testing.assert_allclose(found["y"], wide.std(1, ddof=ddof), rtol=1e-6)
    d = wide[0] - wide[0].mean()
    slope = np.stack([d / ((3 - ddof) * wide[0].std(ddof=ddof)), np.zeros(3)])  # by hand
    np.testing.assert_allclose(found.grad["x"], slope, rtol=1e-5, atol=1e-7)
