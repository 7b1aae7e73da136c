"""A spec that is imported reads as one that a person writes: layers, chains, and what is repeated written once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphlang as gl
from graphlang.onnx.importing.loading import graph_of, import_file, import_model

onnx = pytest.importorskip("onnx", reason="the extra `onnx`")
reference = pytest.importorskip("onnx.reference", reason="the extra `onnx`")

h = onnx.helper
MODELS = Path(__file__).parent / "models"
RNG = np.random.default_rng(0)

GPT = """\
# From gpt.onnx, opset 17

def Block(x: float[N, T, 16]) =
  x -> residual { LayerNorm; Attention(2, causal=true) }
    -> residual { LayerNorm; Affine(64); Gelu; Affine(16) }  # float[N, T, 16]

input x: int[N, T]
te = x -> Embedding(11, 16)                                                # float[N, T, 16]
pe = arange(T) -> Embedding(8, 16)                                         # float[T, 16]
y  = te + pe -> repeat 2 { Block } -> LayerNorm -> Affine(11, bias=false)  # float[N, T, 11]
output y
"""

RESNET = """\
# From resnet18.onnx, opset 17

def Body(x, channels) =
  x -> residual { Conv(channels, 3, pad=1); Relu; Conv(channels, 3, pad=1) } -> Relu

def BodyB(x, channels) {
  c2  = x -> Conv(channels, 3, stride=2, pad=1) -> Relu -> Conv(channels, 3, pad=1)
  s_0 = x -> Conv(channels, 1, stride=2)
  return c2 + s_0 -> Relu -> Body(channels=channels)
}

input x: float[N, 3, 32, 32]
y = x -> Conv(2, 7, stride=2, pad=3)
      -> Relu
      -> MaxPool(3, stride=2, pad=1)
      -> repeat 2 { Body(channels=2) }
      -> for c in [4, 8, 16] { BodyB(channels=c) }
      -> GlobalAvgPool
      -> Affine(10)  # float[N, 10]
output y
"""

CAUSAL = """\
# From causal.onnx, opset 17

input x: float[N, 5, 8]
y = x -> Attention(2, causal=true)  # float[N, 5, 8]
output y
"""

ENCODER = """\
# From encoder.onnx, opset 20

def Block(x: float[N, T, 8]) =
  x -> residual { LayerNorm; Attention(2) } -> residual { LayerNorm; Affine(16); Relu; Affine(8) }  # float[N, T, 8]

input x: float[N, T, 8]
y = x -> repeat 2 { Block }  # float[N, T, 8]
output y
"""

MLP = "X -> Affine(8) -> Relu -> Affine(6) -> Relu -> Affine(1) -> Sigmoid  # float[N, 1]\n"


@pytest.mark.parametrize(
    ("name", "text"), [("gpt", GPT), ("resnet18", RESNET), ("causal", CAUSAL), ("encoder", ENCODER)]
)
def test_the_spec_of_a_model_of_pytorch_is_a_page(name: str, text: str) -> None:
    assert import_file(MODELS / f"{name}.onnx").text == text


def test_the_names_of_a_file_stay_where_a_person_gave_them() -> None:
    text = import_file(MODELS / "mlp.onnx").text
    assert f"out_activations_result = {MLP}" in text
    assert "probabilities " in text


@pytest.mark.parametrize("name", ["gpt", "resnet18", "mlp", "causal", "encoder"])
def test_gradients_of_an_imported_model_are_those_of_its_numbers(name: str) -> None:
    imported = import_file(MODELS / f"{name}.onnx")
    y = list(imported.outputs.values())[-1]
    check = f"loss = sum({y}**2)\ngradcheck {{ of = loss; samples = 2 }}\n"
    graph = gl.loads(imported.text + check, dtype="float64")
    graph.params.update(imported.weights)
    (x,) = imported.inputs.values()
    report = graph.gradcheck({x: np.load(MODELS / f"{name}.npz")["x"][:2]})
    assert report.ok
    assert len(report.rows) == len(imported.weights)


# ---- models that are made here ---------------------------------------------------------------------------


class Made:
    """A graph of ONNX while it is made, node by node."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.weights: list[Any] = []

    def __call__(self, op: str, *inputs: str, **attributes: Any) -> str:
        name = f"/{op}_{len(self.nodes)}_output_0"
        self.nodes.append(h.make_node(op, list(inputs), [name], **attributes))
        return name

    def weight(self, array: Any) -> str:
        name = f"w{len(self.weights)}"
        self.weights.append(onnx.numpy_helper.from_array(np.asarray(array), name))
        return name

    def normal(self, *shape: int) -> str:
        return self.weight((RNG.standard_normal(shape) / 2).astype(np.float32))

    def model(self, y: str, shape: list[Any]) -> Any:
        self.nodes.append(h.make_node("Identity", [y], ["y"]))
        x = h.make_tensor_value_info("x", 1, shape)
        graph = h.make_graph(self.nodes, "g", [x], [h.make_tensor_value_info("y", 1, None)], self.weights)
        return h.make_model(graph, opset_imports=[h.make_opsetid("", 20)])


def held(model: Any, x: Any, atol: float = 1e-5) -> str:
    """Holds that the spec gives the numbers of the reference; its text."""
    (theirs,) = reference.ReferenceEvaluator(model).run(None, {"x": x})
    imported = import_model(model, "net.onnx")
    ours = graph_of(imported, "net.graph", dtype="float64").predict({imported.inputs["x"]: x})
    ours = next(iter(ours.values())) if isinstance(ours, dict) else ours
    np.testing.assert_allclose(ours, theirs, atol=atol)
    return imported.text


def centred(m: Made, x: str) -> str:
    """A LayerNorm as it was written before ONNX had one."""
    away = m("Sub", x, m("ReduceMean", x, m.weight(np.array([-1])), keepdims=1))
    square = m("Pow", away, m.weight(np.float32(2)))
    variance = m("ReduceMean", square, m.weight(np.array([-1])), keepdims=1)
    z = m("Div", away, m("Sqrt", m("Add", variance, m.weight(np.float32(1e-5)))))
    return m("Add", m("Mul", z, m.normal(6)), m.normal(6))


def gelu(m: Made, x: str) -> str:
    inside = m("Erf", m("Div", x, m.weight(np.float32(2**0.5))))
    return m("Mul", m("Mul", x, m("Add", inside, m.weight(np.float32(1)))), m.weight(np.float32(0.5)))


def test_twelve_equal_blocks_are_one_def_that_is_repeated() -> None:
    m, y = Made(), "x"
    for _ in range(12):
        wide = m("Add", m("MatMul", centred(m, y), m.normal(6, 9)), m.normal(9))
        y = m("Add", y, m("Mul", m("MatMul", gelu(m, wide), m.normal(9, 6)), m.normal(6)))
    text = held(m.model(y, ["N", 6]), RNG.standard_normal((3, 6)).astype(np.float32), atol=1e-3)
    assert text.count("Affine(") == 2
    assert "x -> LayerNorm -> Affine(9) -> Gelu -> Affine(6, bias=false)" in text
    assert "param " in text.partition("input")[0]
    assert "y = x -> repeat 12 { Block }" in text


def test_blocks_that_differ_in_a_size_have_it_as_a_formal() -> None:
    m, y, width = Made(), "x", 6
    for wide in (7, 5, 5, 8):
        y = m("Relu", m("Add", m("MatMul", y, m.normal(width, wide)), m.normal(wide)))
        y = m("Tanh", m("Add", m("MatMul", y, m.normal(wide, wide)), m.normal(wide)))
        y, width = m("Mul", y, m("Sigmoid", y)), wide
    text = held(m.model(y, ["N", 6]), RNG.standard_normal((3, 6)).astype(np.float32))
    assert text.count("Affine(units)") == 2
    assert "for n in [7, 5, 5, 8] { Block" in text.replace("units=", "") or "for u in [7, 5, 5, 8]" in text


def test_blocks_with_a_mask_of_the_file_share_it() -> None:
    m, y = Made(), "x"
    mask = m("Sigmoid", m("ReduceMean", "x", m.weight(np.array([0])), keepdims=0))
    for _ in range(4):
        z = m("Tanh", m("Add", m("MatMul", y, m.normal(6, 6)), m.normal(6)))
        y = m("Add", y, m("Mul", z, mask))
    text = held(m.model(y, ["N", 6]), RNG.standard_normal((3, 6)).astype(np.float32))
    assert text.count("Affine(6)") == 1
    assert "repeat 4 { Block(" in text


def attention(m: Made, x: str, hides: Any = None, scale: float = 2**-0.5, axis: int = -1) -> str:
    """Two heads of width 2 over [N, 3, 4], with queries, keys and values of their own."""

    def heads(turn: list[int]) -> str:
        z = m("MatMul", x, m.normal(4, 4))
        return m("Transpose", m("Reshape", z, m.weight(np.array([0, 3, 2, 2]))), perm=turn)

    scores = m("Mul", m("MatMul", heads([0, 2, 1, 3]), heads([0, 2, 3, 1])), m.weight(np.float32(scale)))
    if hides is not None:
        scores = m("Where", m.weight(hides), m.weight(np.float32(-np.inf)), scores)
    y = m("MatMul", m("Softmax", scores, axis=axis), heads([0, 2, 1, 3]))
    joined = m("Reshape", m("Transpose", y, perm=[0, 2, 1, 3]), m.weight(np.array([0, 3, 4])))
    return m("Add", m("MatMul", joined, m.normal(4, 4)), m.normal(4))


LATER = np.triu(np.ones((3, 3), bool), 1)


@pytest.mark.parametrize(
    ("options", "layer"),
    [
        ({}, "Attention(2)"),
        ({"hides": LATER}, "Attention(2, causal=true)"),
        ({"hides": LATER[None, None]}, "Attention(2, causal=true)"),
        ({"hides": LATER.T}, None),
        ({"hides": np.roll(LATER, 1, axis=1)}, None),
        ({"scale": 0.5}, None),
        ({"axis": 2}, None),
    ],
)
def test_attention_is_the_layer_where_all_of_it_is_there(options: dict[str, Any], layer: str | None) -> None:
    m = Made()
    model = m.model(attention(m, "x", **options), ["N", 3, 4])
    with np.errstate(invalid="ignore"):
        text = held(model, RNG.standard_normal((2, 3, 4)).astype(np.float32))
    assert (layer or "Softmax") in text
    assert layer is not None or "Attention" not in text


def test_two_turns_that_undo_each_other_are_none() -> None:
    m = Made()
    turned = m("Transpose", m("Relu", "x"), perm=[1, 0, 2])
    text = held(m.model(m("Transpose", turned, perm=[1, 0, 2]), ["N", 3, 4]), RNG.standard_normal((2, 3, 4)))
    assert "transpose" not in text


def test_a_weight_that_is_used_twice_stays_one_parameter() -> None:
    m = Made()
    table = m.normal(5, 4)
    ids = m("Cast", "x", to=7)
    y = m("MatMul", m("Gather", table, ids), m("Transpose", table, perm=[1, 0]))
    text = held(m.model(y, ["N"]), np.array([0, 3, 1], np.float32))
    assert "param w0: float[5, 4]" in text
    assert "Embedding" not in text


def grown(m: Made, x: str, width: int, rng: np.random.Generator, kinds: list[int]) -> str:
    """A block: layers of these kinds in a row, with a shortcut now and then."""
    y = x
    for kind in kinds:
        if kind == 0:
            y = m("Add", m("MatMul", y, m.normal(width, width)), m.normal(width))
        elif kind == 1:
            y = m("Tanh", y)
        elif kind == 2:
            y = m("Add", y, x)
        elif kind == 3:
            y = m("Mul", y, m.normal(width))
        elif kind == 4:
            y = m("LayerNormalization", y, m.normal(width), m.normal(width))
        elif kind == 5:
            y = m("Mul", y, m("Sigmoid", m("MatMul", x, m.normal(width, width))))
        elif kind == 6:
            y = m("Mul", y, m.weight(np.float32(rng.choice([0.5, 0.75]))))
        elif kind == 7:
            wide = 2 * int(rng.integers(2, 4))
            z = m("Add", m("MatMul", y, m.normal(width, wide)), m.normal(wide))
            y = m("MatMul", z, m.normal(wide, width))
        elif kind == 8:
            y = m("Concat", m("Slice", y, *map(m.weight, ([2], [4], [1]))), x, axis=1)
            y = m("MatMul", y, m.normal(width + 2, width))
        else:
            y = m("Transpose", m("Relu", m("Transpose", y, perm=[1, 0])), perm=[1, 0])
    return y


@pytest.mark.parametrize("seed", range(60))
def test_weights_find_their_layers_however_a_model_repeats_itself(seed: int) -> None:
    rng = np.random.default_rng(seed)
    m, y = Made(), "x"
    blocks = [[int(k) for k in rng.integers(0, 10, rng.integers(2, 7))] for _ in range(2)]
    for _ in range(int(rng.integers(2, 9))):
        y = grown(m, y, 4, rng, blocks[int(rng.integers(0, 2))])
        if rng.random() < 0.2:
            y = m("LayerNormalization", y, m.normal(4), m.normal(4))
    x = rng.standard_normal((3, 4)).astype(np.float32)
    model = m.model(y, ["N", 4])
    (theirs,) = reference.ReferenceEvaluator(model).run(None, {"x": x})
    held(model, x, atol=1e-4 * max(1, float(np.abs(theirs).max())))


def test_a_value_has_no_name_that_a_layer_would_have() -> None:
    model = onnx.parser.parse_model("""<ir_version: 10, opset_import: ["" : 22]>
        g (float[N, 2] x) => (float[N, 2] y, float[N, 2] Affine2)
        <float[2, 2] A = {1.0, 2.0, 3.0, 4.0}, float[2, 2] B = {5.0, 6.0, 7.0, 8.0}> {
            Affine1 = MatMul(x, A)
            Affine2 = MatMul(Affine1, B)
            y = Add(Affine1, Affine2)
        }""")
    imported = import_model(model, "net.onnx")
    graph = graph_of(imported, "net.graph", dtype="float64")
    assert set(imported.weights) == {"Affine1.W", "Affine2.W"}
    assert imported.outputs["Affine2"] == "affine2"
    x = np.array([[1.0, 10.0]])
    a = x @ [[1, 2], [3, 4]]
    np.testing.assert_allclose(graph.forward({"x": x})["y"], a + a @ [[5, 6], [7, 8]])
