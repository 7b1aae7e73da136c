"""Every random value has a stream of its own: adding one changes the numbers of no other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphlang as gl

HEAD = """
input x: float[N, 3]
def noisy(a) { e = random_like(a); return a + e }
def noisier(a) { return a + 2 * random_like(a) }
"""
X = np.zeros((2, 3))
ALONE: dict[str, Any] = {}
"""The values of statements without any other."""


def value(body: str, name: str = "y") -> Any:
    return gl.loads(f"{HEAD}{body}\noutput {name}", seed=7).forward(x=X)[name]


@pytest.mark.parametrize(
    "statement",
    [
        "y = x + random_like(x)",
        "y = noisy(x)",
        "y = 3 * noisier(x) + 1",
        "y = x -> repeat 3 { noisy -> noisier }",
        "y = sum(stack([x -> noisy for i in range(2)]), axis=0)",
        "y = scan a in x, axis=1 carry h = zeros(N) { n = h + random_like(h); next h = n; yield n }",
        "y = scan a in x, axis=1 carry h = zeros(N) { next h = h + random_like(h); yield h }",
        "layer shared = noisier\nz = shared(x)\ny = shared(x) + random_uniform(N, 3)",
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "other",
    [
        "r = random_like(x)",
        "r = x + 2 * random_like(x)",
        "r = noisy(x) + noisier(x)",
        "r = x -> repeat 2 { noisy }",
        "r = scan a in x, axis=1 carry h = zeros(N) { n = h + random_like(h); next h = n; yield n }",
    ],
)
def test_adding_a_random_value_changes_no_other(statement: str, other: str) -> None:
    if statement not in ALONE:
        ALONE[statement] = value(statement)
    alone = ALONE[statement]
    assert np.any(alone != 0)
    behind = other.replace("r =", "q =")
    np.testing.assert_array_equal(value(f"{other}\n{statement}\n{behind}"), alone)


def test_adding_one_behind_another_of_the_same_statement_changes_only_the_sum() -> None:
    more = value("y = x + random_like(x) + 0 * random_normal(N, 3) + 0 * random_like(x)")
    np.testing.assert_array_equal(more, value("y = x + random_like(x)"))


def test_copies_and_uses_have_numbers_of_their_own() -> None:
    for statement in (
        "y = random_like(x) - random_like(x)",
        "y = noisy(x) - noisy(x)",
        "a = noisier(x); b = noisier(x); y = a - b",
        "y = (x -> repeat 2 { noisier }) - 2 * (x -> noisier)",
        "layer one = noisier\ny = one(x) - one(x)",
    ):
        assert np.all(value(statement) != 0), statement


def test_a_stream_does_not_depend_on_spaces_and_comments() -> None:
    np.testing.assert_array_equal(
        value("y =  x   +  random_like( x )  # noise"), value("# before\n\ny = x + random_like(x)")
    )


def test_the_streams_come_back_from_the_json_of_a_spec() -> None:
    graph = gl.loads(f"{HEAD}y = noisier(x) + random_like(x)\noutput y", seed=7)
    again = gl.Graph.from_spec(graph.spec.model_dump_json(), seed=7)
    np.testing.assert_array_equal(again.forward(x=X)["y"], graph.forward(x=X)["y"])


def test_another_name_of_a_random_value_is_another_graph_for_a_run_that_goes_on(tmp_path: Any) -> None:
    from graphlang.datasets.arrays import from_arrays
    from graphlang.training.loop import train

    text = (
        "input x: float[N]\nparam w: float = 1\n{0} = random_like(x)\nloss = mean((x * w + {0})**2)\noutput loss\n"
        "train {{ minimize = loss; optimizer = SGD(0.1); batch = 2; epochs = 1 }}"
    )
    data, fields = from_arrays(x=np.ones(4)), {"x": "x"}
    train(gl.loads(text.format("noise")).model, data, fields=fields, folder=tmp_path / "run")
    with pytest.raises(gl.GraphError, match="noise"):
        train(gl.loads(text.format("other")).model, data, fields=fields, resume=tmp_path / "run")
