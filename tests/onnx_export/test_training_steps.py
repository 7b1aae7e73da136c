"""A file with `training` takes the steps that the engine takes, in the reference of ONNX and in onnxruntime."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

import graphlang as gl
from graphlang.cli import main
from graphlang.onnx.exporting.export import exported_bytes

onnxruntime = pytest.importorskip("onnxruntime", reason="the extra `dev`")

SPECS = Path(__file__).parents[2] / "specs"
HEAVY = {"deep_convnet", "fine_tuning", "resnet", "simple_convnet", "unet"}
LONGER = {
    "autoencoder", "batchnorm_vs_none", "char_rnn", "dropout_overfit", "gan", "kepler", "seq2seq_addition",
    "transformer", "translation", "two_layer_net_explicit", "optimizers_compared", "physics", "vae",
}  # fmt: skip
TRAINED = [path.stem for path in sorted(SPECS.glob("*.graph")) if gl.load(path).spec.train is not None]
SMALL = """
input x: float[N, 3], t: int[N]
y = x -> Affine(8) -> BatchNorm -> Relu -> Dropout(0.3) -> Affine(2)
loss = SoftmaxWithLoss(y, t)
output y
train { minimize = loss; optimizer = Adam(lr=0.01); epochs = 3 }
"""
TWO = """
input x: float[N, 3]
a = x -> Affine(2) -> Tanh
b = a -> Affine(1)
first = mean(a ** 2)
second = mean((b - 1) ** 2) + random_normal(N) -> sum * 0
output b
train {
  minimize = [
    { loss = first, of = "Affine1.*", optimizer = SGD(lr=0.1) }
    { loss = second, of = "Affine2.*", optimizer = Momentum(lr=0.1) }
  ]
  epochs = 1
}
"""


def compared(name: str) -> None:
    graph = gl.load(SPECS / f"{name}.graph")
    content, report = exported_bytes(graph, training=True)
    model = onnx.load_model_from_string(content)
    assert [output.name for output in model.graph.output] == list(graph.spec.outputs)
    assert {f.name.partition("_")[0] for f in model.functions} == {"gradient", "update"}
    assert report.agreement is not None
    assert report.agreement.largest < 1e-4


@pytest.mark.parametrize("name", [n for n in TRAINED if n not in HEAVY | LONGER])
def test_a_lesson_takes_the_steps_of_the_engine(name: str) -> None:
    compared(name)


THROUGH = {
    "float[N, 4, 6, 6]": (
        *("Conv(4, 3, pad=1, stride=2)", "Conv(4, 3, groups=2)", "Conv(3, 2, dilation=2, bias=false)"),
        *("ConvTranspose(3, 3, stride=2)", "ConvTranspose(4, 2, pad=1, groups=2)", "DepthwiseConv(3)"),
        *("MaxPool(2)", "MaxPool(3, stride=2, pad=1)", "AvgPool(2)", "AvgPool(3, stride=2, pad=1)"),
        *("Upsample(2)", "Upsample(2, mode=linear)", "GroupNorm(2)", "InstanceNorm", "BatchNorm"),
    ),
    "float[N, 5, 4]": (
        *("RNN(3)", "LSTM(3)", "GRU(3)", "GRU(3, reset=after)", "LSTM(3, return=last)"),
        *("Attention(2)", "Attention(2, causal=true)", "LayerNorm", "RMSNorm", "Conv(3, 2, pad=1)"),
    ),
}
"""Layers that a gradient goes through, with an input that they take."""


@pytest.mark.parametrize(("kind", "layer"), [(kind, layer) for kind, ls in THROUGH.items() for layer in ls])
def test_the_gradient_of_a_layer_and_of_what_is_before_it_is_that_of_the_engine(
    kind: str, layer: str
) -> None:
    last = kind.rpartition(",")[2].strip(" ]")
    graph = gl.loads(
        f"""
        input x: {kind}
        param scale: float[{last}] = uniform(0.5, 1.5)
        y = x * scale -> {layer}
        loss = mean(y ** 2) + mean(sin(y))
        output y
        train {{ minimize = loss; optimizer = SGD(lr=0.1); epochs = 1 }}
        """
    )
    report = exported_bytes(graph, training=True)[1]
    assert report.agreement is not None
    assert report.agreement.largest < 1e-4


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(HEAVY | LONGER))
def test_a_larger_lesson_takes_the_steps_of_the_engine(name: str) -> None:
    compared(name)


def test_twenty_steps_in_onnxruntime_have_the_losses_of_graphlang(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    data = {"x": rng.random((50, 784)).astype(np.float32), "t": rng.integers(0, 10, 50)}
    graph = gl.load(SPECS / "two_layer_net.graph", set={"train.iterations": 20, "train.batch": 50})
    path = tmp_path / "net.onnx"
    gl.onnx.export(graph, path, training=True)
    losses = steps_in_onnxruntime(path, data, 20)
    history = graph.fit(data)
    assert len(history.losses) == 20
    np.testing.assert_allclose(losses, history.losses, rtol=1e-5)
    assert losses[-1] < losses[0]


def steps_in_onnxruntime(path: Path, data: dict[str, Any], count: int) -> list[float]:
    model = onnx.load(path)
    renewed = {pair.key: pair.value for pair in model.training_info[0].update_binding}
    session = onnxruntime.InferenceSession(gl.onnx.training_step(path).SerializeToString())
    state: dict[str, Any] = {}
    losses = []
    for _ in range(count):
        loss, *new = session.run(["training loss", *renewed.values()], {**data, **state})
        state = dict(zip(renewed, new, strict=True))
        losses.append(float(loss))
    assert state["step number"] == count + 1
    return losses


def test_the_memory_of_an_optimizer_and_the_state_of_layers_last_from_step_to_step() -> None:
    model = onnx.load_model_from_string(exported_bytes(gl.loads(SMALL), training=True)[0])
    renewed = {pair.key for pair in model.training_info[0].update_binding}
    assert {"Affine1.W", "Affine1.W: m", "Affine1.W: v", "BatchNorm1.mean", "step number"} <= renewed
    assert "learning rate" not in renewed
    inputs = {value.name: value for value in gl.onnx.training_step(model).graph.input}
    assert {"x", "t", "learning rate"} | renewed <= set(inputs)


def test_the_file_runs_for_inference_as_one_without_training(tmp_path: Path) -> None:
    graph = gl.loads(SMALL)
    gl.onnx.export(graph, tmp_path / "with.onnx", training=True)
    gl.onnx.export(graph, tmp_path / "without.onnx")
    x = np.ones((2, 3), np.float32)
    results = [
        onnxruntime.InferenceSession(tmp_path / f"{name}.onnx").run(None, {"x": x})[0]
        for name in ("with", "without")
    ]
    np.testing.assert_array_equal(*results)
    assert not onnx.load(tmp_path / "without.onnx").training_info


@pytest.mark.parametrize(
    "setting",
    [
        {"train.clip_norm": 0.1},
        {"train.clip_value": 0.01},
        {"train.ema": 0.9},
        {"train.accumulate": 2},
        {"train.optimizer": "AdaGrad(lr=0.1)"},
        {"train.optimizer": "RMSProp(lr=0.1)"},
        {"train.optimizer": "Nesterov(lr=0.1)"},
        {"train.optimizer": "SGD(lr=0.1, weight_decay=0.1)"},
    ],
    ids=str,
)
def test_what_a_section_sets_is_part_of_the_step(setting: dict[str, Any]) -> None:
    assert exported_bytes(gl.loads(SMALL, set=setting), training=True)[1].agreement is not None


@pytest.mark.parametrize("opset", [18, 22])
def test_a_step_can_be_written_for_older_opsets(opset: int) -> None:
    assert exported_bytes(gl.loads(SMALL), training=True, opset=opset)[1].agreement is not None


def test_a_step_in_float64_keeps_its_digits() -> None:
    agreement = exported_bytes(gl.loads(SMALL), training=True, dtype="float64")[1].agreement
    assert agreement is not None
    assert agreement.largest < 1e-11


def test_without_a_train_section_there_is_no_step(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec = tmp_path / "net.graph"
    spec.write_text("input x: float[N]\ny = x * 2\noutput y\n")
    target = tmp_path / "net.onnx"
    assert main(["export", str(spec), "--to", "onnx", "--training", "-o", str(target)]) == 1
    assert "`export --training` needs a `train` section" in capsys.readouterr().err
    assert not target.exists()


def test_a_file_without_a_step_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    gl.onnx.export(gl.loads(SMALL), path)
    with pytest.raises(gl.GraphError, match="no training step") as refused:
        gl.onnx.training_step(path)
    assert [d.code for d in refused.value.diagnostics] == ["GL788"]


def test_what_the_gradient_needs_and_onnx_lacks_is_said_by_name() -> None:
    text = SMALL.replace("loss = SoftmaxWithLoss(y, t)", "loss = SoftmaxWithLoss(y, t) + det(A)")
    with pytest.raises(gl.GraphError, match=r"det.*cannot become ONNX: the primitive `cofactors`"):
        exported_bytes(gl.loads(f"param A: float[2, 2] = normal(std=1)\n{text}"), training=True)


def test_the_gradient_of_an_inverse_is_a_loop_too() -> None:
    text = SMALL.replace(
        "loss = SoftmaxWithLoss(y, t)", "loss = SoftmaxWithLoss(y, t) + sum(inv(A + 3 * eye(2)))"
    )
    graph = gl.loads(f"param A: float[2, 2] = normal(std=1)\n{text}")
    assert exported_bytes(graph, training=True)[1].agreement is not None


def test_a_step_that_is_wrong_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    from graphlang.onnx.exporting.rules.table import RULES

    monkeypatch.setitem(RULES, "divide", lambda c: c.node("Mul", *c.operands))
    with pytest.raises(gl.GraphError, match=r"of the training step is not the same in onnx.reference"):
        exported_bytes(gl.loads(SMALL), training=True)
