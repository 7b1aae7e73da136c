"""Training on several devices: the same losses and parameters as on one. The CPU counts as four devices here,
in a process of its own, since JAX counts its devices once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphlang as gl
from graphlang.spec.sharding import axes_of, mesh_of, patterns_of

SCRIPT = Path(__file__).with_name("several_devices.py")


@pytest.fixture(scope="module")
def comparisons() -> dict[str, Any]:
    """What the script beside this file prints: for each network and division the largest differences."""
    env = os.environ | {
        "XLA_FLAGS": f"{os.environ['XLA_FLAGS']} --xla_force_host_platform_device_count=4",
        "JAX_PLATFORMS": "cpu",
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": str(Path(gl.__file__).parents[1]),
    }
    command = [sys.executable, str(SCRIPT)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize(
    "case",
    [
        "dense, rows over 4",
        "dense, rows over 2, weights over 2",
        "dense, all over the rows' axis",
        "dense, rows that do not divide",
        "dense, gathered on the host",
        "dense, several steps in a call",
        "convnet, rows over 4",
        "transformer, rows over 2, weights over 2",
        "lstm, rows over 4",
    ],
)
def test_several_devices_train_as_one_does(comparisons: dict[str, Any], case: str) -> None:
    differences = comparisons[case]
    assert differences["steps"] >= 50
    limit = 1e-9 if differences["dtype"] == "float64" else 1e-6
    assert differences["loss"] < limit, differences
    assert differences["params"] < 10 * limit, differences


def test_a_divided_parameter_lies_in_parts_on_the_devices(comparisons: dict[str, Any]) -> None:
    assert comparisons["parts"] == {
        "weights over 2": {"Affine1.W": [8, 8], "Affine1.b": [16], "Affine2.W": [16, 2]},
        "all over 4": {"Affine1.W": [8, 4], "Affine1.b": [4], "Affine2.W": [16, 1]},
    }


def test_what_the_devices_cannot_do_is_told(comparisons: dict[str, Any]) -> None:
    refused = comparisons["refused"]
    assert "GL736" in refused["five devices"]
    assert "asks for 5 devices, but JAX finds 4" in refused["five devices"]
    assert "GL737" in refused["three devices, a mesh of two"]
    assert "leave `devices` out" in refused["three devices, a mesh of two"]
    assert "GL739" in refused["an axis that is not there"]
    assert (
        "`*.W: model` divides over `model`, but the mesh has `data`" in refused["an axis that is not there"]
    )
    assert "give the mesh an axis `model`" in refused["an axis that is not there"]


# ---- what a file says ----------------------------------------------------------------------------------------


SPEC = """
input x: float[N, 8], t: int[N]
y = x -> Affine(4)
loss = SoftmaxWithLoss(y, t)
train {
  minimize  = loss
  optimizer = SGD(lr=0.1)
  batch = 4
  epochs = 1
  mesh = ["data: 2", "model: 2"]
  shard = [%s]
}
"""


def test_numpy_trains_a_file_with_a_mesh_as_without_one() -> None:
    rng = np.random.default_rng(0)
    x, t = rng.normal(size=(16, 8)), rng.integers(0, 4, 16)
    divided = gl.loads(SPEC % '"*.W: model"').fit(x=x, t=t)
    plain = SPEC.replace('mesh = ["data: 2", "model: 2"]', "").replace("shard = [%s]", "")
    assert divided.losses == gl.loads(plain).fit(x=x, t=t).losses


def test_a_pattern_may_name_the_rows_axis_where_devices_are_given_by_number_alone() -> None:
    assert patterns_of(["*: data"], {}) == patterns_of(["*: data"], {"data": 4})
    with pytest.raises(ValueError, match="`model`, but the mesh has `data`"):
        patterns_of(["*: model"], {})


def test_a_pattern_for_an_axis_that_the_mesh_lacks_is_refused_when_the_file_is_read() -> None:
    with pytest.raises(gl.GraphError, match="divides over `wide`, but the mesh has `data`, `model`"):
        gl.loads(SPEC % '"*.W: wide"')


@pytest.mark.parametrize("text", ["data", "data: 0", "data: x", "2: 2", ": 4"])
def test_what_is_no_axis_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="a mesh is given as"):
        mesh_of([text])


def test_an_axis_of_the_mesh_has_one_size() -> None:
    with pytest.raises(ValueError, match="is no axis of one"):
        mesh_of(["data: 2", "data: 4"])


@pytest.mark.parametrize(
    ("pattern", "label", "shape", "axes"),
    [
        ("*.W: model", "Affine1.W", (8, 16), (None, "model")),
        ("*.W: model", "Affine1.W", (8, 15), ("model",)),
        ("*.W: model", "Affine1.W", (7, 15), ()),
        ("*.W: model", "Affine1.b", (16,), ()),
        ("*.W: model", "Affine1.W: m", (8, 16), (None, "model")),
        ("*.W: model, _", "Affine1.W", (8, 16), ("model", None)),
        ("*.W: data, model", "Affine1.W", (8, 16), ("data", "model")),
        ("*: data", "Affine1.b", (), ()),
    ],
)
def test_a_pattern_divides_the_axes_whose_sizes_it_divides(
    pattern: str, label: str, shape: tuple[int, ...], axes: tuple[str | None, ...]
) -> None:
    mesh = mesh_of(["data: 4", "model: 2"])
    assert axes_of(label, shape, patterns_of([pattern], mesh), mesh) == axes


@pytest.mark.parametrize(
    "options", [{"devices": 0}, {"devices": 1.5}, {"mesh": {"data": 0}}, {"shard": "*.W: model"}]
)
def test_options_that_mean_nothing_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises((ValueError, TypeError)):
        gl.Jax(**options)
