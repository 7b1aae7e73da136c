"""Attention that is recognised in recorded steps goes to `jax.nn.dot_product_attention`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import graphlang as gl
from graphlang.engine.passes.common import common_subexpressions
from graphlang.engine.recording import Storage, record_forward
from graphlang.training.state import TrainingState

jax = pytest.importorskip("jax", reason="JAX is not installed")
import jax.numpy as jnp  # noqa: E402
from jax_agreement import QUICK  # noqa: E402

from graphlang.backends.jax import bound_program, step_program  # noqa: E402
from graphlang.backends.jax.attention import FusedAttention  # noqa: E402
from graphlang.backends.jax.attention_pattern import find_attention  # noqa: E402
from graphlang.backends.jax.precision import MixedPrecision  # noqa: E402
from graphlang.backends.jax.replay import run  # noqa: E402
from graphlang.backends.jax.rules import RULES  # noqa: E402
from graphlang.backends.jax.scope import scope  # noqa: E402

SPECS = Path(__file__).parents[2] / "specs"
TRAIN = "train { minimize = loss; optimizer = SGD(lr=0.1); batch = 2; iterations = 5; shuffle = false }\n"

LAYER = "y = x -> Attention(HEADS)\n"
CAUSAL_LAYER = "y = x -> Attention(HEADS, causal=true)\n"
WRITTEN = """
q, k, v = rearrange(x -> Affine(3*D, init=normal(0.5)), "n t (s h d) -> s n h t d", s=3, h=HEADS)
weights = softmax(MASK(q @ k.T / sqrt(D / HEADS)))
y = rearrange(weights @ v, "n h t d -> n t (h d)") -> Affine(D, init=xavier)
"""
CAUSAL_WRITTEN = WRITTEN.replace("MASK", "causal_mask")
WRITTEN = WRITTEN.replace("MASK", "")
ONE_HEAD = """
k = x -> Affine(D)
weights = softmax(0.5 * (x @ k.T))
y = weights @ x
"""
WINDOW = """
k = x -> Affine(D)
i = arange(T)
weights = softmax(where(abs(reshape(i, T, 1) - i) < 2, x @ k.T, -1e30))
y = weights @ x
"""
FORMS = {
    "layer": LAYER,
    "causal layer": CAUSAL_LAYER,
    "written out": WRITTEN,
    "causal, written out": CAUSAL_WRITTEN,
    "one head": ONE_HEAD,
    "a window": WINDOW,
}


def spec(form, heads=2, loss="mean((y - t)**2)"):
    text = form.replace("HEADS", str(heads))
    return (
        f"input x: float[N, T, D], t: float[N, T, D]\n{text}output y\nloss = {loss}\n{TRAIN}".replace(
            "D]", "8]"
        )
        .replace("*D", "*8")
        .replace("(D", "(8")
    )


def data(dtype="float32", rows=2, places=5):
    rng = np.random.default_rng(2)
    return {name: rng.normal(size=(rows, places, 8)).astype(dtype) for name in "xt"}


def step_of(graph, shapes):
    """The program of one training step."""
    numbers = graph.network.numbers
    storage = {
        numbers[n]: Storage(shape, np.dtype(kind or graph.model.dtype)) for n, (shape, kind) in shapes.items()
    }
    rows, places = next(iter(shapes.values()))[0][:2]
    sizes = {"N": rows, "T": places}
    return common_subexpressions(
        TrainingState(graph.model, graph.spec.train, 1).record(storage, sizes).program
    )


def attention_of(text, dtype="float32"):
    program = step_of(gl.loads(text, dtype=dtype), dict.fromkeys("xt", ((2, 5, 8), None)))
    return find_attention(program.steps, program.results)


@pytest.mark.parametrize("heads", [1, 4])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("types", ["float32", "bfloat16"])
def test_every_value_and_gradient_is_that_of_the_plain_steps(form, types, heads):
    graph = gl.loads(spec(FORMS[form], heads), dtype="float32")
    program = step_of(graph, dict.fromkeys("xt", ((2, 5, 8), None)))
    groups = find_attention(program.steps, program.results)
    assert len(groups) == 1
    assert groups[0].causal == ("causal" in form)
    arrays = {**graph.params, **data()}
    given = {
        x.number: np.asarray(arrays[n]) if n in arrays else np.full(x.shape, 0.1, x.dtype)
        for n, x in program.inputs.items()
    }
    parameters = [program.inputs[n].number for n in graph.params]

    def replayed(given, groups):
        values = dict(given)
        precision = MixedPrecision(program.steps, parameters) if types == "bfloat16" else None
        run(program.steps, values, RULES, None, precision, FusedAttention(groups, cudnn=False))
        return values

    def both(given):
        return replayed(given, []), replayed(given, groups)

    with scope():
        plain, fused = jax.device_get(jax.jit(both).lower(given).compile(QUICK)(given))
    assert set(plain) - set(fused) == groups[0].inner
    assert set(groups[0].gradients) <= set(fused)
    rounding = 3e-2 if types == "bfloat16" else 2e-6
    for number, own in fused.items():
        assert own.dtype == plain[number].dtype
        expected = plain[number].astype("f8")
        np.testing.assert_allclose(
            own.astype("f8"), expected, rtol=0, atol=rounding * (1 + abs(expected).max())
        )


@pytest.fixture
def counted(monkeypatch):
    """How many times attention is recognised in each program that is compiled."""
    counts = []

    def counting(*arguments):
        groups = find_attention(*arguments)
        counts.append(len(groups))
        return groups

    for module in (step_program, bound_program):
        monkeypatch.setattr(module, "find_attention", counting)
    return counts


@pytest.mark.parametrize("form", ["causal layer", "written out"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_five_steps_of_training_are_those_of_numpy(form, dtype, counted):
    text = spec(FORMS[form]).replace("batch = 2", "batch = 4")
    arrays = data(dtype, rows=20)
    on_jax = gl.loads(text, dtype=dtype, backend=gl.Jax(cache=False)).fit(**arrays)
    in_numpy = gl.loads(text, dtype=dtype).fit(**arrays)
    assert len(on_jax.losses) == 5
    assert set(counted) == {int(dtype == "float32")}
    np.testing.assert_allclose(on_jax.losses, in_numpy.losses, rtol=1e-5 if dtype == "float32" else 1e-9)


def test_a_forward_pass_uses_it_too(counted):
    text = spec(FORMS["causal, written out"])
    arrays = data()
    on_jax, in_numpy = gl.loads(text, backend=gl.Jax(cache=False)), gl.loads(text)
    np.testing.assert_allclose(
        on_jax.predict(arrays["x"]), in_numpy.predict(arrays["x"]), rtol=1e-5, atol=1e-6
    )
    assert counted == [1]


def test_both_blocks_of_the_lesson_on_transformers_are_recognised():
    graph = gl.load(SPECS / "transformer.graph")
    program = step_of(graph, dict.fromkeys("xt", ((2, 96), "int64")))
    groups = find_attention(program.steps, program.results)
    assert [(len(g.gradients), g.causal, g.scale) for g in groups] == [(3, True, 0.25)] * 2


def test_questions_that_all_rows_share_are_recognised_in_the_lesson_on_attention():
    graph = gl.load(SPECS / "attention.graph")
    program = step_of(graph, {"x": ((3, 8), "int64")})
    (group,) = find_attention(program.steps, program.results)
    assert group.mask is None
    assert group.scores.operands[0].shape == (8, 32)
    assert len(group.gradients) == 3


@pytest.mark.parametrize(
    "text",
    [
        spec("y = x -> Attention(2, dropout=0.3)\n"),
        spec(FORMS["written out"], loss="mean((y - t)**2) + mean(weights**2)"),
        spec(FORMS["written out"].replace("weights @ v", "(weights * 2) @ v")),
        spec(FORMS["written out"].replace("q @ k.T / sqrt", "q @ k.T + sqrt")),
        spec(FORMS["a window"].replace("< 2", "< 0")),
        spec("weights = softmax(x @ x.T)\ny = weights @ weights @ x\n"),
    ],
    ids=["dropout", "used by the loss", "scaled", "shifted", "nowhere to look", "used twice"],
)
def test_weights_that_others_see_or_change_stay_plain_steps(text):
    assert attention_of(text) == []


def test_float64_stays_plain_steps():
    assert attention_of(spec(FORMS["layer"]), dtype="float64") == []
    assert len(attention_of(spec(FORMS["layer"]))) == 1


def test_a_forward_pass_whose_result_are_the_weights_stays_plain():
    network = gl.loads(spec(FORMS["written out"]), dtype="float32").network
    numbers = network.numbers
    storage = {numbers["x"]: Storage((2, 5, 8), np.dtype("float32"))}
    for outputs, count in ((["y"], 1), (["y", "weights"], 0)):
        own = {n: numbers[n] for n in outputs}
        program = record_forward(network, storage, np.dtype("float32"), {"N": 2, "T": 5}, own).program
        assert len(find_attention(program.steps, program.results)) == count


def test_what_cudnn_refuses_goes_to_xla():
    program = step_of(gl.loads(spec(FORMS["layer"]), dtype="float32"), dict.fromkeys("xt", ((2, 5, 8), None)))
    groups = find_attention(program.steps, program.results)
    arrays = [
        jnp.ones(x.shape, jnp.bfloat16) for x in (*groups[0].scores.operands, groups[0].output.operands[1])
    ]
    by = [
        FusedAttention(groups, cudnn=cudnn).computed(groups[0], groups[0].output, arrays)
        for cudnn in (True, False)
    ]
    (number,) = by[0]
    np.testing.assert_array_equal(by[0][number].astype("f4"), by[1][number].astype("f4"))


@pytest.mark.parametrize(("dtype", "large"), [("float32", 1e20), ("float64", 1e200)])
def test_an_infinite_score_is_nan_in_one_call_and_the_whole_weight_as_written(dtype, large):
    text = "input x: float[N, T, 4]\nq = x * 1\ny = softmax(q @ x.T) @ x\noutput y"
    x = np.random.default_rng(0).normal(size=(1, 3, 4)).astype(dtype)
    x[0, 1] *= large
    y = gl.loads(text, dtype=dtype, backend=gl.Jax(device="cpu", cache=False)).predict(x)
    with np.errstate(all="ignore"):
        expected = gl.loads(text, dtype=dtype).predict(x)
    assert np.isfinite(expected).all()
    if dtype == "float32":
        assert np.isnan(y[0, 1]).all()
        expected[0, 1] = y[0, 1] = 0
    np.testing.assert_allclose(y, expected, rtol=1e-5)
