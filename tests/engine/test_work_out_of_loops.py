"""What no repetition of a loop hands on to the next is computed for all of them at once."""

from __future__ import annotations

from collections import Counter
from math import inf
from typing import Any

import numpy as np
import pytest

import graphlang as gl
from graphlang.engine.passes import optimised
from graphlang.engine.passes.common import common_subexpressions
from graphlang.engine.passes.loops import IN_CACHE, ON_DEVICES, LoopRules, move_out_of_loops
from graphlang.engine.program import Program
from graphlang.engine.recording import Storage, record_gradients
from graphlang.trace import SymbolicArray, replay
from tests.engine.scan_samples import BODIES, graph_of, numbers

RECURRENT = (
    "param W: float[3, 3] = normal(std=0.5), b: float[3] = zeros\n"
    "hs = scan x in xs carry h = zeros(N, 3) {\n"
    "  a = tanh(x @ W + h @ V + b)\n  next h = a\n  yield a @ V\n}\ny = hs * w"
)


def gradients_of(graph: gl.Graph, rows: int, length: int) -> Program:
    network = graph.network
    shapes = {"xs": (rows, length, 3), "w": (), "count": (rows, 3)}
    kinds = {"count": np.dtype(np.int64)}
    storage = {
        network.numbers[n]: Storage(shapes[n], kinds.get(n, np.dtype(np.float64))) for n in network.inputs
    }
    wrt = {n: network.numbers[n] for n in ("xs", *graph.params)}
    sizes = {"N": rows, "T": length}
    recorded = record_gradients(network, storage, np.float64, sizes, network.numbers["L"], wrt)
    return common_subexpressions(recorded.program)


def values(program: Program, given: dict[str, Any]) -> dict[str, Any]:
    feeds = {x: given[label] for label, x in program.inputs.items()}
    outputs = {k: v for k, v in program.outputs.items() if isinstance(v, SymbolicArray)}
    return dict(zip(outputs, replay(program.results[0].trace, list(outputs.values()), feeds), strict=True))


def steps_in_loops(program: Program) -> Counter[str]:
    names: Counter[str] = Counter()
    calls: dict[Any, list[Any]] = {}
    for step in program.steps:
        if step.primitive.joint:
            calls.setdefault(step.params["body"], []).append(step.params["result"])
    for body, results in calls.items():
        names.update(s.primitive.name for s in body.needed(results)[0])
    return names


@pytest.mark.parametrize("rules", [IN_CACHE, ON_DEVICES], ids=["in cache", "on devices"])
@pytest.mark.parametrize("name", BODIES)
def test_a_loop_computes_the_same_with_less_in_it(name: str, rules: LoopRules) -> None:
    graph = graph_of(BODIES[name])
    program = gradients_of(graph, 2, 4)
    moved = move_out_of_loops(program, rules)
    given = {**numbers(2, 4), **dict(graph.params)}
    before, after = values(program, given), values(moved, given)
    for label, array in before.items():
        np.testing.assert_allclose(after[label], array, rtol=1e-11, atol=1e-12)
    assert steps_in_loops(moved).total() <= steps_in_loops(program).total()


def test_one_product_with_the_carried_value_stays_in_either_loop() -> None:
    program = gradients_of(graph_of(RECURRENT), 4, 5)
    assert steps_in_loops(program)["matmul"] == 9
    assert steps_in_loops(move_out_of_loops(program))["matmul"] == 2


def test_large_products_stay_in_the_loop_where_they_are_in_cache() -> None:
    program = gradients_of(graph_of(RECURRENT), 2**15, 2)
    moved = move_out_of_loops(program)
    assert steps_in_loops(moved)["matmul"] == steps_in_loops(program)["matmul"]
    assert steps_in_loops(move_out_of_loops(program, ON_DEVICES))["matmul"] == 2


IN_THE_LOOPS = {"matmul": 9, "add": 7, "transpose": 3, "tanh": 1, "tanh_slope": 1, "chain": 1, "sum": 1}
LEAST = {"matmul": 2, "add": 3, "tanh": 1, "chain": 1}


@pytest.mark.parametrize(
    ("rules", "left"),
    [
        (LoopRules(inf, inf, inf), LEAST),
        (LoopRules(12, 12, 12), LEAST),  # every array of a repetition has 12 elements at most
        (LoopRules(11, 11, 11), IN_THE_LOOPS),
        (LoopRules(product=inf, step=0, sum=inf), {**LEAST, "tanh_slope": 1}),
        (LoopRules(product=0, step=inf, sum=inf), {**LEAST, "matmul": 6}),
        (LoopRules(product=inf, step=inf, sum=0), {**LEAST, "matmul": 5, "add": 7, "sum": 1}),
    ],
)
def test_products_sums_and_other_steps_have_limits_of_their_own(
    rules: LoopRules, left: dict[str, int]
) -> None:
    program = gradients_of(graph_of(RECURRENT), 4, 5)
    assert steps_in_loops(program) == IN_THE_LOOPS
    assert steps_in_loops(move_out_of_loops(program, rules)) == left


def test_a_program_without_loops_is_left_as_it_is() -> None:
    graph = gl.loads("input xs: float[N, T, 3]\nL = sum(xs * xs)\noutput L")
    program = gradients_of(graph, 2, 2)
    assert move_out_of_loops(program) is program


def test_a_loop_of_no_repetitions_is_left_as_it_is() -> None:
    text = "zs = xs[:, 4:]\nhs = scan x in zs carry h = w * xs[:, 0] { a = h + x @ V\n next h = a\n yield a }\ny = hs"
    graph = graph_of(text)
    program = optimised(gradients_of(graph, 2, 4))
    given = {**numbers(2, 4), **dict(graph.params)}
    assert values(program, given)["gradient xs"].tolist() == np.zeros((2, 4, 3)).tolist()
    inputs = numbers(2, 4)
    used = {k: v for k, v in inputs.items() if k != "count"}
    assert graph.run(inputs)["hs"].shape == graph.compile(of="hs")(used).shape == (2, 0, 3)


WITH_NUMBERS = ["z + i / 5", "z + sqrt(table[4] + i)"]
WITH_PLACES = ["table[i] * z", "z + table[i]", "z * table[i] + random_normal(3)", *WITH_NUMBERS]


@pytest.mark.parametrize(
    ("elements", "body"),
    [*[("arange(5)", body) for body in WITH_PLACES], *[("linspace(0, 1, 5)", body) for body in WITH_NUMBERS]],
)
@pytest.mark.parametrize("start", ["w", "zeros(3)", "random_normal(3)"])
def test_a_loop_over_constants_is_planned_as_it_is_interpreted(elements: str, body: str, start: str) -> None:
    text = f"""
        param w: float[3] = [1, 2, 3]
        table = cumprod(linspace(0.9, 0.5, 5))
        s = scan i in {elements}, reverse=true carry z = {start} {{ next z = {body}; last z }}
        loss = sum(s * w)
        """
    graph = gl.loads(text, dtype="float64")
    eager = graph.run(of="loss")
    value, gradients = graph.compile(wrt=["w"], of="loss")()
    np.testing.assert_allclose(value, eager["loss"], rtol=1e-12)
    np.testing.assert_allclose(gradients["w"], eager.grad["w"], rtol=1e-12)
