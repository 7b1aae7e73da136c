"""`predict --data` goes block by block where rows are independent: the same numbers, in little memory."""

import csv
import json
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

import graphlang as gl
from graphlang.cli import main
from graphlang.training import predictions

ROWS = 2500
NET = """
input x: float[N, 2], t: int[N]
h = x -> Affine(HIDDEN) -> Tanh
y = h -> Affine(3)
loss = SoftmaxWithLoss(y, t)
best = argmax(y, axis=1)
output OUTPUTS
data { source = csv("rows.csv", test=0); x = standardize([a, b]); t = category(kind) }
train { minimize = loss; optimizer = SGD(lr=0.1); batch = 500; epochs = 1; seed = 1 }
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    rows = [f"{a},{b},{'uvw'[i % 3]}" for i, (a, b) in enumerate(rng.normal(size=(ROWS, 2)).tolist())]
    Path("rows.csv").write_text("a,b,kind\n" + "\n".join(rows) + "\n")
    return tmp_path


def trained(outputs: str, hidden: int = 4) -> None:
    Path("net.graph").write_text(NET.replace("OUTPUTS", outputs).replace("HIDDEN", str(hidden)))
    assert main("train net.graph --run run".split()) == 0


def predicted(name: str) -> None:
    assert main(["predict", "net.graph", "--weights", "run", "--data", "rows.csv", "-o", name]) == 0


def whole(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """The same without blocks."""
    monkeypatch.setattr(predictions, "BLOCK", 10**9)
    predicted(name)
    monkeypatch.undo()


@pytest.mark.usefixtures("folder")
def test_every_format_has_the_numbers_of_all_rows_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    trained("y, best")
    here = Path.cwd()
    for suffix in ("csv", "jsonl", "npz"):
        predicted(f"blocks.{suffix}")
        whole(monkeypatch, f"whole.{suffix}")
        monkeypatch.chdir(here)
    with np.load("blocks.npz") as blocks, np.load("whole.npz") as at_once:
        np.testing.assert_array_equal(blocks["best"], at_once["best"])
        np.testing.assert_allclose(blocks["y"], at_once["y"], rtol=1e-5, atol=1e-6)
        assert blocks["y"].dtype == at_once["y"].dtype
    tables = [list(csv.reader(Path(f"{kind}.csv").read_text().splitlines())) for kind in ("blocks", "whole")]
    assert [len(table) for table in tables] == [ROWS + 1, ROWS + 1]
    assert tables[0][0] == tables[1][0] == ["y", "y_u", "y_v", "y_w", "best"]
    assert [row[4] for row in tables[0]] == [row[4] for row in tables[1]]
    lines = [
        [json.loads(line) for line in Path(f"{kind}.jsonl").read_text().splitlines()]
        for kind in ("blocks", "whole")
    ]
    assert [row["best"] for row in lines[0]] == [row["best"] for row in lines[1]]


@pytest.mark.usefixtures("folder")
def test_outputs_that_mix_rows_are_computed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("net.graph").write_text(
        NET.replace("best = argmax(y, axis=1)", "best = y - mean(y, axis=0)")
        .replace("OUTPUTS", "best")
        .replace("HIDDEN", "4")
    )
    assert main("train net.graph --run run".split()) == 0
    predicted("out.npy")
    np.testing.assert_allclose(np.load("out.npy").mean(axis=0), 0, atol=1e-5)


@pytest.mark.usefixtures("folder")
def test_a_size_of_the_batch_is_that_of_all_rows() -> None:
    Path("net.graph").write_text(
        NET.replace("best = argmax(y, axis=1)", f"best = x * {ROWS} / N")
        .replace("OUTPUTS", "best")
        .replace("HIDDEN", "4")
    )
    assert main("train net.graph --run run".split()) == 0
    predicted("out.npy")
    graph = gl.load("net.graph")
    graph.load_weights("run")
    assert np.load("out.npy").std(axis=0) == pytest.approx([1, 1], rel=1e-5)


@pytest.mark.usefixtures("folder")
def test_memory_does_not_grow_with_what_is_computed() -> None:
    trained("y", hidden=2000)
    tracemalloc.start()
    try:
        predicted("out.csv")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak - 2**24 < ROWS * 2000 * 4  # less than the values of the layer for all rows, once


def test_a_label_out_of_range_in_a_later_block_is_named(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "input k: int[N]\ne = Embedding(k, 3, 2)\ny = sum(e, axis=1)\noutput y\n"
    (folder / "e.graph").write_text(text + 'data { source = csv("k.csv", test=0); k = k }\n')
    (folder / "k.csv").write_text("k\n" + "1\n" * 1500 + "3\n" + "1\n" * 200)
    gl.load("e.graph").save("w.npz")
    assert main("predict e.graph --weights w.npz --data k.csv -o y.csv".split()) == 1
    assert "line 1502" in capsys.readouterr().err
    assert not Path("y.csv").exists()
