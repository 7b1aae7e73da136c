"""What would be too large is counted before it is written out: the work done is small, whatever the sizes are."""

from __future__ import annotations

from typing import Any

import pytest

import graphlang as gl
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
    ],
)
def test_too_many_nodes_are_refused_after_few(text: str, entered: list[Any]) -> None:
    with pytest.raises(gl.GraphError, match="more than 100,000 nodes") as caught:
        gl.loads(text)
    assert [d.code for d in caught.value.diagnostics] == ["GL803"]
    assert len(entered) < 2_500


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
