"""How gradients divide among the uses of a value: the parts of every value sum to its gradient."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import graphlang as gl
from graphlang.draw.from_graph import drawable, picture
from graphlang.draw.picture import closed
from graphlang.inputs.stand_ins import fill_with_random

SPECS = sorted((Path(__file__).parents[2] / "specs").glob("*.graph"))
WITH_GRAD = {
    "grad behind a square": "input x = 2, w = 5\ny = w*x**2\ns = grad(y, x)\noutput s",
    "grad that reads a result": "input x = 2, w = 5\nh = exp(x)*w\ns = grad(h, x)\nz = s*h + w\noutput z",
    "grad of grad": "input x = 1.5\ny = x**4 + sin(x)\ns = grad(grad(y, x), x)\nz = s*x\noutput z",
    "two grads of one value": "input x = 2, w = 3\ny = exp(w*x)\nz = grad(y, x)*grad(y, w)\noutput z",
    "grad by an inner value": "input x = 2\nh = x*x\ny = exp(h)*h\ns = grad(y, h)\nz = s*h\noutput z",
    "a second name of a constant": (
        "c = ones(2, 3)\nd = c\ng = grad(sum(d**2), c)\nz = sum(g * d)\noutput z"
    ),
    "grad of arrays": "input x: float[3] = [1, 2, 3]\ny = sum(x**3)\ns = grad(y, x)\nz = sum(s*x)\noutput z",
    "grad through a layer": (
        "input x: float[2, 3] = [[1, 2, 3], [0, -1, 2]]\ny = sum(tanh(x -> Affine(2)))\n"
        "g = grad(y, x)\nz = sum(g*g) + y\noutput z"
    ),
    "a nan that no gradient reaches": (
        "input x: float[2] = [-1, 4]\ny = reshape(sqrt(x), 1, 2) -> Affine(3)\nz = grad(sum(y * 0.5), y)\noutput z"
    ),
    "grad through softmax": (
        "input x: float[2, 3] = [[1, 2, 3], [0, -1, 2]]\np = softmax(x)\ny = sum(p*p)\n"
        "g = grad(y, x)\nz = sum(g*x)\noutput z"
    ),
    "grad through a shared def": (
        "def f(x, w) = exp(w*x)*x\ninput x = 0.5, w = 0.25\na = f(x, w)\nb = f(a, w)\n"
        "s = grad(b, x)\nz = s*a + grad(a, w)\noutput z"
    ),
    "grad with stop_gradient": (
        "input x = 2, w = 5\ny = stop_gradient(w)*x**2 + w*x\nz = grad(y, x)*w\noutput z"
    ),
    "grad through a scan": (
        "input xs: float[2, 3] = [[1, 2, 3], [0, -1, 2]], w = 0.5, k = 0.25\n"
        "hs, cs = scan x in xs carry h = k*xs[:, 0], c = 0*xs[:, 0] {\n"
        "g = tanh(w*h + x)\nd = g*c + k*x\nnext h = g, c = d\nyield g, d\n}\n"
        "y = sum(hs) + sum(cs*cs)\nz = grad(y, w)*w + sum(hs*cs)*k\noutput z"
    ),
    "grad by another name": "input x = 2\nb = x\ny = exp(b)*x\ns = grad(y, b)\nz = s*b\noutput z",
    "grad by names of names": (
        "input x = 2\nb = x\nc = b\ny = exp(c)*b*x\ns = grad(y, b)*grad(y, c)\nz = s*c + b\noutput z"
    ),
    "another name of a grad": (
        "input x = 2, w = 5\ny = w*x**3\ns = grad(y, x)\nt = s\nu = grad(t, x)\nz = s*t*u\noutput z"
    ),
    "another name of a result, with its grad": (
        "input x = 2\ny = x**3\nb = y\ns = grad(b, x)\nt = grad(y*b, b)\nz = s*t + b\noutput z"
    ),
    "grad by another name of an array": (
        "input x: float[3] = [1, 2, 3]\nb = x\ny = sum(b*b*x)\ns = grad(y, b)\nz = sum(s*x + b)\noutput z"
    ),
    "grad by another name of a list": (
        "c = [1.0, 2, 3]\nd = c\ninput x: float[3] = [1, 2, 3]\ny = sum(c*d*x*x)\nz = sum(grad(y, d)*c)\noutput z"
    ),
    "grad by another name of a parameter": (
        "layer f = Affine(3)\ninput x: float[2, 3] = [[1, 2, 3], [0, -1, 2]]\nh = tanh(f(x))\nw = f.W\n"
        "y = sum(h*h) + sum(w*w*w)\nz = sum(grad(y, w)*w) + y\noutput z"
    ),
    "grad by another name within a def": (
        "def f(x) { b = x; return exp(b)*x }\ninput x = 0.5\ny = f(f(x))\ns = grad(y, x)\nz = s*s\noutput z"
    ),
    "grad through a scan with other names": (
        "input xs: float[2, 3] = [[1, 2, 3], [0, -1, 2]], k = 0.25\nm = k\n"
        "hs = scan x in xs carry h = m*xs[:, 0] {\nb = h\ng = tanh(b*m + x*h)\nnext h = g\nyield b*g\n}\n"
        "y = sum(hs*hs)\nz = grad(y, m)*k + grad(y, k)*m\noutput z"
    ),
    "grad by what Dropout hands on": (
        "input x: float[3] = [1, 2, 3]\nb = x -> Dropout(0.5)\ny = sum(b*x*x)\nz = sum(grad(y, b)*b)\noutput z"
    ),
}
WITHOUT_GRAD = {
    "a value used twice in one place": "input x = 3\ny = x*x\noutput y",
    "a value stopped once": "input x = 3\ny = x*stop_gradient(x) + x\noutput y",
    "a comparison": "input x = 3\ny = where(x > 2, x*x, x)\noutput y",
    "broadcasting": "input x: float[3] = [1, 2, 3], b = 2\ny = sum(x*b + b)\noutput y",
    "take": (
        "input x: float[4] = [1, 2, 3, 4], i: int[3] = [0, 2, 2]\ny = sum(take(x, i)*x[:3] + x[1])\noutput y"
    ),
    "another name": "input x = 3\nb = x\ny = exp(b)*x + b\noutput y",
    "a shared layer": (
        "layer f = Affine(3)\ninput x: float[2, 3] = [[1, 2, 3], [0, -1, 2]]\n"
        "y = sum(x -> f -> tanh -> f)\noutput y"
    ),
    "an unused output beside": "input x = 3\ny = x*x\nz = y + x\noutput y, z\n",
    "a scalar parameter of a layer": "input x = -3\ny = x -> PRelu\nz = y*y\noutput z",
}


def assert_parts_sum(graph: gl.Graph, given: Mapping[str, Any], of: str | None = None) -> int:
    """Compares every value on the way to `of`; gives their number."""
    forward = graph.forward(given)
    result = forward.backward(of=of)
    assert result.of is not None
    network = graph.network
    start = network.numbers[result.of]
    needed = network.ancestors([start])
    sums: dict[int, Any] = {start: np.ones_like(result[result.of])}
    for part in forward.parts(result):
        sums[part.source] = sums.get(part.source, 0) + part.gradient
    shown = 0
    for name, gradient in result.grad.items():
        if needed[network.numbers[name]]:
            shown += 1
            found = np.broadcast_to(sums.get(network.numbers[name], 0.0), np.shape(gradient))
            size = float(np.max(np.abs(gradient), initial=1.0))
            tolerance = 1e-4 if graph.dtype == np.float32 else 1e-9
            np.testing.assert_allclose(found, gradient, rtol=tolerance, atol=tolerance * size, err_msg=name)
    return shown


def assert_edges_sum(graph: gl.Graph, given: Mapping[str, Any] | None = None, of: str | None = None) -> int:
    """The same law on the picture that a reader sees; gives the number of values with uses."""
    forward = graph.forward(given)
    result = forward.backward(of=of)
    names = drawable(graph, result)
    if not names:
        return 0
    drawing = closed(picture(graph, forward, result, names))
    sums: dict[str, float] = {}
    for edge in drawing.edges:
        if edge.gradient is not None:
            assert not isinstance(edge.gradient, str)
            sums[edge.source] = sums.get(edge.source, 0.0) + edge.gradient
    for node in drawing.nodes:
        if node.id in result.grad and node.gradient is not None:
            assert node.gradient == result.grad[node.id]
            assert sums.get(node.id, 0.0) == pytest.approx(node.gradient, rel=1e-9, abs=1e-12), node.id
    return len(sums)


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_the_parts_of_every_value_of_a_spec_sum_to_its_gradient(path: Path) -> None:
    graph = gl.load(path)
    section = graph.spec.train
    of = section.minimize if section else graph.spec.outputs[0]
    given = fill_with_random(graph.network, {}, np.random.default_rng(0), 2)
    assert assert_parts_sum(graph, given, of) > 1
    assert_edges_sum(graph, given, of)


@pytest.mark.parametrize(
    "text", [*WITH_GRAD.values(), *WITHOUT_GRAD.values()], ids=[*WITH_GRAD, *WITHOUT_GRAD]
)
def test_the_parts_of_every_value_sum_to_its_gradient(text: str) -> None:
    graph = gl.loads(text)
    of = graph.spec.outputs[0]
    assert assert_parts_sum(graph, {}, of) > 1
    assert_edges_sum(graph, {}, of)


def test_grad_has_a_part_for_what_its_derivative_contains() -> None:
    """s = 2wx at x = 2, w = 5, by hand: ds/dw = 2x = 4 and ds/dx = 2w = 10, none of it through y."""
    graph = gl.loads(WITH_GRAD["grad behind a square"])
    forward = graph.forward()
    drawing = picture(graph, forward, result := forward.backward(), drawable(graph, result))
    found = {(e.source, e.target): e.gradient for e in drawing.edges}
    assert (found["w", "s"], found["x", "s"], found["y", "s"]) == (4.0, 10.0, 0.0)
    assert {e.gradient for e in drawing.edges if e.target != "s"} - {None} == {0.0}


def test_a_stopped_use_has_no_part_of_the_gradient() -> None:
    """y = x * stop_gradient(x) at 3: dy/dx = 3, and 0 along the line into stop_gradient."""
    graph = gl.loads("input x = 3\ns = stop_gradient(x)\ny = x*s\noutput y")
    forward = graph.forward()
    drawing = picture(graph, forward, result := forward.backward(), drawable(graph, result))
    assert {(e.source, e.target): e.gradient for e in drawing.edges} == {
        ("x", "s"): 0.0,
        ("x", "y"): 3.0,
        ("s", "y"): 3.0,
    }


def test_the_second_use_in_one_operation_has_its_own_part() -> None:
    """where(x > 2, x*x, x) at 3: all of 6 comes along the second operand, none along the third."""
    graph = gl.loads("input x = 3\nq = x*x\ny = where(x > 2, q, x)\noutput y")
    forward = graph.forward()
    parts = forward.parts(result := forward.backward())
    number, y = graph.network.numbers, graph.network.numbers["y"]
    assert result.grad["x"] == 6.0
    assert {(p.source, p.place): float(p.gradient) for p in parts if p.target == y} == {
        (number["q"], 1): 1.0,
        (number["x"], 2): 0.0,
    }


def test_a_scalar_parameter_of_a_layer_has_its_line() -> None:
    """PRelu at -3 with alpha = 0.25: y = -0.75, z = y**2, dz/dalpha = 2 * -0.75 * -3 = 4.5."""
    graph = gl.loads("input x = -3\nz = (x -> PRelu)**2\noutput z")
    forward = graph.forward()
    drawing = picture(graph, forward, result := forward.backward(), drawable(graph, result))
    [edge] = [e for e in drawing.edges if e.source.endswith("alpha")]
    assert edge.gradient == 4.5


def test_the_value_that_backward_starts_from_gets_an_edge_with_the_seed_gradient() -> None:
    graph = gl.loads("input x = 3\nt = x*2\nz = t**2\noutput z")
    forward = graph.forward()
    result = forward.backward(of="t")
    drawing = closed(picture(graph, forward, result, drawable(graph, result)))
    from_t = {e.gradient for e in drawing.edges if e.source == "t"}
    assert from_t == {1.0, None}


# ---- generated programs ------------------------------------------------------------------------------

UNARY = ("exp(0.1*{})", "sin({})", "{}**2", "tanh({})", "-{}", "sqrt({}**2 + 1)", "sigmoid({})")
UNARY += ("stop_gradient({})", "relu({})", "log({}**2 + 1)", "where({} > 0, 2.0, 3.0)")
BINARY = ("{} + {}", "{} * {}", "{} - {}", "{} / ({}**2 + 1)", "maximum({}, {})", "where({} > 0, {}, 1)")


@st.composite
def programs(draw: st.DrawFn) -> str:
    """Scalars in a chain of formulas, some of them gradients, one of them perhaps the end of a scan."""
    values = ["a", "b", "c"]
    lines = ["input a = 0.7, b = -1.3, c = 2.1, xs: float[1, 3] = [[1, -0.5, 2]]"]
    for i in range(draw(st.integers(2, 7))):
        kind = draw(st.sampled_from(["unary", "binary", "binary", "grad", "scan"]))
        pick = st.sampled_from(values)
        name = f"v{i}"
        if kind == "unary":
            lines.append(f"{name} = {draw(st.sampled_from(UNARY)).format(draw(pick))}")
        elif kind == "binary":
            lines.append(f"{name} = {draw(st.sampled_from(BINARY)).format(draw(pick), draw(pick))}")
        elif kind == "grad" and i:
            y = draw(st.sampled_from(values[3:]))
            x = draw(st.sampled_from([*values[: values.index(y)]]))
            lines.append(f"{name} = grad({y} + 0*{x}*{y}, {x})")
        else:
            x, w = draw(pick), draw(pick)
            lines.append(f"p{i}, q{i} = scan v in {x}*xs carry h = {w}*xs[:, 0] {{")
            lines.append(f"g = tanh(0.3*h*v + {w})\nnext h = g\nyield g, h*{x}\n}}")
            lines.append(f"{name} = sum(p{i}*q{i})")
        values.append(name)
    return "\n".join([*lines, f"z = {values[-1]} + 0*{values[-2]}", "output z"])


@settings(max_examples=60, deadline=None)
@given(programs())
def test_the_parts_of_every_value_of_any_program_sum_to_its_gradient(text: str) -> None:
    graph = gl.loads(text)
    assert_parts_sum(graph, {})
    assert_edges_sum(graph)
