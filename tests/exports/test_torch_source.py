"""`--to torch`: each generated module gives the values of the engine, and autograd the gradients."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from generated_forward import expected
from generated_numpy import close

import graphlang as gl
from graphlang.exports.source.torch.members import MEMBERS
from graphlang.inputs.stand_ins import fill_with_random
from graphlang.layouts.torch_layout import torch_parameters
from graphlang.syntax.lessons import lesson_names

sys.path.append(str(Path(__file__).parent.parent / "contracts"))
import contract_cases as cases

torch = pytest.importorskip("torch")
ENTRIES = cases.entries()


@pytest.fixture(autouse=True)
def same_random_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draws in PyTorch what the engine draws with the seed 5."""
    drawn: list[np.random.Generator] = []

    def generator() -> np.random.Generator:
        if not drawn:
            drawn.append(np.random.default_rng(5))
        return drawn[0]

    def rand(shape: Any, dtype: Any, device: Any = None) -> Any:
        kind = np.float64 if dtype is torch.float64 else np.float32
        return torch.from_numpy(np.asarray(generator().random(tuple(shape), kind)))

    def dropout(x: Any, p: float, training: bool) -> Any:
        return torch.where(rand(x.shape, x.dtype) >= p, x / (1 - p), 0) if training else x

    monkeypatch.setattr(torch, "rand", rand)
    monkeypatch.setattr(torch.nn.functional, "dropout", dropout)
    monkeypatch.setattr(sys.modules[__name__], "new_draws", drawn.clear)


def new_draws() -> None:
    """Begins the random numbers anew."""


def executed(graph: gl.Graph) -> Any:
    """The generated module, with the parameters of the graph read by `load_state_dict`."""
    names: dict[str, Any] = {"__name__": "generated"}
    exec(compile(graph.to_source("torch"), "generated.py", "exec"), names)  # noqa: S102 - the text is our own
    module = [
        v
        for v in names.values()
        if isinstance(v, type) and v.__module__ == "generated" and "_" not in v.__name__
    ][-1]()
    state = {name: torch.from_numpy(value) for name, value in graph.torch_state().items()}
    assert list(module.load_state_dict(state)) == [[], []]
    return module


def compare(graph: gl.Graph, inputs: Mapping[str, Any], tolerance: float, *, training: bool = False) -> None:
    """Holds values and gradients of a module to those of the engine."""
    module = executed(graph).train(training)
    wanted = expected(graph, inputs, training=training)
    new_draws()
    samples = {n: spec.default for n, spec in graph.network.inputs.items() if spec.default is not None}
    given = {n: torch.as_tensor(np.asarray(v)) for n, v in {**samples, **inputs}.items()}
    floats = {n: v.requires_grad_() for n, v in given.items() if v.is_floating_point()}
    taken = module.forward.__code__.co_varnames[1 : module.forward.__code__.co_argcount]
    values = module(**{n: v for n, v in given.items() if n in taken})
    for name, value in wanted.values.items():
        close(values[name].detach().numpy(), value, tolerance, name)
    if wanted.of is not None and values[wanted.of].requires_grad:
        values[wanted.of].sum().backward()
    found = {name: p.grad for name, p in module.named_parameters()}
    for name, value in wanted.gradients.items():
        own = floats[name].grad if name in floats else gradient_here(graph, found, name)
        own = np.zeros(np.shape(value)) if own is None else np.asarray(own)
        close(own, value, tolerance, f"the gradient of {name}")
    if training:
        buffers = {name: value.numpy() for name, value in module.named_buffers()}
        parameters = torch_parameters(graph.network)
        for name, value in wanted.state.items():
            parts = [buffers[n] for n in parameters[name].arrays(buffers)]
            close(parameters[name].slot.here(parts), value, tolerance, name)


def gradient_here(graph: gl.Graph, found: Mapping[str, Any], name: str) -> Any:
    """The gradient of a parameter from those of the arrays that it is written into.

    A bias that PyTorch has twice has its gradient twice, so that of the first is taken.
    """
    parameter = torch_parameters(graph.network)[name]
    names = parameter.arrays(found)
    parts = [found[n] for n in names]
    if all(part is None for part in parts):
        return None
    arrays = [part.numpy() for part in parts]
    if len(arrays) == 2 and "bias_hh" in names[1]:
        arrays[1] = np.zeros_like(arrays[1])
    return parameter.slot.here(arrays)


def inputs_of(graph: gl.Graph) -> dict[str, Any]:
    return fill_with_random(graph.network, {}, np.random.default_rng(0))


@pytest.mark.parametrize("lesson", lesson_names())
def test_a_lesson_has_the_values_and_gradients_of_the_engine_in_torch(lesson: str) -> None:
    graph = gl.load(f"lesson:{lesson}", dtype="float64")
    compare(graph, inputs_of(graph), 1e-9)


@pytest.mark.parametrize("lesson", ["two_layer_net", "simple_convnet", "char_rnn", "batchnorm_vs_none"])
def test_float32_agrees_in_torch(lesson: str) -> None:
    graph = gl.load(f"lesson:{lesson}", dtype="float32")
    compare(graph, inputs_of(graph), 1e-5)


@pytest.mark.parametrize("lesson", ["dropout_overfit", "batchnorm_vs_none", "vae"])
def test_training_agrees_in_torch_with_the_same_random_numbers(lesson: str) -> None:
    graph = gl.load(f"lesson:{lesson}", dtype="float64")
    compare(graph, inputs_of(graph), 1e-9, training=True)


@pytest.mark.parametrize("name", sorted(ENTRIES))
def test_an_operation_has_the_values_and_gradients_of_the_engine_in_torch(name: str) -> None:
    done: set[bool] = set()
    for case in cases.one_of_each_call(cases.cases(ENTRIES[name])):
        if case.training not in done:
            done.add(case.training)
            graph = cases.load(case.text)
            inputs = cases.inputs(graph, case.draw, cases.SIZES, "float64")
            compare(graph, inputs, 1e-9, training=case.training)


def test_every_name_that_modules_have_of_themselves_is_known() -> None:
    own = {name for name in dir(torch.nn.Module()) if not name.startswith("_")}
    assert own - MEMBERS == set()


@pytest.mark.parametrize("way", ["", ", reverse=true"])
@pytest.mark.parametrize(
    "scan",
    [
        "y = scan v in x carry s = zeros(N, 3) { next s = tanh(s + v); yield s * v }",
        "y = scan v in x carry s = h0, n = 1 { next s = cos(s) * v + n; next n = n + 1; yield s }",
        "y = scan v in x carry s = h0 { next s = s -> Affine(3) -> Tanh; yield s + v }",
        "y = scan i in arange(4) carry s = h0 { next s = sin(s) * 2; yield s }",
    ],
)
def test_a_loop_agrees_in_torch_in_both_directions(scan: str, way: str) -> None:
    text = f"input x: float[N, 4, 3], h0: float[N, 3]; {scan.replace(' in x', ' in x' + way)}; output y"
    graph = gl.loads(text, dtype="float64")
    compare(graph, inputs_of(graph), 1e-9)


@pytest.mark.parametrize("lesson", lesson_names())
def test_a_module_makes_its_arrays_on_the_device_of_its_inputs(lesson: str) -> None:
    graph = gl.load(f"lesson:{lesson}")
    module = executed(graph).eval().to("meta")
    samples = {n: spec.default for n, spec in graph.network.inputs.items()}
    rows = {**samples, **inputs_of(graph)}
    taken = module.forward.__code__.co_varnames[1 : module.forward.__code__.co_argcount]
    given = {n: torch.as_tensor(np.asarray(v)).to("meta") for n, v in rows.items() if n in taken}
    for name, value in module(**given).items():
        assert value.device.type == "meta", name


def test_one_place_of_an_image_is_normalized_in_torch_too() -> None:
    graph = gl.loads("input x: float[N, 4, 1]; y = x -> InstanceNorm; output y", dtype="float64")
    compare(graph, inputs_of(graph), 1e-9, training=True)


@pytest.mark.parametrize(
    "text",
    [
        "layer conv = Conv(3, 3, pad=same); y = conv(x); z = conv(y)",
        "y = Conv(x, 6, 3, stride=2, pad=same, groups=3)",
        "y = Conv(x, 2, [2, 3], pad=[[0, 1], [2, 0]], dilation=2, bias=false)",
        "y = x -> ConvTranspose(2, 3, stride=2, pad=same) -> MaxPool(3, stride=2, pad=1)",
        "y = x -> ConvTranspose(2, 3, stride=2, pad=1, output_pad=1) -> AvgPool(2, pad=1, count_pad=false)",
        "y = x -> MaxPool(3, stride=2, pad=same) -> Flatten -> Affine(3, bias=false)",
        "y = x -> BatchNorm(momentum=0.7, eps=0.001) -> Dropout(0.3)",
        "y = reshape(x, N, 15, 6) -> LSTM(3, layers=2, bidirectional=true)",
        "y = reshape(x, N, 15, 6) -> LSTM(3, layers=2, bidirectional=true, return=last)",
        "y = reshape(x, N, 15, 6) -> GRU(3, layers=2, reset=after, return=last)",
        "y = reshape(x, N, 15, 6) -> GRU(3, reset=before, bidirectional=true)",
        "y, h, c = LSTM(reshape(x, N, 15, 6), 3, return=state)",
        "y = reshape(x, N, 15, 6) -> RNN(3, layers=2)",
        "s = reshape(x, N, 15, 6); y = Attention(s, s, 2, causal=true); z = Attention(s, 3, dropout=0.5)",
        "y = x[:, ::-1, 4::-2] + x[:, :, 1::2][:, :, :3]",
        "y = x -> PRelu(per_channel=true) -> Upsample(2, mode=linear) -> GroupNorm(3)",
    ],
)
def test_settings_of_layers_agree_in_both_modes_in_torch(text: str) -> None:
    graph = gl.loads(f"input x: float[N, 3, 6, 5]; {text}; out = sum(sin(y)); output y, out", dtype="float64")
    for training in (False, True):
        compare(graph, inputs_of(graph), 1e-9, training=training)


class Leaning(gl.Layer):
    """y = gain * (x - mean) + x W, where the mean runs along with the batches"""

    def parameters(self, x: Any) -> Any:
        size = x.shape[-1]
        return {"gain": gl.Parameter((size,), 1.0), "W": gl.Parameter((size, size))}

    def state(self, x: Any) -> Any:
        return {"mean": gl.Parameter((x.shape[-1],), 0.5)}

    def forward(self, x: Any, *, gain: Any, W: Any, mean: Any, training: bool, random: Any) -> Any:
        if not training:
            return gain * (x - mean) + x @ W
        now = np.mean(x, axis=0)
        y = np.where(random.uniform(x.shape) < 0.5, gain * (x - now), 0) + x @ W
        return y, None, {"mean": 0.9 * mean + 0.1 * now}


def test_a_layer_of_ones_own_is_written_out_in_torch() -> None:
    text = "input x: float[N, 3]; y = x -> Leaning -> Affine(2); output y"
    graph = gl.loads(text, dtype="float64", layers=[Leaning])
    for training in (False, True):
        compare(graph, inputs_of(graph), 1e-9, training=training)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_gradient_of_a_gradient_agrees_in_torch(dtype: str) -> None:
    text = (
        "input x: float[N, 2, 6, 6]; y = sum(x -> Conv(3, 3) -> MaxPool(2) -> Tanh -> Flatten -> Affine(1)); "
    )
    graph = gl.loads(text + "g = grad(y, x); out = sum(g**2); output out", dtype=dtype)
    compare(graph, inputs_of(graph), 1e-9 if dtype == "float64" else 1e-5)


def test_without_labels_a_module_gives_the_outputs() -> None:
    graph = gl.load("lesson:two_layer_net", dtype="float64")
    module, inputs = executed(graph), inputs_of(graph)
    assert list(module(inputs["x"])) == ["y"]
    assert module.loss(**inputs) == module(**inputs)["loss"]


def test_labels_of_a_sample_are_not_taken_for_those_of_other_rows() -> None:
    graph = gl.loads(
        """
        input x: float[N, 2] = [[0, 1], [1, 1]], t: int[N] = [0, 1], rate = 0.5
        y = x -> Affine(3)
        loss = SoftmaxWithLoss(y, t) * rate
        output y
        train { minimize = loss; optimizer = SGD(lr=0.1); epochs = 1 }
        """
    )
    module = executed(graph)
    assert list(module([[0.0, 1.0]])) == ["y"]
    rows, labels = [[0.0, 1.0], [1.0, 0.0]], [0, 2]
    assert list(module(rows, labels)) == ["y", "loss"]
    assert module.loss(rows, labels, rate=1.0) == 2 * module.loss(rows, labels)


def test_what_weights_to_torch_writes_fits_the_generated_module(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from graphlang.cli import main

    for lesson in ("simple_convnet", "char_rnn", "batchnorm_vs_none", "transformer"):
        graph = gl.load(f"lesson:{lesson}")
        graph.save(str(tmp_path / "weights.npz"))
        words = ["weights", str(tmp_path / "weights.npz"), "--for", f"lesson:{lesson}", "--to", "torch"]
        assert main([*words, "-o", str(tmp_path / f"{lesson}.npz")]) == 0, capsys.readouterr().err
        with np.load(tmp_path / f"{lesson}.npz") as state:
            arrays = {name: torch.from_numpy(state[name]) for name in state.files}
        assert list(executed(graph).load_state_dict(arrays)) == [[], []]


def test_parameters_start_in_torch_with_the_spread_that_graphlang_gives_them() -> None:
    graph = gl.loads("input x: float[N, 400]; y = x -> Affine(300, init=xavier) -> LayerNorm; output y")
    names: dict[str, Any] = {"__name__": "generated"}
    exec(graph.to_source("torch"), names)  # noqa: S102 - the text is our own
    module = names["Text"]()
    weight = module.Affine1.weight.detach().numpy()
    assert abs(weight.std() / np.std(graph.params["Affine1.W"]) - 1) < 0.02
    assert not module.Affine1.bias.any()
    assert bool((module.LayerNorm1.weight == 1).all())


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_parameter_with_a_value_in_the_spec_starts_with_it_exactly_in_torch(dtype: str) -> None:
    text = (
        "input x: float[3]; param a = 0.1, b = [0.3, -0.7, 1], c: float[3] = 0.2; y = a * x + b * c; output y"
    )
    graph = gl.loads(text, dtype=dtype)
    names: dict[str, Any] = {"__name__": "generated"}
    exec(graph.to_source("torch"), names)  # noqa: S102 - the text is our own
    for name, value in names["Text"]().state_dict().items():
        np.testing.assert_array_equal(value.numpy(), graph.params[name], err_msg=name)
        assert value.numpy().dtype == dtype


def test_a_module_drops_and_normalizes_by_the_batch_only_in_training() -> None:
    graph = gl.loads("input x: float[N, 50]; y = x -> BatchNorm -> Dropout(0.5); output y", dtype="float32")
    module, x = executed(graph), torch.from_numpy(np.float32(np.random.default_rng(0).normal(2, 3, (40, 50))))
    module.eval()
    torch.testing.assert_close(module(x)["y"], x / (1 + 1e-5) ** 0.5, rtol=1e-5, atol=1e-5)
    assert not module.BatchNorm1.running_mean.any()
    module.train()
    y = module(x)["y"]
    assert 0.4 < float((y == 0).float().mean()) < 0.6
    assert bool(module.BatchNorm1.running_mean.any())
