"""What two graphs compute: by how much it differs, what differs first, and what is matched with what."""

from __future__ import annotations

import json

import numpy as np
import pytest
from helpers import normal

import graphlang as gl
from graphlang.cli import main

A = "input x: float[N, 3]\nh = x * 2\nk = h + 1\ny = sum(k, axis=1)\noutput y"
B = "input z: float[N, 3]\nh = z * 2\nk = h + where(z > 0, 1.001, 1.0)\nscore = sum(k, axis=1)\noutput score"


def test_differences_are_those_that_one_computes_by_hand():
    x = normal(4, 3)
    compared = gl.loads(A).compare(gl.loads(B), {"x": x})
    rows = {value.name: value for value in compared.values}
    assert list(rows) == ["h", "k", "y"]
    assert rows["h"].absolute == 0.0
    assert rows["k"].absolute == pytest.approx(0.001)
    expected = np.where(x > 0, 0.001 / np.maximum(np.abs(2 * x + 1.001), np.abs(2 * x + 1)), 0)
    assert rows["k"].relative == pytest.approx(expected.max())
    assert rows["y"].absolute == pytest.approx(0.001 * (x > 0).sum(axis=1).max())
    assert rows["y"].other == "score"
    assert compared.first is rows["k"]
    assert not compared.equal
    assert str(compared) == "2 of 3 values differ, `k` first"


def test_a_tolerance_is_absolute_below_one_and_relative_above():
    first, second = "input x\ny = x * 1", "input x\ny = x * 1.001"
    small, large = ({"x": value} for value in (1e-3, 1e3))
    graphs = gl.loads(first), gl.loads(second)
    assert graphs[0].compare(graphs[1], small, tolerance=1e-5).equal
    assert not graphs[0].compare(graphs[1], large, tolerance=9e-4).equal
    assert graphs[0].compare(graphs[1], large, tolerance=1.1e-3).equal


def test_nan_is_nan_and_infinity_differs_from_every_number():
    first, second = "input x\ny = x / x", "input x\ny = x / x + where(x > 0, 0, 0)"
    assert gl.loads(first).compare(gl.loads(second), {"x": np.zeros(2)}).equal
    third = gl.loads("input x\ny = where(x > 0, 1, inf)")
    compared = gl.loads("input x\ny = x * 0 + 1").compare(third, {"x": np.array([1.0, 0.0])})
    assert compared.values[0].absolute == np.inf
    assert compared.values[0].place == (1,)


def test_other_shapes_differ():
    compared = gl.loads("input x: float[3]\ny = x * 1").compare(gl.loads("input x: float[3]\ny = x[:2] * 1"))
    assert compared.values[0].absolute is None
    assert compared.first is compared.values[0]


def test_graphs_without_a_common_value_are_not_equal():
    second = gl.loads("input x: float[3]\nu = x * 2\nv = x * 3\noutput u, v")
    compared = gl.loads("input x: float[3]\ny = x * 1").compare(second)
    assert not compared.values
    assert not compared.equal
    assert (compared.only_first, compared.only_second) == (("y",), ("u", "v"))
    assert str(compared).startswith("nothing to compare")


def test_values_of_other_names_are_matched_by_patterns():
    second = gl.loads(B.replace("k", "inner"))
    assert [v.name for v in gl.loads(A).compare(second).values] == ["h", "y"]
    compared = gl.loads(A).compare(second, rename={"k": "inner", "y": "score"})
    assert [v.other for v in compared.values] == ["h", "inner", "score"]
    with pytest.raises(gl.GraphError, match="no value has a name like"):
        gl.loads(A).compare(second, rename={"kk": "inner"})


def test_random_inputs_follow_the_seed():
    graphs = gl.loads(A), gl.loads(B)
    once, again, other = (graphs[0].compare(graphs[1], seed=seed) for seed in (1, 1, 2))
    assert once == again
    assert once != other


def test_dropout_leaves_nothing_out():
    first = gl.loads("input x: float[N, 9]\ny = x -> Dropout(0.5)")
    assert first.compare(gl.loads("input x: float[N, 9]\ny = x -> Identity")).equal


def test_the_command_compares_weights_and_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    net = "input x: float[N, 3]\ny = x -> Affine(2)\noutput y\n"
    (tmp_path / "net.graph").write_text(net)
    for seed in (1, 2):
        gl.loads(net, seed=seed).save(f"{seed}.npz")
    words = ["compare", "net.graph", "net.graph"]
    assert main([*words, "--weights", "1.npz"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "no difference beyond 1e-06 in 1 value"
    assert main([*words, "--weights-a", "1.npz", "--weights-b", "2.npz", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["equal"], told["first"], told["tolerance"]) == (False, "y", 1e-6)
    x = np.random.default_rng(0).standard_normal((3, 3))
    a, b = (np.load(f"{seed}.npz") for seed in (1, 2))
    gap = np.abs(x @ (a["Affine1.W"].astype(float) - b["Affine1.W"]))
    assert told["values"][0]["absolute"] == pytest.approx(gap.max(), rel=1e-6)
    assert main([*words, "--weights-a", "1.npz", "--weights-b", "2.npz", "--tolerance", "100"]) == 0
    np.savez("x.npz", x=np.zeros((1, 3)))
    assert main([*words, "--weights-a", "1.npz", "--weights-b", "2.npz", "--inputs", "x.npz"]) == 0
    np.savez("x.npz", w=np.zeros((1, 3)))
    assert main([*words, "--weights", "1.npz", "--inputs", "x.npz"]) == 1
    assert "`w`" in capsys.readouterr().err
