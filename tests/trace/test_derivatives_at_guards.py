"""Derivatives of every order where a rule would divide by 0, take log(0), or has a tie."""

from __future__ import annotations

import numpy as np
import pytest

import graphlang as gl

# x**p by hand, where 0**0 * log(0) counts as 0; JAX 0.10 agrees but for nan at (0, 1): d/dp, d/dx, d2/dxdp, d2/dx2, d3/dx2dp, d2/dp2
LN2 = float(np.log(2))
POWERS = [
    (2.0, 0.0, (LN2, 0, 0.5, 0, -0.25, LN2**2)),
    (2.0, 1.0, (2 * LN2, 1, 1 + LN2, 0, 0.5, 2 * LN2**2)),
    (2.0, 3.0, (8 * LN2, 12, 4 + 12 * LN2, 12, 10 + 12 * LN2, 8 * LN2**2)),
    (0.0, 3.0, (0, 0, 0, 0, 0, 0)),
    (0.0, 2.0, (0, 0, 0, 2, None, 0)),
    (0.0, 1.0, (0, 1, 1, 0, None, 0)),
    (-2.0, 2.0, (None, -4, None, 2, None, None)),
]


@pytest.mark.parametrize(("x", "p", "expected"), POWERS)
def test_derivatives_of_a_power_by_base_and_exponent(x: float, p: float, expected: tuple[float, ...]) -> None:
    by = {"a": "grad(y, p)", "b": "grad(y, x)", "c": "grad(b, p)", "d": "grad(b, x)", "e": "grad(d, p)",
          "f": "grad(a, p)"}  # fmt: skip
    text = "input x, p\ny = x**p\n" + "".join(f"{name} = {formula}\n" for name, formula in by.items())
    seen = gl.loads(text + f"output {', '.join(by)}").forward({"x": x, "p": p})
    for name, value in zip(by, expected, strict=True):
        if value is not None:
            assert seen[name] == pytest.approx(value, rel=1e-13), name


def test_the_mixed_derivative_of_a_power_does_not_depend_on_the_order() -> None:
    text = "input x, p\ny = x**p\na = grad(grad(y, x), p)\nb = grad(grad(y, p), x)\noutput a, b"
    text = text.replace("grad(grad(y, x), p)", "grad(c, p)").replace("grad(grad(y, p), x)", "grad(d, x)")
    graph = gl.loads(text.replace("a =", "c = grad(y, x)\nd = grad(y, p)\na ="))
    for x, p in ((2.0, 0.0), (0.5, -1.0), (0.0, 1.0), (0.0, 2.0), (3.0, 2.5)):
        seen = graph.forward({"x": x, "p": p})
        assert seen["a"] == pytest.approx(seen["b"], rel=1e-13)


SECOND = [
    ("abs(x)", 0.0, 0.0), ("abs(x)", -2.0, 0.0),
    ("std([1, 2, 4] * x)", 1.5, 0.0),
    ("std([1, 1, 1] * x)", 1.5, 0.0),
    ("var([1, 2, 4] * x)", 1.5, 2 * float(np.var([1, 2, 4]))),
    ("prod([1, 2, 0] + x)", 0.0, 6.0),
    ("prod([0, 0, 2] + x)", 0.0, 4.0),
    ("logsumexp([1, 2] * x)", 0.0, 0.25),
    ("max([1, 1] * x**2)", 3.0, 2.0),
    ("sqrt(x)", 4.0, -1 / 32),
    ("x**0.5", 4.0, -1 / 32),
    ("elu(x)", -1.0, float(np.exp(-1))),
    ("gelu(x)", 0.0, float(np.sqrt(2 / np.pi))),
    ("gelu(x, approximate=tanh)", 0.0, float(np.sqrt(2 / np.pi))),
    ("erf(x)", 0.5, float(-2 / np.sqrt(np.pi) * np.exp(-0.25))),
    ("tanh(x)", 0.0, 0.0), ("sigmoid(x)", 0.0, 0.0), ("Softplus(x)", 0.0, 0.25),
    ("silu(x)", 0.0, 0.5), ("Mish(x)", 0.0, 0.64),
]  # fmt: skip
"""Second derivatives by hand: that of Mish at 0 is 16/25, since tanh(ln 2) = 3/5."""


@pytest.mark.parametrize(("expression", "x", "expected"), SECOND)
def test_second_derivatives_by_hand(expression: str, x: float, expected: float) -> None:
    graph = gl.loads(f"input x\ny = {expression}\ng = grad(y, x)\nh = grad(g, x)\noutput h")
    for found in (
        graph.run(x=x)["h"],
        graph.predict(x=x),
        gl.loads(f"input x\ny = {expression}\ng = grad(y, x)\noutput g").compile(wrt=["x"])(x=x)[1]["x"],
    ):
        assert found == pytest.approx(expected, rel=1e-12, abs=1e-14)


def test_a_third_derivative_of_a_product_with_zeros() -> None:
    text = "input x\ny = prod([0, 0, 2] + x)\na = grad(y, x)\nb = grad(a, x)\nc = grad(b, x)\noutput c"
    assert gl.loads(text).run(x=0)["c"] == 6  # y = x**3 + 2 x**2


def test_the_derivative_by_a_factor_that_is_zero_is_not_cut_off() -> None:
    text = "input u, x\ny = u * log(x)\na = grad(y, x)\nb = grad(a, u)\nc = grad(a, x)\nd = grad(c, u)\noutput b, d"
    seen = gl.loads(text).forward({"u": 0, "x": 2})
    assert (seen["b"], seen["d"]) == (0.5, -0.25)
