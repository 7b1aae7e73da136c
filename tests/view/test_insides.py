"""The insides of operations in a scene, and that the page computes them anew."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from javascript_engine import JavaScript

import graphlang as gl
from graphlang.view.build import scene
from graphlang.view.scene import Inside, Scene


def run(graph: Any, **inputs: Any) -> Scene:
    forward = graph.forward(inputs)
    return scene(graph, forward, forward.backward())


def inside(data: Scene, name: str) -> Inside:
    found = next(node["inside"] for node in data["nodes"] if node["id"] == name)
    assert found is not None
    return found


def test_an_operation_has_the_values_and_gradients_of_its_primitives() -> None:
    data = run(gl.loads("input x = 0.5\ny = Sigmoid(x)\nz = 3 * y\noutput z"))
    within = inside(data, "y")
    slots = data["slots"]
    signs = {node["sign"]: node for node in within["nodes"]}
    y = 1 / (1 + np.exp(-0.5))
    assert slots[signs["exp"]["v"]] == pytest.approx(np.exp(-0.5))
    assert signs["exp"]["g"] is not None
    assert slots[signs["exp"]["g"]] == pytest.approx(-3 * y * y)
    assert signs["x"]["outer"] == "x"
    (result,) = (node for node in within["nodes"] if node["result"])
    assert slots[result["v"]] == pytest.approx(y)
    ids = {node["id"] for node in within["nodes"]}
    for edge in within["edges"]:
        assert {edge["from"], edge["to"]} <= ids
        if edge["g"] is not None:
            upstream = next(node["g"] for node in within["nodes"] if node["id"] == edge["to"])
            assert edge["local"] is not None
            assert upstream is not None
            assert slots[edge["g"]] == pytest.approx(slots[upstream] * slots[edge["local"]])


def test_single_primitives_and_graphs_without_gradients_need_nothing() -> None:
    data = run(gl.loads("input x = 0.5\ny = exp(x) * 2\noutput y"))
    assert [node["inside"] for node in data["nodes"]] == [None] * len(data["nodes"])
    graph = gl.loads("input x = 0.5\ny = Sigmoid(x)\noutput y")
    forward = graph.forward()
    within = inside(scene(graph, forward, forward.result()), "y")
    assert {node["g"] for node in within["nodes"]} == {None}


def test_there_are_no_more_insides_than_a_page_can_hold() -> None:
    lines = ["input x = 0.5", "a0 = Sigmoid(x)", *(f"a{i} = Sigmoid(a{i - 1})" for i in range(1, 600))]
    data = run(gl.loads("\n".join([*lines, "output a599"])))
    held = [node["inside"] for node in data["nodes"] if node["inside"] is not None]
    assert 200 < len(held) < 600
    assert sum(len(each["nodes"]) for each in held) <= 2000


def test_the_page_computes_the_inside_of_an_operation_anew() -> None:
    text = (
        "input x = 0.5, t = 1\ns = Sigmoid(x) * 2\nu = Gelu(x) + std(x)\nz = s + u + BinaryCrossEntropy(x, t)"
    )
    graph = gl.loads(f"{text}\noutput z")
    data, expected = run(graph), run(graph, x=0.75)
    program = data["program"]
    assert program is not None
    assert program["inputs"] == ["x", "t"]
    (results,) = JavaScript().results(program["code"], [(0.75, 1)])
    inner = {n["v"] for node in data["nodes"] if node["inside"] for n in node["inside"]["nodes"]}
    assert len(inner.intersection(program["slots"])) > 20
    np.testing.assert_allclose(results, [expected["slots"][slot] for slot in program["slots"]], atol=1e-14)


def written(rule: Any) -> str:
    assert rule is not None
    return "".join(token if isinstance(token, str) else token["name"] for token in rule)


def test_every_primitive_says_how_it_is_computed_and_what_it_passes_back() -> None:
    within = inside(run(gl.loads("input u = 0.5\ny = Sigmoid(u)\noutput y")), "y")
    forward = [written(node["forward"]) for node in within["nodes"] if node["kind"] == "operation"]
    assert forward == ["−1 × u", "exp(multiply1)", "1 + exp1", "1 / add1"]
    backward = [written(edge["rule"]) for edge in within["edges"] if edge["g"] is not None]
    assert backward == ["∂y/∂multiply1 × −1", "∂y/∂exp1 × exp1", "∂y/∂add1 × 1", "−∂y/∂y × (y / add1)"]


@pytest.mark.parametrize("layer", ["Gelu", "Mish", "Softplus", "Silu", "Elu"])
def test_the_numbers_of_a_rule_give_the_part(layer: str) -> None:
    data = run(gl.loads(f"input u = 0.5\ny = {layer}(u)\nz = 3 * y\noutput z"))
    slots = data["slots"]
    functions = {"tanh": np.tanh, "exp": np.exp, "sqrt": np.sqrt}
    checked = 0
    for edge in inside(data, "y")["edges"]:
        if edge["rule"] is None or edge["g"] is None:
            continue
        numbers = [t if isinstance(t, str) else f"({slots[t.get('v', t.get('g'))]!r})" for t in edge["rule"]]
        text = "".join(numbers).replace("×", "*").replace("−", "-")
        if not {"where", "erf", "not", ">"}.intersection(text.replace("(", " ").split()):
            value = eval(text, {"__builtins__": {}}, functions)  # noqa: S307 - a formula of numbers made here
            assert value == pytest.approx(slots[edge["g"]]), written(edge["rule"])
            checked += 1
    assert checked > 1
