"""The scene of a run: the numbers that `graphlang run --json` prints, on nodes and edges."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from graphlang.cli import main

SPECS = Path(__file__).parent.parent.parent / "specs"
SCALARS = ["apple", "apple_orange", "chain_rule"]


def printed(capsys, *words):
    assert main([*words, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def slot(scene, number):
    return None if number is None else scene["slots"][number]


@pytest.mark.parametrize("name", SCALARS)
def test_the_scene_has_the_values_and_gradients_of_run(capsys, name):
    spec = str(SPECS / f"{name}.graph")
    run, scene = printed(capsys, "run", spec), printed(capsys, "view", spec)
    nodes = {node["name"]: node for node in scene["nodes"] if node["name"]}
    assert {n: slot(scene, node["v"]) for n, node in nodes.items()} == run["values"]
    gradients = {n: slot(scene, node["g"]) or 0.0 for n, node in nodes.items() if n in run["gradients"]}
    assert gradients == run["gradients"]
    assert scene["of"] == run["of"]


@pytest.mark.parametrize("name", SCALARS)
def test_the_parts_of_a_value_sum_to_its_gradient(capsys, name):
    scene = printed(capsys, "view", str(SPECS / f"{name}.graph"))
    for node in scene["nodes"]:
        parts = [slot(scene, e["g"]) for e in scene["edges"] if e["from"] == node["id"]]
        parts = [part for part in parts if part is not None]
        if parts and node["id"] != scene["of"]:
            assert sum(parts) == pytest.approx(slot(scene, node["g"]), rel=1e-14)
