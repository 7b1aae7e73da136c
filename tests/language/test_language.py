"""The language as its contract states it: the examples load, and each rule holds."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import codes
from hypothesis import given, settings
from hypothesis import strategies as st

import graphlang as gl
from graphlang.checks.expectations import check_expectations
from graphlang.inputs.stand_ins import fill_with_random


def shapes(graph: gl.Graph) -> dict[str, tuple[int, ...]]:
    return {name: array.shape for name, array in graph.params.items()}


def value(expression: str) -> Any:
    """What an expression over constants gives."""
    return gl.loads(f"y = {expression}\noutput y").forward()["y"]


def runs(text: str) -> gl.Graph:
    """The graph of a text whose `expect` lines hold and that runs forward and backward on random inputs."""
    graph = gl.loads(text)
    assert [f"{e.text}: {e.message}" for e in check_expectations(graph.model) if not e.ok] == []
    if len(graph.outputs) == 1:
        forward = graph.forward(fill_with_random(graph.network, {}, np.random.default_rng(0)))
        forward.backward(np.ones_like(forward[graph.spec.outputs[0]]), graph.spec.outputs[0])
    return graph


# ---- by example -----------------------------------------------------------------------------------------

NETWORK = """
graphlang 1
hyper hidden = 50
input x: float[N, 784]
input t: int[N]
y    = x -> Affine(hidden, init=normal(0.01)) -> Relu -> Affine(10, init=normal(0.01))
loss = SoftmaxWithLoss(y, t)
output y
data      { source = npz("data/mnist_12k.npz", flatten=true, normalize=true); x = x; t = t }
train     { minimize = loss; optimizer = SGD(lr=0.1); batch = 100; iterations = 10000
            metrics = [accuracy(y, t)]; seed = 0 }
gradcheck { of = loss; batch = 3; tol = 1e-6 }
"""

RESIDUAL = """
def ConvBN(x, c, stride=1) = x -> Affine(c, bias=false) -> LayerNorm
def BasicBlock(x: float[N, C], c, stride=1) {
  f = x -> ConvBN(c, stride=stride) -> Relu -> ConvBN(c)
  s = x if stride == 1 and c == C else x -> ConvBN(c, stride=stride)
  return Relu(f + s)
}
input x: float[N, 3], t: int[N]
y = x -> ConvBN(16) -> Relu
      -> repeat 3 { BasicBlock(16) }
      -> for c in [32, 64] { BasicBlock(c, stride=2); BasicBlock(c) }
      -> Affine(10)
loss = SoftmaxWithLoss(y, t)
output loss
"""

TRANSFORMER = """
hyper vocab = 65, context = 32, d_model = 8, heads = 4, depth = 2
def CausalSelfAttention(x: float[N, T, D], heads) {
  q, k, v = rearrange(x -> Affine(3*D), "n t (s h d) -> s n h t d", s=3, h=heads)
  a = softmax(causal_mask(q @ k.T / sqrt(D / heads)))
  return rearrange(a @ v, "n h t d -> n t (h d)") -> Affine(D)
}
def Block(x: float[N, T, D], heads) =
  x -> residual { LayerNorm; CausalSelfAttention(heads) }
    -> residual { LayerNorm; Affine(4*D); Gelu; Affine(D) }
input x: int[N, T], t: int[N, T]
layer tok = Embedding(vocab, d_model)
h = (tok(x) + Embedding(arange(T), context, d_model)) -> repeat depth { Block(heads) } -> LayerNorm
logits = h @ tok.W.T
loss = SoftmaxWithLoss(logits, t)
output loss
"""


def test_an_open_formula_takes_its_free_names_as_inputs() -> None:
    graph = gl.loads("price = (apple*num + orange*onum) * tax")
    assert list(graph.inputs) == ["apple", "num", "orange", "onum", "tax"]
    assert graph.run(apple=100, num=2, orange=150, onum=3, tax=1.1)["price"] == pytest.approx(715)


def test_a_sigmoid_built_from_nodes_is_one_group_and_equals_the_layer() -> None:
    graph = runs(
        "def sigma(x) {\n  e = exp(-x)\n  return 1 / (1 + e)\n}\ninput x: float[N, D]\ny = sigma(x)\noutput y\n"
        "expect y ~= Sigmoid(x)\nexpect grad(sum(y), x) ~= y * (1 - y)"
    )
    assert [g.definition for g in graph.spec.groups.values()] == ["sigma"]


def test_the_two_layer_network_has_the_parameters_of_the_book() -> None:
    graph = gl.loads(NETWORK)
    expected = {"Affine1.W": (784, 50), "Affine1.b": (50,), "Affine2.W": (50, 10), "Affine2.b": (10,)}
    assert shapes(graph) == expected
    assert graph.dtype == np.float32
    assert not np.any(graph.params["Affine1.b"])
    assert float(np.std(graph.params["Affine1.W"])) == pytest.approx(0.01, rel=0.05)


def test_a_hyper_is_set_from_outside() -> None:
    graph = gl.loads(NETWORK, set={"hidden": 100, "train.batch": 64})
    assert graph.params["Affine1.W"].shape == (784, 100)
    assert graph.spec.train is not None
    assert graph.spec.train.batch == 64
    assert gl.loads(NETWORK, set={"hidden": "2 * 25"}).params["Affine1.W"].shape == (784, 50)


def test_a_named_layer_list_names_its_parameters() -> None:
    graph = runs(
        "input x: float[N, 1, 4, 4]\n"
        "y = x -> layers {\n  Flatten\n  ip1: Affine(5)\n  Relu\n  ip2: Affine(2)\n}\nz = sum(ip1)\noutput z"
    )
    assert shapes(graph) == {"ip1.W": (16, 5), "ip1.b": (5,), "ip2.W": (5, 2), "ip2.b": (2,)}


def test_defs_repeat_for_and_choices_unroll_into_a_residual_network() -> None:
    found = shapes(runs(RESIDUAL))
    assert found["ConvBN1.Affine1.W"] == (3, 16)
    assert found["BasicBlock3.ConvBN2.Affine1.W"] == (16, 16)
    assert "BasicBlock3.ConvBN3.Affine1.W" not in found  # the shortcut is the identity there
    assert found["BasicBlock4.ConvBN3.Affine1.W"] == (16, 32)
    assert found["BasicBlock7.ConvBN2.Affine1.W"] == (64, 64)
    assert found["Affine1.W"] == (64, 10)


def test_a_transformer_shares_its_embedding_and_repeats_its_blocks() -> None:
    graph = runs(TRANSFORMER)
    found = shapes(graph)
    assert found["tok.W"] == (65, 8)
    assert found["Block2.CausalSelfAttention1.Affine1.W"] == (8, 24)
    assert found["Block1.Affine1.W"] == (8, 32)
    assert sum(name.endswith(".W") for name in found) == 10  # two tables, and four matrices a block


@pytest.mark.parametrize("text", [NETWORK, RESIDUAL, TRANSFORMER], ids=["network", "residual", "transformer"])
def test_the_json_of_a_network_brings_back_the_same_values_and_gradients(text: str) -> None:
    graph = gl.loads(text)
    again = gl.Graph.from_spec(graph.spec.model_dump_json())
    inputs = fill_with_random(graph.network, {}, np.random.default_rng(1))
    first, second = graph.run(inputs, of="loss"), again.run(inputs, of="loss")
    assert first["loss"] == second["loss"]
    for name in graph.params:
        np.testing.assert_array_equal(first.grad[name], second.grad[name])


def test_a_spec_has_a_json_schema() -> None:
    schema = gl.Spec.model_json_schema()
    assert schema["additionalProperties"] is False
    assert {"inputs", "params", "nodes", "outputs", "train"} <= set(schema["properties"])


# ---- statement ends --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "a = 1; b = 2\ny = a + b\noutput y",
        "a = 1\n\n# a comment\nb = 2\ny = a +\n  b\noutput y",
        "a = 1\nb = 2\ny = a\n  # in between\n\n  + b\noutput y",
        "a = 1\nb = 2\ny = (a\n  +\n\n  b\n)\noutput y",
        "a = 1\r\nb = 2\r\ny =\r\n  a + b\r\noutput y\r\n",
        "a = 1\rb = 2\ry = a + b\routput y",
        "a = 1\nb = 2\ny = a + b if true\n  else a\noutput y",
        "a = 1; b = 2\ny = a + b\n  -> relu\n  -> relu\noutput y",
        "\ufeffa = 1; b = 2; y = a + b; output y",
        "a = 1; b = 2; y = sum([\n a,\n b,\n]); output y".replace(
            "sum([\n a,\n b,\n])", "maximum(\n a + b,\n b,\n)"
        ),
    ],
)
def test_a_statement_ends_where_a_reader_expects_it(text: str) -> None:
    assert gl.loads(text).forward()["y"] == 3


# ---- names -------------------------------------------------------------------------------------------------


def test_names_are_unicode_and_equal_when_they_look_equal() -> None:
    assert gl.loads("input 사과 = 100, α = 0.1\n가격 = 사과 * α").run()["가격"] == 10
    composed, apart = (unicodedata.normalize(form, "café") for form in ("NFC", "NFD"))
    assert gl.loads(f"input {apart} = 2\ny = {composed} * 2").run()["y"] == 4


def test_words_of_the_language_may_be_names_where_no_statement_starts() -> None:
    result = gl.loads("input data = 1, train = 2, of = 3, seed = 4\ny = data * train * of * seed").run()
    assert result["y"] == 24


def test_inputs_with_the_name_of_an_option_are_given_as_a_mapping() -> None:
    graph = gl.loads("input lambda, of\ny = lambda * of")
    assert graph.run({"lambda": 0.5, "of": 3})["y"] == 1.5


def test_a_second_name_of_a_value_is_a_value_of_its_own() -> None:
    result = gl.loads("input a = 2\nb = a\nc = b * a\noutput c").run()
    assert (result["b"], result.grad["a"], result.grad["b"]) == (2, 4, 2)


def test_a_def_may_carry_the_name_of_a_builtin_and_a_note_says_so() -> None:
    graph = gl.loads("def sigmoid(x) = x * 2\ny = sigmoid(x)")
    assert [(n.code, n.severity) for n in graph.notes] == [("GL209", "note")]
    assert graph.run(x=3)["y"] == 6


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("input a = 1\na = 2", "GL203"),
        ("hyper a = 1\ninput a = 2\ny = a", "GL203"),
        ("input x\ny = x\ny = x * 2", "GL203"),
        ("input x: float[N, 4]\nfc = x\ny = x -> layers { fc: Affine(3) }", "GL203"),
        ("def f(x) = x\ndef f(x) = x * 2\ny = f(x)", "GL203"),
        ("a = b + 1\nb = a * 2", "GL204"),
        ("input tax\ndef f(p) = p * tax\ny = f(tax)", "GL205"),
        ("input x: float[N, 4]\ndef f(x) = x -> Affine(3)\ny = f(x)", "GL206"),
        ("input x: float[N, 4]\ndef f(x) {\n param W: float[4, 3]\n return x @ W\n}\ny = f(x)", "GL206"),
        ("input x: float[N, 4]\nh = Affine(50)\ny = h", "GL404"),
        ("input y: float[N], t: float[N, 1]\nd = y - t", "GL302"),
        ("input x: float[N, D]\ny = x -> Affine(10)", "GL304"),
        ("input x: float[N, D]\nparam W: float[E, 3]\ny = x @ W", "GL303"),
        ("input n = 3\ninput x: float[N, 4]\ny = x -> Affine(sum(x))", "GL407"),
    ],
)
def test_a_rule_that_is_broken_is_named(text: str, code: str) -> None:
    assert codes(text) == [code]


# ---- calls, parameters and random streams ----------------------------------------------------------------


def test_an_arrow_hands_its_value_to_the_first_argument() -> None:
    runs(
        "input a = 3, b = 4\nexpect (a -> maximum(b)) ~= maximum(a, b)\n"
        "expect (a + b -> sqrt) ~= sqrt(a + b)\nexpect (a -> relu) ~= (a -> Relu)\ny = a -> maximum(b)\noutput y"
    )


def test_every_use_of_a_capital_name_makes_new_parameters_and_layer_makes_one() -> None:
    two = gl.loads("input x: float[N, 4]\ny = x -> Affine(4) -> Affine(4)")
    assert list(two.params) == ["Affine1.W", "Affine1.b", "Affine2.W", "Affine2.b"]
    one = runs(
        "input x: float[N, 4]\nlayer enc = Affine(4)\ny = enc(enc(x))\noutput y\nexpect y ~= enc(x) @ enc.W + enc.b"
    )
    assert list(one.params) == ["enc.W", "enc.b"]
    shared = gl.loads(
        "input x: float[N, 4]\ndef Block(x, n) = x -> Affine(n) -> Relu\nlayer b = Block(4)\ny = b(b(x))"
    )
    assert list(shared.params) == ["b.Affine1.W", "b.Affine1.b"]


def test_counters_follow_the_text_and_not_the_order_of_evaluation() -> None:
    graph = gl.loads("input x: float[N, 4]\ny = h -> Affine(2)\nh = x -> Affine(3)\noutput y")
    assert shapes(graph)["Affine1.W"] == (3, 2)
    assert shapes(graph)["Affine2.W"] == (4, 3)


def test_adding_a_layer_changes_no_other_layers_start() -> None:
    before = gl.loads("input x: float[N, 4]\ny = x -> layers { a: Affine(4); b: Affine(4) }", seed=3)
    after = gl.loads(
        "input x: float[N, 4]\ny = x -> layers { new: Affine(4); a: Affine(4); b: Affine(4) }", seed=3
    )
    for name in before.params:
        np.testing.assert_array_equal(before.params[name], after.params[name])
    assert not np.array_equal(after.params["a.W"], after.params["b.W"])


def test_the_seed_decides_the_start() -> None:
    text = "input x: float[N, 4]\ny = x -> Affine(4)"
    first, same, other = (gl.loads(text, seed=s).params["Affine1.W"] for s in (1, 1, 2))
    np.testing.assert_array_equal(first, same)
    assert not np.array_equal(first, other)


# ---- types and dimensions ----------------------------------------------------------------------------------


def test_an_input_without_a_type_takes_an_array_of_any_shape() -> None:
    graph = gl.loads("input price = 100, num = 2\ntotal = price * num")
    np.testing.assert_array_equal(graph.forward(price=[[1, 2], [3, 4]])["total"], [[2, 4], [6, 8]])
    assert graph.run(price=[1, 2, 3]).grad["num"] == 6  # the gradient sums back


def test_dimensions_are_numbers_in_arithmetic() -> None:
    runs("input x: float[N, D]\ny = sum(x) / (N * D)\noutput y\nexpect y ~= mean(x)")


def test_a_hyper_is_a_dimension() -> None:
    assert shapes(gl.loads("hyper D = 3\ninput x: float[N, D]\ny = x -> Affine(2 * D)"))["Affine1.W"] == (
        3,
        6,
    )


def test_a_def_binds_the_dimensions_of_what_it_is_given() -> None:
    found = shapes(
        gl.loads(
            "def Twice(x: float[N, D]) = x -> Affine(2*D)\ninput x: float[N, 5]\ny = x -> Twice -> Twice"
        )
    )
    assert found == {
        "Twice1.Affine1.W": (5, 10),
        "Twice1.Affine1.b": (10,),
        "Twice2.Affine1.W": (10, 20),
        "Twice2.Affine1.b": (20,),
    }


def test_precision_is_float64_without_a_train_section_and_what_the_caller_says() -> None:
    text = "input x = 1\ny = x * 2"
    assert gl.loads(text).dtype == np.float64
    assert gl.loads(text, dtype="float32").dtype == np.float32
    assert gl.loads(NETWORK).dtype == np.float32
    assert gl.loads(NETWORK.replace("seed = 0", "dtype = float64")).dtype == np.float64
    assert gl.loads(NETWORK, set={"train.dtype": "float64"}).dtype == np.float64


# ---- operators ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ("-3**2", -9),
        ("2**-1", 0.5),
        ("2**3**2", 512),
        ("10 - 2 - 3", 5),
        ("7 // 2 * 2 % 4", 2),
        ("1 + 2 * 3", 7),
        ("-2 * 3", -6),
        ("1 if 2 > 1 and not 1 > 2 else 0", 1),
        ("1 if true or false and false else 0", 1),
        ("1 if false else 2 if false else 3", 3),
        ("6 / 2 * 3", 9),
        ("[1, 2, 3][1]", 2),
        ("1e-3 * 1000", 1),
        (".5 + 1.", 1.5),
    ],
)
def test_operators_bind_as_in_python(expression: str, wanted: float) -> None:
    assert value(expression) == pytest.approx(wanted)


numbers = st.integers(-5, 5)
expressions = st.recursive(
    numbers.map(lambda n: f"({n})"),
    lambda inner: st.tuples(inner, st.sampled_from(["+", "-", "*"]), inner).map(" ".join),
    max_leaves=12,
)


@given(expressions)
@settings(max_examples=60, deadline=None)
def test_arithmetic_agrees_with_python_at_load_time_and_at_run_time(expression: str) -> None:
    assert value(expression) == eval(expression)
    at_run_time = expression.replace("(", "(zero + ")
    assert gl.loads(f"input zero = 0\ny = {at_run_time} + zero").forward()["y"] == eval(expression)


def test_the_transpose_swaps_the_last_two_axes() -> None:
    runs("input x: float[N, A, B]\ny = x.T\noutput y\nexpect y ~= swapaxes(x, 1, 2)")
    runs(
        "input a: float[2, 3]\nm = [[1, 2], [3, 4], [5, 6]]\ny = a + m.T\noutput y\n"
        "expect y - a ~= [[1, 3, 5], [2, 4, 6]]\nexpect [[7, 8]].T ~= [[7], [8]]"
    )


def test_slices_take_parts() -> None:
    runs(
        "input x: float[4, 3]\nexpect x[1:3, 0] ~= take(x[:, 0], [1, 2])\nexpect x[-1] ~= x[3]\n"
        "expect x[::2][1] ~= x[2]\nexpect x[..., 1] ~= x[:, 1]\ny = x[[0, 2]]\noutput y\nexpect y ~= x[::2]"
    )


def test_lists_of_numbers_are_arrays() -> None:
    runs("input x: float[2, 2] = [[1, 2], [3, 4]]\ny = x * [10, 1]\noutput y\nexpect y ~= [[10, 2], [30, 4]]")
    assert (
        gl.loads("input x: float[2]\ny = x * [1, 2]", dtype="float32").forward(x=[1, 1])["y"].dtype
        == np.float32
    )
    assert codes("input x: float[2]\ny = x * [[1, 2], [3]]") == ["GL309"]


def test_broadcasting_both_operands_needs_an_explicit_reshape() -> None:
    text = "input y: float[N, 1], t: float[N]\nd = y - {}\noutput d"
    assert codes(text.format("t")) == ["GL302"]
    assert gl.loads(text.format("reshape(t, N)")).forward(y=[[1], [2]], t=[1, 2])["d"].shape == (2, 2)
    runs(
        "input x: float[N, 3], b: float[3]\ny = x + b\noutput y\nexpect grad(sum(y), b) ~= sum(ones(N, 3), axis=0)"
    )


# ---- before running ----------------------------------------------------------------------------------------


def test_a_choice_before_running_leaves_the_other_branch_out() -> None:
    text = "hyper deep = false\ninput x: float[N, 4]\ny = x -> Affine(3) if deep else x -> Affine(2)"
    assert shapes(gl.loads(text))["Affine1.W"] == (4, 2)
    assert shapes(gl.loads(text, set={"deep": True}))["Affine1.W"] == (4, 3)


def test_repeat_and_for_make_copies_with_parameters_of_their_own() -> None:
    graph = gl.loads(
        "input x: float[N, 4]\ny = x -> repeat 2 { fc: Affine(4) } -> for n in [3, 2] { Affine(n) }"
    )
    assert {k: v for k, v in shapes(graph).items() if k.endswith("W")} == {
        "fc1.W": (4, 4),
        "fc2.W": (4, 4),
        "Affine1.W": (4, 3),
        "Affine2.W": (3, 2),
    }


def test_residual_adds_its_input() -> None:
    runs("input x: float[N, 4]\ny = x -> residual { Relu; Tanh }\noutput y\nexpect y ~= x + tanh(relu(x))")


def test_where_chooses_at_run_time() -> None:
    runs(
        "input x: float[N]\ny = where(x > 0 and x < 1, x, 0)\noutput y\nexpect y ~= where(x < 1, relu(x), 0)"
    )


def test_gradients_nest() -> None:
    runs(
        "input x = 2\ny = x**3\noutput y\nexpect grad(grad(y, x), x) ~= 12\nexpect grad(grad(grad(y, x), x), x) ~= 6"
    )


def test_an_expect_within_sets_its_tolerance() -> None:
    near = gl.loads("y = 1.0\nexpect y ~= 1.01 within 0.1\nexpect y ~= 1.01 within 1e-3\nexpect y ~= 1.01")
    assert [e.ok for e in check_expectations(near.model)] == [True, False, False]


def test_predict_needs_only_what_the_outputs_depend_on() -> None:
    assert gl.loads(NETWORK).predict(x=np.zeros((2, 784))).shape == (2, 10)


def test_an_import_brings_the_defs_of_another_file(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "blocks.graph").write_text("hyper n = 3\ndef Block(x) = x -> Affine(n) -> Relu\n")
    (tmp_path / "net.graph").write_text(
        'import "parts/blocks.graph" as blocks\ninput x: float[N, 4]\ny = x -> blocks.Block -> blocks.Block\n'
    )
    graph = gl.load(tmp_path / "net.graph")
    assert shapes(graph)["Block2.Affine1.W"] == (3, 3)
    again = gl.Graph.from_spec(graph.spec.model_dump_json())
    assert shapes(again) == shapes(graph)


# ---- the order of statements -------------------------------------------------------------------------------

STATEMENTS = """\
input x: float[N, 4], t: int[N]
hyper n = 5
def sigma(x) = 1 / (1 + exp(-x))
param b: float[5] = 0.5
layer out = Affine(3)
h = x -> hidden: Affine(n)
g = sigma(h + b)
y = out(g)
loss = SoftmaxWithLoss(y, t)
z = sum(out.W * 2) + loss
output z""".replace("hidden: Affine(n)", "layers { hidden: Affine(n) }").split("\n")


@given(st.permutations(STATEMENTS))
@settings(max_examples=40, deadline=None)
def test_the_order_of_the_statements_does_not_matter(statements: list[str]) -> None:
    inputs = {"x": np.linspace(-1, 1, 12).reshape(3, 4), "t": [0, 2, 1]}
    first, second = gl.loads("\n".join(STATEMENTS)).run(inputs), gl.loads("\n".join(statements)).run(inputs)
    assert first["z"] == pytest.approx(second["z"], rel=1e-12)
    for name in ("x", "b", "hidden.W", "hidden.b", "out.W", "out.b"):
        np.testing.assert_allclose(first.grad[name], second.grad[name], rtol=1e-9, atol=1e-15)


def test_several_independent_mistakes_are_reported_at_once() -> None:
    text = "input x: float[N, 4]\na = x -> Afine(3)\nb = x + unknown\nc = x -> Affine(3, biass=true)\nd = x @ x\n"
    assert codes(text) == ["GL202", "GL201", "GL401", "GL301"]


def test_the_dimensions_of_formals_are_bound_before_any_of_their_shapes_is_looked_at() -> None:
    runs(
        "def f(a: float[2*N], b: float[N]) = sum(a) * N + sum(b)\ndef g(x: float[..., c], c) = x * c\n"
        "def h(x: float[N, ..., 2], y: float[...]) = sum(x) * N\ninput a: float[4], b: float[2], x: float[3, 5, 2]\n"
        "y = f(a, b) + sum(g(b, 2)) + h(x, x)\noutput y\nexpect y ~= 2 * sum(a) + 3 * sum(b) + 3 * sum(x)"
    )
