"""The source parquet: types, values that are null, what is read, and files that are damaged or hostile."""

import datetime
import sys

import numpy as np
import pytest

import graphlang as gl
from graphlang.cli import main
from graphlang.datasets import parquet as module
from graphlang.datasets.parquet import parquet
from graphlang.diagnostics import GraphError
from graphlang.training.sections import open_data

pyarrow = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

COLUMNS = {
    "a": [1, 2, 3, 4],
    "b": [0.5, None, 1.5, 2.5],
    "n": pyarrow.array([1, None, 3, 4], pyarrow.int16()),
    "flag": [True, False, True, True],
    "kind": ["pear", "fig", None, " fig "],
    "day": pyarrow.array(
        [datetime.date(1970, 1, 2), None, datetime.date(2020, 1, 1), datetime.date(1970, 1, 1)]
    ),
    "list": [[1], [2, 3], [], None],
    "t": ["x", "y", "x", "y"],
}


def written(folder, columns=COLUMNS, **options):
    pq.write_table(pyarrow.table(columns), folder / "a.parquet", **options)
    return folder / "a.parquet"


def opened(folder, fields=None, **options):
    return parquet(path="a.parquet", **{"test": 0, **options}).open(folder, (), fields)


def test_columns_are_fields_with_the_types_of_the_file(tmp_path):
    """parquet(path)"""
    written(tmp_path, row_group_size=3)
    data = opened(tmp_path)
    train = data.train
    assert train["a"].load().tolist() == [1, 2, 3, 4]
    assert train["a"].dtype == "int"
    np.testing.assert_array_equal(train["b"].load(), [0.5, np.nan, 1.5, 2.5])
    np.testing.assert_array_equal(train["n"].load(), [1, np.nan, 3, 4])
    assert train["flag"].load().tolist() == [1, 0, 1, 1]
    assert train["flag"].dtype == "bool"
    assert train["kind"].texts() == ["pear", "fig", "", "fig"]
    assert train["day"].texts() == ["1970-01-02", "", "2020-01-01", "1970-01-01"]
    assert train["t"].load().tolist() == [0, 1, 0, 1]
    assert data.classes["t"] == ("x", "y")
    assert train["a"].lines is None


def test_x_is_all_columns_but_the_target_and_has_to_be_numbers(tmp_path):
    written(
        tmp_path,
        {
            "a": [1, 2],
            "b": pyarrow.array([0.5, 1.5], pyarrow.float32()),
            "c": pyarrow.array([1, 2]).cast(pyarrow.decimal128(30, 2)),
            "t": [1.0, 2.0],
        },
    )
    np.testing.assert_array_equal(opened(tmp_path).train["x"].load(), [[1, 0.5, 1], [2, 1.5, 2]])
    written(tmp_path)
    with pytest.raises(GraphError) as caught:
        opened(tmp_path).train["x"].load()
    assert [d.name for d in caught.value.diagnostics] == ["kind", "day", "list"]


def test_only_the_columns_that_are_used_are_read(tmp_path, monkeypatch):
    written(tmp_path)
    read = []
    inner = module.ParquetTable._read
    monkeypatch.setattr(
        module.ParquetTable,
        "_read",
        lambda self, names, texts=(): read.append(list(names)) or inner(self, names, texts),
    )
    train = opened(tmp_path, {"a", "kind"}, target="a").train
    assert (read, train["a"].shape) == ([], (4,))
    train["a"].load()
    train["kind"].texts()
    assert read == [["a"], ["kind"]]


def test_a_file_trains_and_another_predicts(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    spec = """
input x: float[N, 2], k: int[N], y: float[N]
z = (x -> Affine(1))[:, 0] + k
loss = mean((z - y) ** 2)
output z
data { source = parquet("a.parquet", test=0.25); x = standardize([a, impute(b, mean)]); k = category(kind); y = price }
train { minimize = loss; optimizer = SGD(lr=0.1); epochs = 2 }
"""
    (tmp_path / "net.graph").write_text(spec)
    written(
        tmp_path,
        {"a": [1, 2, 3, 4], "b": [0.5, None, 1, 2], "kind": ["u", "v", "u", "v"], "price": [1.0, 2, 3, 4]},
    )
    assert main("train net.graph --run run".split()) == 0
    other = pyarrow.table({"a": [5], "b": [1.0], "kind": ["v"]})
    pq.write_table(other, tmp_path / "other.parquet")
    (tmp_path / "other.csv").write_text("a,b,kind\n5,1.0,v\n")
    results = []
    for name in ("other.parquet", "other.csv"):
        capsys.readouterr()
        assert main(["predict", "net.graph", "--weights", "run", "--data", name]) == 0
        results.append(capsys.readouterr().out)
    assert results[0] == results[1]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"PAR1" * 9, "not a sound parquet"),
        (b"", "not a sound parquet"),
        (b"a,b\n1,2\n", "not a sound parquet"),
    ],
)
def test_a_file_of_another_kind_is_refused(tmp_path, content, said):
    (tmp_path / "a.parquet").write_bytes(content)
    with pytest.raises(GraphError, match=said) as caught:
        opened(tmp_path)
    assert [d.code for d in caught.value.diagnostics] == ["GL604"]


def test_a_damaged_file_is_refused_or_read_but_never_a_fault(tmp_path):
    place = written(tmp_path, {"a": list(range(50)), "k": ["x", "y"] * 25})
    whole = place.read_bytes()
    rng = np.random.default_rng(0)
    codes = []
    for _ in range(60):
        content = bytearray(whole)
        for at in rng.integers(0, len(whole), 3).tolist():
            content[at] = int(rng.integers(256))
        place.write_bytes(content if rng.random() < 0.8 else content[: rng.integers(len(whole))])
        try:
            train = opened(tmp_path).train
            for name in train:
                _ = train[name].texts() if train[name].texts else train[name].load()
        except GraphError as error:
            codes += [d.code for d in error.diagnostics]
    assert len(codes) > 10
    assert set(codes) <= {"GL604", "GL605", "GL606", "GL610", "GL611"}


def test_many_cells_of_a_small_file_are_refused_before_they_are_read(tmp_path):
    place = written(tmp_path, {"a": np.zeros(300_000), "b": np.zeros(300_000), "k": ["x" * 1000] * 300_000})
    assert place.stat().st_size < 200_000
    text = 'input x: float[N]\ny = x\noutput y\ndata { source = parquet("a.parquet", test=0); x = a }'
    graph = gl.loads(text, folder=tmp_path, limits=gl.Limits(table_cells=200_000))
    with pytest.raises(GraphError, match=r"`a[.]parquet` has 300,000 cells, more than the limit of 200,000"):
        open_data(graph.model).train["a"].load()
    graph = gl.loads(text, folder=tmp_path, limits=gl.Limits(table_bytes=100))
    with pytest.raises(GraphError, match="more than the limit of 100"):
        open_data(graph.model)
    assert len(set(map(id, opened(tmp_path).train["k"].texts()))) == 1  # equal texts are one in memory


def test_a_file_that_changed_is_refused(tmp_path):
    written(tmp_path)
    column = opened(tmp_path).train["a"]
    written(tmp_path, {"a": [1, 2]})
    with pytest.raises(GraphError, match="it changed since it was opened"):
        column.load()


def test_without_pyarrow_it_is_said_what_to_install(tmp_path, monkeypatch):
    written(tmp_path)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(GraphError, match=r"`a[.]parquet` cannot be read: it needs the package `pyarrow`"):
        opened(tmp_path)


def test_truth_values_have_classes(tmp_path):
    written(tmp_path, {"flag": [True, False, None, True], "good": [True, False, True, True]})
    (tmp_path / "net.graph").write_text(
        "input f: int[N], g: int[N]\ny = f + g\noutput y\n"
        'data { source = parquet("a.parquet", test=0); f = category(impute(flag, mode)); g = category(good) }\n',
        encoding="utf-8",
    )
    train = open_data(gl.load(tmp_path / "net.graph").model).train
    assert train["category(good)"].load().tolist() == [1, 0, 1, 1]
    assert train["category(impute(flag, mode))"].load().tolist() == [1, 0, 1, 1]
