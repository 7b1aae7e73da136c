"""Values of the layers with parameters, hand sums mostly, and what they refuse."""

from typing import Any

import numpy as np
import pytest
from helpers import parameter_shapes

from graphlang.catalog.operation import Array
from graphlang.layers.affine import Affine
from graphlang.layers.attention import Attention
from graphlang.layers.batch_norm import BatchNorm
from graphlang.layers.embedding import Embedding
from graphlang.layers.flatten import Flatten
from graphlang.layers.global_avg_pool import GlobalAvgPool
from graphlang.layers.group_norm import GroupNorm
from graphlang.layers.instance_norm import InstanceNorm
from graphlang.layers.layer_norm import LayerNorm
from graphlang.layers.rms_norm import RMSNorm
from graphlang.trace import ShapeError

RNG = np.random.default_rng(11)


def test_affine_multiplies_and_adds() -> None:
    W, b = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), np.array([10.0, 20.0])
    y, _ = Affine(units=2).forward(np.array([1.0, 0.0, 2.0]), W=W, b=b)
    assert y.tolist() == [21, 34]
    y, _ = Affine(units=2).forward(np.array([[[1.0, 0.0, 2.0]]]), W=W, b=b)
    assert y.tolist() == [[[21, 34]]]


def test_the_bias_gradient_is_the_sum_over_the_batch() -> None:
    # Deep Learning from Scratch, 5.6.2.
    affine = Affine(units=3)
    _, saved = affine.forward(np.zeros((2, 4)), W=np.zeros((4, 3)), b=np.zeros(3))
    _, _, db = affine.backward(np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), saved)
    assert db.tolist() == [5, 7, 9]


def test_affine_asks_for_weights_and_perhaps_a_bias() -> None:
    x = np.zeros((2, 5, 4))
    assert parameter_shapes(Affine(units=3), x) == {"W": (4, 3), "b": (3,)}
    assert parameter_shapes(Affine(units=3, bias=False), x) == {"W": (4, 3)}
    with pytest.raises(ValueError, match="`x` is a scalar"):
        Affine(units=3).parameters(np.array(1.0))


def test_affine_suggests_flatten_for_images() -> None:
    assert Affine(units=10).hint(np.zeros((1, 1, 2, 2))) == "did you mean `-> Flatten -> Affine(10)`?"
    assert Affine(units=10).hint(np.zeros((1, 2))) is None


def test_flatten_keeps_the_batch() -> None:
    assert Flatten().forward(np.zeros((2, 3, 4)))[0].shape == (2, 12)
    with pytest.raises(ValueError, match="scalar"):
        Flatten().forward(np.array(1.0))


def test_layer_norm_gives_mean_0_and_variance_1() -> None:
    own = {"gamma": np.array([1.0, 2.0]), "beta": np.array([0.0, 5.0])}
    y, _ = LayerNorm(eps=1e-12).forward(np.array([[1.0, 3.0]]), **own)
    np.testing.assert_allclose(y, [[-1, 7]])


def test_rms_norm_divides_by_the_root_of_the_mean_square() -> None:
    y, _ = RMSNorm(eps=1e-12).forward(np.array([[1.0, 7.0]]), gamma=np.array([1.0, 2.0]))
    np.testing.assert_allclose(y, [[0.2, 2.8]])


def test_one_group_is_a_layer_norm_and_a_group_each_an_instance_norm() -> None:
    x, one, nil = RNG.standard_normal((2, 4, 3, 5)), np.ones(4), np.zeros(4)
    whole, _ = GroupNorm(groups=1).forward(x, gamma=one, beta=nil)
    flat, _ = LayerNorm().forward(x.reshape(2, -1), gamma=np.ones(60), beta=np.zeros(60))
    np.testing.assert_allclose(whole.reshape(2, -1), flat, rtol=1e-12)
    each, _ = GroupNorm(groups=4).forward(x, gamma=one, beta=nil)
    np.testing.assert_allclose(each, InstanceNorm().forward(x, gamma=one, beta=nil)[0], rtol=1e-12)


def test_groups_must_divide_the_channels() -> None:
    assert parameter_shapes(GroupNorm(groups=2), np.zeros((1, 4, 2))) == {"gamma": (4,), "beta": (4,)}
    with pytest.raises(ValueError, match="cannot divide 4 channels into 3 equal groups"):
        GroupNorm(groups=3).parameters(np.zeros((1, 4, 2)))


def test_layers_of_channels_refuse_what_has_none() -> None:
    for layer in (BatchNorm(), GroupNorm(groups=1), InstanceNorm()):
        with pytest.raises(ValueError, match=r"channels at axis 1, but `x` is \(3,\)"):
            layer.parameters(np.zeros(3))
    with pytest.raises(ValueError, match=r"needs \[N, C, ...\]"):
        GlobalAvgPool().forward(np.zeros((2, 3)))


def test_global_avg_pool_is_the_mean_of_each_channel() -> None:
    assert GlobalAvgPool().forward(np.arange(8.0).reshape(1, 2, 2, 2))[0].tolist() == [[1.5, 5.5]]


def test_batch_norm_in_training_uses_the_batch_and_renews_its_state() -> None:
    x = np.array([[1.0, 10.0], [3.0, 30.0]])
    own = {"gamma": np.ones(2), "beta": np.array([0.0, 1.0]), "mean": np.zeros(2), "var": np.ones(2)}
    y, _, state = BatchNorm(eps=1e-12).forward(x, **own, training=True)
    np.testing.assert_allclose(y, [[-1, 0], [1, 2]], atol=1e-12)
    np.testing.assert_allclose(state["mean"], [0.2, 2])
    np.testing.assert_allclose(state["var"], [0.9 + 0.1, 0.9 + 10])


def test_batch_norm_in_evaluation_uses_its_state() -> None:
    own: dict[str, Any] = {"gamma": np.ones(1), "beta": np.zeros(1)}
    own |= {"mean": np.array([5.0]), "var": np.array([4.0])}
    y, _ = BatchNorm(eps=1e-12).forward(np.full((1, 1, 2), 9.0), **own)
    np.testing.assert_allclose(y, [[[2, 2]]])


def test_the_state_of_batch_norm_is_a_mean_and_a_variance_per_channel() -> None:
    state = BatchNorm().state(np.zeros((2, 3, 4, 4)))
    assert {name: parameter.shape for name, parameter in state.items()} == {"mean": (3,), "var": (3,)}


def test_embedding_takes_rows_and_adds_up_their_gradients() -> None:
    embedding = Embedding(vocab=3, dim=2)
    W = np.arange(6.0).reshape(3, 2)
    y, saved = embedding.forward(np.array([2, 2, 0]), W=W)
    assert y.tolist() == [[4, 5], [4, 5], [0, 1]]
    dx, dW = embedding.backward(np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), saved)
    assert dx is None
    assert dW.tolist() == [[5, 6], [0, 0], [4, 6]]
    assert embedding.index_bounds(np.array([0])) == {"x": 3}


def test_embedding_needs_ids() -> None:
    with pytest.raises(ValueError, match="`x` is not int"):
        Embedding(vocab=3, dim=2).parameters(np.zeros(2))


def attention(layer: Attention, x: Array) -> tuple[Array, dict[str, Any]]:
    own: dict[str, Any] = {}
    for name, parameter in layer.parameters(x).items():
        own[name] = RNG.standard_normal(parameter.shape)
    return layer.forward(x, **own)[0], own


def test_attention_is_its_formula_head_by_head() -> None:
    x = RNG.standard_normal((2, 3, 4))
    y, own = attention(Attention(heads=2), x)
    q, k, v = np.split(x @ own["Wqkv"] + own["bqkv"], 3, axis=-1)
    heads = []
    for part in (slice(0, 2), slice(2, 4)):
        scores = np.exp(q[..., part] @ k[..., part].transpose(0, 2, 1) / np.sqrt(2))
        heads.append(scores / scores.sum(-1, keepdims=True) @ v[..., part])
    np.testing.assert_allclose(y, np.concatenate(heads, -1) @ own["Wo"] + own["bo"], rtol=1e-12)


def test_causal_attention_does_not_look_ahead() -> None:
    x = RNG.standard_normal((1, 4, 6))
    layer = Attention(heads=3, causal=True)
    y, own = attention(layer, x)
    x[:, 2:] = 7
    np.testing.assert_allclose(layer.forward(x, **own)[0][:, :2], y[:, :2], rtol=1e-12)


def test_attention_needs_sequences_that_its_heads_divide() -> None:
    with pytest.raises(ShapeError, match="cannot divide 6 numbers among 4 heads"):
        Attention(heads=4).parameters(np.zeros((1, 2, 6)))
    with pytest.raises(ShapeError, match=r"needs \[N, T, D\], but `x` has the shape \(2, 6\)"):
        Attention(heads=2).parameters(np.zeros((2, 6)))
