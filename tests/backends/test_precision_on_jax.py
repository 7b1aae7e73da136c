"""`train.precision` on JAX: what is rounded, what stays in float32, and that it trains."""

from __future__ import annotations

import numpy as np
import pytest

import graphlang as gl
from graphlang.engine.recording import Storage, record_forward

jax = pytest.importorskip("jax", reason="JAX is not installed")
import jax.numpy as jnp  # noqa: E402

from graphlang.backends.jax.precision import LIGHT, PRODUCTS, MixedPrecision  # noqa: E402
from graphlang.backends.jax.replay import run  # noqa: E402
from graphlang.backends.jax.rules import RULES  # noqa: E402
from graphlang.backends.jax.scope import scope  # noqa: E402

FLOAT32 = [
    "Softmax(x)", "LogSoftmax(x)", "x -> LayerNorm", "x -> BatchNorm", "x -> RMSNorm", "x -> GroupNorm(2)",
    "SoftmaxWithLoss(x, t)", "CrossEntropyError(Softmax(x), t)", "sum(x)", "mean(x, axis=0)", "std(x)", "logsumexp(x)",
    "SumSquaredError(x, y)", "MeanSquaredError(x, y)", "HuberLoss(x, y)", "BinaryCrossEntropy(x, abs(sin(y)))",
]  # fmt: skip


@pytest.mark.parametrize("formula", FLOAT32)
def test_norms_softmax_losses_and_statistics_of_rounded_numbers_are_those_of_float32(formula):
    text = f"input x: float[N, 8], y: float[N, 8], t: int[N]\nz = {formula}\noutput z\n"
    network = gl.loads(text, dtype="float32").network
    rng = np.random.default_rng(3)
    arrays = {
        "x": jnp.asarray(rng.normal(0, 4, (6, 8)), jnp.bfloat16),
        "y": jnp.asarray(rng.normal(0, 4, (6, 8)), jnp.bfloat16),
        "t": rng.integers(0, 8, 6),
    }
    single = np.dtype("float32")
    kinds = {"x": single, "y": single, "t": np.dtype("int64")}
    used = [n for n in network.inputs if network.ancestors([network.numbers["z"]])[network.numbers[n]]]
    storage = {network.numbers[n]: Storage(arrays[n].shape, kinds[n]) for n in used}
    recording = record_forward(network, storage, single, {}, {"z": network.numbers["z"]}, training=True)
    program = recording.program
    parameters = {n: network.params[n].init for n in network.params}
    values = {}
    for types in (None, MixedPrecision(program.steps, [program.inputs[n].number for n in parameters])):
        given = {}
        for label, own in program.inputs.items():
            array = arrays.get(label)
            if array is None:
                array = jnp.ones(own.shape, jnp.float32)
            given[own.number] = array.astype(own.dtype) if types is None else array
        with scope():
            run(program.steps, given, RULES, None, types)
        values[types is None] = given[program.outputs["z"].number]
    assert values[False].dtype == jnp.float32
    np.testing.assert_allclose(values[False], values[True], rtol=2e-6, atol=2e-6)


def test_products_are_rounded_to_bfloat16_and_what_follows_stays_so_until_a_sum():
    network = gl.loads(
        "input x: float[N, 4], w: float[4, 3]\nz = Relu(x @ w)\nlast = z @ w.T\noutput z, last\n",
        dtype="float32",
    ).network
    single = np.dtype("float32")
    storage = {network.numbers["x"]: Storage((5, 4), single), network.numbers["w"]: Storage((4, 3), single)}
    outputs = {name: network.numbers[name] for name in ("z", "last")}
    program = record_forward(network, storage, single, {}, outputs).program
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(5, 4)).astype("f4"), rng.normal(size=(4, 3)).astype("f4")
    values = {program.inputs["x"].number: jnp.asarray(x), program.inputs["w"].number: jnp.asarray(w)}
    with scope():
        run(program.steps, values, RULES, None, MixedPrecision(program.steps, []))
    z = values[program.outputs["z"].number]
    assert z.dtype == jnp.bfloat16
    np.testing.assert_allclose(z.astype("f4"), np.maximum(x @ w, 0), rtol=0.02, atol=0.02)


def test_no_primitive_that_adds_many_numbers_rounds_its_result():
    assert not (LIGHT | PRODUCTS) & {
        "sum",
        "square_sum",
        "exp",
        "log",
        "sqrt",
        "norms",
        "cumsum",
        "scatter_add",
        "sum_pool",
    }


SPEC = """
input x: float[N, 8], t: int[N]
y = x -> Affine(16) -> LayerNorm -> Gelu -> Dropout(0.1) -> Affine(3)
loss = SoftmaxWithLoss(y, t)
train {
  minimize  = loss
  optimizer = Adam(lr=0.02)
  batch     = 32
  epochs    = 30
  precision = PRECISION
}
"""


def data():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(256, 8)).astype("f4")
    return {"x": x, "t": np.argmax(x[:, :3] + 0.5 * x[:, 3:6], axis=1)}


@pytest.mark.parametrize("precision", ["tf32", "bfloat16"])
def test_a_network_learns_the_same_at_a_lower_precision_and_keeps_its_weights_in_float32(precision):
    plain = gl.loads(SPEC.replace("PRECISION", "float32"), backend=gl.Jax(cache=False))
    lower = gl.loads(SPEC.replace("PRECISION", precision), backend=gl.Jax(cache=False))
    losses = plain.fit(**data()).losses
    lower_losses = lower.fit(**data()).losses
    assert abs(losses[0] - lower_losses[0]) < 0.03 * losses[0]
    assert abs(np.mean(losses[-20:]) - np.mean(lower_losses[-20:])) < 0.05
    assert all(a.dtype == np.float32 for a in lower.params.values())
    assert (losses != lower_losses) == (precision == "bfloat16" or lower.model.backend.platform != "cpu")


def test_the_precision_of_the_options_goes_before_that_of_the_file():
    text = SPEC.replace("PRECISION", "bfloat16").replace("30", "2")
    by_file = gl.loads(text, backend=gl.Jax(cache=False)).fit(**data()).losses
    by_option = gl.loads(text, backend=gl.Jax(cache=False, precision="float32")).fit(**data()).losses
    plain = gl.loads(text.replace("bfloat16", "float32"), backend=gl.Jax(cache=False)).fit(**data()).losses
    assert by_option == plain != by_file


def test_float64_is_never_rounded():
    text = SPEC.replace("PRECISION", "bfloat16").replace("30", "1")
    wide = gl.loads(text, dtype="float64", backend=gl.Jax(cache=False)).fit(**data()).losses
    plain = (
        gl.loads(text.replace("bfloat16", "float32"), dtype="float64", backend=gl.Jax(cache=False))
        .fit(**data())
        .losses
    )
    assert wide == plain


def test_a_file_that_asks_for_float64_and_a_lower_precision_is_refused():
    text = SPEC.replace("PRECISION", "bfloat16\n  dtype = float64")
    with pytest.raises(gl.GraphError, match=r"`precision = bfloat16` is for `dtype = float32`"):
        gl.loads(text)


def test_a_precision_that_does_not_exist_is_refused_with_those_that_do():
    with pytest.raises(gl.GraphError, match="tf32"):
        gl.loads(SPEC.replace("PRECISION", "float16"))
    with pytest.raises(ValueError, match='"bfloat16", not'):
        gl.Jax(precision="half")
