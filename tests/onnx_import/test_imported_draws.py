"""What a file draws at random: the distribution is that of the file, the numbers are those of the language."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphlang as gl
from graphlang.onnx.importing.loading import graph_of, import_model

onnx = pytest.importorskip("onnx", reason="the extra `onnx`")


def results(text: str, opset: int = 22, **values: Any) -> tuple[str, list[Any]]:
    """The spec of a model, and its outputs."""
    model = onnx.parser.parse_model(f'<ir_version: 10, opset_import: ["" : {opset}]>\n{text}')
    imported = import_model(model, "net.onnx")
    given = {imported.inputs[n]: v for n, v in values.items() if n in imported.inputs}
    drawn = graph_of(imported, "net.graph", dtype="float64").forward(given)
    return imported.text, [np.asarray(drawn[imported.outputs[o.name]]) for o in model.graph.output]


def test_normal_numbers_have_the_mean_and_the_scale_of_the_file() -> None:
    text, (y,) = results(
        "g (float[N, 8] x) => (float[N, 8] y) { y = RandomNormalLike <mean = 3.0, scale = 2.0> (x) }",
        x=np.zeros((5000, 8)),
    )
    assert "random_normal(N, 8) * 2.0 + 3.0" in text
    assert abs(y.mean() - 3) < 0.05
    assert abs(y.std() - 2) < 0.05


def test_uniform_numbers_have_the_bounds_of_the_file() -> None:
    text, (y,) = results(
        "g () => (float[300, 200] y) { y = RandomUniform <shape = [300, 200], low = -1.0, high = 3.0> () }"
    )
    assert "random_uniform(300, 200, low=-1.0, high=3.0)" in text
    assert -1 <= y.min() < -0.99
    assert 2.99 < y.max() < 3
    assert abs(y.mean() - 1) < 0.02


def test_two_nodes_draw_different_numbers_and_two_uses_of_one_the_same() -> None:
    _, (same, other) = results(
        """g () => (float[4] same, float[4] other) {
            a = RandomNormal <shape = [4]> ()
            b = RandomNormal <shape = [4]> ()
            same = Sub(a, a)
            other = Sub(a, b)
        }"""
    )
    assert not same.any()
    assert other.all()


def test_bernoulli_draws_each_number_with_its_own_probability() -> None:
    p = np.tile([0.0, 0.1, 0.7, 1.0], (20_000, 1))
    _, (y, flags) = results(
        """g (float[N, 4] p) => (float[N, 4] y, bool[N, 4] flags) {
            y = Bernoulli(p)
            flags = Bernoulli <dtype = 9> (p)
        }""",
        p=p,
    )
    assert set(np.unique(y)) == {0.0, 1.0}
    assert flags.dtype == bool
    np.testing.assert_allclose(y.mean(axis=0), p[0], atol=0.02)
    np.testing.assert_allclose(flags.mean(axis=0), p[0], atol=0.02)


def test_one_probability_for_all_is_a_number_of_the_spec() -> None:
    text, (y,) = results(
        """g () => (float[100, 100] y) {
            sizes = Constant <value_ints = [100, 100]> ()
            p = ConstantOfShape <value = float[1] {0.25}> (sizes)
            y = Bernoulli(p)
        }"""
    )
    assert "random_bernoulli(100, 100, p=0.25)" in text
    assert abs(y.mean() - 0.25) < 0.02


def test_multinomial_draws_classes_as_often_as_their_scores_say() -> None:
    shares = np.array([0.1, 0.2, 0.7])
    _, (y,) = results(
        "g (float[2, 3] x) => (int32[2, 20000] y) { y = Multinomial <sample_size = 20000> (x) }",
        x=np.log([shares, shares[::-1]]),
    )
    found = [np.bincount(row, minlength=3) / row.size for row in y]
    np.testing.assert_allclose(found, [shares, shares[::-1]], atol=0.02)


def test_a_dropout_in_training_mode_drops_in_every_mode_of_a_run() -> None:
    x = 1 + np.arange(40_000.0).reshape(200, 200)
    _, (y, mask) = results(
        """g (float[200, 200] x) => (float[200, 200] y, bool[200, 200] mask)
        <float ratio = {0.2}, bool training = {1}> { y, mask = Dropout(x, ratio, training) }""",
        x=x,
    )
    np.testing.assert_allclose(y, np.where(mask, x / 0.8, 0), rtol=1e-6)
    assert abs(mask.mean() - 0.8) < 0.02


def test_the_gradient_goes_past_what_is_drawn() -> None:
    model = onnx.parser.parse_model("""<ir_version: 10, opset_import: ["" : 22]>
        g (float[N, 3] x) => (float y) {
            noise = RandomNormalLike(x)
            product = Mul(x, noise)
            y = ReduceSum <keepdims = 0> (product)
        }""")
    graph = graph_of(import_model(model, "net.onnx"), "net.graph", dtype="float64")
    x = np.ones((4, 3))
    run = graph.run({"x": x}, of="y")
    assert run.grad["x"].shape == x.shape
    np.testing.assert_allclose(run.grad["x"].sum(), graph.forward({"x": x})["y"])


def test_bounds_that_are_exchanged_are_refused() -> None:
    with pytest.raises(gl.GraphError, match="low"):
        results("g () => (float[2] y) { y = RandomUniform <shape = [2], low = 3.0> () }")
