"""What is learned from a column with gaps is learned from the values that are there, whatever the rows come from."""

from __future__ import annotations

import json
import pickle
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import graphlang as gl
from graphlang.diagnostics import GraphError

SPEC = """
input x: float[N, {columns}], t: float[N]
y = x -> Affine(1)
loss = mean((y[:, 0] - t) ** 2)
output y, x
data {{ source = {source}; x = {field}; t = t }}
train {{ minimize = loss; optimizer = SGD(lr=1e-9); epochs = 1; dtype = float64 }}
"""
Rows = dict[str, list[float | None]]


def from_csv(folder: Path, rows: Rows, field: str, columns: int) -> tuple[gl.Graph, Any]:
    lines = [",".join("" if v is None else repr(v) for v in row) for row in zip(*rows.values(), strict=True)]
    (folder / "a.csv").write_text("\n".join([",".join(rows), *lines]) + "\n")
    return graph_of(folder, 'csv("a.csv", missing=[""], test=0)', field, columns), None


def from_json_lines(folder: Path, rows: Rows, field: str, columns: int) -> tuple[gl.Graph, Any]:
    lines = [json.dumps(dict(zip(rows, row, strict=True))) for row in zip(*rows.values(), strict=True)]
    (folder / "a.jsonl").write_text("\n".join(lines) + "\n")
    return graph_of(folder, 'json_lines("a.jsonl", test=0)', field, columns), None


def from_parquet(folder: Path, rows: Rows, field: str, columns: int) -> tuple[gl.Graph, Any]:
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    parquet.write_table(
        pyarrow.table({n: pyarrow.array(v, "float64") for n, v in rows.items()}), folder / "a.p"
    )
    return graph_of(folder, 'parquet("a.p", test=0)', field, columns), None


def from_npz(folder: Path, rows: Rows, field: str, columns: int) -> tuple[gl.Graph, Any]:
    np.savez(folder / "a.npz", **{name: np.array(values, float) for name, values in rows.items()})
    return graph_of(folder, 'npz("a.npz")', field, columns), None


def from_arrays(folder: Path, rows: Rows, field: str, columns: int) -> tuple[gl.Graph, Any]:
    return graph_of(folder, 'csv("none.csv")', field, columns), gl.from_arrays(rows)


def from_frame(folder: Path, rows: Rows, field: str, columns: int) -> tuple[gl.Graph, Any]:
    pandas = pytest.importorskip("pandas")
    return graph_of(folder, 'csv("none.csv")', field, columns), pandas.DataFrame(rows, dtype="Float64")


def graph_of(folder: Path, source: str, field: str, columns: int) -> gl.Graph:
    return gl.loads(SPEC.format(source=source, field=field, columns=columns), folder=folder)


SOURCES: list[Callable[..., tuple[gl.Graph, Any]]] = [
    from_csv, from_json_lines, from_parquet, from_npz, from_arrays, from_frame,
]  # fmt: skip


def learned(name: str, values: np.ndarray) -> np.ndarray:
    """What a statistician has of a column with gaps."""
    known = values[~np.isnan(values)]
    if name == "standardize":
        return (values - known.mean()) / (known.std() or 1)
    if name == "minmax":
        return (values - known.min()) / (np.ptp(known) or 1)
    return values


def filled(way: Any, values: np.ndarray) -> np.ndarray:
    known = values[~np.isnan(values)]
    by = {"mean": np.mean, "median": np.median}
    return np.where(np.isnan(values), by[way](known) if way in by else float(way), values)


def columns_with_gaps(length: int) -> st.SearchStrategy[list[float | None]]:
    cells = st.one_of(
        st.none(), st.integers(-50, 50).map(float), st.floats(-100, 100).map(lambda v: round(v, 3))
    )
    return st.lists(cells, min_size=length, max_size=length).filter(lambda c: any(v is not None for v in c))


@st.composite
def tables(draw: Any) -> Rows:
    length = draw(st.integers(2, 12))
    t = [float(n) for n in range(length)]
    return {"a": draw(columns_with_gaps(length)), "b": draw(columns_with_gaps(length)), "t": t}


@pytest.mark.parametrize("source", SOURCES)
@given(tables(), st.sampled_from(["standardize", "minmax"]), st.sampled_from(["mean", "median", "0", "-2.5"]))
@settings(max_examples=12, deadline=None, derandomize=True)
def test_filling_before_or_after_scaling_is_as_in_statistics(
    source: Callable[..., Any], rows: Rows, name: str, way: str
) -> None:
    a, b = (np.array(rows[n], float) for n in "ab")
    field = f"[impute({name}(a), {way}), {name}(impute(b, {way}))]"
    expected = np.stack([filled(way, learned(name, a)), learned(name, filled(way, b))], axis=1)
    with tempfile.TemporaryDirectory() as folder:
        graph, handed = source(Path(folder), rows, field, 2)
        graph.fit() if handed is None else graph.fit(handed)
        raw = {"a": a, "b": b}
        np.testing.assert_allclose(graph.predict(raw)["x"], expected, atol=1e-5)
        again = pickle.loads(pickle.dumps(graph))
        np.testing.assert_array_equal(again.predict(raw)["x"], graph.predict(raw)["x"])


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("name", ["standardize", "minmax"])
def test_columns_side_by_side_learn_from_their_own_values(
    source: Callable[..., Any], name: str, tmp_path: Path
) -> None:
    rows: Rows = {"a": [1.0, None, 3.0, 8.0], "b": [None, None, 10.0, 30.0], "t": [0.0, 1.0, 2.0, 3.0]}
    graph, handed = source(tmp_path, rows, f"impute({name}([a, b]), 0)", 2)
    graph.fit() if handed is None else graph.fit(handed)
    columns = [np.nan_to_num(learned(name, np.array(rows[n], float))) for n in "ab"]
    raw = {n: rows[n] for n in "ab"}
    np.testing.assert_allclose(graph.predict(raw)["x"], np.stack(columns, axis=1), atol=1e-6)


@pytest.mark.parametrize("name", ["standardize", "minmax"])
def test_an_infinite_number_does_not_keep_a_column_from_being_scaled(name: str, tmp_path: Path) -> None:
    rows: Rows = {"a": [0.0, 1.0, 10.0, 100.0], "t": [0.0, 1.0, 2.0, 3.0]}
    graph, _ = from_csv(tmp_path, rows, f"[clip({name}(log10(a)), -3, 3)]", 1)
    graph.fit()
    expected = np.append(-3.0, learned(name, np.array([0.0, 1.0, 2.0])))
    np.testing.assert_allclose(graph.predict(a=rows["a"])["x"][:, 0], expected, atol=1e-6)


def test_gaps_in_dates_are_filled(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("day,t\n1970-01-02,1\n,2\n1970-01-04,3\n")
    graph = graph_of(tmp_path, 'csv("a.csv", missing=[""], test=0)', "[impute(date(day), mean)]", 1)
    graph.fit()
    assert graph.predict(day=["1970-01-02", None])["x"].tolist() == [[1], [2]]


@pytest.mark.parametrize("field", ["category(a)", "category(a, unknown=0)"])
def test_a_gap_is_no_class_of_numbers(field: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a,t\n1,1\n,2\n3,3\n")
    graph = graph_of(tmp_path, 'csv("a.csv", missing=[""], test=0)', f"one_hot({field})", 2)
    with pytest.raises(GraphError, match="`a` has no value, line 3") as caught:
        graph.fit()
    assert "impute(a, mode)" in str(caught.value)


def test_a_column_without_any_value_teaches_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a,t\n,1\n,2\n,3\n")
    graph = graph_of(tmp_path, 'csv("a.csv", missing=[""], test=0)', "[impute(standardize(a), 0)]", 1)
    with pytest.raises(GraphError, match="nothing to learn from"):
        graph.fit()
