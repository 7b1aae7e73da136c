"""Rows of a table in a Python call: as mappings, as columns, and what is said about the name of a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphlang as gl

NET = """
input x: float[N, 2], t: int[N]
y = x -> Affine(3)
loss = SoftmaxWithLoss(y, t)
output y
data { source = csv("pets.csv"); x = [standardize(height), standardize(width)]; t = category(kind) }
train { minimize = loss; optimizer = Adam(lr=0.02); batch = 10; epochs = 2; metrics = [accuracy(y, t)] }
"""
ROWS = [{"height": 1.0, "width": 2.0, "kind": "cat"}, {"height": 3.0, "width": 1.0, "kind": "dog"}]
COLUMNS = {name: [row[name] for row in ROWS] for name in ROWS[0]}


@pytest.fixture
def net(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> gl.Graph:
    monkeypatch.chdir(tmp_path)
    kinds = ("cat", "dog", "cow")
    lines = [f"{i % 7},{i % 5},{kinds[i % 3]}" for i in range(30)]
    Path("pets.csv").write_text("height,width,kind\n" + "\n".join(lines) + "\n")
    graph = gl.loads(NET, folder=str(tmp_path))
    graph.fit()
    return graph


def test_rows_as_mappings_are_as_their_columns(net: gl.Graph) -> None:
    one_by_one = [{k: v for k, v in row.items() if k != "kind"} for row in ROWS]
    columns = {k: v for k, v in COLUMNS.items() if k != "kind"}
    np.testing.assert_array_equal(net.predict(one_by_one), net.predict(columns))
    assert list(net.predict(one_by_one, classes=True)) == list(net.predict(columns, classes=True))
    assert net.evaluate(ROWS) == net.evaluate(COLUMNS)
    assert net.predict(ROWS[:1]).shape == (1, 3)


def test_rows_as_mappings_train(net: gl.Graph) -> None:
    assert len(net.fit(ROWS * 10, validation=ROWS).epochs) == 2


def test_a_row_without_one_of_the_names_is_refused(net: gl.Graph) -> None:
    with pytest.raises(TypeError, match=r"row 1 has no `width`.*None"):
        net.predict([{"height": 1, "width": 2}, {"height": 1}])


def test_the_names_of_rows_without_a_data_section_are_inputs() -> None:
    graph = gl.loads("input a: float[N], b: float[N]\nc = a * b")
    np.testing.assert_array_equal(graph.predict([{"a": 1, "b": 2}, {"a": 3, "b": 4}]), [2, 12])


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda g: g.predict("new.csv"), 'predict(pandas.read_csv("new.csv"))'),
        (lambda g: g.predict("new.csv"), "graphlang predict SPEC --data new.csv"),
        (lambda g: g.predict(Path("new.csv")), 'pandas.read_csv("new.csv")'),
        (lambda g: g.predict(data="new.csv"), 'pandas.read_csv("new.csv")'),
        (lambda g: g.predict(file="new.parquet"), 'pandas.read_parquet("new.parquet")'),
        (lambda g: g.predict(data=ROWS), "write predict(rows)"),
        (lambda g: g.predict(df=COLUMNS), "write predict(rows)"),
        (lambda g: g.evaluate("new.csv"), 'evaluate(pandas.read_csv("new.csv"))'),
        (lambda g: g.evaluate(data="new.csv"), 'evaluate(pandas.read_csv("new.csv"))'),
        (lambda g: g.evaluate(data=COLUMNS), "write evaluate(rows)"),
        (lambda g: g.fit("pets.csv"), 'fit(pandas.read_csv("pets.csv"))'),
        (lambda g: g.fit("pets.csv"), "`data` section"),
        (lambda g: g.fit(data="pets.csv"), 'fit(pandas.read_csv("pets.csv"))'),
        (lambda g: g.fit(data=ROWS), "write fit(rows)"),
        (lambda g: g.run("rows.npz"), 'run(numpy.load("rows.npz"))'),
        (lambda g: g.forward("rows.npz"), 'forward(numpy.load("rows.npz"))'),
    ],
)
def test_the_name_of_a_file_is_told_how_it_is_read(
    net: gl.Graph, call: Callable[[gl.Graph], Any], said: str
) -> None:
    with pytest.raises(TypeError) as caught:
        call(net)
    assert said in str(caught.value)


def test_a_file_that_is_open_is_told_too(net: gl.Graph) -> None:
    with Path("pets.csv").open() as file, pytest.raises(TypeError, match="not a file"):
        net.predict(file)


def test_a_column_may_have_the_name_of_an_option() -> None:
    graph = gl.loads("input data: float[N]\ny = 2 * data")
    np.testing.assert_array_equal(graph.predict(data=[1, 2]), [2, 4])


def test_nothing_given_is_told_that_rows_will_do(net: gl.Graph) -> None:
    with pytest.raises(gl.GraphError, match="columns of rows, as the `data` section takes them"):
        net.predict()
