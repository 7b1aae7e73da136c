"""Declarations, definitions, sections and chains in the form of another language: the fix, at the place."""

from __future__ import annotations

import pytest
from helpers import mistakes

from graphlang.diagnostics import edited

HEAD = "input x: float[N, 3], n = 2, v: float[3]\nhyper k = 2\n"

MENDED = [
    # types
    ("input a: float(M, 3)", "(", "input a: float[M, 3]"), ("input a: float<M, 3>", "<", "input a: float[M, 3]"),
    ("input a: float{M}", "{", "input a: float[M]"), ("input a: float[M][3]", "][", "input a: float[M, 3]"),
    ("input a: float M", "M", "input a: float[M]"), ("input a: int 3, b", "3", "input a: int[3], b"),
    ("input a: float[N; 3]", ";", "input a: float[N, 3]"), ("input a: float[N 3]", "3", "input a: float[N, 3]"),
    ("input a: float[?, 3]", "?", "input a: float[N, 3]"), ("input a: float[:, 3]", ":", "input a: float[N, 3]"),
    ("input a: float[*, 3]", "*", "input a: float[N, 3]"), ("input a: float[None, 3]", "None", "input a: float[N, 3]"),
    ("input a; float[M, 3]", ";", "input a: float[M, 3]"), ("input float a", "float a", "input a: float"),
    ("input float[M, 3] a\ny = n", "float[M, 3] a", "input a: float[M, 3]\ny = n"),
    ("float a = 3", "float a", "input a: float = 3"), ("int[M] a\ny = n", "int[M] a", "input a: int[M]\ny = n"),
    # what a name gets
    ("input a == 3", "==", "input a = 3"), ("hyper a == 3", "==", "hyper a = 3"), ("hyper a: int = 3", ": int", "hyper a = 3"),
    ("hyper a: 3", ":", "hyper a = 3"), ("hyper a 3", "3", "hyper a = 3"), ("input a := 3", ":=", "input a = 3"),
    ("layer e: Affine(4)\ny = e(x)", ":", "layer e = Affine(4)\ny = e(x)"),
    ("layer e -> Affine(4)\ny = e(x)", "->", "layer e = Affine(4)\ny = e(x)"),
    ("layer e Affine(4)\ny = e(x)", "Affine", "layer e = Affine(4)\ny = e(x)"),
    ("input a = 3,5", "3,5", "input a = 3.5"), ("hyper a = 0,5", "0,5", "hyper a = 0.5"),
    ("output y = n * 2", "output", "y = n * 2; output y"), ("output: n", ":", "output n"), ("output [n, v]", "[", "output n, v"),
    ("output (n)", "(", "output n"), ("input: a", ":", "input a"), ("y = n * 2,", ",", "y = n * 2"),
    ("expect n = 2", "=", "expect n ~= 2"), ("expect n ~ 2", "~", "expect n ~= 2"), ("expect n =~ 2", "=~", "expect n ~= 2"),
    ("expect n ~= 2 tol 0.1", "tol", "expect n ~= 2 within 0.1"), ("expect n ~= 2 ± 0.1", "±", "expect n ~= 2 within 0.1"),
    ('import "parts/blocks.graph"\ny = n', '"parts/blocks.graph"', 'import "parts/blocks.graph" as blocks\ny = n'),
    # definitions
    ("def f(a, b) = { return a + b }\ny = f(n, n)", "= {", "def f(a, b) { return a + b }\ny = f(n, n)"),
    ("def f(a) -> a + 1\ny = f(n)", "->", "def f(a) = a + 1\ny = f(n)"), ("def f a = a + 1\ny = f(n)", "a", "def f(a) = a + 1\ny = f(n)"),
    ("def f(a: float) -> float = a + 1\ny = f(n)", "->", "def f(a: float) : float = a + 1\ny = f(n)"),
    ("def f(a) => a + 1\ny = f(n)", "=>", "def f(a) = a + 1\ny = f(n)"),
    ("def f(a) { a + 1 }\ny = f(n)", "a + 1", "def f(a) { return a + 1 }\ny = f(n)"),
    ("def f(a) { b = a + 1; b }\ny = f(n)", "b", "def f(a) { b = a + 1; return b }\ny = f(n)"),
    ("def f(a)\n  return a + 1\ny = f(n)", None, "def f(a) {\n  return a + 1\n}\ny = f(n)"),
    ("def f a b = a + b\ny = f(n, n)", "a", "def f(a, b) = a + b\ny = f(n, n)"),
    ("input a, input b", "input", "input a, b"), ("param a = 1, param b = 2", "param", "param a = 1, b = 2"),
    # sections
    ("gradcheck: { of = n }", ":", "gradcheck { of = n }"), ("gradcheck = { of = n }", "=", "gradcheck { of = n }"),
    ("gradcheck { of n }", "n", "gradcheck { of = n }"), ("gradcheck { of == n }", "==", "gradcheck { of = n }"),
    ("gradcheck(of=n, samples=3)", "(", "gradcheck { of=n; samples=3 }"),
    # layers
    ("y = x -> Affine 4 -> Relu", "Affine", "y = x -> Affine(4) -> Relu"), ("layer e = Affine 4\ny = e(x)", "Affine", "layer e = Affine(4)\ny = e(x)"),
    ("y = x -> layers { Affine 4; Relu }", "Affine", "y = x -> layers { Affine(4); Relu }"),
    ("y = x -> Affine(units: 4)", ":", "y = x -> Affine(units= 4)"), ("y = x -> Affine[4]", "Affine[4]", "y = x -> Affine(4)"),
    ("y = x -> [Affine(4), Relu]", "[", "y = x -> layers { Affine(4); Relu }"),
    ("y = x -> layers [Affine(4); Relu]", "[", "y = x -> layers { Affine(4); Relu }"),
    ("y = x -> residual(Affine(3) -> Relu)", "residual", "y = x -> residual { Affine(3) -> Relu }"),
    ("y = x -> layers: { Affine(4) }", ":", "y = x -> layers { Affine(4) }"),
    ("y = x -> repeat 3 times { Affine(3) }", "times", "y = x -> repeat 3 { Affine(3) }"),
    ("y = x -> repeat 3: { Affine(3) }", ":", "y = x -> repeat 3 { Affine(3) }"),
    ("y = x -> for i in 1..3 { Affine(i) }", "1..3", "y = x -> for i in [1, 2, 3] { Affine(i) }"),
    ("y = x -> for i = 1 to 3 { Affine(i) }", "= 1 to 3", "y = x -> for i in [1, 2, 3] { Affine(i) }"),
    ("y = layers { Affine(4); Relu }(x)", "layers", "y = x -> layers { Affine(4); Relu }"),
    ("y = layers { Affine(4); Relu }", "layers", None),
    ("y = x -> Affine(3) + x", "+", "y = (x -> Affine(3)) + x"), ("y = n * 2 - n -> relu * 2", "*", "y = (n * 2 - n -> relu) * 2"),
    ("y = x -> layers { Conv 8 3 }", "Conv", "y = x -> layers { Conv(8, 3) }"),
    ("y = x -> layers { Affine 8, Relu }", "Affine", "y = x -> layers { Affine(8), Relu }"),
    ("y = x -> { Affine(3); Relu }", "{", "y = x -> layers { Affine(3); Relu }"), ("e = layer Affine(4)\ny = e(x)", "layer", "layer e = Affine(4)\ny = e(x)"),
    ("y = x -> fc: Affine(4) -> Relu", ":", "y = x -> layers { fc: Affine(4) } -> Relu"),
    ("layer e = Affine(4) -> Relu\ny = e(x)", "->", None),
    # operators that are words or signs elsewhere
    ("y = n mod 2", "mod", "y = n % 2"), ("y = n div 2", "div", "y = n // 2"), ("y = 1 if k is 2 else 0", "is", "y = 1 if k == 2 else 0"),
    ("y = 1 if k <> 2 else 0", "<>", "y = 1 if k != 2 else 0"), ("y = v %*% v", "%*%", "y = v @ v"),
    ("y = 1 if k > 2 elif k > 1 2 else 3", "elif", None), ("y = ⌊n⌋ + 1", "⌊", "y = ((n) // 1) + 1"), ("y = ⌈n⌉", "⌈", "y = (-(-(n) // 1))"),
    ("% a note\ny = n", "%", "# a note\ny = n"), ("y = n   % the half of it", "%", "y = n   # the half of it"),
    ("''' What it does. '''\ny = n", "'''", "# What it does.\ny = n"),
    ("y = x -> MaxPool((2, 2))", ",", "y = x -> MaxPool([2, 2])"),
    ("h = scan a in v, s = 0 { next s = s + a; yield s }", ",", "h = scan a in v carry s = 0 { next s = s + a; yield s }"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "at", "mended"), MENDED, ids=[text for text, _, _ in MENDED])
def test_a_form_of_another_language_is_mended_at_its_place(
    text: str, at: str | None, mended: str | None
) -> None:
    first = next(d for d in mistakes(HEAD + text) if d.code.startswith("GL1") or d.edits)
    assert first.span is not None
    assert "or look for the mistake" not in (first.help or "")
    if at is not None:
        assert first.span.text == at
    if mended is not None:
        assert edited(HEAD + text, first.edits) == HEAD + mended
        syntax = [d for d in mistakes(HEAD + mended) if d.code.startswith("GL1")]
        assert not syntax or "Affine(8), Relu" in mended
