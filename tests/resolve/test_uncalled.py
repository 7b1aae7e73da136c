"""A `def` that nothing calls gets only the mistakes that it has for any arguments."""

from __future__ import annotations

from pathlib import Path

import pytest

import graphlang as gl

LIBRARY = """\
def ConvBN(x, c, k=3, stride=1) =
  x -> Conv(c, k, stride=stride, pad=(k - 1) // 2, bias=false) -> BatchNorm
def BasicBlock(x: float[N, C, H, W], c, stride=1) {
  f = x -> ConvBN(c, stride=stride) -> Relu -> ConvBN(c)
  s = x if stride == 1 and c == C else x -> ConvBN(c, k=1, stride=stride)
  return Relu(f + s)
}
def CausalSelfAttention(x: float[N, T, D], heads) {
  q, k, v = rearrange(x -> Affine(3*D), "n t (s h d) -> s n h t d", s=3, h=heads)
  a = softmax(causal_mask(q @ k.T / sqrt(D / heads)))
  return rearrange(a @ v, "n h t d -> n t (h d)") -> Affine(D)
}
def Block(x: float[N, T, D], heads) =
  x -> residual { LayerNorm; CausalSelfAttention(heads) }
    -> residual { LayerNorm; Affine(4*D); Gelu; Affine(D) }
def LstmLayer(xs: float[N, T, D], H) {
  param Wx: float[D, 4*H] = xavier
  param Wh: float[H, 4*H] = xavier
  param b:  float[4*H] = 0
  hs = scan x in xs carry h = zeros(N, H), c = zeros(N, H) {
    f, g, i, o = split(x @ Wx + h @ Wh + b, 4, axis=1)
    c2 = sigmoid(f) * c + sigmoid(i) * tanh(g)
    h2 = sigmoid(o) * tanh(c2)
    next h = h2, c = c2
    yield h2
  }
  return hs
}
"""


def test_the_examples_of_the_language_are_sound_as_a_library(tmp_path: Path) -> None:
    assert gl.loads(LIBRARY).notes == ()
    (tmp_path / "blocks.graph").write_text(LIBRARY)
    (tmp_path / "main.graph").write_text('import "blocks.graph" as blocks\ninput x\ny = x')
    assert gl.load(tmp_path / "main.graph").notes == ()


@pytest.mark.parametrize(
    "definition",
    [
        "def f(x: float[N, D], y: float[M, K]) = x @ y",
        'def f(x: float[N, D], heads=4) = rearrange(x, "n (h d) -> h n d", h=heads)',
        "def F(x: float[N, D]) = x -> Affine(D // 3) -> Affine(D)",
        "def F(x: float[N, D]) = x -> Dropout(1 / D)",
        "def F(x: float[N, 1, H, W]) = x -> Conv(8, 5) -> MaxPool(2) -> Conv(8, 5) -> MaxPool(2)",
        "def F(x: float[N, D]) = x if D == 4 else x -> Affine(4)",
        "def F(x: float[N, D, D]) = x[0:1] if D == 1 else x @ x.T",
        "def F(x: float[N, D]) = x -> repeat D { Relu }",
        "def F(x, widths) = x -> for w in widths { Affine(w); Relu }",
        "def F(x, n) = x if n == 0 else F(x -> Relu, n - 1)",
        "def F(x, start) = x -> Affine(3, init=start)",
        "def F(x, mask=none) = x if mask == none else x * mask",
        "def f(x: float) = sum(x, axis=1)",
        "def f(x: float[..., D]) = sum(x, axis=2) / D",
        "def f(x, n) = x[0:n, n] + x[n]",
        "def f(n, x: float[n, D]) = reshape(x, n * D)",
        "def F(x, v) {\n  layer tok = Embedding(v, 8)\n  return tok(x) @ tok.W.T\n}",
        "def f(x, y) {\n  a, b = split(x, 2)\n  return a, b, grad(sum(a), y)\n}",
    ],
)  # fmt: skip
def test_a_def_that_is_right_for_some_arguments_is_no_mistake(definition: str) -> None:
    gl.loads(definition)


@pytest.mark.parametrize(
    ("definition", "code"),
    [
        ("def f(x: float[N, 3]) = x @ ones(4, 2)", "GL301"),
        ("def f(x: float[N, D]) = x @ x", None),  # right where N is D
        ("def f(x: float[N, D], y: float[N, 1]) = sum(x, axis=1) - y", "GL302"),
        ("def f(x: float[N]) = f(x)", "GL803"),
        ("def F(x: float[N, D]) = x -> Affine(50) -> Conv(3, 3)", "GL301"),
        ("def f(x, y=1 // 0) = x + y", "GL408"),
        ("def f(x) = x if y else x", "GL201"),
        ("def f(x, x) = x", "GL203"),
        ("def f(x) {\n  y = x\n  y = x\n  return y\n}", "GL203"),
        ("def f(x) {\n  y = x\n}", "GL220"),
        ("def f(x) = g(x, k=3)\ndef g(x) = x", "GL401"),
    ],
)
def test_a_def_that_is_wrong_for_all_arguments_is_a_mistake(definition: str, code: str | None) -> None:
    if code is None:
        gl.loads(definition)
        return
    with pytest.raises(gl.GraphError) as caught:
        gl.loads(definition)
    assert [d.code for d in caught.value.diagnostics] == [code]
    assert "in this use of" not in str(caught.value)


def test_a_layer_that_could_not_be_made_is_complained_about_once() -> None:
    with pytest.raises(gl.GraphError) as caught:
        gl.loads("input x: float[N, 3]\nlayer e = Affine(-4)\ny = e(x) + e.W + sum(e.b)")
    assert [d.code for d in caught.value.diagnostics] == ["GL402"]


def test_what_is_wrong_with_a_layer_whatever_its_attributes_is_said_beside() -> None:
    with pytest.raises(gl.GraphError) as caught:
        gl.loads("input x: float[N, 3]\nlayer e = Affine(-4)\ny = e(x, 3) + e.Q\nz = sum(e)")
    assert [d.code for d in caught.value.diagnostics] == ["GL402", "GL405", "GL208", "GL207"]


def test_many_defs_that_nothing_calls_cost_no_more_than_one_file_may() -> None:
    lines = ["def f0(x: float[N]) = x + 1"]
    lines += [f"def f{i}(x: float[N]) = f{i - 1}(f{i - 1}(x))" for i in range(1, 60)]
    gl.loads("\n".join(lines), limits=gl.Limits(expansions=2_000))  # written out, 2**60 calls
