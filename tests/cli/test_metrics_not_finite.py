"""A metric that is nan or infinite is written as JSON has it, and a note says where it may come from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphlang.cli import main

NET = """
input x: float[N, 2], t: int[N]
y = x -> Affine(3)
loss = SoftmaxWithLoss(y, t)
most = max(x)
output y
data { source = npz("d.npz"); x = x; t = t }
train { minimize = loss; optimizer = SGD(lr=0.1); batch = 2; epochs = 2; metrics = [accuracy(y, t)] }
"""


def strict(text: str) -> Any:
    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is no JSON")

    return json.loads(text, parse_constant=refuse)


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.chdir(tmp_path)
    Path("net.graph").write_text(NET)
    x, t = np.arange(12.0).reshape(6, 2) / 12, np.arange(6) % 3
    return {"x_train": x, "t_train": t, "x_test": x.copy(), "t_test": t}


def test_a_number_of_the_test_split_that_is_not_finite_is_refused_with_its_row(
    data: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    np.savez("d.npz", **data)
    assert main(["train", "net.graph", "--run", "run"]) == 0
    data["x_test"][4, 1] = np.nan
    np.savez("d.npz", **data)
    capsys.readouterr()
    for words in (["train", "net.graph"], ["evaluate", "net.graph", "--weights", "run"]):
        assert main(words) == 1
        assert "GL625]: the data's field `x` holds nan in row 4 of the test split" in capsys.readouterr().err


def test_a_metric_that_is_not_finite_is_written_as_a_text(
    data: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    Path("net.graph").write_text(
        NET.replace("max(x)", "log(min(x) - 5)").replace("[accuracy(y, t)]", "[most]")
    )
    np.savez("d.npz", **data)
    note = "note: `most` over the train split is nan"
    assert main(["train", "net.graph", "--run", "run"]) == 0
    assert note in capsys.readouterr().err
    lines = [strict(line) for line in Path("run/metrics.jsonl").read_text().splitlines()]
    assert [line["test"]["most"] for line in lines if "epoch" in line] == ["nan", "nan"]
    assert main(["evaluate", "net.graph", "--weights", "run", "--json"]) == 0
    out, _ = capsys.readouterr()
    assert strict(out)["most"] == "nan"
    assert main(["train", "net.graph", "--resume", "run", "--set", "train.epochs=3", "--json"]) == 0
    assert strict(capsys.readouterr().out)["epochs"][0]["test"]["most"] == "nan"


def test_an_overflow_in_a_metric_is_told_as_what_it_may_be(
    data: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    Path("net.graph").write_text(NET.replace("max(x)", "max(x)**64").replace("[accuracy(y, t)]", "[most]"))
    data["x_test"][4, 1] = 1e3
    np.savez("d.npz", **data)
    assert main(["train", "net.graph", "--run", "run"]) == 0
    assert "`most` over the test split is inf: all numbers of the data are finite" in capsys.readouterr().err


def test_finite_metrics_get_no_note(data: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    np.savez("d.npz", **data)
    assert main(["train", "net.graph", "--run", "run"]) == 0
    assert "note" not in capsys.readouterr().err
