"""Attention over another sequence and with masks, next to PyTorch's in value and gradient."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from planned_layers import planned
from test_kernels_agree_with_torch import check, normal

import graphlang as gl
from graphlang.layers.attention import Attention
from graphlang.trace import Trace, gradient, replay

torch = pytest.importorskip("torch")
F = torch.nn.functional
X, KV = normal(3, 5, 8), normal(3, 4, 6)
SEEN = np.array([[True, True, False, True, False], [True] * 5, [False, True, False, False, False]])
PAIRS = np.random.default_rng(4).random((3, 5, 5)) < 0.5
PAIRS |= np.eye(5, dtype=bool)


def heads(x: Any) -> Any:
    return x.unflatten(-1, (2, -1)).transpose(1, 2)


def theirs(layer: Attention, kv: bool, mask: Any, arrays: list[Any]) -> Any:
    x, *rest = arrays
    if kv:
        u, Wq, bq, Wkv, bkv, Wo, bo = rest
        q, (k, v) = x @ Wq + bq, (u @ Wkv + bkv).chunk(2, -1)
    else:
        Wqkv, bqkv, Wo, bo = rest
        q, k, v = (x @ Wqkv + bqkv).chunk(3, -1)
    seen = None
    if mask is not None:
        seen = torch.tensor(mask)
        seen = seen[:, None, None, :] if seen.ndim == 2 else seen[:, None]
        if layer.causal:
            seen = seen & torch.ones(q.shape[1], k.shape[1], dtype=torch.bool).tril()
    y = F.scaled_dot_product_attention(
        heads(q), heads(k), heads(v), attn_mask=seen, is_causal=layer.causal and mask is None
    )
    return y.transpose(1, 2).flatten(2) @ Wo + bo


CASES = [
    ({"mask": SEEN}, {}),
    ({"mask": PAIRS}, {}),
    ({"mask": PAIRS}, {"causal": True}),
    ({"kv": KV}, {}),
    ({"kv": KV}, {"causal": True}),
    ({"kv": KV, "mask": SEEN[:, :4]}, {}),
    ({"kv": KV, "mask": PAIRS[:, :, :4] | np.eye(5, 4, -1, dtype=bool)}, {}),
]


@pytest.mark.parametrize(("more", "form"), CASES)
def test_attention_agrees_with_pytorch(more: dict[str, Any], form: dict[str, Any]) -> None:
    layer, kv, mask = Attention(heads=2, **form), more.get("kv"), more.get("mask")
    own = {name: 0.4 * normal(*p.shape) for name, p in layer.parameters(X, kv, mask).items()}
    arrays = [X, *([] if kv is None else [kv]), *own.values()]
    ts = [torch.tensor(a, requires_grad=True) for a in arrays]
    z = theirs(layer, kv is not None, mask, ts)
    dy = normal(*z.shape)
    z.backward(torch.tensor(dy))
    expected = [z.detach().numpy(), *(t.grad.numpy() for t in ts)]

    trace = Trace()
    inputs = [trace.input(a.shape) for a in arrays]
    with trace:
        rest = inputs[1 if kv is None else 2 :]
        y, _ = layer.forward(
            inputs[0], None if kv is None else inputs[1], mask, **dict(zip(own, rest, strict=True))
        )
        derived = gradient(y, inputs, dy)
    feeds = dict(zip(inputs, arrays, strict=True))
    check(replay(trace, [y, *derived], feeds), expected)
    check(planned([y, *derived], feeds), expected)
    value, saved = layer.forward(X, kv, mask, **own)
    found = [g for g in layer.backward(dy, saved) if g is not None]
    names = [n for n in ("Wqkv", "bqkv", "Wo", "bo", "Wq", "bq", "Wkv", "bkv") if n in own]
    by_name = dict(zip(names, found[len(found) - len(names) :], strict=True))
    check([value, *found[: len(found) - len(names)], *[by_name[n] for n in own]], expected)


def test_a_place_that_may_look_at_nothing_gives_0_and_takes_no_gradient() -> None:
    graph = gl.loads(
        "input x: float[N, T, 4], m: bool[N, T]\ny = Attention(x, 2, mask=m)\ntotal = sum(sin(y) + y)\noutput y, total"
    )
    graph.params["Attention1.bo"] = np.ones(4)
    x = normal(2, 3, 4)
    forward = graph.forward({"x": x, "m": [[True, True, False], [False] * 3]})
    assert np.all(forward["y"][1] == 0)
    assert np.all(forward["y"][0] != 0)
    gradients = forward.backward(of="total").grad
    assert np.all(gradients["x"][1] == 0)
    assert all(np.isfinite(g).all() for g in gradients.values())


def test_a_mask_of_another_shape_or_type_is_refused() -> None:
    declared = "input x: float[N, 3, 4], m: {}\ny = Attention(x, 2, mask=m)"
    for type_ in ("bool[N, 4]", "float[N, 3]"):
        with pytest.raises(gl.GraphError, match="true where seen"):
            gl.loads(declared.format(type_))


def test_a_spec_with_a_mask_comes_back_from_its_json() -> None:
    graph = gl.loads("input x: float[N, T, 4], m: bool[N, T]\ny = Attention(x, 2, mask=m)\noutput y")
    again = gl.Graph(type(graph.spec).model_validate_json(graph.spec.model_dump_json()))
    values = {"x": normal(2, 3, 4), "m": np.ones((2, 3), bool)}
    np.testing.assert_array_equal(again.forward(values)["y"], graph.forward(values)["y"])
