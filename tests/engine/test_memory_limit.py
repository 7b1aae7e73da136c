"""What takes more memory than the limit is refused from its sizes, before anything is computed."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import graphlang as gl
from graphlang.checks.expectations import check_expectations

OUTER = "input x: float[N]\ny = reshape(x, N, 1) * reshape(x, 1, N)\nz = sum(y)"
NETWORK = """\
input x: float[N, 10], t: float[N, 10]
y = x -> Affine(1000) -> Relu -> Affine(1000) -> Affine(10)
loss = sum((y - t)**2)
train { minimize = loss; optimizer = Adam(lr=0.1); batch = 5000; epochs = 1 }
"""
LOOP = """\
input xs: float[N, T, D]
h = scan x in xs carry s = zeros(N, D) {
  n = s + x
  next s = n
  yield n
}
y = sum(h)
"""


def refusal(work: Callable[[], Any]) -> tuple[str, int | None]:
    """The code and the line of the one diagnostic; nothing large is allocated on the way."""
    tracemalloc.start()
    try:
        with pytest.raises(gl.GraphError) as caught:
            work()
        assert tracemalloc.get_traced_memory()[1] < 2**26
    finally:
        tracemalloc.stop()
    (problem,) = caught.value.diagnostics
    return problem.code, problem.line


@pytest.mark.parametrize(
    "value",
    [
        "arange(3000000000)",
        "arange(-2**62, 2**62)",
        "ones(100000, 100000)",
        "zeros(2**62)",
        "full(1000000, 1000000, value=2)",
        "eye(100000)",
        "broadcast_to(x, 200000, 200000)",
        "pad(ones(3, 3), [[10**9, 10**9], [10**9, 10**9]])",
        "one_hot(arange(1000000), 1000000)",
        "reshape(ones(100000), 100000, 1) + reshape(ones(100000), 1, 100000)",
        "reshape(ones(100000), 100000, 1) @ reshape(ones(100000), 1, 100000)",
        'einsum(ones(100000), ones(100000), "i,j->ij")',
        "ones(100000)[arange(10**9)]",
        "causal_mask(zeros(100000, 100000))",
        "stack(ones(400000000), ones(400000000))",
        "concat(ones(400000000), ones(400000000) * x)",
    ],
)
def test_a_value_beyond_the_limit_is_refused_on_loading(value: str) -> None:
    assert refusal(lambda: gl.loads(f"input x = 1\ny = {value}\nz = sum(y)")) == ("GL804", 2)


def test_a_constant_within_the_limit_is_not_computed_on_loading() -> None:
    tracemalloc.start()
    try:
        gl.loads("y = sum(arange(300000000))")
        assert tracemalloc.get_traced_memory()[1] < 2**24
    finally:
        tracemalloc.stop()


def test_the_padded_images_of_a_convolution_count() -> None:
    text = "input x: float[N, 1, H, W]\ny = sum(x -> Conv(1, 3, pad=100000, stride=200000))"
    assert refusal(lambda: gl.loads(text)) == ("GL804", 2)


def test_padding_that_is_no_part_of_a_window_costs_nothing() -> None:
    graph = gl.loads("input x: float[N, C, H, W]\ny = sum(x -> MaxPool(1000000001, pad=500000000))")
    assert graph.run(x=np.ones((1, 1, 2, 2)))["y"] == 1


@pytest.mark.parametrize("run", ["run", "forward", "predict"])
def test_a_run_is_refused_from_the_sizes_of_its_inputs(run: str) -> None:
    graph, x = gl.loads(OUTER), np.ones(50_000)
    assert refusal(lambda: getattr(graph, run)(x=x)) == ("GL804", 2)
    assert getattr(graph, run)(x=x[:10])


def test_a_run_of_arrays_where_numbers_were_declared_is_refused_too() -> None:
    graph = gl.loads("y = sum(a * b)")
    a, b = np.ones((50_000, 1)), np.ones((1, 50_000))
    assert refusal(lambda: graph.run(a=a, b=b)) == ("GL804", 1)
    assert refusal(lambda: graph.predict(a=a, b=b)) == ("GL804", 1)


def test_all_values_and_gradients_of_an_eager_run_count_together() -> None:
    lines = [f"x{i + 1} = x{i} * 2" for i in range(10)]
    text = "\n".join(["input x0: float[N]", *lines, "y = sum(x10)"])
    graph = gl.loads(text, limits=gl.Limits(memory=100_000 * 8 * 20))
    assert refusal(lambda: graph.run(x0=np.ones(100_000)))[0] == "GL804"
    assert graph.run(x0=np.ones(50_000))["y"] == 50_000 * 2**10


def test_constants_of_a_planned_program_count_together() -> None:
    graph = gl.loads("a = arange(300000000)\nb = a * 2\nc = sum(a + b)")
    assert refusal(lambda: graph.predict())[0] == "GL804"


def test_parameters_are_refused_before_they_are_drawn() -> None:
    text = "input x: float[N, 100000]\ny = x -> Affine(10000)"
    assert refusal(lambda: gl.loads(text)) == ("GL804", 2)
    gl.loads(text, dtype="float32")


def test_a_training_step_is_refused_by_the_memory_of_its_plan() -> None:
    graph = gl.loads(NETWORK, limits=gl.Limits(memory=50 * 2**20))
    x = np.ones((5000, 10), np.float32)
    with pytest.raises(gl.GraphError, match="the planned program takes") as caught:
        graph.fit(x=x, t=x)
    assert (caught.value.diagnostics[0].code, caught.value.diagnostics[0].line) == ("GL804", 2)
    graph.fit(x=x[:100], t=x[:100], batch=10)


def test_random_inputs_of_a_gradient_check_are_refused_before_they_are_drawn() -> None:
    text = "input x: float[N, 100000000]\ny = sum(x)\ngradcheck { of = y; batch = 1000 }"
    graph = gl.loads(text)
    assert refusal(graph.gradcheck) == ("GL804", 1)


def test_expectations_are_refused_from_their_sizes() -> None:
    graph = gl.loads(f"{OUTER}\nexpect z ~= 1")
    assert refusal(lambda: check_expectations(graph.model, {"x": np.ones(50_000)})) == ("GL804", 2)


def test_the_steps_of_a_scan_are_counted_before_the_first() -> None:
    graph = gl.loads(LOOP)
    assert refusal(lambda: graph.run(xs=np.ones((1, 10**6 + 1, 1)))) == ("GL803", 2)
    assert graph.run(xs=np.ones((1, 10, 1)))["y"] == 55


def test_a_limit_that_is_raised_lets_the_run_through() -> None:
    x = np.ones(2000)
    assert refusal(lambda: gl.loads(OUTER, limits=gl.Limits(memory=10**7)).run(x=x))[0] == "GL804"
    assert gl.loads(OUTER, limits=gl.Limits(memory=10**9)).run(x=x)["z"] == 4_000_000
