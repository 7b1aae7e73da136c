"""`graphlang new --from`: the spec of a table checks and trains, says what it chose, and names what it leaves out."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

import graphlang as gl
from graphlang.cli import main
from graphlang.formatting import laid_out

LESSONS = Path(gl.__file__).parent.parent / "specs" / "data"


@pytest.fixture
def proposed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """The spec of a table, which checks without a note and is in the one layout."""
    monkeypatch.chdir(tmp_path)

    def make(table: str | bytes, *options: str, name: str = "a.csv") -> str:
        (tmp_path / name).write_bytes(table.encode() if isinstance(table, str) else table)
        assert main(["new", "net", "--from", name, "--force", *options]) == 0
        assert main(["check", "net.graph"]) == 0
        text = (tmp_path / "net.graph").read_text(encoding="utf-8")
        assert laid_out(text) == text
        assert max(map(len, text.splitlines())) <= 110
        return text

    return make


def trained(capsys: pytest.CaptureFixture[str], *settings: str) -> str:
    """The line that training ends with; of one step where no settings say how many."""
    capsys.readouterr()
    few = settings or ("train.epochs=1",)
    assert main(["train", "net.graph", *(word for setting in few for word in ("--set", setting))]) == 0
    return capsys.readouterr().out.splitlines()[-1]


def test_the_irises_are_told_apart(proposed, capsys) -> None:
    text = proposed((LESSONS / "iris.csv").read_bytes())
    assert "t      = category(species)" in text
    told = trained(capsys, "train.epochs=30")
    assert float(re.search(r"accuracy: .*test ([\d.]+)", told)[1]) > 0.9


def test_numbers_are_predicted_in_the_units_of_the_table(proposed, capsys) -> None:
    text = proposed((LESSONS / "rents.csv").read_bytes())
    assert "impute(year, median)" in text
    told = trained(capsys)
    assert float(re.search(r"r2: .*test (\S+)", told)[1]) < 1
    told = trained(capsys, "train.epochs=40")
    assert float(re.search(r"r2: .*test (\S+)", told)[1]) > 0.85
    assert float(re.search(r"mae: .*test ([\d.]+)", told)[1]) < 120
