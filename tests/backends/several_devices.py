"""Trains small networks on one device and on four, and prints as JSON by how much they differ."""

from __future__ import annotations

import json
from typing import Any

import jax
import numpy as np
import pytest

import graphlang as gl
from graphlang.backends.jax.placement import Placement
from graphlang.spec.sharding import patterns_of

TRAIN = """
train {{
  minimize  = loss
  optimizer = {optimizer}
  batch     = {batch}
  iterations = 50
  dtype = {dtype}
}}
"""
DENSE = """
input x: float[N, 8], t: int[N]
y = x -> Affine(16) -> BatchNorm -> Relu -> Dropout(0.2) -> Affine(4)
loss = SoftmaxWithLoss(y, t)
"""
# In front of BatchNorm a bias has no gradient but rounding errors, which Adam would make steps of.
SLOW = "Momentum(lr=0.02)"
rng = np.random.default_rng(0)
X = rng.normal(size=(256, 8))
ROWS = {"x": X, "t": np.argmax(X[:, :4], 1)}
PIXELS = {"x": rng.normal(size=(64, 1, 8, 8)), "t": rng.integers(0, 4, 64)}
IDS = {"x": rng.integers(0, 11, (64, 6)), "t": rng.integers(0, 11, (64, 6))}


def trained(text: str, arrays: dict[str, Any], options: dict[str, Any], **train: Any) -> Any:
    text += TRAIN.format(**{"optimizer": "Adam(lr=0.01)", "batch": 32, "dtype": "float64"} | train)
    graph = gl.loads(text, backend=gl.Jax(cache=False, **options))
    history = graph.fit(**arrays)
    return history.losses, dict(graph.params)


def compared(text: str, arrays: dict[str, Any], many: list[dict[str, Any]], **train: Any) -> list[Any]:
    one, params = trained(text, arrays, {}, **train)
    results = []
    for options in many:
        with pytest.MonkeyPatch.context() as patch:
            if options is GATHERED:
                patch.setattr(Placement, "holds_data", lambda self, nbytes: False)
            losses, divided = trained(text, arrays, options, **train)
        results.append(
            {
                "steps": len(losses),
                "dtype": train.get("dtype", "float64"),
                "loss": float(np.max(np.abs(np.array(one) - losses) / np.abs(one))),
                "params": max(float(np.max(np.abs(params[k] - divided[k]))) for k in params),
            }
        )
    return results


def refusal(options: dict[str, Any]) -> str:
    try:
        trained(DENSE, ROWS, options)
    except gl.GraphError as error:
        return str(error)
    return "nothing"


def parts(mesh: dict[str, int], shard: list[str]) -> dict[str, list[int]]:
    """The shapes of the parts that one device has."""
    place = Placement(jax.devices(), mesh, patterns_of(shard, mesh))
    shapes = {"Affine1.W": (8, 16), "Affine1.b": (16,), "Affine2.W": (16, 4)}
    state = place.state({label: np.zeros(shape, np.float32) for label, shape in shapes.items()})
    return {label: list(a.addressable_shards[0].data.shape) for label, a in state.items()}


GATHERED = {"devices": 4}
BOTH = {"mesh": {"data": 2, "model": 2}, "shard": ["*.W: model"]}
report: dict[str, Any] = {}


def tell(names: list[str], results: list[Any]) -> None:
    report.update(zip(names, results, strict=True))


tell(
    [
        "dense, rows over 4",
        "dense, rows over 2, weights over 2",
        "dense, all over the rows' axis",
        "dense, gathered on the host",
    ],
    compared(
        DENSE, ROWS, [{"devices": 4}, BOTH, {"devices": 4, "shard": ["*: data"]}, GATHERED], optimizer=SLOW
    ),
)
tell(
    ["dense, rows that do not divide", "dense, several steps in a call"],
    compared(
        DENSE,
        ROWS,
        [{"devices": 4}, {"devices": 4, "steps_per_call": 3}],
        optimizer=SLOW,
        batch=30,
        dtype="float32",
    ),
)
tell(
    ["convnet, rows over 4"],
    compared(
        """
input x: float[N, 1, 8, 8], t: int[N]
y = x -> Conv(4, 3, pad=1) -> Relu -> MaxPool(2) -> Flatten -> Affine(4)
loss = SoftmaxWithLoss(y, t)
""",
        PIXELS,
        [{"devices": 4}],
        batch=16,
    ),
)
tell(
    ["transformer, rows over 2, weights over 2"],
    compared(
        """
def SelfAttention(x: float[N, T, D], heads) {
  q, k, v = rearrange(x -> Affine(3*D), "n t (s h d) -> s n h t d", s=3, h=heads)
  a = softmax(causal_mask(q @ k.T / sqrt(D / heads)))
  return rearrange(a @ v, "n h t d -> n t (h d)") -> Affine(D)
}
input x: int[N, T], t: int[N, T]
layer tok = Embedding(11, 8)
h = tok(x) -> residual { LayerNorm; SelfAttention(2) } -> residual { LayerNorm; Affine(16); Gelu; Affine(8) }
loss = SoftmaxWithLoss(h @ tok.W.T, t)
""",
        IDS,
        [{"mesh": {"data": 2, "model": 2}, "shard": ["*.W*: model"]}],
        batch=16,
    ),
)
tell(
    ["lstm, rows over 4"],
    compared(
        """
input x: int[N, T], t: int[N, T]
y = x -> Embedding(11, 8) -> LSTM(8) -> Affine(11)
loss = SoftmaxWithLoss(y, t)
""",
        IDS,
        [{"devices": 4}],
        batch=16,
    ),
)
report["parts"] = {
    "weights over 2": parts({"data": 2, "model": 2}, ["*.W: model"]),
    "all over 4": parts({"data": 4}, ["*: data"]),
}
report["refused"] = {
    "five devices": refusal({"devices": 5}),
    "three devices, a mesh of two": refusal({"devices": 3, "mesh": {"data": 2}}),
    "an axis that is not there": refusal({"mesh": {"data": 4}, "shard": ["*.W: model"]}),
}
print(json.dumps(report))
