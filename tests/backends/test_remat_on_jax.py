"""`train.remat` on JAX: what is computed again takes less memory, and changes no number beyond rounding."""

from __future__ import annotations

import functools

import numpy as np
import pytest

import graphlang as gl
from graphlang.engine.recording import Storage
from graphlang.engine.updates import APPLIES, COUNT, RATE, STEP, UPDATE
from graphlang.training.state import TrainingState

jax = pytest.importorskip("jax", reason="JAX is not installed")
from jax_agreement import QUICK  # noqa: E402

from graphlang.backends.jax.placement import Placement  # noqa: E402
from graphlang.backends.jax.remat import blocks_of  # noqa: E402
from graphlang.backends.jax.scope import scope  # noqa: E402
from graphlang.backends.jax.step_program import FINE, StepProgram  # noqa: E402

SPEC = """
def Block(x: float[N, T, 16]) =
  x -> residual { LayerNorm; Attention(2, causal=true) } -> residual { LayerNorm; Affine(64); Gelu; Affine(16) }

input x: float[N, T, 16], t: int[N]
h = x -> repeat 4 { Block; Dropout(0.1) }
s = mean(h, axis=1) -> Affine(3)
loss = SoftmaxWithLoss(s, t)
train {
  minimize   = loss
  optimizer  = Adam(lr=0.01)
  batch      = 8
  iterations = 5
  SETTING
}
"""


def data(dtype="float32"):
    rng = np.random.default_rng(4)
    return {"x": rng.normal(size=(40, 6, 16)).astype(dtype), "t": rng.integers(0, 3, 40)}


@functools.cache
def losses(setting="", dtype="float32", **options):
    text = SPEC.replace("SETTING", setting).replace("repeat 4", "repeat 2")
    graph = gl.loads(text, dtype=dtype, backend=gl.Jax(cache=False, **options))
    return graph.fit(**data(dtype)).losses


def compiled(remat, rows=16, places=32):
    """The segments of a training step, and what XLA says about its memory."""
    graph = gl.loads(SPEC.replace("SETTING", ""), dtype="float32")
    training, numbers = TrainingState(graph.model, graph.spec.train, 1), graph.network.numbers
    storage = {
        numbers["x"]: Storage((rows, places, 16), np.dtype("float32")),
        numbers["t"]: Storage((rows,), np.dtype("int64")),
    }
    recording = training.record(storage, {"N": rows, "T": places})
    options = gl.Jax(cache=False, remat=remat)
    placement = Placement(jax.local_devices(backend="cpu")[:1])
    blocks = blocks_of(options, training)
    program = StepProgram(options, placement, recording, "xt", 0, None, 0, 1, "float32", blocks)
    inputs, host = program.program.inputs, (RATE, STEP, APPLIES, COUNT, UPDATE)
    state = {n: jax.ShapeDtypeStruct(x.shape, x.dtype) for n, x in inputs.items()}
    state = {n: x for n, x in state.items() if n not in (*host, "x", "t", *recording.draws)}
    state[FINE] = jax.ShapeDtypeStruct((), np.dtype(bool))
    with scope():
        feeds = {n: jax.ShapeDtypeStruct((1, *inputs[n].shape), inputs[n].dtype) for n in "xt"}
        call = program.call([()], [{RATE: 0.1, STEP: 1, APPLIES: 1, COUNT: 1, UPDATE: 1}], 1, feeds)
        step = program._compiled.lower(state, {"columns": {}, "fixed": {}}, call).compile(QUICK)
    return program._segments, step.memory_analysis().temp_size_in_bytes


@pytest.mark.slow
def test_less_memory_is_needed_the_less_is_kept():
    segments, everything = compiled(False)
    assert len(segments) == 1
    assert not segments[0].again
    segments, within_nodes = compiled(True)
    assert within_nodes < 0.9 * everything
    segments, within_blocks = compiled("block")
    assert [len(s.again) for s in segments] == [0, 1, 1, 1, 1]
    assert within_blocks < 0.6 * everything
    assert within_blocks < within_nodes


@pytest.mark.parametrize("setting", ["remat = true", "remat = block"])
def test_training_takes_the_same_steps(setting):
    np.testing.assert_allclose(losses(setting, "float64"), losses("", "float64"), rtol=1e-9)


@pytest.mark.slow
def test_attention_in_one_call_and_lower_precision_go_with_it():
    np.testing.assert_allclose(losses("remat = block"), losses(), rtol=1e-5)
    lower = losses("precision = bfloat16\n  remat = block")
    np.testing.assert_allclose(lower, losses("precision = bfloat16"), rtol=2e-2)


def test_the_option_goes_before_the_file():
    graph = gl.loads(SPEC.replace("SETTING", "remat = block"), dtype="float32")
    training = TrainingState(graph.model, graph.spec.train, 1)
    assert training.remat == "block"
    assert blocks_of(gl.Jax(remat=False), training) is None
    nodes, regions = blocks_of(gl.Jax(remat=True), training), blocks_of(gl.Jax(), training)
    assert nodes("Block1.Gelu1") != nodes("Block1.Affine1")
    assert regions("Block1.Gelu1") == regions("Block1.Affine1") != regions("Block2.Gelu1")
    assert regions("loss") is None


def test_a_file_says_true_false_or_block():
    for text, value in (("true", True), ("false", False), ("block", "block")):
        assert gl.loads(SPEC.replace("SETTING", f"remat = {text}")).spec.train.remat == value


def test_other_values_are_refused():
    with pytest.raises(ValueError, match='remat is True, False or "block"'):
        gl.Jax(remat="all")
    with pytest.raises(gl.GraphError, match=r"(?s)remat.*true.*false.*block"):
        gl.loads(SPEC.replace("SETTING", "remat = all"))
    with pytest.raises(gl.GraphError, match=r"must be `true`, `false` or `block`, but it is `0\.5`"):
        gl.loads(SPEC.replace("SETTING", "remat = 0.5"))


@pytest.mark.parametrize("number", [1, 0, 1.0])
def test_a_number_is_no_truth_value(number):
    with pytest.raises(ValueError, match='remat is True, False or "block"'):
        gl.Jax(remat=number)
    with pytest.raises(gl.GraphError, match="must be `true`, `false` or `block`"):
        gl.loads(SPEC.replace("SETTING", f"remat = {number}"))


TWO = """
input x: float[N, 16], t: float[N, 1]
layer G = Grown()
layer D = Grown()
def Grown(x) { return x -> repeat 3 { Affine(32); Gelu } -> Affine(16) }
near = mean((G(x) - t)**2)
far = mean((D(G(x)) + t)**2)
output near
train { batch = 8; iterations = 4; dtype = float64; seed = 1; REMAT
        minimize = [objective(near, "G.*", Adam(0.01)), objective(far, "D.*", SGD(0.1))] }
"""


def test_the_forward_pass_of_every_objective_is_computed_again():
    rng = np.random.default_rng(0)
    rows = {"x": rng.normal(size=(16, 16)), "t": rng.normal(size=(16, 1))}
    histories = []
    for remat in ("", "remat = true;"):
        graph = gl.loads(TWO.replace("REMAT", remat), backend=gl.Jax(cache=False, steps_per_call=1))
        histories.append(graph.fit(**rows))
    np.testing.assert_allclose(*(h.objectives["far"] for h in histories), rtol=1e-9)
    graph = gl.loads(TWO.replace("REMAT", "remat = true;"))
    training, numbers = TrainingState(graph.model, graph.spec.train, 1), graph.network.numbers
    sizes = {"N": 8}
    storage = {numbers[n]: Storage((8, w), np.dtype("float64")) for n, w in (("x", 16), ("t", 1))}
    recording, placement = training.record(storage, sizes), Placement(jax.local_devices(backend="cpu")[:1])
    blocks = blocks_of(gl.Jax(), training)
    program = StepProgram(gl.Jax(), placement, recording, "xt", 0, None, 0, 1, "float32", blocks)
    again = {step.origin for s in program._segments for r in s.again for step in r.steps}
    assert any(origin.startswith("G") for origin in again)
    assert any(origin.startswith("D") for origin in again)
