"""Results, histories, errors and graphs as Python objects: mappings, comparison, pickles and copies."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

import graphlang as gl

TEXT = """
input x: float[N, 2], t: float[N, 1]
y = x -> Affine(1)
loss = MeanSquaredError(y, t)
output y
train { minimize = loss; optimizer = SGD(lr=0.1); batch = 4; epochs = 2 }
"""
X, T = np.arange(8.0).reshape(4, 2) / 8, np.ones((4, 1))
COPIES: list[Callable[[Any], Any]] = [copy.copy, copy.deepcopy, lambda v: pickle.loads(pickle.dumps(v))]


class Doubled(gl.Layer):
    """y = 2x"""

    def forward(self, x):
        return 2 * x


def apples(times: int = 1) -> Any:
    graph = gl.loads(
        "input apple = 100, num = 2, tax = 1.1\ntotal = apple * num\nprice = total * tax\noutput price"
    )
    for _ in range(times):
        result = graph.run()
    return result


@pytest.mark.parametrize("times", [1, 2])
def test_a_result_is_a_mapping_in_every_way(times: int) -> None:
    result = apples(times)
    names = ["apple", "num", "tax", "total", "price"]
    numbers = [100, 2, 1.1, 200, pytest.approx(220)]
    assert isinstance(result, Mapping)
    assert list(result) == list(result.keys()) == names
    assert list(result.values()) == numbers
    assert list(result.items()) == list(zip(names, numbers, strict=True))
    assert (len(result), "tax" in result, "taxes" in result) == (5, True, False)
    assert (result.get("tax"), result.get("taxes"), result.get("taxes", 7)) == (1.1, None, 7)
    assert dict(result) == result.named == dict(zip(names, numbers, strict=True))
    assert {**result.grad} == dict(result.grad)
    assert next(iter(result.grad.values())) == pytest.approx(2.2)
    match result:
        case {"total": total}:
            assert total == 200


def test_results_are_equal_where_their_numbers_are() -> None:
    graph = gl.loads(TEXT)
    a, b, other = graph.run(x=X, t=T), graph.run(x=X, t=T), graph.run(x=X + 1, t=T)
    assert a == b
    assert a.grad == b.grad
    assert a != other
    assert a == dict(b)
    assert a != graph.run(x=X, t=T, of="y", seed=np.ones((4, 1)))
    assert a != graph.run(x=X[:2], t=T[:2])
    assert a != 3
    assert graph.forward(x=X, t=T) == a
    assert apples() == {"apple": 100, "num": 2, "tax": 1.1, "total": 200, "price": 220.00000000000003}
    with pytest.raises(TypeError, match="unhashable"):
        hash(a)


@pytest.mark.parametrize("copied", COPIES)
@pytest.mark.parametrize("times", [1, 2])
def test_a_copy_of_a_result_has_its_values(copied: Callable[[Any], Any], times: int) -> None:
    result = apples(times)
    again = copied(result)
    assert again == result
    assert (again.of, again.outputs, again.as_json()) == (result.of, result.outputs, result.as_json())
    assert copied(result.grad) == result.grad
    with pytest.raises(gl.GraphError, match="no value `taxes`"):
        again["taxes"]
    assert again.get("taxes") is None


@pytest.mark.parametrize("copied", COPIES)
def test_a_copy_of_a_result_knows_which_gradients_arrive(copied: Callable[[Any], Any]) -> None:
    result = gl.loads("input x = 2, y = 3\nz = y + 1\nw = x * x\noutput w").run()
    expected = {"x": True, "y": False, "z": False, "w": True}
    assert {name: result.grad.arrives(name) for name in result.grad} == expected
    again = copied(copied(result))
    assert {name: again.grad.arrives(name) for name in again.grad} == expected
    assert again.grad["y"] == 0


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_every_kind_of_result_can_be_pickled(protocol: int) -> None:
    graph = gl.loads(TEXT)
    results = [apples(1), apples(2), graph.run(x=X, t=T), graph.forward(x=X, t=T).result()]
    results.append(graph.run(x=X, t=T, of="y", seed=np.ones((4, 1))))
    for result in results:
        again = pickle.loads(pickle.dumps(result, protocol))
        assert again == result
        assert str(again) == str(result)
        assert again.to_dict().keys() == result.to_dict().keys()


def test_a_deep_copy_shares_no_array() -> None:
    result = gl.loads(TEXT).run(x=X, t=T)
    again = copy.deepcopy(result)
    again["y"][:] = 7
    assert not np.any(result["y"] == 7)


@pytest.mark.parametrize("copied", COPIES)
def test_histories_reports_and_errors_are_copied(copied: Callable[[Any], Any]) -> None:
    graph = gl.loads(TEXT)
    history = graph.fit(x=X, t=T)
    assert copied(history) == history
    report = graph.gradcheck()
    assert copied(report) == report
    for call in (lambda: gl.loads("input x\ny = aple * xx"), graph.run, lambda: graph.run(x=X, t=T)["yy"]):
        with pytest.raises(gl.GraphError) as caught:
            call()
        again = copied(caught.value)
        assert type(again) is caught.type
        assert str(again) == str(caught.value)
        assert [d.as_json() for d in again.diagnostics] == [d.as_json() for d in caught.value.diagnostics]


@pytest.mark.parametrize("copied", COPIES)
def test_a_copy_of_a_graph_computes_the_same_and_learns_on_its_own(copied: Callable[[Any], Any]) -> None:
    text = TEXT.replace("Affine(1)", "Doubled -> Affine(1)")
    graph = gl.loads(text, layers=[Doubled], dtype="float64", seed=5, threads=1)
    graph.fit(x=X, t=T)
    graph.predict(x=X)
    again = copied(graph)
    assert (again.dtype, again.seed, again.threads, again.spec) == (graph.dtype, 5, 1, graph.spec)
    assert again.history == graph.history
    assert again.run(x=X, t=T) == graph.run(x=X, t=T)
    before = graph.params.copies()
    again.fit(x=X, t=T)
    assert not np.array_equal(again.params["Affine1.W"], before["Affine1.W"])
    assert all(np.array_equal(graph.params[name], before[name]) for name in before)


@pytest.mark.parametrize("copied", COPIES)
def test_a_forward_pass_and_a_compiled_graph_say_what_to_copy_instead(copied: Callable[[Any], Any]) -> None:
    graph = gl.loads(TEXT)
    with pytest.raises(TypeError, match=r"pickle or copy `\.result\(\)`"):
        copied(graph.forward(x=X, t=T))
    assert copied(graph.forward(x=X, t=T).result())["loss"] > 0
    for compiled in (graph.compile(), graph.compile(train=True), graph.compile(wrt="y")):
        with pytest.raises(TypeError, match="pickle the graph, and compile it again"):
            copied(compiled)


@pytest.mark.parametrize(
    "text", ["input x = 2\ninput y = -1.5\noutput x", "input x = 2\ninput y = 3\nz = x\noutput z"]
)
def test_an_input_with_a_value_is_listed_also_where_nothing_needs_it(text: str) -> None:
    graph = gl.loads(text)
    first, again = graph.run(), graph.run()
    assert list(first) == list(again) == list(graph.run(y=5))
    assert "y" in first
    assert dict(first.grad) == dict(again.grad)
    assert first.grad["y"] == 0
