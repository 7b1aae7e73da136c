"""`graphlang new --from FILE --without COLUMN`: columns that new rows do not have are no inputs."""

from __future__ import annotations

from pathlib import Path

import pytest

from graphlang.cli import main

ROWS = "".join(f"{i % 7 + 0.5},{i % 5},{'ab'[i % 2]},{i % 3 + 0.25}\n" for i in range(20))


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("flats.csv").write_text(f"size,age,grade,rent\n{ROWS}")
    Path("new.csv").write_text("size,age\n3.5,2\n")


def test_rows_without_the_columns_left_out_are_predicted(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", "--from", "flats.csv", "--target", "rent", "--without", "grade"]) == 0
    text = Path("flats.graph").read_text()
    assert "# - `grade` was left out by `--without`" in text
    assert "category(grade)" not in text
    assert main(["train", "flats.graph", "--run", "runs/a", "--set", "train.epochs=1"]) == 0
    assert main(["predict", "flats.graph", "--weights", "runs/a", "--data", "new.csv"]) == 0


def test_several_columns_are_left_out_of_a_wide_table_of_numbers() -> None:
    names = [f"c{i}" for i in range(16)]
    cells = "".join(",".join(str((i * (j + 3)) % 11 + 0.5) for j in range(16)) + "\n" for i in range(30))
    Path("wide.csv").write_text(f"{','.join(names)}\n{cells}")
    assert main(["new", "--from", "wide.csv", "--without", "c1", "--without", "c2"]) == 0
    text = Path("wide.graph").read_text()
    assert "c3" in text
    assert "[c0, c3" in text


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--without", "grad"], "did you mean `grade`?"),
        (["--target", "rent", "--without", "rent"], "`rent` is to be predicted, and cannot be left out too"),
        (
            ["--target", "rent", "--without", "size", "--without", "age", "--without", "grade"],
            "was left out by `--without`",
        ),
    ],
)
def test_what_cannot_be_left_out_is_told(
    options: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["new", "--from", "flats.csv", *options]) in (1, 2)
    assert says in capsys.readouterr().err


def test_columns_are_left_out_of_a_table_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", "net", "--without", "grade"]) == 2
    assert "--without is a column of a table: add --from FILE" in capsys.readouterr().err
