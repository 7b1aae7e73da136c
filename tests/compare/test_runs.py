"""What differs between two runs: how they were started, what they reached, and the weights."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import graphlang as gl
from graphlang.compare.differences import compare
from graphlang.compare.runs import RunRecord, read_run, run_differences, spec_of_run

TEXT = "input x: float[N, 2]\ny = x -> Affine(2)\noutput y"


def differences(a: RunRecord, b: RunRecord, other: str = TEXT) -> dict[str, tuple[object, object]]:
    pairs = compare(gl.loads(TEXT).network, gl.loads(other).network).pairs
    return {f"{d.part} {d.name}": (d.a, d.b) for d in run_differences(a, b, pairs)}


def test_what_both_know_of_the_start_is_compared() -> None:
    a = RunRecord(
        {"seed": 1, "dtype": "float32", "threads": 2, "versions": {"numpy": "2.0", "python": "3.11"}}
    )
    b = RunRecord(
        {"seed": 2, "dtype": "float32", "threads": 4, "versions": {"numpy": "2.1", "python": "3.11"}}
    )
    assert differences(a, b) == {
        "run seed": (1, 2),
        "run threads": (2, 4),
        "run version of numpy": ("2.0", "2.1"),
    }
    assert differences(a, RunRecord({"seed": 1})) == {}
    divided = RunRecord({"divided_by": {"x": 255.0}}), RunRecord({"divided_by": {"x": 16.0}})
    assert differences(*divided) == {"run x divided by": ("255.0", "16.0")}


def test_the_largest_difference_of_a_parameter_is_told_beside_the_norms() -> None:
    x, y = np.array([[3.0, 4.0], [0, 0]]), np.array([[3.0, 4.0], [0, 1.5]])
    a, b = ({"Affine1.W": w, "Affine1.b": np.zeros(2)} for w in (x, y))
    pairs = compare(gl.loads(TEXT).network, gl.loads(TEXT).network).pairs
    (row,) = run_differences(RunRecord({}, {}, a), RunRecord({}, {}, b), pairs)
    assert (row.part, row.name, row.largest) == ("weights", "Affine1.W", 1.5)
    assert (row.a, row.b) == (pytest.approx(5.0), pytest.approx(27.25**0.5))


def test_weights_are_compared_by_what_corresponds() -> None:
    """The layer in front is new, so that `Affine1.W` of one is `Affine2.W` of the other."""
    other = TEXT.replace("Affine(2)", "Affine(2) -> exp -> Affine(2)").replace("y = x ->", "y = x -> exp ->")
    a = RunRecord({}, {}, {"y.W": np.ones((2, 2))})
    assert differences(a, a, other) == {}


def test_weights_that_are_nan_are_a_difference_and_no_traceback() -> None:
    a, b = ({"Affine1.W": np.full((2, 2), v)} for v in (1.0, np.nan))
    assert differences(RunRecord({}, {}, a), RunRecord({}, {}, b)) == {"weights Affine1.W": (2.0, "nan")}
    assert differences(RunRecord({}, {}, b), RunRecord({}, {}, b)) == {}


def test_the_last_epoch_is_what_a_run_reached(tmp_path: Path) -> None:
    lines = [
        {"iteration": 1, "loss": 3.0},
        {"epoch": 1, "iteration": 1, "loss": 3.0, "train": {"accuracy": 0.1}, "test": {"accuracy": 0.2}},
        {"iteration": 2, "loss": "nan"},
        {"epoch": 2, "iteration": 2, "loss": "nan", "train": {"accuracy": 0.3}, "test": {}},
    ]
    (tmp_path / "metrics.jsonl").write_text("\n".join(map(json.dumps, lines)))
    metrics = read_run(tmp_path).metrics
    assert str(metrics["loss"]) == "nan"
    assert metrics["iterations"] == metrics["epochs"] == 2
    assert metrics["train accuracy"] == 0.3


def test_a_folder_without_a_run_and_a_damaged_one_are_told(tmp_path: Path) -> None:
    with pytest.raises(gl.GraphError, match=r"there is no `spec\.json` in it"):
        spec_of_run(tmp_path)
    (tmp_path / "metrics.jsonl").write_text("{")
    with pytest.raises(gl.GraphError, match="damaged"):
        read_run(tmp_path)
