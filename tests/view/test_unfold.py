"""The inside of an operation computes what the operation does, forward and backward."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphlang as gl
from graphlang.engine.forward import Forward
from graphlang.spec.network import Node
from graphlang.view.unfold import Unfolding, unfolding

sys.path.append(str(Path(__file__).parent.parent / "contracts"))

from contract_cases import SIZES, Case, cases, entries, inputs, load, target_nodes

BUILT_IN = entries()
DEFINED = [
    n for n, e in BUILT_IN.items() if isinstance(e.target, type) and "unfold" in " ".join(vars(e.target))
]
"""The layers that say themselves what is inside."""
MOST_CASES = 6


def insides(case: Case, name: str) -> list[tuple[Forward, Node, Unfolding | None]]:
    graph = load(case.text)
    forward = graph.forward(inputs(graph, case.draw, SIZES, graph.dtype))
    return [(forward, n, unfolding(forward._tape, n)) for n in target_nodes(graph, BUILT_IN[name])]


def of(text: str, name: str = "y", **given: Any) -> tuple[Forward, Unfolding]:
    """The inside of a value of a graph."""
    graph = gl.loads(text)
    forward = graph.forward(given)
    node = next(n for n in graph.network.nodes if n.name == name)
    inside = unfolding(forward._tape, node)
    assert inside is not None
    return forward, inside


def signs(inside: Unfolding) -> list[str]:
    return [node.sign for node in inside.nodes if node.kind == "operation"]


@pytest.mark.parametrize("name", BUILT_IN)
def test_the_inside_gives_the_value_and_the_gradients_of_the_operation(name: str) -> None:
    rng = np.random.default_rng(1)
    for case in [c for c in cases(BUILT_IN[name]) if not c.training][:MOST_CASES]:
        for forward, node, inside in insides(case, name):
            assert inside is not None or name not in DEFINED, f"{case} has no inside"
            if inside is None:
                continue
            run = forward._tape
            y = run.values[node.number]
            dy = np.asarray(rng.normal(size=np.shape(y)))
            flow = inside.run(run.values, dy if y.dtype.kind == "f" else None)
            near = {"rtol": 1e-6, "atol": 1e-9 * float(np.max(np.abs(y), initial=1))}
            np.testing.assert_allclose(flow.values[inside.result], y, err_msg=str(case), **near)
            if y.dtype.kind == "f":
                agree(run.passed_back(node, dy), inside, flow.gradients, str(case))


def agree(back: list[tuple[int, Any, Any]], inside: Unfolding, gradients: list[Any], case: str) -> None:
    expected: dict[int, Any] = {}
    for number, _, dx in back:
        expected[number] = expected.get(number, 0) + dx
    inner: dict[int, Any] = {}
    for node, gradient in zip(inside.nodes, gradients, strict=True):
        if node.outer is not None and gradient is not None:
            inner[node.outer] = inner.get(node.outer, 0) + gradient
    for number, dx in expected.items():
        scale = float(np.max(np.abs(dx), initial=1))
        np.testing.assert_allclose(inner.get(number, 0), dx, rtol=1e-5, atol=1e-8 * scale, err_msg=case)


def test_most_layers_of_the_book_say_what_is_inside() -> None:
    assert {"Sigmoid", "Softmax", "SoftmaxWithLoss", "Affine", "CrossEntropyError"} <= set(DEFINED)


def test_the_sigmoid_opens_to_the_four_nodes_of_the_book() -> None:
    forward, inside = of("input x = 0.5\ny = Sigmoid(x)\noutput y")
    assert signs(inside) == ["×", "exp", "+", "1/x"]
    assert [n.sign for n in inside.nodes if n.kind == "constant"] == ["-1", "1"]
    flow = inside.run(forward._tape.values, np.ones(()))
    y = forward["y"]
    exp = next(i for i, n in enumerate(inside.nodes) if n.sign == "exp")
    assert flow.gradients[exp] == pytest.approx(-(y**2))  # -y**2 passes through the sum as it is
    x = next(i for i, n in enumerate(inside.nodes) if n.kind == "operand")
    assert flow.gradients[x] == pytest.approx(y * (1 - y))


def test_softmax_with_loss_opens_to_the_figure_of_the_book() -> None:
    text = "input a: float[3] = [0.3, 2.9, 4.0], t: float[3] = [0, 1, 0]\ny = SoftmaxWithLoss(a, t)\noutput y"
    forward, inside = of(text)
    assert signs(inside) == ["exp", "sum", "1/x", "×", "log", "×", "sum", "×"]
    flow = inside.run(forward._tape.values, np.ones(()))
    a = next(i for i, n in enumerate(inside.nodes) if n.sign == "x")
    e = np.exp([0.3, 2.9, 4.0])
    np.testing.assert_allclose(flow.gradients[a], e / e.sum() - [0, 1, 0])


def test_the_parts_of_a_value_used_twice_sum_to_its_gradient() -> None:
    forward, inside = of("input x = 0.5\ny = Silu(x)\noutput y")
    flow = inside.run(forward._tape.values, np.ones(()))
    (x,) = (i for i, n in enumerate(inside.nodes) if n.kind == "operand")
    parts = [p for e, p in zip(inside.edges, flow.parts, strict=True) if e.source == x]
    assert len(parts) == 2
    assert sum(parts) == flow.gradients[x] == pytest.approx(forward.backward().grad["x"])


def test_the_local_gradient_of_an_edge_is_what_it_multiplies_by() -> None:
    forward, inside = of("input x = 0.5\ny = Sigmoid(x)\noutput y")
    flow = inside.run(forward._tape.values, np.asarray(2.0))
    for edge, part in zip(inside.edges, flow.parts, strict=True):
        if part is not None:
            assert part == pytest.approx(flow.gradients[edge.target] * inside.local(flow, edge))


def test_a_name_of_the_definition_stands_at_its_value() -> None:
    _, inside = of("input x: float[3] = [1, 2, 3]\ny = Softmax(x)\noutput y")
    assert [n.name for n in inside.nodes if n.name] == ["e"]
    assert inside.nodes[inside.result].result


def test_an_operand_names_the_value_of_the_graph_that_it_stands_for() -> None:
    forward, inside = of("input x: float[2, 3]\ny = x -> Affine(2)\noutput y", "y", x=np.ones((2, 3)))
    names = forward._model.network.names
    operands = {n.sign: names[n.outer] for n in inside.nodes if n.outer is not None}
    assert operands == {"x": "x", "W": "Affine1.W", "b": "Affine1.b"}


@pytest.mark.parametrize("call", ["exp(x)", "x + 1", "Relu(x)", "Identity(x)", "grad(x * x, x)"])
def test_a_single_primitive_has_no_inside(call: str) -> None:
    graph = gl.loads(f"input x = 0.5\nz = x * x\ny = {call.replace('x * x, x', 'z, x')}\noutput y")
    run = graph.forward()._tape
    assert unfolding(run, next(n for n in graph.network.nodes if n.name == "y")) is None


def test_a_layer_of_ones_own_shows_what_it_records_or_what_it_says() -> None:
    class Swish(gl.Layer):
        """x * sigmoid(x)"""

        def forward(self, x: Any) -> Any:
            return x / (1 + np.exp(-x)), None

    class Told(Swish):
        unfolds = "y = x * Sigmoid(x)"

    for layer, expected in ((Swish, ["−", "exp", "+", "/"]), (Told, ["sigmoid", "×"])):
        graph = gl.loads(f"input x = 0.5\ny = {layer.__name__}(x)\noutput y", layers=[layer])
        run = graph.forward()._tape
        inside = unfolding(run, graph.network.nodes[0])
        assert inside is not None
        assert signs(inside) == expected


def test_a_wrong_definition_is_shown_where_it_stands() -> None:
    class Broken(gl.Layer):
        """2 * x"""

        unfolds = "y = x * to"

        def forward(self, x: Any) -> Any:
            return x * 2, None

    class Raises(Broken):
        def unfolding(self, x: Any) -> str:
            raise RuntimeError

    graph = gl.loads("input x = 0.5\ny = Broken(x)\nz = Raises(y)\noutput z", layers=[Broken, Raises])
    run = graph.forward()._tape
    with pytest.raises(gl.GraphError, match="unknown name `to`") as failed:
        unfolding(run, graph.network.nodes[0])
    assert "unfolding of Broken:2:" in str(failed.value)
    assert unfolding(run, graph.network.nodes[1]) is None
