"""Loops of every kind, over the sequence `xs` with the number `w`, the whole numbers `count` and a matrix `V`."""

from __future__ import annotations

from typing import Any

import numpy as np

import graphlang as gl

RNG = np.random.default_rng(0)
BODIES = {
    "several carried values and results": (
        "hs, cs = scan x in xs carry h = w * xs[:, 0], c = zeros(N, 3) {\n"
        "  a = tanh(x * w + h)\n  b = a * c + x\n  next h = b, c = a\n  yield a, b * h\n}\n"
        "y = hs * hs + cs"
    ),
    "no carried value": "y = scan x in xs { u = sin(x) @ V\n yield u }",
    "carried values that change places": (
        "y = scan x in xs carry h = w * xs[:, 0], c = 2 * xs[:, 0] {\n  a = h * c + x\n  next h = c, c = h\n  yield a\n}"
    ),
    "the same next value twice": (
        "y = scan x in xs carry h = w * xs[:, 0], c = 2 * xs[:, 0] {\n"
        "  a = tanh(h - c * x)\n  next h = a, c = a\n  yield a\n}"
    ),
    "what was carried is yielded": (
        "y = scan x in xs carry h = w * xs[:, 0] {\n  a = tanh(h + x)\n  next h = a\n  yield h\n}"
    ),
    "a carried constant": (
        "y = scan x in xs carry h = w * xs[:, 0] {\n  a = h * x\n  next h = ones(N, 3)\n  yield a\n}"
    ),
    "a carried number": (
        "y = scan x in xs carry s = 1 {\n  a = s * sum(x * w)\n  next s = a\n  yield a * x\n}"
    ),
    "a value from outside as it is": "y = scan x in xs carry h = V { next h = h * 2\n u = x @ h\n yield u @ V }",
    "the element as it is": "z = scan x in xs carry h = V { next h = h + 1\n yield x }\ny = z * z @ V",
    "the same in every repetition": (
        "us, hs = scan x in xs carry h = w * xs[:, 0] {\n  u = sin(V) * w\n  a = tanh(h + x)\n  next h = a\n"
        "  yield u, a\n}\ny = hs * sum(us * us)"
    ),
    "a scan in a scan": (
        "y = scan x in xs carry h = w * xs[:, 0] {\n"
        "  ys = scan v in xs carry k = x {\n    u = tanh(k * v + h @ V)\n    next k = u\n    yield u * h\n  }\n"
        "  a = mean(ys, axis=1)\n  next h = a\n  yield a * x\n}"
    ),
    "a gradient in the body": (
        "y = scan x in xs carry h = w * xs[:, 0] {\n  e = sum(h**3 * x)\n  a = tanh(grad(e, h) + x)\n"
        "  next h = a\n  yield a\n}"
    ),
    "a gradient of a scan": (
        "hs = scan x in xs carry h = w * xs[:, 0] {\n  a = tanh(h @ V + x)\n  next h = a\n  yield a\n}\n"
        "e = sum(hs**2)\ny = xs * grad(e, xs) + sum(grad(e, w)**2)"
    ),
    "layers in the body": (
        "layer a = Affine(3)\n"
        "y = scan x in xs carry h = zeros(N, 3) { u = (x + h -> a -> LayerNorm)\n next h = u\n yield u }"
    ),
    "in a def that is called twice": (
        "def f(v: float[N, T, D], k) {\n"
        "  r = scan x in v carry h = k * v[:, 0] { u = tanh(x + h * k)\n next h = u\n yield u }\n  return r\n}\n"
        "y = f(f(xs, w), w)"
    ),
    "whole numbers and truth values": (
        "y = scan x in xs carry n = count, odd = count > 3 {\n"
        "  m = n + 2\n  a = where(odd, x * w, sin(x)) * n\n  next n = m, odd = not odd\n  yield a\n}"
    ),
}


def graph_of(body: str, **options: Any) -> gl.Graph:
    text = (
        "input xs: float[N, T, 3], w: float = 0.7, count: int[N, 3]\nparam V: float[3, 3] = normal(std=0.5)\n"
        f"{body}\nL = sum(y * y) + mean(y)\noutput L\ngradcheck {{ of = L; batch = 2 }}"
    )
    return gl.loads(text, **options)


def numbers(rows: int = 2, length: int = 4) -> dict[str, Any]:
    return {
        "xs": RNG.standard_normal((rows, length, 3)),
        "w": 0.7,
        "count": RNG.integers(0, 7, (rows, 3)),
    }
