"""The eager interpreter: every value, every gradient, from the calculations of the book's chapter 5."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import graphlang as gl

FRUIT = """
input apple = 100, apple_num = 2, orange = 150, orange_num = 3, tax = 1.1
apples = apple * apple_num
oranges = orange * orange_num
both = apples + oranges
price = both * tax
output price
"""


def close(found: Any, expected: Any, relative: float = 1e-12) -> None:
    np.testing.assert_allclose(found, expected, rtol=relative, atol=1e-14)


# ---- the calculations of chapter 5 --------------------------------------------------------------------


def test_every_value_on_the_way_to_715_is_kept() -> None:
    result = gl.loads(FRUIT).run()
    values = {n: result[n] for n in ("apples", "oranges", "both", "price")}
    close(list(values.values()), [200, 450, 650, 715])
    assert all(type(v) is float for v in values.values())


def test_all_gradients_of_the_fruit_by_hand() -> None:
    grad = gl.loads(FRUIT).run().grad
    by_hand = {
        "apple": 2.2,
        "apple_num": 110,
        "orange": 3.3,
        "orange_num": 165,
        "tax": 650,
        "apples": 1.1,
        "oranges": 1.1,
        "both": 1.1,
        "price": 1,
    }
    assert set(grad) == set(by_hand)
    for name, expected in by_hand.items():
        close(grad[name], expected)


def test_a_seed_gradient_of_1_3_at_a_product_gives_6_5_and_13() -> None:
    result = gl.loads("input x = 10, y = 5\nz = x * y\noutput z").run(seed=1.3)
    assert result["z"] == 50
    close([result.grad["x"], result.grad["y"], result.grad["z"]], [6.5, 13, 1.3])


def test_backward_starts_from_any_value() -> None:
    forward = gl.loads(FRUIT).forward()
    oranges = forward.backward(of="oranges")
    assert oranges.of == "oranges"
    close([oranges.grad["orange"], oranges.grad["orange_num"]], [3, 150])
    assert oranges.grad["apple"] == 0
    assert oranges.grad["price"] == 0, "what comes after it does not change it"
    close(forward.backward(of="price", seed=2).grad["tax"], 1300)


def test_backward_from_an_input_is_the_seed_itself() -> None:
    result = gl.loads(FRUIT).run(of="tax", seed=3)
    assert result.grad["tax"] == 3
    assert result.grad["apple"] == 0


def test_the_gradient_of_a_power_of_a_sum_is_twice_the_sum() -> None:
    result = gl.loads("input x = 3, y = 4\nt = x + y\nz = t**2\noutput z").run()
    assert result["z"] == 49
    close([result.grad["x"], result.grad["y"], result.grad["t"]], [14, 14, 14])


def test_a_value_used_twice_gets_the_sum() -> None:
    close(gl.loads("input x = 3\ny = x * x\noutput y").run().grad["x"], 6)
    close(gl.loads("input x = 3\ny = x * x + x\noutput y").run().grad["x"], 7)
    close(gl.loads("input x = 3\na = 2 * x\nb = a * a\ny = b - a\noutput y").run().grad["x"], 22)


@pytest.mark.parametrize("activation", ["relu(x)", "x -> Relu"])
def test_a_sum_with_its_own_relu_passes_on_what_came_from_upstream(activation: str) -> None:
    result = gl.loads(f"input x: float[N]\nr = {activation}\ny = x + r\noutput y").run(x=[-1.0, 2.0])
    assert result.grad["x"].tolist() == [1, 2]
    assert result.grad["r"].tolist() == [1, 1]


def test_the_nodes_of_a_sigmoid_equal_the_layer_in_value_and_gradient() -> None:
    nodes = gl.loads("input x: float[N]\ny = 1 / (1 + exp(-x))\noutput y")
    layer = gl.loads("input x: float[N]\ny = x -> Sigmoid\noutput y")
    x = np.linspace(-6, 6, 13)
    a, b = nodes.run(x=x), layer.run(x=x)
    close(a["y"], b["y"])
    close(a.grad["x"], b.grad["x"])
    close(b.grad["x"], b["y"] * (1 - b["y"]))
    assert b["y"][6] == 0.5
    assert b.grad["x"][6] == 0.25


def test_the_steps_of_a_sigmoid_by_hand() -> None:
    result = gl.loads("input x = 1\na = -x\ne = exp(a)\ns = 1 + e\ny = 1 / s\noutput y").run()
    y = 1 / (1 + math.exp(-1))
    close(result["y"], y)
    close(result.grad["s"], -(y**2))
    close(result.grad["e"], -(y**2))
    close(result.grad["a"], -(y**2) * math.exp(-1))
    close(result.grad["x"], y * (1 - y))


# ---- layers -------------------------------------------------------------------------------------------


def affine(shape: str) -> gl.Graph:
    graph = gl.loads(f"input x: {shape}\ny = x -> Affine(3)\noutput y")
    graph.params["Affine1.W"][...] = [[1, 2, 3], [4, 5, 6]]
    graph.params["Affine1.b"][...] = [1, 1, 1]
    return graph


def test_affine_of_one_sample() -> None:
    result = affine("float[2]").run(x=[1.0, 2.0], seed=[1.0, 0.0, 2.0])
    assert result["y"].tolist() == [10, 13, 16]
    assert result.grad["x"].tolist() == [7, 16]
    assert result.grad["Affine1.W"].tolist() == [[1, 0, 2], [2, 0, 4]]
    assert result.grad["Affine1.b"].tolist() == [1, 0, 2]


def test_affine_of_a_batch_sums_the_bias_gradient_over_the_batch() -> None:
    result = affine("float[N, 2]").run(x=[[0.0, 0.0], [1.0, 1.0]], seed=[[1.0, 2, 3], [4, 5, 6]])
    assert result["y"].tolist() == [[1, 1, 1], [6, 8, 10]]
    assert result.grad["Affine1.b"].tolist() == [5, 7, 9]
    assert result.grad["Affine1.W"].tolist() == [[4, 5, 6], [4, 5, 6]]
    assert result.grad["x"].tolist() == [[14, 32], [32, 77]]


def softmax_gradient(x: Any, one_hot: Any) -> Any:
    e = np.exp(x)
    return (e / e.sum(axis=1, keepdims=True) - one_hot) / len(x)


def test_softmax_with_loss_gives_y_minus_t_over_n_for_labels_and_one_hot_rows() -> None:
    x = np.array([[0.3, 2.9, 4.0], [1.0, -1.0, 0.5]])
    one_hot = np.array([[0, 0, 1], [1, 0, 0]])
    labels = gl.loads("input x: float[N, 3], t: int[N]\nL = SoftmaxWithLoss(x, t)\noutput L").run(
        x=x, t=[2, 0]
    )
    rows = gl.loads("input x: float[N, 3], t: float[N, 3]\nL = SoftmaxWithLoss(x, t)\noutput L").run(
        x=x, t=one_hot
    )
    expected = -np.mean([x[0, 2] - np.log(np.exp(x[0]).sum()), x[1, 0] - np.log(np.exp(x[1]).sum())])
    for result in (labels, rows):
        close(result["L"], expected)
        close(result.grad["x"], softmax_gradient(x, one_hot))


def test_the_sum_of_squares_of_the_identity_gives_y_minus_t() -> None:
    text = "input x: float[N, 2], t: float[N, 2]\ny = x -> Identity\nL = SumSquaredError(y, t)\noutput L"
    result = gl.loads(text).run(x=[[1.0, 2.0]], t=[[0.5, 4.0]])
    close(result["L"], 0.5 * (0.25 + 4))
    assert result.grad["y"].tolist() == [[0.5, -2.0]]
    assert result.grad["x"].tolist() == [[0.5, -2.0]]
    assert result.grad["t"].tolist() == [[-0.5, 2.0]]


def test_an_alias_is_the_same_value() -> None:
    result = gl.loads("input x = 3\ny = x\nz = y * 2\nw = z\noutput w").run()
    assert [result["y"], result["z"], result["w"]] == [3, 6, 6]
    assert [result.grad["x"], result.grad["y"], result.grad["w"]] == [2, 2, 1]


def test_a_shared_layer_gets_the_gradient_of_both_uses() -> None:
    text = "input a: float[2], b: float[2]\nlayer f = Affine(1)\ny = sum(f(a)) + sum(f(b))\noutput y"
    result = gl.loads(text).run(a=[1.0, 2.0], b=[10.0, 20.0])
    assert result.grad["f.W"].tolist() == [[11], [22]]
    assert result.grad["f.b"].tolist() == [2]


# ---- a whole column at once ---------------------------------------------------------------------------


def test_a_scalar_input_takes_a_whole_column_and_gives_a_gradient_for_each() -> None:
    prices = np.array([100.0, 200.0, 300.0])
    result = gl.loads(FRUIT).run(apple=prices)
    close(result["price"], [715, 935, 1155])
    close(result.grad["apple"], [2.2, 2.2, 2.2])
    close(result.grad["tax"], 650 + 850 + 1050)
    assert type(result.grad["tax"]) is float


def test_scalar_inputs_of_two_shapes_broadcast() -> None:
    formula = gl.loads("z = x * y")
    result = formula.run(x=[[1.0], [2.0]], y=[10.0, 20.0, 30.0])
    assert result["z"].tolist() == [[10, 20, 30], [20, 40, 60]]
    assert result.grad["x"].tolist() == [[60], [60]]
    assert result.grad["y"].tolist() == [3, 3, 3]


def test_one_graph_runs_on_one_shape_after_another() -> None:
    graph = gl.loads("input x: float[N, D]\ny = sum(sqrt(1 + x**2), axis=1)\noutput y")
    for shape in [(1, 1), (4, 2), (2, 4), (1, 1)]:
        x = np.ones(shape)
        close(graph.run(x=x).grad["x"], x / np.sqrt(2))


# ---- gradients as values ------------------------------------------------------------------------------


def test_three_gradients_of_the_fifth_power_are_sixty_times_the_square() -> None:
    text = "input x = 2\ny = x**5\nd = grad(grad(grad(y, x), x), x)\noutput d"
    close(gl.loads(text).run()["d"], 240)
    close(gl.loads("input x = 2\nd = grad(grad(grad(x**5, x), x), x)\noutput d").run(x=-3.0)["d"], 540)


def test_backward_goes_through_a_gradient() -> None:
    result = gl.loads("input x = 2\ny = x**5\nd = grad(y, x)\noutput d").run()
    close(result["d"], 80)
    close(result.grad["x"], 160)
    assert result.grad["y"] == 0


def test_a_gradient_is_a_value_among_others() -> None:
    result = gl.loads("input x = 3, a = 2\ny = a * x**2\nz = grad(y, x) * a + y\noutput z").run()
    close(result["z"], 2 * 12 + 18)
    close(result.grad["x"], 2 * 4 + 12)
    close(result.grad["a"], 24 + 9)  # z = 2 a^2 x + a x^2


def test_a_gradient_inside_a_loss_reaches_the_parameters() -> None:
    """The penalty on a network's own slope: its gradient by W is of second order."""
    text = """
input x: float[N, 2]
param W: float[2, 3] = normal(1)
param v: float[3] = normal(1)
y = sum(tanh(x @ W) @ v)
slope = grad(y, x)
loss = sum(slope * slope)
output loss
"""
    graph = gl.loads(text, seed=4)
    x = np.array([[0.3, -0.2], [1.0, 0.5]])
    grad = graph.run(x=x).grad
    for name in ("W", "v"):
        array = graph.params[name]
        for place in np.ndindex(array.shape):
            kept = float(array[place])
            array[place] = kept + 1e-5
            above = graph.forward(x=x)["loss"]
            array[place] = kept - 1e-5
            below = graph.forward(x=x)["loss"]
            array[place] = kept
            close(grad[name][place], (above - below) / 2e-5, 1e-6)


def test_a_gradient_through_layers_equals_the_nodes() -> None:
    layer = gl.loads("input x: float[N]\nd = grad(sum(Sigmoid(x)), x)\noutput d")
    nodes = gl.loads("input x: float[N]\ny = 1 / (1 + exp(-x))\nd = y * (1 - y)\noutput d")
    x = np.linspace(-3, 3, 7)
    a, b = layer.run(x=x), nodes.run(x=x)
    close(a["d"], b["d"])
    close(a.grad["x"], b.grad["x"], 1e-9)


def test_a_gradient_of_what_does_not_depend_on_it_is_zero() -> None:
    result = gl.loads("input x: float[N], a = 2\nd = grad(a**2, x)\nz = sum(d)\noutput z").run(x=[1.0, 2.0])
    assert result["d"].tolist() == [0, 0]
    assert result.grad["a"] == 0


def test_stop_gradient_keeps_the_gradient_to_itself() -> None:
    result = gl.loads("input x = 3\ny = x * stop_gradient(x)\noutput y").run()
    assert result["y"] == 9
    assert result.grad["x"] == 3


# ---- modes --------------------------------------------------------------------------------------------


def test_dropout_is_the_identity_in_evaluation_and_scales_in_training() -> None:
    graph = gl.loads("input x: float[N]\ny = x -> Dropout(0.5)\nz = sum(y)\noutput z", seed=1)
    x = np.ones(1000)
    np.testing.assert_array_equal(graph.forward(x=x)["y"], x)
    trained = graph.forward(x=x, training=True)
    kept = trained["y"]
    assert set(np.unique(kept)) == {0.0, 2.0}
    assert 400 < np.count_nonzero(kept) < 600
    np.testing.assert_array_equal(trained.backward().grad["x"], kept)


def test_attention_in_training_differentiates_the_mask_that_it_drew() -> None:
    """Its backward is derived, and must not draw another mask than its forward did."""
    graph = gl.loads(
        "input x: float[N, T, 4]\ny = x -> Attention(2, dropout=0.5)\nz = sum(y)\noutput z", seed=2
    )
    x = np.random.default_rng(0).standard_normal((2, 3, 4))
    grad = graph.forward(x=x, training=True).backward().grad["x"]
    numbers = np.zeros_like(x)
    for place in np.ndindex(x.shape):
        moved = [x.copy(), x.copy()]
        moved[0][place] += 1e-5
        moved[1][place] -= 1e-5
        above, below = (graph.forward(x=m, training=True)["z"] for m in moved)
        numbers[place] = (above - below) / 2e-5
    np.testing.assert_allclose(grad, numbers, rtol=1e-6, atol=1e-8)


def test_a_gradient_of_a_gradient_sees_the_mask_of_its_forward() -> None:
    text = "input x: float[N]\ny = sum((x -> Dropout(0.5))**2)\nd = grad(y, x)\nz = sum(d)\noutput z"
    forward = gl.loads(text, seed=3).forward(x=np.ones(20), training=True)
    grad = forward.backward().grad["x"]
    np.testing.assert_array_equal(grad, forward["d"])  # z = sum(2 m^2 x), so dz/dx = 2 m^2 = d at x = 1


def test_batch_norm_takes_the_batch_in_training_and_its_state_in_evaluation() -> None:
    graph = gl.loads("input x: float[N, 2]\ny = x -> BatchNorm\noutput y")
    x = np.array([[1.0, 2.0], [3.0, 6.0]])
    close(graph.forward(x=x)["y"], x / np.sqrt(1 + 1e-5))
    trained = graph.forward(x=x, training=True)["y"]
    close(trained, [[-1, -1], [1, 1]], 1e-5)
    assert graph.params["BatchNorm1.mean"].tolist() == [0, 0], "a run changes no state"


def test_float32_runs_in_float32_from_end_to_end() -> None:
    text = "input x: float[N, 3], t: int[N]\ny = x -> Affine(4) -> Gelu -> LayerNorm\nL = SoftmaxWithLoss(y, t)\noutput L"
    graph = gl.loads(text, dtype="float32")
    result = graph.run(x=np.ones((2, 3)), t=[0, 1], of="L")
    arrays = [result["y"], *(result.grad[n] for n in graph.params), result.grad["x"]]
    assert {a.dtype for a in arrays} == {np.dtype(np.float32)}


def test_a_chain_of_ten_thousand_nodes_runs_forward_and_backward() -> None:
    text = "input x = 1\n" + "\n".join(f"v{i + 1} = {'x' if i == 0 else f'v{i}'} + x" for i in range(10000))
    result = gl.loads(text + "\noutput v10000").run()
    assert result["v10000"] == 10001
    assert result.grad["x"] == 10001
