"""Derivatives far from 0 and at infinity: no cancellation, and limits where they exist."""

from __future__ import annotations

import numpy as np
import pytest

import graphlang as gl

pytestmark = pytest.mark.filterwarnings("error")

# The first three derivatives by mpmath 1.3 with 400 digits: mp.diff(f, x, order).
TAILS = [
    ("sigmoid(x)", 20.0, (2.0611536139418493e-9, -2.0611536054451409e-9, 2.061153588451724e-9)),
    ("sigmoid(x)", -20.0, (2.0611536139418493e-9, 2.0611536054451409e-9, 2.061153588451724e-9)),
    ("sigmoid(x)", 40.0, (4.248354255291589e-18, -4.2483542552915889e-18, 4.2483542552915889e-18)),
    ("sigmoid(x)", -40.0, (4.248354255291589e-18, 4.2483542552915889e-18, 4.2483542552915889e-18)),
    ("tanh(x)", 20.0, (1.6993417021166356e-17, -3.3986834042332711e-17, 6.7973668084665422e-17)),
    ("tanh(x)", -20.0, (1.6993417021166356e-17, 3.3986834042332711e-17, 6.7973668084665422e-17)),
    ("tanh(x)", 40.0, (7.2194055513816607e-35, -1.4438811102763321e-34, 2.8877622205526643e-34)),
    ("tanh(x)", -40.0, (7.2194055513816607e-35, 1.4438811102763321e-34, 2.8877622205526643e-34)),
    ("Softplus(x)", 20.0, (0.99999999793884638, 2.0611536139418493e-9, -2.0611536054451409e-9)),
    ("Softplus(x)", -20.0, (2.0611536181902036e-9, 2.0611536139418493e-9, 2.0611536054451409e-9)),
    ("Softplus(x)", 40.0, (1.0, 4.248354255291589e-18, -4.2483542552915889e-18)),
    ("Softplus(x)", -40.0, (4.248354255291589e-18, 4.248354255291589e-18, 4.2483542552915889e-18)),
    ("silu(x)", 20.0, (1.0000000391619187, -3.7100764881019119e-8, 3.5039610952699058e-8)),
    ("silu(x)", -20.0, (-3.9161918660646783e-8, -3.7100764881019119e-8, -3.5039610952699058e-8)),
    ("silu(x)", 40.0, (1.0000000000000002, -1.6143746170108038e-16, 1.5718910744578879e-16)),
    ("silu(x)", -40.0, (-1.6568581595637197e-16, -1.6143746170108038e-16, -1.5718910744578879e-16)),
    ("Mish(x)", 20.0, (1.0000000000000003, -6.4574984070979006e-16, 1.2575128415979503e-15)),
    ("Mish(x)", -20.0, (-3.9161918743489691e-8, -3.7100765042456579e-8, -3.5039611267077268e-8)),
    ("Mish(x)", 40.0, (1.0, -5.6311363300776952e-33, 1.1117884549127757e-32)),
    ("Mish(x)", -40.0, (-1.6568581595637197e-16, -1.6143746170108038e-16, -1.5718910744578879e-16)),
    (
        "BinaryCrossEntropy(x, 1)",
        20.0,
        (-2.0611536181902036e-9, 2.0611536139418493e-9, -2.0611536054451409e-9),
    ),
    ("BinaryCrossEntropy(x, 1)", -20.0, (-0.99999999793884638, 2.0611536139418493e-9, 2.0611536054451409e-9)),
    (
        "BinaryCrossEntropy(x, 1)",
        40.0,
        (-4.248354255291589e-18, 4.248354255291589e-18, -4.2483542552915889e-18),
    ),
    ("BinaryCrossEntropy(x, 1)", -40.0, (-1.0, 4.248354255291589e-18, 4.2483542552915889e-18)),
    ("BinaryCrossEntropy(x, 0)", 20.0, (0.99999999793884638, 2.0611536139418493e-9, -2.0611536054451409e-9)),
    (
        "BinaryCrossEntropy(x, 0)",
        -20.0,
        (2.0611536181902036e-9, 2.0611536139418493e-9, 2.0611536054451409e-9),
    ),
    ("BinaryCrossEntropy(x, 0)", 40.0, (1.0, 4.248354255291589e-18, -4.2483542552915889e-18)),
    (
        "BinaryCrossEntropy(x, 0)",
        -40.0,
        (4.248354255291589e-18, 4.248354255291589e-18, 4.2483542552915889e-18),
    ),
    ("gelu(x)", 3.0, (1.0119456472041839, -0.03102293888356605, 0.066477726179070108)),
    ("gelu(x)", -3.0, (-0.011945647204183927, -0.03102293888356605, -0.066477726179070108)),
    ("gelu(x)", -6.0, (-3.5468709453902015e-8, -2.0658001689399171e-7, -1.1665695071660708e-6)),
    ("gelu(x, approximate=tanh)", 3.0, (1.0115841666309697, -0.031767658886074704, 0.069682218383320017)),
    (
        "gelu(x, approximate=tanh)",
        -3.0,
        (-0.011584166630969726, -0.031767658886074704, -0.069682218383320017),
    ),
    (
        "gelu(x, approximate=tanh)",
        -6.0,
        (-7.7099739309536955e-10, -6.8242472741571894e-9, -5.8373865618502813e-8),
    ),
]


def derivatives(expression: str, order: int) -> str:
    lines = ["input x", f"y0 = {expression}", *[f"y{i + 1} = grad(y{i}, x)" for i in range(order)]]
    return "\n".join([*lines, f"output y{order}"])


@pytest.mark.parametrize(("expression", "x", "exact"), TAILS)
def test_derivatives_far_out_are_exact(expression: str, x: float, exact: tuple[float, ...]) -> None:
    for order, value in enumerate(exact, 1):
        graph = gl.loads(derivatives(expression, order))
        for found in (graph.run(x=x)[f"y{order}"], graph.predict(x=x)):
            assert found == pytest.approx(value, rel=1e-12, abs=0)
        steeper = graph.run(x=x).grad["x"]
        if order < len(exact):
            assert steeper == pytest.approx(exact[order], rel=1e-12, abs=0)


@pytest.mark.parametrize(("expression", "x", "exact"), TAILS)
def test_derivatives_far_out_are_exact_in_float32(
    expression: str, x: float, exact: tuple[float, ...]
) -> None:
    for order, value in enumerate(exact[:2], 1):
        if abs(value) > 1e-30:
            found = gl.loads(derivatives(expression, order), dtype="float32").run(x=x)[f"y{order}"]
            assert found == pytest.approx(value, rel=2e-5 if "gelu" in expression else 4e-6, abs=0)


@pytest.mark.parametrize("layer", ["Sigmoid", "Tanh", "Silu", "Softplus", "Mish"])
def test_layers_over_arrays_have_the_same_tails(layer: str) -> None:
    x = np.array([-40.0, -20.0, 20.0, 40.0])
    names = {"Sigmoid": "sigmoid(x)", "Tanh": "tanh(x)", "Silu": "silu(x)"}
    exact = {at: slopes[0] for name, at, slopes in TAILS if name == names.get(layer, f"{layer}(x)")}
    graph = gl.loads(f"input x: float[N]\ny = sum({layer}(x))\noutput y")
    for found in (graph.run(x=x).grad["x"], graph.compile(wrt=["x"])(x=x)[1]["x"]):
        np.testing.assert_allclose(found, [exact[at] for at in x], rtol=1e-12)


LIMITS = [
    ("sigmoid(x)", np.inf, 1, 0), ("sigmoid(x)", -np.inf, 0, 0),
    ("tanh(x)", np.inf, 1, 0), ("tanh(x)", -np.inf, -1, 0),
    ("Softplus(x)", np.inf, np.inf, 1), ("Softplus(x)", -np.inf, 0, 0),
    ("silu(x)", np.inf, np.inf, 1), ("silu(x)", -np.inf, 0, 0),
    ("Mish(x)", np.inf, np.inf, 1), ("Mish(x)", -np.inf, 0, 0),
    ("gelu(x)", np.inf, np.inf, 1), ("gelu(x)", -np.inf, 0, 0),
    ("gelu(x, approximate=tanh)", np.inf, np.inf, 1), ("gelu(x, approximate=tanh)", -np.inf, 0, 0),
    ("elu(x)", np.inf, np.inf, 1), ("elu(x)", -np.inf, -1, 0),
    ("HardSwish(x)", np.inf, np.inf, 1), ("HardSwish(x)", -np.inf, 0, 0),
    ("BinaryCrossEntropy(x, 1)", np.inf, 0, 0), ("BinaryCrossEntropy(x, 1)", -np.inf, np.inf, -1),
    ("BinaryCrossEntropy(x, 0)", np.inf, np.inf, 1), ("BinaryCrossEntropy(x, 0)", -np.inf, 0, 0),
]  # fmt: skip


@pytest.mark.parametrize(("expression", "x", "value", "slope"), LIMITS)
def test_values_and_slopes_at_infinity_are_their_limits(
    expression: str, x: float, value: float, slope: float
) -> None:
    graph = gl.loads(f"input x\ny = {expression}\noutput y")
    seen = graph.run(x=x)
    assert (seen["y"], seen.grad["x"]) == (value, slope)
    planned, gradients = graph.compile(wrt=["x"])(x=x)
    assert (planned, gradients["x"]) == (value, slope)


# torch.nn.functional.gelu(x, approximate="tanh") of torch 2.13, value and gradient in float64
GELU_BY_TANH = [
    (0.5, 0.34571400982514394, 0.8673699035346424),
    (-1.0, -0.15880800939172324, -0.08296408384578252),
    (3.0, 2.996362607918227, 1.0115841666309695),
]


@pytest.mark.parametrize(("x", "value", "slope"), GELU_BY_TANH)
@pytest.mark.parametrize(
    "call", ["gelu(x, approximate=tanh)", 'gelu(x, approximate="tanh")', "x -> Gelu(approximate=tanh)"]
)
def test_gelu_by_tanh_is_that_of_torch(call: str, x: float, value: float, slope: float) -> None:
    seen = gl.loads(f"input x\ny = {call}\noutput y").run(x=x)
    assert seen["y"] == pytest.approx(value, rel=1e-14)
    assert seen.grad["x"] == pytest.approx(slope, rel=1e-14)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("sign", "limits"), [(1, [1, 0, 0, 0]), (-1, [0, 0, 0, 0])])
def test_gelu_by_tanh_has_its_limits_where_the_cube_overflows(
    sign: int, limits: list[int], dtype: str
) -> None:
    lines = ["y0 = gelu(x, approximate=tanh)", *(f"y{i + 1} = grad(y{i}, x)" for i in range(4))]
    graph = gl.loads("\n".join(["input x", *lines, "output y4"]), dtype=dtype)
    for x in (1e13, 1e20, 3e38) if dtype == "float32" else (1e20, 1e160, 1e300):
        values = graph.run(x=sign * x)
        assert [values[f"y{i}"] for i in range(1, 5)] == limits


def test_gelu_by_tanh_keeps_the_left_tail_of_its_formula() -> None:
    # x / (1 + exp(-2 u)), by mpmath with 60 digits
    seen = gl.loads("input x\ny = gelu(x, approximate=tanh)\noutput y").run(x=-8.0)
    u = np.sqrt(2 / np.pi) * (8 + 0.044715 * 512)
    assert seen["y"] == pytest.approx(-8 * np.exp(-2 * u), rel=1e-12)
