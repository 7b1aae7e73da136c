"""`predict -o FILE`: the suffix decides the format, and what is written reads back."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from graphlang.cli import main
from graphlang.cli.outputs import write

SPEC = """\
input x: float[N, 2] = [[1, 2], [3, 4], [5, 7]]
y = x / 3
s = sum(x, axis=1)
total = sum(x)
big = s > 6
"""


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def predict(outputs: str, *words: str) -> int:
    Path("net.graph").write_text(f"{SPEC}output {outputs}\n")
    return main(["predict", "net.graph", *words])


def table(path: str) -> list[list[str]]:
    with Path(path).open(newline="") as file:
        return list(csv.reader(file))


def test_a_csv_is_a_table_with_a_column_for_each_number_of_a_row() -> None:
    assert predict("y, s, big", "-o", "out.csv") == 0
    head, *rows = table("out.csv")
    assert head == ["y_0", "y_1", "s", "big"]
    np.testing.assert_array_equal(
        [[float(c) for c in row[:2]] for row in rows], np.divide([[1, 2], [3, 4], [5, 7]], 3)
    )
    assert [row[2:] for row in rows] == [["3.0", "false"], ["7.0", "true"], ["12.0", "true"]]


def test_an_output_of_one_number_a_row_has_the_column_of_its_name() -> None:
    write(Path("out.csv"), {"estimate": np.array([[1.5], [2.5]])})
    assert table("out.csv") == [["estimate"], ["1.5"], ["2.5"]]


def test_numbers_in_a_csv_are_as_short_as_their_precision_allows() -> None:
    assert predict("y", "--dtype", "float32", "-o", "out.csv") == 0
    assert table("out.csv")[1] == ["0.33333334", "0.6666667"]
    assert predict("total", "-o", "OUT.CSV") == 0
    assert table("OUT.CSV") == [["total"], ["22.0"]]


def test_the_other_formats_hold_the_same_numbers() -> None:
    expected = np.divide([[1, 2], [3, 4], [5, 7]], 3)
    for name in ("out.npz", "out.npy", "out.json"):
        assert predict("y", "-o", name) == 0
    np.testing.assert_array_equal(np.load("out.npz")["y"], expected)
    np.testing.assert_array_equal(np.load("out.npy"), expected)
    assert json.loads(Path("out.json").read_text()) == {"y": expected.tolist()}


@pytest.mark.parametrize("name", ["out.txt", "out", "out.csv.gz", "net.graph", ".csv"])
def test_an_unknown_suffix_is_refused_and_the_known_ones_are_named(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert predict("y", "-o", name) == 2
    assert ".npz, .npy, .csv, .json" in capsys.readouterr().err
    assert name == "net.graph" or not Path(name).exists()


@pytest.mark.parametrize(
    ("outputs", "name", "said"),
    [
        ("y, s", "out.npy", "an npy file holds one array, and the outputs are `y`, `s`"),
        ("y, total", "out.csv", "the outputs differ in theirs"),
        ("cube", "out.csv", "`cube` has the shape [3, 2, 1]"),
    ],
)
def test_outputs_that_a_format_cannot_hold_are_refused(
    outputs: str, name: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    cube = "\ncube = reshape(x, N, 2, 1)" if outputs == "cube" else ""
    assert predict(f"{outputs}{cube}", "-o", name) == 1
    err = capsys.readouterr().err
    assert said in err
    assert "help: name a file that can hold it: `out.npz`" in err
    assert not Path(name).exists()
