"""What would be too large is counted before it is written out: the work done is small, whatever the sizes are."""

from __future__ import annotations

from typing import Any

import pytest

import graphlang as gl
from graphlang.resolve import file
from graphlang.resolve.context import Context

INPUT = "input x = 1\n"


@pytest.fixture
def entered(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The values that are entered on the way."""
    values: list[Any] = []
    add = Context.add

    def counted(self: Context, value: Any) -> Any:
        values.append(value)
        return add(self, value)

    monkeypatch.setattr(Context, "add", counted)
    return values


def nested(loops: list[str], inner: str) -> str:
    return f"{INPUT}y = x -> {' '.join(f'{loop} {{' for loop in loops)} {inner} {'}' * len(loops)}"


def fan(levels: int, body: str = "x + 1", call: str = "{0}({0}(x))") -> str:
    lines = [f"def f0(x) = {body}"]
    lines += [f"def f{i}(x) = {call.format(f'f{i - 1}')}" for i in range(1, levels + 1)]
    return "\n".join([*lines, "input x = 1", f"y = f{levels}(x)"])


@pytest.mark.parametrize(
    "text",
    [
        nested(["repeat 10"] * 8, "Relu"),
        nested(["repeat 2"] * 20, "Relu"),
        nested(["repeat 1000"] * 2, "Relu"),
        nested(["repeat 10000"], "; ".join(["Relu"] * 12)),
        "hyper n = 1000\n" + nested(["repeat n", "repeat n"], "Relu"),
        "def f(x, n) = x -> repeat n { Relu }\n" + nested(["repeat 1000"], "f(1000)"),
        nested([f"for a{i} in [1, 2, 3, 4]" for i in range(10)], "Relu"),
        "hyper h = [1, 2, 3, 4]\n" + nested([f"for a{i} in h" for i in range(10)], "Relu"),
        nested(["repeat 500", "residual", "repeat 500"], "Relu"),
        fan(12, "x -> repeat 50 { Relu }"),
        fan(12, "x -> repeat 50 { Relu }", "({0}({0}(x)) if true else x)"),
        fan(12, "x -> repeat 50 { Relu }").replace("y = f12(x)", "y = f12(x) if true else x"),
        fan(12, "x -> repeat 50 { Relu }", "({0}({0}(x)) if len(x) == 3 else x)").replace(
            "input x = 1", "input x: float[3] = 1"
        ),
        "input x: float[N, 3]\ndef F(x, n) = (x -> repeat 50 { Affine(3) }) if n == 0 else F(F(x, n - 1), n - 1)\n"
        "y = F(x, 12)",
        "def f(x, n) = (x -> repeat 50 { Relu }) if n == 0 else f(f(x, n - 1), n - 1)\n"
        + INPUT
        + "y = f(x, 12)",
        "hyper n = 10\ndef f(x) = x -> repeat n { repeat n { Relu } }\ndef g(x) = x -> repeat n { f }\n"
        "def h(x) = x -> repeat n { g }\ndef k(x) = x -> repeat n { h }\n" + INPUT + "y = k(x)",
    ],
)
def test_too_many_nodes_are_refused_after_few(text: str, entered: list[Any]) -> None:
    with pytest.raises(gl.GraphError, match="more than 100,000 nodes") as caught:
        gl.loads(text)
    assert [d.code for d in caught.value.diagnostics] == ["GL803"]
    assert len(entered) < 2_500


@pytest.mark.parametrize(
    "text",
    [
        fan(60, call="({0}({0}(x)) if true else x)"),
        INPUT + "def f(x, n) = x if n == 0 else f(f(x, n - 1), n - 1)\ny = f(x, 100)",
    ],
)
def test_too_many_calls_behind_conditions_are_refused_after_few(text: str, entered: list[Any]) -> None:
    with pytest.raises(gl.GraphError, match="called more than 20,000 times"):
        gl.loads(text)
    assert len(entered) < 300


TRIED = {
    "a condition in every def": fan(8, call="({0}({0}(x)) if true else x)"),
    "numbers that count down": INPUT
    + "def f(x, n) = x + 1 if n == 0 else f(f(x, n - 1), n - 1)\ny = f(x, 8)",
    "parameters": "input x: float[N, 3] = [[1, 2, 3]]\ndef F(x, n) = (x -> Affine(3)) if n == 0 else F(F(x, n - 1), n - 1)\n"
    "y = F(x, 7)",
    "a shared def": "input x: float[N, 3] = [[1, 2, 3]]\ndef F(x, n) = (x -> Affine(3)) if n == 0 else F(F(x, n - 1), n - 1)\n"
    "layer shared = F(7)\ny = x -> shared -> shared",
    "a shared def within": "input x: float[N, 3] = [[1, 2, 3]]\ndef F(x, n) {\n layer inner = G(n)\n return inner(inner(x))\n}\n"
    "def G(x, n) = (x -> Affine(3)) if n == 0 else F(F(x, n - 1), n - 1)\ny = F(x, 4)",
    "a list with a name": "hyper h = [1, 2, 3]\ndef f(x, n) = x * h if n == 0 else f(f(x, n - 1), n - 1)\n"
    "input x: float[3] = [1, 2, 3]\ny = f(x, 7)",
    "shapes that grow": "def f(x, n) = concat(x, x) if n == 0 else f(f(x, n - 1), n - 1)\ninput x: float[2] = [1, 2]\ny = f(x, 3)",
}


@pytest.mark.parametrize("name", TRIED)
def test_what_is_tried_is_counted_to_the_last_value(
    name: str, entered: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file, "UNTRIED", 10**9)
    graph = gl.loads(TRIED[name])
    values, nodes = len(entered), len(graph.network.nodes)
    monkeypatch.setattr(file, "UNTRIED", 0)
    again = gl.loads(TRIED[name], limits=gl.Limits(nodes=values))
    assert (len(again.network.nodes), again.network.names) == (nodes, graph.network.names)
    del entered[:]
    with pytest.raises(gl.GraphError, match="nodes"):
        gl.loads(TRIED[name], limits=gl.Limits(nodes=values - 1))
    if "shared" not in name:  # of the parameters of these, a trial counts no more than it is sure of
        assert len(entered) < values


def test_calls_that_all_differ_are_written_out_untried(entered: list[Any]) -> None:
    text = INPUT + "def f(x, n) = x + n if n > 200 else f(f(x, 2 * n), 2 * n + 1)\ny = f(x, 1)"
    assert len(gl.loads(text).network.nodes) == 201


@pytest.mark.parametrize("call", ["{0}({0}(x))", "x -> {0} -> {0} -> {0}", "{0}(x) + {0}(2 * x)"])
def test_too_many_calls_are_refused_before_the_first(call: str, entered: list[Any]) -> None:
    with pytest.raises(gl.GraphError, match="called more than 20,000 times") as caught:
        gl.loads(fan(150, call=call))
    assert caught.value.diagnostics[0].line == 153
    assert not entered


def test_a_fan_of_layers_and_of_imported_definitions_is_counted_too() -> None:
    shared = fan(40).replace("y = f40(x)", "layer deep = f40\ny = deep(x)")
    with pytest.raises(gl.GraphError, match="called more than 20,000 times"):
        gl.loads(shared)


def test_what_is_within_the_limits_is_not_refused_by_the_count() -> None:
    assert len(gl.loads(nested(["repeat 10"] * 3, "Relu")).network.nodes) == 1000
    assert len(gl.loads(fan(10)).network.nodes) == 1024
    unequal = "def F(x, n) = x if n == 0 else F(x -> Relu, n - 1)\n" + INPUT + "y = F(x, 5) + F(x, 150)"
    assert len(gl.loads(unequal).network.nodes) == 156
    growing = INPUT + "y = x -> for n in [1, 9000] { repeat n { Relu } }"
    assert len(gl.loads(growing, limits=gl.Limits(nodes=9_002)).network.nodes) == 9001


def test_a_definition_that_nothing_calls_is_no_reason_to_refuse_a_file() -> None:
    assert len(gl.loads(fan(150).replace("y = f150(x)", "y = x + 1")).network.nodes) == 1


def test_labels_of_many_copies_are_numbered_one_after_the_other() -> None:
    graph = gl.loads(INPUT + "y = x -> repeat 3000 { a: Relu; b: Relu }")
    operations = [node.spec.operation for node in graph.network.nodes]
    assert operations.count("Relu") == 6000
