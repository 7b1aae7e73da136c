"""Specs from Python or JSON that are unsound: each is refused as a GraphError, with no other exception."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import graphlang as gl

BASE: dict[str, Any] = {
    "inputs": [{"name": "x"}],
    "nodes": [{"name": "y", "operation": "sin", "operands": ["x"]}],
    "outputs": ["y"],
}
SGD = {"optimizer": {"name": "SGD"}, "batch": 1, "epochs": 1}


def spec(**parts: Any) -> dict[str, Any]:
    return {**BASE, **parts}


def node(**parts: Any) -> dict[str, Any]:
    return spec(nodes=[{"name": "y", "operation": "sin", "operands": ["x"], **parts}])


def param(**parts: Any) -> dict[str, Any]:
    return spec(params=[{"name": "W", "shape": [3], "init": {"name": "zeros"}, **parts}])


def scan(**parts: Any) -> dict[str, Any]:
    body = {"inputs": [{"name": "a"}], "nodes": [], "following": [], "yields": ["a"]}
    return node(operation="scan", body={**body, **parts.pop("body", {})}, **parts)


def prepared(expression: Any) -> dict[str, Any]:
    source = {"name": "csv", "attributes": {"path": "a.csv"}}
    return spec(data={"source": source, "fields": {"x": "q"}, "prepared": {"q": expression}})


WRONG_EXPRESSIONS: list[Any] = [
    5,
    "a",
    {},
    {"field": 3},
    {"list": []},
    {"list": [1]},
    *(
        {"text": "q", "of": [{"field": "a"}], **more}
        for more in (
            {"call": "nope"},
            {"call": ["log"]},
            {"call": "log", "of": []},
            {"call": "log", "text": 3},
            {"call": "+"},
            {"call": "where"},
            {"call": "impute"},
            {"call": "impute", "with": "mode"},
            {"call": "one_hot"},
            {"call": "category", "of": [{"list": [{"field": "a"}]}]},
            {"call": "category", "unknown": 1.5},
            {"call": "words"},
            {"call": "words", "length": -3},
            {"call": "words", "length": 10**30},
            {"call": "words", "length": 3, "most": 1},
            {"call": "word_count", "length": True},
            {"call": "log", "of": [{"field": "a"}, "b"]},
        )
    ),
]


def deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


NODE_JSON = '{"inputs":[{"name":"x"}],"nodes":[{"name":"y","operation":"sin","operands":["x"],"attributes":{"a":%s}}]}'


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(node(operands=["y"]), id="feeds itself"),
        spec(nodes=[{"name": a, "operation": "sin", "operands": [b]} for a, b in ("yz", "zy")]),
        pytest.param(node(attributes={"a": deep(100_000)}), id="deep attribute"),
        pytest.param("[" * 100_000, id="open brackets"),
        pytest.param('{"nodes":' + "[" * 900 + "]" * 900 + "}", id="deep nodes"),
        pytest.param('{"hypers":{"a":' + '{"a":' * 900 + "1" + "}" * 902, id="deep hypers"),
        pytest.param(NODE_JSON % ("[" * 900 + "]" * 900), id="deep attribute in JSON"),
        spec(outputs=["q"]),
        spec(expects=[{"left": "q", "right": 1}]),
        spec(train={"minimize": "q", **SGD}),
        spec(train={"minimize": "y", "metrics": {"a": "q"}, **SGD}),
        spec(gradcheck={"of": "q"}),
        spec(data={"source": {"name": "npz", "attributes": {"path": "a.npz"}}, "fields": {"q": "q"}}),
        *map(prepared, WRONG_EXPRESSIONS),
        node(parameters={"W": "q"}),
        node(operation="q"),
        node(operation="grad"),
        node(operation="grad", operands=[1, 2]),
        node(operation="scan"),
        scan(body={"following": ["q"]}),
        scan(attributes={"part": "q"}),
        scan(attributes={"part": -5}),
        node(shape=["*".join(["N"] * 200)]),
        node(shape=["q = 1"]),
        node(shape=["output y"]),
        node(shape=["1 / 0"]),
        node(shape=["9 ** 9 ** 9 ** 9"]),
        node(attributes={"a": {"dim": "input x"}}),
        node(attributes={"a": {"dim": "(" * 2000}}),
        spec(inputs=[{"name": "x"}, {"name": "x"}]),
        param(shape=[-3]),
        param(shape=[1] * 100),
        param(shape=[10**6, 10**6]),
        pytest.param(spec(nodes=[{"name": f"y{i}", "operation": "sin", "operands": ["x"]} for i in range(100_001)], outputs=[]), id="many nodes"),
        pytest.param(None, id="nothing"),
        pytest.param("\ud800", id="surrogate"),
    ],
)  # fmt: skip
def test_an_unsound_spec_is_refused(data: Any) -> None:
    with pytest.raises(gl.GraphError) as caught:
        gl.Graph.from_spec(data)
    assert caught.value.diagnostics[0].code in ("GL710", "GL803", "GL804")
    assert len(str(caught.value).encode("utf-8", "replace")) <= 4096


@pytest.mark.parametrize(
    ("data", "use"),
    [
        (param(init={"name": "q"}), lambda g: g.params["W"]),
        (param(init={"name": "normal", "attributes": {"q": 1}}), lambda g: g.params["W"]),
        (spec(train={**SGD, "minimize": "y", "optimizer": {"name": "q"}}), lambda g: g.fit(x=[1.0])),
        (
            spec(train={**SGD, "minimize": "y", "optimizer": {"name": "SGD", "attributes": {"q": 2}}}),
            lambda g: g.fit(x=[1.0]),
        ),
        (node(parameters={"W": "x"}), lambda g: g.run(x=1)),
        (node(operands=["x", "x"]), lambda g: g.run(x=1)),
        (node(operands=[]), lambda g: g.run(x=1)),
        (node(operation="constant", operands=[]), lambda g: g.run(x=1)),
        (node(operation="constant", operands=[], attributes={"value": "text"}), lambda g: g.run(x=1)),
        (node(operation="constant", operands=[], attributes={"value": [[1, 2], [3]]}), lambda g: g.run(x=1)),
        (spec(inputs=[{"name": "x", "default": {"a": 1}}]), lambda g: g.run()),
        (spec(inputs=[{"name": "x", "default": "text"}]), lambda g: g.run()),
        (spec(inputs=[{"name": "x", "shape": [2], "default": [[1]]}]), lambda g: g.run()),
    ],
)
def test_what_only_shows_when_it_is_used_is_refused_there(
    data: dict[str, Any], use: Callable[[gl.Graph], Any]
) -> None:
    graph = gl.Graph.from_spec(data)
    with pytest.raises(gl.GraphError):
        use(graph)


def gradients(levels: int) -> str:
    lines = [f"y{i + 1} = grad(y{i}, x)" for i in range(levels)]
    return "\n".join(["input x = 2", "y0 = exp(sin(x)) * x", *lines])


def test_gradients_of_gradients_are_counted_before_any_runs() -> None:
    assert gl.loads(gradients(5)).run()
    with pytest.raises(gl.GraphError, match="`grad`s go back through more than 250,000 nodes") as caught:
        gl.loads(gradients(12))
    assert [(d.code, d.line) for d in caught.value.diagnostics] == [("GL803", 13)]


def test_gradients_of_every_value_of_a_chain_are_counted() -> None:
    chain = ["input x0 = 1", *(f"x{i + 1} = sin(x{i})" for i in range(2000))]
    every = [f"g{i} = grad(x{i}, x0)" for i in range(1, 2000)]
    with pytest.raises(gl.GraphError, match="`grad`s go back through"):
        gl.loads("\n".join([*chain, *every]))
    assert gl.loads("\n".join([*chain, "g = grad(x2000, x0)"])).network.nodes


def test_the_same_spec_is_let_through_by_a_higher_limit() -> None:
    text = gl.loads(gradients(6)).spec.model_dump_json()
    with pytest.raises(gl.GraphError, match="GL803"):
        gl.Graph.from_spec(text, limits=gl.Limits(gradients=100))
    assert gl.Graph.from_spec(text, limits=gl.Limits(gradients=10_000)).run()


@pytest.mark.parametrize(
    "size",
    [
        " * ".join(f"(A{i} + B{i})" for i in range(18)),
        " * ".join(["A0"] * 100),
        "(" * 300 + "A0" + " // 2 * 3 + 1)" * 300,
        " * ".join(["10**18"] * 30) + " * A0",
    ],
    ids=["sums", "powers", "quotients", "numbers"],
)
def test_a_size_of_too_many_terms_is_refused(size: str) -> None:
    inputs = "\n".join(f"input x{i}: float[A{i}, B{i}]" for i in range(18))
    with pytest.raises(gl.GraphError, match="GL408"):
        gl.loads(f"{inputs}\ny = zeros({size})")


@pytest.mark.parametrize("number", ["10**(N * 10**18)", "(N * 10**18)**(N * 10**15)", "2**2**(N * 100)"])
def test_a_power_of_sizes_that_is_too_large_is_refused_when_they_are_known(number: str) -> None:
    graph = gl.loads(f"input x: float[N]\ny = x * {number}")
    with pytest.raises(gl.GraphError, match="too large"):
        graph.run(x=[1, 2])


@pytest.mark.parametrize("number", ["9**9**9**9", "2**63 * 4", "1e308 * 10", "1e300**2", "10**400"])
def test_arithmetic_of_constants_stays_finite(number: str) -> None:
    with pytest.raises(gl.GraphError, match="too large"):
        gl.loads(f"hyper a = {number}\ny = a * x")
