"""Section 1 of version 1.1 of the language: constants, functions, lists and values, a test for each line."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import graphlang as gl
from graphlang.catalog.finder import Catalog


def notes(graph: gl.Graph) -> list[str]:
    return [note.message for note in graph.notes]


def computed(text: str, **inputs: Any) -> Any:
    """The value `y` of a file."""
    return np.asarray(gl.loads(text).forward(**inputs)["y"])


def test_pi_inf_and_nan_are_values_that_the_language_defines() -> None:
    assert computed("input x\ny = pi * x", x=2) == 2 * math.pi
    assert computed("input x: float[N]\ny = clip(x, -inf, 1)", x=[-1e9, 3]).tolist() == [-1e9, 1]
    assert computed("input x: float[N]\ny = where(x > 0, x, -inf)", x=[1, -1]).tolist() == [1, -np.inf]
    assert np.isnan(computed("input x\ny = x + nan", x=1))
    assert (
        computed("input x\nhyper half = pi / 2\ndef f(a) = a + pi\ny = f(x) + half + 2 * inf", x=1) == np.inf
    )


def test_a_file_that_defines_the_name_of_a_constant_has_its_own_with_a_note() -> None:
    for text in (
        "input pi\ny = 2 * pi",
        "hyper pi = 3\ninput x\ny = pi + 0 * x",
        "input x\npi = x + 2\ny = 2 * pi",
    ):
        assert notes(gl.loads(text)) == ["`pi` is used in place of the built-in value `pi`"]
    assert computed("input pi\ny = 2 * pi", pi=3) == 6
    assert notes(gl.loads("input x\ny = x + pi")) == []


def test_a_free_name_of_an_open_formula_may_be_given_and_is_the_constant_else() -> None:
    area = gl.loads("area = pi * r**2")
    assert area.run(r=2)["area"] == 4 * math.pi
    assert area.run(r=2, pi=3)["area"] == 12
    assert gl.loads("y = clip(x, -inf, pi)").run(x=9)["y"] == math.pi
    assert gl.loads("y = floor * norm + round").run(floor=2, norm=3, round=4)["y"] == 10


FUNCTIONS = (
    "floor ceil round trunc log2 log10 log1p expm1 exp2 cbrt reciprocal arcsin arccos sinh cosh arcsinh arccosh arctanh "
    "sinc deg2rad isnan isfinite any all sort argsort cumprod diff median triu trace"
).split()
PAIRS = "arctan2 hypot logaddexp outer dot".split()
X = np.array([[0.31, 0.92, -0.4], [0.05, -0.77, 0.6], [0.9, 0.2, -0.15]])


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_of_one_operand_has_the_name_and_meaning_of_numpy(name: str) -> None:
    x = np.abs(X) + 1 if name == "arccosh" else np.abs(X) if name.startswith("log") else X
    reference = {"cumprod": lambda v: np.cumprod(v)}.get(name) or getattr(np, name)
    y = computed(
        f"input x: float[N, 3]\ny = {name}(x)" if name != "trace" else "input x: float[3, 3]\ny = trace(x)",
        x=x,
    )
    np.testing.assert_allclose(y, reference(x), rtol=1e-9)
    assert y.dtype.kind == np.asarray(reference(x)).dtype.kind


@pytest.mark.parametrize("name", PAIRS)
def test_a_function_of_two_operands_has_the_name_and_meaning_of_numpy(name: str) -> None:
    a, b = (X[0], X[1]) if name == "outer" else (X, X.T + 1)
    kind = "float[N]" if name == "outer" else "float[N, 3]" if name != "dot" else "float[3, 3]"
    np.testing.assert_allclose(
        computed(f"input a: {kind}, b: {kind}\ny = {name}(a, b)", a=a, b=b),
        getattr(np, name)(a, b),
        rtol=1e-9,
    )


def test_functions_with_attributes_agree_with_numpy() -> None:
    calls = {
        "round(x, 1)": np.round(X, 1), "sort(x, axis=0)": np.sort(X, 0), "argsort(x, 0)": np.argsort(X, 0),
        "cumprod(x, axis=1)": np.cumprod(X, 1), "cummax(x, axis=1)": np.maximum.accumulate(X, 1),
        "diff(x, 2, axis=0)": np.diff(X, 2, 0), "median(x, axis=1)": np.median(X, 1),
        "quantile(x, 0.3, axis=0)": np.quantile(X, 0.3, 0), "quantile(x, [0.1, 0.9])": np.quantile(X, [0.1, 0.9]),
        "linspace(1, 2, 7)": np.linspace(1, 2, 7), "triu(x, 1)": np.triu(X, 1), "diag(x, -1)": np.diag(X, -1),
        "diag(x[0])": np.diag(X[0]), "trace(x, 1)": np.trace(X, 1), "tile(x, [2, 1])": np.tile(X, [2, 1]),
        "norm(x)": np.linalg.norm(X), "norm(x, axis=1)": np.linalg.norm(X, axis=1),
        "norm(x, axis=0, ord=1)": np.linalg.norm(X, 1, axis=0), "norm(x, axis=1, ord=inf)": np.linalg.norm(X, np.inf, 1),
        "norm(x, axis=1, ord=3)": np.linalg.norm(X, 3, axis=1), "any(x > 0.8, axis=1)": np.any(X > 0.8, 1),
        "all(x < 0.9)": np.all(X < 0.9),
    }  # fmt: skip
    for call, expected in calls.items():
        y = computed(f"input x: float[3, 3]\ny = {call}", x=X)
        np.testing.assert_allclose(y, expected, rtol=1e-9, err_msg=call)
        assert y.shape == np.shape(expected), call


def test_topk_gives_the_largest_numbers_and_their_places() -> None:
    graph = gl.loads("input x: float[N, 4]\nv, i = topk(x, 2)\nloss = sum(v * [3, 5])\noutput loss")
    x = np.array([[3.0, 1, 4, 1.5], [9, 2, 6, 9]])
    run = graph.run(x=x)
    assert run["v"].tolist() == [[4, 3], [9, 9]]
    assert run["i"].tolist() == [[2, 0], [0, 3]]
    assert run.grad["x"].tolist() == [[5, 0, 3, 0], [3, 0, 0, 5]]


def test_the_gradient_of_norm_is_0_at_0() -> None:
    for order in ("2", "1", "3", "inf"):
        run = gl.loads(f"input x: float[N]\ny = norm(x, ord={order})").run(x=np.zeros(3))
        assert run["y"] == 0
        assert run.grad["x"].tolist() == [0, 0, 0]


def test_functions_that_came_with_version_1_1_are_listed_with_their_formula() -> None:
    catalog = Catalog()
    for name in [*FUNCTIONS, *PAIRS, "topk", "cummax", "quantile", "linspace", "diag", "tile", "norm"]:
        entry = catalog.find(name)
        assert entry is not None, name
        assert entry.summary, name


# ---- before running


def test_constant_expressions_call_functions_of_numbers() -> None:
    hypers = {
        "floor(sqrt(10))": 3, "sqrt(16)": 4, "exp(0)": 1.0, "log(1)": 0.0, "log2(64)": 6, "min(3, 2, 5)": 2,
        "max([1, 4])": 4, "abs(-3)": 3, "ceil(7 / 2)": 4, "round(2.5)": 2, "round(2.346, 1)": 2.3, "sum([1, 2, 3])": 6,
        "len([4, 5])": 2, "range(3)": [0, 1, 2], "range(4, 0, -2)": [4, 2], "floor(pi)": 3,
    }  # fmt: skip
    for text, value in hypers.items():
        spec = gl.loads(f"hyper n = {text}\ninput x\ny = 2 * x").spec
        assert spec.hypers == {"n": value}, text
        assert type(spec.hypers["n"]) is type(value), text


def test_attributes_sizes_and_counts_are_constant_expressions() -> None:
    graph = gl.loads(
        "hyper d = 6\ninput x: float[N, max(d, 4)], b: float[floor(sqrt(d))]\n"
        "y = x -> Affine(round(d / 4)) -> repeat ceil(d / 4) { Relu } -> Affine(len([1, 2, 3]))\n"
        "z = reshape(x, N, min(d, 3), -1) + sum(b)\nw = x * sqrt(d)"
    )
    shapes = {node.name: node.spec.shape[1:] for node in graph.network.nodes if node.spec.named}
    assert shapes == {"y": (3,), "z": (3, 2), "w": (6,)}
    assert [node.spec.operation for node in graph.network.nodes].count("Relu") == 2


def test_a_constant_expression_without_a_value_says_what_the_function_takes() -> None:
    for text, what in {
        "log(0)": "`log` takes a number above 0", "range(1, 2, 0)": "`range` takes one, two or three whole numbers",
        "len(3)": "`len` takes a list",
    }.items():  # fmt: skip
        with pytest.raises(gl.GraphError, match=what):
            gl.loads(f"hyper n = {text}\ninput x\ny = x * n")


def test_sizes_of_the_data_go_through_functions_of_constants() -> None:
    text = "input x: float[T, 2]\ny = reshape(x, floor(T / 2) + ceil(T / 2), 2) + max(T, 1) + len(x)"
    assert computed(text, x=np.zeros((3, 2))).tolist() == [[6, 6]] * 3


def test_for_goes_through_a_range_and_takes_pairs_apart() -> None:
    graph = gl.loads(
        "input x: float[N, 4]\ny = x -> for i in range(3) { Affine(i + 1) }\n"
        "z = x -> for c, k in [(6, 2), (5, 3)] { fc: Affine(c * k) }"
    )
    shapes = {name: np.shape(value) for name, value in graph.params.items()}
    assert shapes["Affine1.W"] == (4, 1)
    assert shapes["Affine3.W"] == (2, 3)
    assert shapes["fc1.W"] == (4, 12)
    assert shapes["fc2.W"] == (12, 15)


def test_a_list_is_built_by_a_loop_and_each_item_has_parameters_of_its_own() -> None:
    graph = gl.loads(
        "input x: float[N, 4]\nbranches = [x -> Affine(c, bias=b) for c, b in [(2, true), (3, false)]]\n"
        "y = concat(branches, axis=1)\nz = stack([x * i for i in range(3)])\n"
        "s = sum([x * i for i in range(4)])\nn = len(branches)"
    )
    assert {n: np.shape(v) for n, v in graph.params.items()} == {
        "Affine1.W": (4, 2), "Affine1.b": (2,), "Affine2.W": (4, 3),
    }  # fmt: skip
    x = np.arange(8.0).reshape(2, 4)
    run = graph.forward(x=x)
    assert run["y"].shape == (2, 5)
    np.testing.assert_array_equal(run["z"], np.stack([0 * x, x, 2 * x]))
    np.testing.assert_array_equal(run["s"], 6 * x)
    assert run["n"] == 2


def test_items_that_cannot_be_taken_apart_are_named() -> None:
    with pytest.raises(gl.GraphError, match="`for` takes apart 2 values each time, and an item is `3`"):
        gl.loads("input x: float[N, 4]\ny = x -> for c, k in [(1, 2), 3] { Affine(c) }")


# ---- scan

XS = np.array([[1.0, 2.0, 4.0], [0.5, -1.0, 3.0]])


def everywhere(text: str, **inputs: Any) -> dict[str, Any]:
    """The values of a file, whose outputs are the same eager and planned."""
    graph = gl.loads(text)
    run = graph.forward(**inputs)
    planned = graph.compile()(**inputs)
    names = graph.spec.outputs
    for name, value in zip(names, [planned] if len(names) == 1 else planned.values(), strict=True):
        np.testing.assert_allclose(value, run[name], rtol=1e-12, err_msg=name)
    return dict(run.items())


def test_scan_runs_over_a_vector() -> None:
    values = everywhere(
        "input xs: float[T]\ny = scan x in xs carry h = 1 { h2 = 2 * h + x; next h = h2; yield h2 }",
        xs=[1, 2, 3],
    )
    assert values["y"].tolist() == [3, 8, 19]


def test_scan_runs_over_any_axis() -> None:
    for axis in (0, 1, -1):
        carry = "zeros(N)" if axis else "zeros(T)"
        values = everywhere(
            f"input xs: float[N, T]\ny = scan x in xs, axis={axis} carry h = {carry} "
            "{ h2 = h + x; next h = h2; yield h2 }",
            xs=XS,
        )
        np.testing.assert_allclose(values["y"], np.cumsum(XS, axis))


def test_scan_runs_backwards_and_its_results_lie_where_their_elements_lie() -> None:
    text = "input xs: float[N, T]\ny = scan x in xs, reverse=true carry h = zeros(N) { h2 = h + x; next h = h2; yield h2 }"
    np.testing.assert_allclose(everywhere(text, xs=XS)["y"], np.cumsum(XS[:, ::-1], 1)[:, ::-1])


def test_scan_gives_the_last_carry() -> None:
    text = (
        "input xs: float[N, T]\nend = scan x in xs carry h = ones(N) { next h = h * x; last h }\n"
        "ys, p, s = scan x in xs, axis=0 carry q = ones(T), r = zeros(T) "
        "{ next q = q * x, r = r + x; yield q - x; last q, r }"
    )
    values = everywhere(text, xs=XS)
    np.testing.assert_allclose(values["end"], np.prod(XS, 1))
    np.testing.assert_allclose(values["p"], np.prod(XS, 0))
    np.testing.assert_allclose(values["s"], np.sum(XS, 0))
    assert values["ys"].shape == (2, 3)


def test_gradients_flow_through_every_way_of_a_scan() -> None:
    for options, carry in {
        "axis=0": "zeros(3)",
        "reverse=true": "zeros(N)",
        "axis=0, reverse=true": "zeros(3)",
    }.items():
        graph = gl.loads(
            f"input xs: float[N, 3]\ny, e = scan x in xs, {options} carry h = {carry} "
            "{ h2 = tanh(h + x); next h = h2; yield h2 * x; last h }\nloss = sum(y * y) + sum(e)\n"
            "gradcheck { of = loss }"
        )
        assert graph.gradcheck(xs=XS).ok


def test_a_variable_may_still_be_called_last() -> None:
    text = "input xs: float[T]\ny = scan x in xs carry h = 0 { last = h + x; next h = last; yield last }"
    assert computed(text, xs=[1, 2]).tolist() == [1, 3]


# ---- random values

VAE = """
input x: float[N, 3]
mu = x -> Affine(2)
z = mu + 0.1 * random_like(mu, "normal")
y = z -> Affine(3)
loss = MeanSquaredError(y, x)
output y
train { minimize = loss; optimizer = SGD(lr=0.1); batch = 4; iterations = 6 }
"""


def test_random_values_have_their_distribution() -> None:
    graph = gl.loads(
        "a = random_normal(20000)\nb = random_uniform(20000, low=-1, high=3)\nc = random_bernoulli(20000, p=0.25)\n"
        "d = random_like(a, uniform)\ne = random_normal(2, 3)"
    )
    run = graph.forward()
    assert abs(np.mean(run["a"])) < 0.03
    assert abs(np.std(run["a"]) - 1) < 0.03
    assert -1 <= np.min(run["b"]) < -0.99
    assert 2.99 < np.max(run["b"]) < 3
    assert abs(np.mean(run["c"]) - 0.25) < 0.02
    assert set(np.unique(run["c"])) == {0, 1}
    assert 0 <= np.min(run["d"]) < np.max(run["d"]) < 1
    assert run["e"].shape == (2, 3)


def test_random_values_are_reproducible_from_the_seed_and_the_same_eager_and_planned() -> None:
    text = "a = random_normal(3)\nb = random_normal(3)"
    first, again, other = (gl.loads(text, seed=s).forward() for s in (1, 1, 2))
    np.testing.assert_array_equal(first["a"], again["a"])
    assert not np.any(first["a"] == first["b"])
    assert not np.any(first["a"] == other["a"])
    graph = gl.loads("a = random_normal(3)\ninput x: float[N]\ny = x + random_like(x)\noutput y", seed=1)
    np.testing.assert_array_equal(graph.forward(x=np.zeros(4))["y"], graph.compile()(x=np.zeros(4)))


def test_a_random_node_more_changes_no_other() -> None:
    text = "a = random_normal(3)\noutput a"
    one = gl.loads(text).forward()["a"]
    np.testing.assert_array_equal(gl.loads("b = random_uniform(4)\n" + text).forward()["a"], one)


def test_random_values_are_new_at_every_step_and_constants_for_gradients() -> None:
    text = "input x: float[N]\nparam w = 0\ny = w * x + random_like(x)\nloss = mean(y)\noutput y\n"
    graph = gl.loads(
        text
        + "train { minimize = loss; optimizer = SGD(lr=1e-9); batch = 4; iterations = 3; dtype = float64 }"
    )
    step = graph.compile(train=True)
    losses = [step(x=np.zeros(4)) for _ in range(3)]
    assert len(set(losses)) == 3
    run = gl.loads("input x: float[N]\ny = sum(x * random_like(x))").run(x=np.ones(3))
    np.testing.assert_allclose(np.sum(run.grad["x"]), run["y"])


def test_training_with_random_values_goes_on_as_if_it_had_not_stopped() -> None:
    x = np.random.default_rng(0).random((4, 3))
    whole, twice = gl.loads(VAE).compile(train=True), gl.loads(VAE).compile(train=True)
    assert [whole(x=x) for _ in range(6)] == [twice(x=x) for _ in range(6)]


def test_every_step_of_a_scan_has_random_values_of_its_own() -> None:
    text = (
        "input xs: float[N, T]\ny = scan x in xs carry h = zeros(N) "
        "{ h2 = h + random_like(h); next h = h2; yield h2 - h }\noutput y"
    )
    for options in ("", ", reverse=true", ", axis=1"):
        graph = gl.loads(text.replace("xs carry", f"xs{options} carry"))
        y = graph.forward(xs=np.zeros((3, 5)))["y"]
        assert np.unique(np.round(y, 9)).size == 15
        np.testing.assert_allclose(graph.compile()(xs=np.zeros((3, 5))), y, rtol=1e-9, atol=1e-12)


# ---- indices, masks, sizes, whole numbers


def test_arrays_of_indices_stand_on_several_axes_as_in_numpy() -> None:
    x = np.arange(60.0).reshape(3, 4, 5)
    i, j, k = np.array([2, 0]), np.array([[1], [-1]]), np.array([0, 2, 1])
    head = "input x: float[N, 4, 5], i: int[T], j: int[T, 1], k: int[N]\ny = "
    for text, expected in {
        "x[arange(N), k]": x[np.arange(3), k], "x[:, i]": x[:, i], "x[:, :, i]": x[:, :, i], "x[i, i]": x[i, i],
        "x[i, j]": x[i, j], "x[i, :, j]": x[i, :, j], "x[0, :, i]": x[0, :, i], "x[..., i, 1]": x[..., i, 1],
        "x[1:, j, none, [0, 3]]": x[1:, j, None, [0, 3]], "x[k, k, -1]": x[k, k, -1],
        "x[:, none, j]": x[:, None, j], "x[k - 1, ::2]": x[k - 1, ::2],
    }.items():  # fmt: skip
        graph = gl.loads(head + text + "\noutput y")
        values = {"x": x, "i": i, "j": j, "k": k}
        np.testing.assert_array_equal(graph.forward(**values)["y"], expected, err_msg=text)
        np.testing.assert_array_equal(graph.compile()(**values), expected, err_msg=text)


def test_the_last_valid_step_of_each_row_gets_its_gradient() -> None:
    text = "input h: float[N, T], length: int[N]\ny = h[arange(N), length - 1]\nloss = sum(y * y)"
    run = gl.loads(text).run(h=np.arange(6.0).reshape(2, 3), length=[1, 3])
    assert run["y"].tolist() == [0, 5]
    assert run.grad["h"].tolist() == [[0, 0, 0], [0, 0, 10]]


def test_an_index_outside_of_its_axis_is_an_error_on_several_axes_too() -> None:
    graph = gl.loads("input h: float[N, T], i: int[N]\ny = h[arange(N), i]")
    with pytest.raises(gl.GraphError, match="out of bounds"):
        graph.forward(h=np.zeros((2, 3)), i=[0, 3])


def test_an_index_in_the_text_is_checked_before_running() -> None:
    with pytest.raises(gl.GraphError, match="9"):
        gl.loads("input x: float[N, 4, 3]\ny = x[..., none, [1, 9], 0]")
    with pytest.raises(gl.GraphError, match="index 7 lies outside of axis 1"):
        gl.loads("input x: float[N, 4], i: int[T]\ny = x[i, 7]")


def test_boolean_masks_choose_inside_where() -> None:
    text = "input x: float[N, 2], keep: bool[N, 1]\ny = where(keep and x > 0, x, 0)"
    assert computed(text, x=[[1, -1], [2, 3]], keep=[[True], [False]]).tolist() == [[1, 0], [0, 0]]
    with pytest.raises(gl.GraphError, match="a mask of bools"):
        gl.loads("input x: float[N, 2], keep: bool[N]\ny = x[keep, 0]")


def test_whole_numbers_have_64_bits_and_an_overflow_is_an_error_at_run_time_too() -> None:
    graph = gl.loads("input n: int[N]\ny = cumprod(n)\nz = sum(n)")
    run = graph.forward(n=[3, 2**40])
    assert run["y"].dtype == np.int64
    for numbers in ([2**40, 2**40], [2**63 - 1, 1]):
        with pytest.raises(gl.GraphError, match="larger than what an int can hold"):
            graph.forward(n=numbers)
    with pytest.raises(gl.GraphError):
        gl.loads("hyper n = 2**62 * 4\ninput x\ny = x * n")


def test_sizes_of_slices_are_exact_for_every_length() -> None:
    text = "input x: float[T]\ny = x[4:] + x[3:-1]\nz = x[1:-1] + x[2:] - x[:-2]\nd = diff(x) + x[:-1]"
    for length in (1, 3, 4, 5, 9):
        x = np.arange(length) ** 2.0
        run = gl.loads(text).forward(x=x)
        np.testing.assert_array_equal(run["y"], x[4:] + x[3:-1])
        np.testing.assert_array_equal(run["z"], x[1:-1] + x[2:] - x[:-2])
        np.testing.assert_array_equal(run["d"], np.diff(x) + x[:-1])


def test_the_version_line_may_say_1_or_1_1_and_either_file_may_use_what_is_new() -> None:
    for version in ("graphlang 1\n", "graphlang 1.1\n", ""):
        assert computed(f"{version}input x\ny = floor(x)", x=2.5) == 2
    for version in ("1.2", "2"):
        with pytest.raises(gl.GraphError, match=f"version {version} of the language"):
            gl.loads(f"graphlang {version}\ny = x")


# ---- linear algebra

MATRICES = np.array([[[4.0, 1, 0.5], [1, 3, 0.2], [0.5, 0.2, 2]], [[2, 0.3, 0], [0.3, 1, 0.1], [0, 0.1, 5]]])


def test_linear_algebra_is_that_of_numpy_over_a_batch() -> None:
    text = (
        "input a: float[N, 3, 3], b: float[N, 3, 2]\ni = inv(a)\ns = solve(a, b)\nd = det(a)\n"
        "sign, logdet = slogdet(-a)\nl = cholesky(a)\nv = solve(a[0], b[0, :, 1])"
    )
    b = np.arange(12.0).reshape(2, 3, 2)
    values = everywhere(text, a=MATRICES, b=b)
    np.testing.assert_allclose(values["i"], np.linalg.inv(MATRICES), rtol=1e-9)
    np.testing.assert_allclose(values["s"], np.linalg.solve(MATRICES, b), rtol=1e-9)
    np.testing.assert_allclose(values["d"], np.linalg.det(MATRICES), rtol=1e-9)
    np.testing.assert_allclose(values["l"], np.linalg.cholesky(MATRICES), rtol=1e-9)
    np.testing.assert_allclose(values["v"], np.linalg.solve(MATRICES[0], b[0, :, 1]), rtol=1e-9)
    assert values["sign"].tolist() == [-1, -1]
    np.testing.assert_allclose(values["logdet"], np.log(np.linalg.det(MATRICES)), rtol=1e-9)


def test_a_singular_matrix_is_an_error_that_names_the_sample() -> None:
    a = np.stack([np.eye(2), np.ones((2, 2))])
    for call, what in {
        "inv(a)": "the matrix of sample 1 is singular: it has no inverse",
        "solve(a, a)": "the matrix of sample 1 is singular: the system has no single solution",
        "cholesky(a - 2 * eye(2))": "the matrix of sample 0 is not positive definite",
    }.items():
        graph = gl.loads(f"input a: float[N, 2, 2]\ny = {call}\noutput y")
        for run in (graph.forward, graph.compile()):
            with pytest.raises(gl.GraphError, match=what):
                run(a=a)


def test_the_determinant_of_a_singular_matrix_has_a_gradient() -> None:
    run = gl.loads("input a: float[3, 3]\ny = det(a)").run(a=[[1, 2, 3], [2, 4, 6], [0, 1, 0]])
    assert abs(run["y"]) < 1e-12
    np.testing.assert_allclose(run.grad["a"], [[-6, 0, 2], [3, 0, -1], [0, 0, 0]], atol=1e-12)


def test_what_is_no_square_matrix_is_refused_before_running() -> None:
    with pytest.raises(gl.GraphError, match="`inv` takes square matrices"):
        gl.loads("input a: float[N, 2, 3]\ny = inv(a)")
    with pytest.raises(gl.GraphError, match="`solve` needs 2 rows on the right"):
        gl.loads("input a: float[N, 2, 2], b: float[N, 3, 1]\ny = solve(a, b)")
