"""The rules of a scene: how each value is computed, and what is passed back along each edge."""

from __future__ import annotations

import numpy as np
import pytest

import graphlang as gl


def scene_of(text, layers=(), of=None, **inputs):
    return gl.loads(text, layers=layers).view(of=of, **inputs).scene


def words(rule):
    return rule and "".join(token if isinstance(token, str) else token["name"] for token in rule)


def forward(scene, name):
    return words(next(node["forward"] for node in scene["nodes"] if node["id"] == name))


def backward(scene, target):
    return {edge["from"]: words(edge["rule"]) for edge in scene["edges"] if edge["to"] == target}


@pytest.mark.parametrize(
    ("formula", "rule", "passed_back"),
    [
        ("x * w", "x × w", {"x": "∂y/∂y × w", "w": "∂y/∂y × x"}),
        ("x + w", "x + w", {"x": "∂y/∂y × 1", "w": "∂y/∂y × 1"}),
        ("x - w", "x − w", {"x": "∂y/∂y × 1", "w": "∂y/∂y × (−1)"}),
        ("x / w", "x / w", {"x": "∂y/∂y / w", "w": "−∂y/∂y × (y / w)"}),
        ("-x", "−x", {"x": "∂y/∂y × (−1)"}),
        ("exp(x)", "exp(x)", {"x": "∂y/∂y × y"}),
        ("log(x)", "log(x)", {"x": "∂y/∂y / x"}),
        ("x**2", "x**2", {"x": "∂y/∂y × (2 × x)"}),
        ("sin(x)", "sin(x)", {"x": "∂y/∂y × cos(x)"}),
        ("sigmoid(x)", "sigmoid(x)", {"x": "∂y/∂y × (y × (1 − y))"}),
        ("tanh(x)", "tanh(x)", {"x": "∂y/∂y × (1 − y**2)"}),
        ("relu(x)", "maximum(x, 0)", {"x": "∂y/∂y × (y > 0)"}),
    ],
)
def test_the_rules_of_single_numbers(formula, rule, passed_back):
    scene = scene_of(f"input x = 3, w = 2\ny = {formula}\noutput y")
    assert forward(scene, "y") == rule
    found = backward(scene, "y")
    assert {name: found[name] for name in passed_back} == passed_back


NET = """
input x: float[N, 3], t: int[N]
h = x -> Affine(4)
y = Softmax(h)
loss = SoftmaxWithLoss(h, t)
output loss
"""


def test_the_rules_of_layers_are_those_of_matrices():
    scene = scene_of(NET, x=np.ones((2, 3)), t=np.zeros(2, int))
    assert forward(scene, "h") == "x @ Affine1.W + Affine1.b"
    assert backward(scene, "h") == {
        "x": "∂loss/∂h @ Affine1.W.T",
        "Affine1.W": "x.T @ ∂loss/∂h",
        "Affine1.b": "sum(∂loss/∂h, axis=0)",
    }


def test_what_is_too_long_to_read_is_told_by_the_documentation():
    scene = scene_of(NET, x=np.ones((2, 3)), t=np.zeros(2, int))
    assert forward(scene, "loss") == "SoftmaxWithLoss(h, t)"
    assert backward(scene, "loss")["h"].startswith("(y - t) / N")
    (loss,) = [node for node in scene["nodes"] if node["id"] == "loss"]
    assert loss["doc"].startswith("L = -sum(t * log(y)) / N")
    assert "\nGradient: dx = (y - t) / N" in loss["doc"]


def test_a_layer_of_ones_own_is_printed_as_it_records():
    class Scaled(gl.Layer):
        """y = 3x"""

        def forward(self, x):
            return x * 3, None

        def backward(self, dy, saved):
            return dy * 3

    scene = scene_of("input x = 2\ny = x -> Scaled\noutput y", layers=[Scaled])
    assert forward(scene, "y") == "x × 3"
    assert backward(scene, "y") == {"x": "∂y/∂y × 3"}


def test_a_number_in_a_rule_is_a_slot_unless_it_stands_in_the_file():
    scene = scene_of("input x = 3\ny = 2 * x\noutput y")
    (y,) = [node for node in scene["nodes"] if node["id"] == "y"]
    (x,) = [node for node in scene["nodes"] if node["id"] == "x"]
    assert y["forward"] == ["2", " × ", {"v": x["v"], "name": "x"}]


def test_attributes_stand_in_the_rule_of_a_function():
    scene = scene_of("input x: float[2, 3] = [[1, 2, 3], [4, 5, 6]]\ny = mean(x, axis=1)\noutput y", of="y")
    assert forward(scene, "y") == "mean(x, axis=1)"
