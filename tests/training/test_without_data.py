"""Training where every value comes from the file, and what is measured at the end of an epoch."""

from __future__ import annotations

import pytest

import graphlang as gl
from graphlang.training.evaluation import evaluate
from graphlang.training.sections import open_data

VALLEY = """
param p: float[2] = constant(1)
loss = sum(p**2)
output loss
train { minimize = loss; optimizer = SGD(lr=0.25); batch = 1; iterations = 10; metrics = [mean(p)] }
"""


def test_a_file_whose_inputs_all_have_values_trains_without_data() -> None:
    graph = gl.loads(VALLEY)
    history = graph.fit()
    assert graph.params["p"] == pytest.approx([2**-10, 2**-10])
    assert [e.iteration for e in history.epochs] == list(range(1, 11))  # there are no epochs
    assert history.epochs[-1].train == pytest.approx({"mean": 2**-10})


def test_inputs_with_a_default_count_as_values() -> None:
    graph = gl.loads(VALLEY.replace("sum(p**2)", "sum((p - goal)**2)") + "input goal: float[2] = [3, 5]\n")
    graph.fit(iterations=40)
    assert graph.params["p"] == pytest.approx([3, 5])


def test_an_input_without_a_value_asks_for_data() -> None:
    graph = gl.loads(VALLEY.replace("sum(p**2)", "sum((p - goal)**2)") + "input goal: float[2]\n")
    with pytest.raises(gl.GraphError) as caught:
        graph.fit()
    assert [d.code for d in caught.value.diagnostics] == ["GL708"]


def test_evaluation_without_data_takes_the_files_own_values() -> None:
    graph = gl.loads(VALLEY)
    assert evaluate(graph.model, open_data(graph.model, command="evaluate")) == {"mean": 1, "loss": 2}


def test_without_metrics_the_validation_split_is_still_measured() -> None:
    graph = gl.loads(
        "input x: float[N, 2]\nloss = mean((x -> Affine(1))**2)\noutput loss\n"
        "train { minimize = loss; optimizer = SGD(lr=0.1); batch = 2; epochs = 1 }"
    )
    last = graph.fit(x=[[1, 2], [3, 4]], validation={"x": [[1, 1]]}).last
    assert last is not None
    assert last.train == {}
    assert list(last.validation) == ["loss"]
