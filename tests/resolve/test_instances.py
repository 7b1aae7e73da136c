"""The names of layers and their parameters: labels in lists and copies, shared layers, shared `def`s."""

from __future__ import annotations

import numpy as np
import pytest

import graphlang as gl

INPUT = "input x: float[N, 3]\n"


def weights(text: str) -> list[str]:
    return [name for name in gl.loads(INPUT + text).params if not name.endswith(".b")]


@pytest.mark.parametrize("copies", ["repeat 2", "for k in [1, 2]"])
@pytest.mark.parametrize("inner", ["layers { fc: Affine(3) }", "residual { fc: Affine(3); Relu }"])
def test_a_label_in_a_list_inside_of_copies_gets_a_number(copies: str, inner: str) -> None:
    assert weights(f"y = x -> {copies} {{ {inner} }}") == ["fc1.W", "fc2.W"]


def test_a_label_in_an_argument_inside_of_copies_gets_a_number() -> None:
    assert weights("y = x -> repeat 2 { add(x -> layers { fc: Affine(3) }) }") == ["fc1.W", "fc2.W"]


def test_numbers_of_labels_go_on_in_a_second_repeat_and_avoid_what_the_file_defines() -> None:
    text = "fc1 = 2*x\ny = (fc1 -> repeat 2 { fc: Affine(3) }) + (x -> repeat 1 { layers { fc: Affine(3) } })"
    assert weights(text) == ["fc2.W", "fc3.W", "fc4.W"]


def test_a_label_in_a_copy_can_be_read_in_that_copy() -> None:
    graph = gl.loads(INPUT + "y = x -> repeat 2 { h: multiply(2); add(h) }\noutput y")
    np.testing.assert_allclose(graph.predict(x=[[1, 0, 2]]), [[16, 0, 32]])


def test_a_label_of_a_group_is_the_first_part_of_the_names_inside() -> None:
    text = "y = x -> layers { enc: layers { a: Affine(4) }; dec: residual { a: Affine(4) } }"
    assert weights(text) == ["enc.a.W", "dec.a.W"]
    copies = "y = x -> repeat 2 { g: residual { r: residual { fc: Affine(3) }; fc: Affine(3) } }"
    assert weights(copies) == ["g1.r.fc.W", "g1.fc.W", "g2.r.fc.W", "g2.fc.W"]


def test_both_branches_of_a_choice_may_use_one_label() -> None:
    text = (
        "hyper deep = true\ny = x -> layers { a: Affine(4); Relu } if deep else x -> layers { a: Affine(2) }"
    )
    assert weights(text) == ["a.W"]


def test_a_label_inside_of_an_argument_can_be_used_before_it_stands() -> None:
    graph = gl.loads(INPUT + "z = a * 2\ny = relu(x -> layers { a: multiply(3) })\noutput z")
    np.testing.assert_allclose(graph.predict(x=[[1, 0, -1]]), [[6, 0, -6]])


# ---- shared defs ------------------------------------------------------------------------------------------

SHARED = """def B(x, k) {
  s = x if k else x -> Affine(3)
  u = x -> Relu -> Affine(3)
  return s + u
}
layer e = B
"""


def test_a_shared_def_with_named_values_is_used_several_times() -> None:
    text = "def B(x) {\n h = x -> Affine(3)\n u = h -> Tanh -> Affine(3)\n return h + u\n}\nlayer e = B\n"
    graph = gl.loads(INPUT + text + "y = e(x) + e(e(x))\noutput y")
    assert list(graph.params) == ["e.Affine1.W", "e.Affine1.b", "e.Affine2.W", "e.Affine2.b"]
    x = np.array([[1.0, -2.0, 0.5]])

    def e(x: np.ndarray) -> np.ndarray:
        h = x @ graph.params["e.Affine1.W"]
        return h + np.tanh(h) @ graph.params["e.Affine2.W"]

    np.testing.assert_allclose(graph.predict(x=x), e(x) + e(e(x)))
    seen = graph.forward(x=x)
    np.testing.assert_allclose(seen["e.h_2"], x @ graph.params["e.Affine1.W"])


@pytest.mark.parametrize("uses", ["a = e(x, true)\nb = e(x, false)", "b = e(x, false)\na = e(x, true)"])
def test_each_use_of_a_shared_def_finds_its_layers_even_if_other_uses_skip_some(uses: str) -> None:
    graph = gl.loads(INPUT + SHARED + uses + "\noutput a, b")
    assert sorted(p for p in graph.params if p.endswith("W")) == ["e.Affine1.W", "e.Affine2.W"]
    x = np.array([[1.0, -2.0, 0.5]])
    seen = graph.forward(x=x)
    u = np.maximum(x, 0) @ graph.params["e.Affine2.W"]
    np.testing.assert_allclose(seen["a"], x + u)
    np.testing.assert_allclose(seen["b"], x @ graph.params["e.Affine1.W"] + u)


def test_the_names_in_a_shared_def_do_not_depend_on_how_often_it_is_used() -> None:
    text = "def A(x) = x -> Affine(3)\ndef B(x) {\n layer q = A\n return q(q(x)) -> A -> repeat 2 { fc: A }\n}\nlayer e = B\n"
    once, twice = weights(text + "y = e(x)"), weights(text + "y = e(x) + e(e(x))")
    assert once == twice == ["e.q.Affine1.W", "e.A1.Affine1.W", "e.fc1.Affine1.W", "e.fc2.Affine1.W"]


def test_a_shared_def_may_repeat_its_layers_as_often_as_each_use_says() -> None:
    text = "def B(x, k) = x -> repeat k { fc: Affine(3) }\nlayer e = B\ny = e(x, 1) + e(x, 3) + e(x, 2)"
    assert weights(text) == ["e.fc1.W", "e.fc2.W", "e.fc3.W"]


# ---- reading parameters ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("network", "name"),
    [
        ("h = x -> layers { fc: Affine(3); Relu }", "fc.W"),
        ("h = x -> layers { enc: layers { fc: Affine(4) }; Affine(3) }", "enc.fc.W"),
        ("h = tanh(x -> layers { fc: Affine(3) })", "fc.W"),
        ("def B(x) = x -> Affine(3)\nh = x -> layers { b: B; c: B }", "c.Affine1.W"),
        ("def B(x) {\n param W: float[3, 3]\n return x @ W\n}\nlayer e = B\nh = e(x)", "e.W"),
        ("def B(x) {\n layer q = Affine(3)\n return q(q(x))\n}\nlayer e = B\nh = e(x)", "e.q.W"),
        ("def B(x) = x -> layers { fc: Affine(3) }\nlayer e = B\nh = e(x)", "e.fc.W"),
        ("h = x -> Affine(4) -> Affine(3)", "Affine2.W"),
        ("def B(x) = x -> Affine(3)\nh = x -> B -> B", "B2.Affine1.W"),
        ("h = x -> repeat 2 { fc: Affine(3) }", "fc2.W"),
    ],
)
def test_an_expect_reads_every_parameter_by_its_name(network: str, name: str) -> None:
    text = f"{INPUT}{network}\nL = sum(h**2)\noutput L\nexpect sum({name}) ~= 0 within 1e9\nexpect grad(L, {name}) ~= 0 within 1e9"
    graph = gl.loads(text)
    assert {e.left for e in graph.spec.expects if e.left == name} == set()
    assert name in {o for n in graph.spec.nodes for o in n.operands}


def test_a_statement_reads_the_parameters_of_labelled_layers_wherever_it_stands() -> None:
    text = "z = sum(fc.W) + sum(e.q.W)\ny = e(x -> layers { fc: Affine(3) })\nlayer e = B\n"
    text += "def B(x) {\n layer q = Affine(3)\n return q(x) @ q.W.T\n}\noutput z"
    graph = gl.loads(INPUT + text)
    assert graph.predict(x=[[0, 0, 0]]) == pytest.approx(
        graph.params["fc.W"].sum() + graph.params["e.q.W"].sum()
    )
