"""One message for a misspelt column of rows from Python, in the words of the caller."""

from __future__ import annotations

from pathlib import Path

import pytest

import graphlang as gl
from graphlang.checks.gradcheck import Report
from graphlang.diagnostics import GraphError
from graphlang.training.record import Epoch

SPEC = """
input x: float[N, 1], c: int[N], t: float[N, 1]
y = (x -> Affine(1)) + Embedding(c, 2, 1)
loss = MeanSquaredError(y, t)
output y
data { source = csv("m.csv", test=0.2); x = [standardize(age)]; c = category(city); t = [price] }
train { minimize = loss; optimizer = SGD(lr=0.1); epochs = 2; metrics = [mae(y, t)] }
"""


@pytest.fixture
def graph(tmp_path: Path) -> gl.Graph:
    (tmp_path / "m.csv").write_text("age,city,price\n1,rome,4\n2,oslo,5\n3,oslo,6\n4,rome,7\n5,oslo,8\n")
    return gl.loads(SPEC, folder=tmp_path)


@pytest.mark.parametrize(
    ("rows", "message", "help"),
    [
        ({"age": [3], "ctiy": ["rome"]}, "rows have no column `ctiy`", "did you mean `city`?"),
        ({"agee": [3], "city": ["rome"]}, "rows have no column `agee`", "did you mean `age`?"),
        ({"ctiy": ["rome"]}, "rows have no column `ctiy`", "did you mean `city`?"),
        ({"age": [3], "city": ["rome"], "shoe": [4]}, "rows have no column `shoe`", "`age`, `city`, `price`"),
        ({"age": [3]}, "takes the field `city`", "give `city` too, a value for each row"),
    ],
)
def test_a_column_that_is_not_there_is_one_message(
    graph: gl.Graph, rows: dict[str, list[object]], message: str, help: str
) -> None:
    graph.fit()
    for call in (graph.predict, graph.evaluate):
        with pytest.raises(GraphError) as caught:
            call(rows if call == graph.predict else rows | {"price": [1]})
        assert [message in d.message for d in caught.value.diagnostics] == [True]
        assert help in str(caught.value.diagnostics[0].help)


def test_inputs_that_are_not_there_are_told_as_inputs(graph: gl.Graph) -> None:
    graph.fit()
    with pytest.raises(GraphError, match="there is no input `k`"):
        graph.predict(x=[[3.0]], k=[1])


def test_what_is_not_learned_yet_is_told_in_python_s_words(graph: gl.Graph) -> None:
    with pytest.raises(GraphError, match="train with `fit`") as caught:
        graph.predict(age=[3], city=["rome"])
    assert "--" not in str(caught.value)


def test_an_epoch_and_a_report_print_as_the_commands_show_them(graph: gl.Graph) -> None:
    last: Epoch = graph.fit().last
    assert str(last).startswith("epoch 2, iteration 2: loss ")
    assert "; mae: train " in str(last)
    assert repr(last).startswith("Epoch(epoch=2, iteration=2, loss=")
    report: Report = graph.gradcheck(x=[[1.0], [2.0]], c=[0, 1], t=[[1.0], [2.0]])
    lines = str(report).splitlines()
    assert lines[0].split() == ["name", "mean", "difference", "worst", "relative", "checked", "result"]
    assert lines[2].split()[0] == "Affine1.W"
    assert lines[-1].startswith("backpropagation agrees with the numbers: worst relative error ")
    assert repr(report).startswith("Report(of='loss'")
