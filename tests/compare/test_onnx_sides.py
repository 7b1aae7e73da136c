"""`compare` with an ONNX file on either side: the named values, the first that differs, precision and inputs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphlang as gl
from graphlang.cli import main

pytest.importorskip("onnx", reason="the extra `onnx`")

SPEC = """
input x: float[N, 2] = [[0, 0], [0, 1], [1, 0], [1, 1]], t: int[N] = [0, 1, 1, 0]
h    = x -> Affine(8) -> Tanh
y    = h -> Affine(2)
loss = SoftmaxWithLoss(y, t)
output y
train { minimize = loss; optimizer = Adam(lr=0.05); iterations = 3 }
"""


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    """A spec with a run, the weights of the run as ONNX, and the same with another activation."""
    spec, run = tmp_path / "net.graph", tmp_path / "run"
    spec.write_text(SPEC)
    assert main(["train", str(spec), "--run", str(run)]) == 0
    graph = gl.load(spec)
    graph.load_weights(run)
    gl.onnx.export(graph, tmp_path / "net.onnx")
    other = gl.loads(SPEC.replace("Tanh", "Sigmoid"))
    other.params.update(graph.params)
    gl.onnx.export(other, tmp_path / "other.onnx")
    names = ("net.graph", "run", "net.onnx", "other.onnx")
    return {name: str(tmp_path / name) for name in names}


def compared(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    capsys.readouterr()
    status = main(["compare", *arguments, "--json"])
    return status, json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("sides", [("run", "net.onnx"), ("net.onnx", "run"), ("net.onnx", "net.onnx")])
def test_a_run_and_its_file_are_the_same_on_either_side(
    files: dict[str, str], sides: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    status, told = compared(capsys, *(files[side] for side in sides))
    assert status == 0
    assert told["equal"] is True
    assert [value["name"] for value in told["values"]] == ["h", "y"]
    assert all(
        value["shape"] == [4 if "run" in sides else 3, n]
        for value, n in zip(told["values"], (8, 2), strict=True)
    )


def test_a_spec_takes_its_weights_from_the_option(
    files: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    sides = files["net.graph"], files["net.onnx"]
    assert compared(capsys, *sides, "--weights", files["run"])[0] == 0
    assert compared(capsys, *sides, "--seed", "5")[0] == 1


@pytest.mark.parametrize("sides", [("run", "other.onnx"), ("other.onnx", "run")])
def test_the_first_value_that_differs_is_named(
    files: dict[str, str], sides: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    status, told = compared(capsys, *(files[side] for side in sides))
    assert status == 1
    assert told["first"] == "h"
    assert main(["compare", *(files[side] for side in sides)]) == 1
    assert "2 of 2 values differ, `h` first" in capsys.readouterr().out


def test_the_precision_is_that_of_both_sides(
    files: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    sides = files["run"], files["net.onnx"]
    narrow = compared(capsys, *sides, "--dtype", "float32", "--tolerance", "0")
    assert narrow[0] == 0
    assert narrow[1]["values"][1]["absolute"] == 0


def test_inputs_are_given_as_a_file(
    files: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    np.savez(tmp_path / "batch.npz", x=np.ones((7, 2)), t=np.zeros(7, int))
    inputs = "--inputs", str(tmp_path / "batch.npz")
    for sides in (("run", "net.onnx"), ("net.onnx", "run")):
        status, told = compared(capsys, *(files[side] for side in sides), *inputs)
        assert status == 0
        assert told["values"][0]["shape"] == [7, 8]


def test_a_label_that_the_file_lacks_is_drawn_for_the_spec(
    files: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bare = tmp_path / "bare.graph"
    bare.write_text(SPEC.split("\n", 2)[2].join(["input x: float[N, 2], t: int[N]\n", ""]))
    status, told = compared(capsys, files["net.onnx"], str(bare), "--weights-b", files["run"])
    assert status == 0
    assert told["only_b"] == ["loss"]


@pytest.mark.parametrize("content", [b"", b"no model", None])
def test_a_file_that_is_no_model_is_refused_without_a_traceback(
    files: dict[str, str], tmp_path: Path, content: bytes | None, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = tmp_path / "wrong.onnx"
    if content is not None:
        wrong.write_bytes(content)
    assert main(["compare", files["run"], str(wrong)]) == 1
    assert "GL772" in capsys.readouterr().err
