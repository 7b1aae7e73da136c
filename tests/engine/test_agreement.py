"""The three ways to compute agree: the interpreter, planned programs, and the function of scalars."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphlang as gl

BLOCK = 2**16
"""Elements from which on steps are fused."""


def agree(graph: gl.Graph, given: dict[str, Any], wrt: list[str], f: Any = None, g: Any = None) -> None:
    """A planned run gives the value and the gradients of `y` that the interpreter gives."""
    forward = graph.forward(given)
    expected = forward.backward(of="y", seed=np.ones_like(forward["y"]))
    np.testing.assert_allclose((f or graph.compile(of="y"))(given), expected["y"], rtol=1e-10, atol=1e-14)
    value, gradients = (g or graph.compile(wrt=wrt, of="y"))(given)
    np.testing.assert_allclose(value, expected["y"], rtol=1e-10, atol=1e-14)
    for name in wrt:
        assert np.shape(gradients[name]) == np.shape(expected.grad[name])
        np.testing.assert_allclose(gradients[name], expected.grad[name], rtol=1e-8, atol=1e-12)


# ---- what an operand holds when a program is planned ----------------------------------------------------


@pytest.mark.parametrize("n", [4095, 4096, BLOCK + 1])
@pytest.mark.parametrize("bound", ["k", "sum(ks)", "(s > 0)", "s", "-k", "reshape(take(ks, k), 1)"])
@pytest.mark.parametrize("form", ["maximum(x, {})", "minimum({}, x)", "maximum(2 * x, {})"])
def test_a_computed_bound_is_computed_anew_in_every_run(form: str, bound: str, n: int) -> None:
    graph = gl.loads(
        f"input x: float[N], k: int, ks: int[3], s: float\ny = {form.format(bound)}\noutput y",
        dtype="float64",
    )
    needed = [name for name in graph.inputs if name in bound or name == "x"]
    x = np.linspace(-3, 3, n)
    f, g = graph.compile(), graph.compile(wrt=["x"])
    for k, s in ((1, 0.5), (2, -0.25), (0, np.nan), (1, 0.5)):
        given = {"x": x, "k": k, "ks": [k, 1, k], "s": s}
        planned = {name: given[name] for name in needed}
        expected = graph.forward(given)["y"]
        np.testing.assert_array_equal(f(planned), expected)
        np.testing.assert_array_equal(g(planned)[0], expected)


@pytest.mark.parametrize("n", [BLOCK - 1, BLOCK, BLOCK + 1])
@pytest.mark.parametrize(
    "formula",
    [
        "tanh(mean(x + s))",
        "sum(broadcast_to(s * 2, N)) + sum(x)",
        "max(broadcast_to(s * 2, N)) + sum(x)",
        "prod(broadcast_to(1 + s / N, N)) + sum(x)",
        "mean(x * s) + mean(broadcast_to(s, N) * x)",
        "logsumexp(broadcast_to(s * 2, N)) + sum(x)",
        "sum(broadcast_to(s > 0, N)) * s + sum(x)",
    ],
)
def test_a_reduction_of_one_number_seen_in_every_place_counts_every_place(formula: str, n: int) -> None:
    graph = gl.loads(f"input x: float[N], s: float\ny = {formula}\noutput y", dtype="float64")
    f, g = graph.compile(), graph.compile(wrt=["x", "s"])
    for s in (0.3, -0.5):
        agree(graph, {"x": np.linspace(0, 1, n), "s": s}, ["x", "s"], f, g)


@pytest.mark.parametrize("shape", [(BLOCK // 2, 2), (3, BLOCK // 4), (2, 5, BLOCK // 8)])
@pytest.mark.parametrize(
    "formula",
    [
        "sum(broadcast_to(s * 2, {0}), axis=-1, keepdims=true) + x",
        "max(broadcast_to(s * 2, {0}), axis=-1, keepdims=true) + x",
        "sum(broadcast_to(s * 2, {0}), axis=0) * x",
        "softmax(broadcast_to(s * 2, {0})) + x",
        "logsumexp(broadcast_to(s * 2, {0}), axis=-1, keepdims=true) * x",
        "broadcast_to(c * s, {0}) * sum(broadcast_to(c * s, {0}), axis=-1, keepdims=true) + x",
    ],
)
def test_a_row_of_one_number_is_reduced_like_any_other(formula: str, shape: tuple[int, ...]) -> None:
    sizes = ", ".join(map(str, shape))
    columns = ", ".join(map(str, (*shape[:-1], 1)))
    text = f"input x: float[{sizes}], c: float[{columns}], s: float\ny = {formula.format(sizes)}\noutput y"
    graph = gl.loads(text, dtype="float64")
    wrt = ["x", "s", "c"] if "c" in formula.replace("softmax", "").replace("broadcast", "") else ["x", "s"]
    x, c = np.linspace(0, 1, int(np.prod(shape))).reshape(shape), np.ones((*shape[:-1], 1))
    f, g = graph.compile(), graph.compile(wrt=wrt)
    for s in (0.5, -1.0):
        given = {"x": x, "c": c, "s": s}
        forward = graph.forward(given)
        expected = forward.backward(of="y", seed=np.ones_like(forward["y"]))
        given = given if "c" in wrt else {"x": x, "s": s}
        np.testing.assert_allclose(f(given), expected["y"], rtol=1e-10)
        for name, found in g(given)[1].items():
            np.testing.assert_allclose(found, expected.grad[name], rtol=1e-8, atol=1e-9)


def test_training_on_a_loss_of_few_numbers_takes_every_row() -> None:
    text = """
    input x: float[N, 2]
    h = x -> Affine(2)
    loss = tanh(mean(h) + 1)
    output loss
    train { minimize = loss; optimizer = SGD(lr=0.5); batch = 40000; epochs = 1; dtype = float64 }
    """
    graph = gl.loads(text)
    x = np.ones((40000, 2))
    before = dict(graph.run(x=x).grad)
    start = {name: array.copy() for name, array in graph.params.items()}
    graph.fit(x=x)
    for name, array in graph.params.items():
        np.testing.assert_allclose(array, start[name] - 0.5 * before[name], rtol=1e-9)


# ---- sizes that come from elsewhere ---------------------------------------------------------------------

TRAIN = "\ntrain { minimize = y; optimizer = SGD(lr=0.5); batch = 2; epochs = 1; dtype = float64 }"


@pytest.mark.parametrize(
    "formula",
    [
        "sum(x) * M",
        "sum(x) / (M + 1)",
        "sum(zeros(M, 2) + 1) * sum(x)",
        "sum(reshape(arange(M), M, 1) * x[0])",
        "sum(x[:1] * arange(3*M)[M])",
        "sum(hs)",
    ],
)
def test_a_size_that_an_unused_input_brings_belongs_to_the_program(formula: str) -> None:
    scan = "hs = scan s in reshape(x, 1, N) carry h = zeros(1) { v = h + M * s; next h = v; yield v }"
    text = "input x: float[N], z: float[M], u: float[M]\nparam w: float = 2\n"
    text += f"{scan if 'hs' in formula else ''}\ny = w * {formula}\noutput y"
    graph = gl.loads(text + TRAIN)
    forward, gradient, step = graph.compile(), graph.compile(wrt=["x", "w"]), graph.compile(train=True)
    x, w = np.array([1.0, 2.0]), 2.0
    for m in (3, 5, 3, 1):
        z = np.ones(m)
        expected = graph.run(x=x, z=z, u=z)
        assert forward(x=x, z=z) == forward(x=x, u=z) == graph.predict(x=x, z=z, u=z) == expected["y"]
        value, gradients = gradient(x=x, u=z)
        assert (value, gradients["w"]) == (expected["y"], expected.grad["w"])
        np.testing.assert_array_equal(gradients["x"], expected.grad["x"])
        graph.params["w"][...] = w
        assert step(x=x, z=z) == expected["y"]
        assert float(graph.params["w"]) == w - 0.5 * expected.grad["w"]
        graph.params["w"][...] = w
    with pytest.raises(gl.GraphError, match="missing input: `z`"):
        forward(x=x)


def test_a_size_may_come_from_the_default_of_an_unused_input() -> None:
    text = "input x: float[N], z: float[M] = [1, 2, 3]\nparam w: float = 2\ny = w * sum(x) * M\noutput y"
    graph = gl.loads(text + TRAIN)
    x = np.array([1.0, 2.0])
    assert graph.run(x=x)["y"] == graph.predict(x=x) == graph.compile(wrt="w")(x=x)[0] == 18
    assert graph.predict(x=x, z=[1, 2]) == graph.run(x=x, z=[1, 2])["y"] == 12
    assert gl.loads(text, set={"z": [5.0]}).predict(x=x) == 6
    assert graph.compile(train=True)(x=x) == 18
    assert graph.fit(x=x).losses == [-22.5]  # w was 2 - 0.5 * 9


def test_a_scalar_graph_may_depend_on_a_size() -> None:
    graph = gl.loads("input x: float, z: float[M]\ny = x * M\noutput y")
    for f in (graph.compile(wrt="x"), graph.compile(wrt="x")):
        for m in (3, 5):
            assert f(x=2.0, z=np.ones(m)) == (2.0 * m, {"x": m})
            assert graph.run(x=2.0, z=np.ones(m))["y"] == graph.predict(x=2.0, z=np.ones(m)) == 2 * m


def test_a_size_that_only_a_shape_names_asks_for_no_further_input() -> None:
    graph = gl.loads("input x: float[N, 2*D], t: float[N, D]\ny = sum(x)\nloss = y + sum(t)\noutput y")
    assert graph.predict(x=np.ones((2, 6))) == 12


# ---- values with a second name --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("a = x * 2\nb = a\ny = a * a + 3 * b", {"x": 18, "a": 9, "b": 3}),
        ("a = x\nb = a\ny = a * a + 3 * b", {"x": 6, "a": 6, "b": 3}),
        ("a = x * 2\nb = a\nc = b\ny = c * a", {"x": 12, "a": 6, "b": 3, "c": 3}),
        ("a = x -> Dropout\nb = a -> Dropout\ny = b * a + 2 * b", {"x": 5, "a": 5, "b": 3.5}),
        ("a = reshape(x, 1)\nb = reshape(a, 1)\ny = sum(b * b * a)", {"x": 6.75, "a": [6.75], "b": [4.5]}),
        ("b = x\nd = grad(x * b, b)\ny = d * x", {"x": 3, "b": 0, "d": 1.5}),
        ("b = x\ns = x * b + b\nd = grad(s, b)\ny = d * b", {"x": 4, "b": 2.5, "d": 1.5, "s": 0}),
    ],
)
def test_a_second_name_has_the_gradient_of_its_own_uses(body: str, expected: dict[str, Any]) -> None:
    graph = gl.loads(f"input x: float\n{body}\noutput y")
    f = graph.compile(wrt=list(expected), of="y")
    array = graph.compile(wrt=list(expected), of="y", batch=1)
    for _ in range(3):
        for gradients in (graph.run(x=1.5).grad, f(x=1.5)[1], array(x=np.array(1.5))[1]):
            for name, gradient in expected.items():
                np.testing.assert_allclose(gradients[name], gradient, err_msg=name)


# ---- gradients by what does not matter, and by constants ------------------------------------------------

TARGETS = ["w", "v", "p", "x", "s", "c = 3.0", "c = arange(3) / 2", "c = [1.0, 2.0]", "c = s", "c = s * v"]
TARGETS += ["c = grad(u * u, u)", "c = stop_gradient(s)", "c = exp(v)", "c = zeros(2, 3)"]
STARTS = ["x * 2", "grad(u ** 3, u) * 2", "2 + 0 * x", "zeros(1)[0] + 1", "sum(arange(3) / 2)", "x * sum(c)"]


@pytest.mark.parametrize(
    ("target", "start"),
    [
        (target, start)
        for target in TARGETS
        for start in STARTS
        if "sum(c)" not in start or (target.startswith("c =") and "s" not in target)
    ],
)
def test_the_gradient_with_respect_to_a_value_is_the_same_however_it_is_computed(
    target: str, start: str
) -> None:
    """0 in the shape of the value where the start does not depend on it, in `grad` and in `compile(wrt=)`."""
    name = "c" if target.startswith("c =") else target
    text = "input x: float, w: float, v: float[3]\nparam p: float = 2\nu = x * 1.0\n"
    lines = [f"s = {start}"]
    lines.insert(int("s" in target), target if name == "c" else "")
    text += "\n".join(lines) + f"\nd = grad(s, {name})\ny = sum(d * 2) + sum(d * d) * x + s\noutput y, d"
    graph = gl.loads(text)
    given = {"x": 1.5, "w": 2.0, "v": np.array([1.0, 2.0, 3.0])}
    wrt = list(dict.fromkeys(["x", "w", "v", "p", "s", "u", name]))
    shape = np.shape(graph.forward(given)[name])
    planned = graph.compile()({k: v for k, v in given.items() if k in graph.compile()._inputs})
    value, gradients = graph.compile(wrt=wrt, of="y")(given)
    for _ in range(2):
        result = graph.run(given, of="y")
        assert np.shape(result["d"]) == np.shape(planned["d"]) == shape
        np.testing.assert_allclose(planned["d"], result["d"], rtol=1e-12)
        np.testing.assert_allclose([value, planned["y"]], result["y"], rtol=1e-12)
        for n in wrt:
            assert np.shape(gradients[n]) == np.shape(result.grad[n])
            np.testing.assert_allclose(gradients[n], result.grad[n], rtol=1e-12, err_msg=n)
    h = 1e-6
    up, down = (graph.forward({**given, "x": 1.5 + d})["y"] for d in (h, -h))
    np.testing.assert_allclose(result.grad["x"], (up - down) / (2 * h), rtol=1e-6, atol=1e-8)


def test_a_named_list_is_a_value_with_the_gradient_of_all_its_uses() -> None:
    graph = gl.loads("input x: float\nc = [1, 2, 3]\ny = sum(c * c) * x + c[1]\noutput y")
    for _ in range(2):
        result = graph.run(x=2.0)
        np.testing.assert_array_equal(result["c"], [1, 2, 3])
        np.testing.assert_array_equal(result.grad["c"], [4, 8, 12])
    value, gradients = graph.compile(wrt=["c", "x"])(x=2.0)
    np.testing.assert_array_equal(gradients["c"], [4, 8, 12])
    assert (value, gradients["x"]) == (30, 14)


def test_a_named_list_in_a_scan_is_the_one_of_the_file() -> None:
    text = """
    input x: float[1, T]
    c = [1, 2]
    h = scan u in x carry a = zeros(1) { v = a + u * sum(c * c); next a = v; yield v }
    y = sum(h) + sum(c)
    output y
    """
    graph = gl.loads(text)
    given = {"x": np.array([[1.0, 2.0]])}
    np.testing.assert_array_equal(graph.run(given).grad["c"], [9, 17])  # 2 c (2 x1 + x2) + 1
    np.testing.assert_array_equal(graph.compile(wrt="c")(given)[1]["c"], [9, 17])


def test_a_list_used_as_counts_or_indices_is_not_a_value_of_the_graph() -> None:
    text = "ns = [3, 2]\nids = [1, 0]\ninput x: float[N, 4], z: float\ny = x -> for n in ns { Affine(n) }\n"
    graph = gl.loads(text + "w = sum(y[:, ids[0]]) + sum(take(y, ids, axis=1)) + z\noutput w")
    assert "ns" not in graph.run(x=np.ones((1, 4)), z=1.0)


# ---- the last bit ---------------------------------------------------------------------------------------

SIZES = (1, 2, 255, 256, 4096, BLOCK + 1)


@pytest.mark.parametrize(
    "formula",
    [
        "x / 49",
        "x / 49 * 7 / 3",
        "x**3",
        "x**2",
        "x**0.5",
        "x**-1",
        "x**2.5",
        "x * (1 / 3)",
        "1 / (x + 0)",
        "1 / maximum(x - 49, 0)",
        "1 / minimum(0, 49 - x)",
        "(x - 49) * -1",
        "exp(x / 100)",
        "tanh(x / 100)",
    ],
)
@pytest.mark.parametrize("number", [49.0, 0.1, 1.1, -0.0, np.inf, np.nan])
def test_a_comparison_sees_the_same_bits_at_every_size_however_it_is_computed(
    formula: str, number: float
) -> None:
    """The interpreter on one number says what is right for each."""
    alone = gl.loads(f"input x: float\ny = {formula}\noutput y")
    bits = np.asarray(alone.forward(x=number)["y"])
    text = f"input x: float[N], c: float\nz = {formula}\ny = where(z >= c, 0.5, 0) + where(z > c, 2.5, 0)\noutput y, z"
    graph = gl.loads(text)
    compare, c = graph.compile(), float(bits)
    for n in SIZES:
        given = {"x": np.full(n, number), "c": c}
        for found in (graph.forward(given), compare(given)):
            np.testing.assert_array_equal(found["z"], bits)
            signs = np.signbit(found["z"]) & ~np.isnan(bits)
            np.testing.assert_array_equal(signs, np.signbit(bits) & ~np.isnan(bits))
            np.testing.assert_array_equal(found["y"], 0 if np.isnan(c) else 0.5)
    scalar = gl.loads(
        f"input x: float, c: float\nz = {formula}\ny = where(z >= c, 0.5, 0) + where(z > c, 2.5, 0)"
    )
    for _ in range(3):
        assert scalar.run(x=number, c=c, of="y")["y"] == (0 if np.isnan(c) else 0.5)
        assert scalar.compile(wrt=["x"], of="y")(x=number, c=c)[0] == (0 if np.isnan(c) else 0.5)
