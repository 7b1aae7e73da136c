"""What is wrong with a file of data or a column is shown where the `data` section names it."""

from __future__ import annotations

from pathlib import Path

import pytest

import graphlang as gl
from graphlang.cli import main

SPEC = """input x: float[N, 3], rent: float[N, 1]

y    = x -> Affine(1)
loss = MeanSquaredError(y, rent)
output y

data {
  source = csv("flats.csv", missing=[""], test=0)
  x      = standardize([size, age, noise])
  rent   = [rent]
}

train { minimize = loss; optimizer = SGD(lr=0.1); epochs = 1 }
"""
TABLE = "size,age,noise,rent\n1,2,3,4\n2,4,,5\n4,1,2,6\n,2,5,7\n5,1,1,3\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("flats.csv").write_text(TABLE)
    Path("net.graph").write_text(SPEC)


def diagnosed(old: str = "", new: str = "") -> gl.Diagnostic:
    with pytest.raises(gl.GraphError) as caught:
        gl.loads(SPEC.replace(old, new), name="net.graph", folder=Path()).fit()
    (diagnostic,) = caught.value.diagnostics
    return diagnostic


@pytest.mark.parametrize(
    ("old", "new", "place", "says"),
    [
        ("[size, age", "[sise, age", "sise", "did you mean `size`?"),
        ("[rent]", "rend", "rend", "did you mean `rent`?"),
        ("[rent]", "[rend]", "rend", "did you mean `rent`?"),
        ("[size, age", '[field("a b"), age', '"a b"', "its fields are"),
        ("flats.csv", "flat.csv", '"flat.csv"', "did you mean `flats.csv`?"),
    ],
)
def test_a_wrong_name_is_shown_in_the_section(old: str, new: str, place: str, says: str) -> None:
    diagnostic = diagnosed(old, new)
    assert diagnostic.span is not None
    assert diagnostic.span.text.strip('"') == place.strip('"')
    assert diagnostic.file == "net.graph"
    assert says in (diagnostic.help or "")


def test_the_file_that_is_not_there_is_named_too() -> None:
    assert "there is no file `flat.csv`" in diagnosed("flats.csv", "flat.csv").message


def test_a_gap_is_told_of_its_column_with_what_fills_it() -> None:
    diagnostic = diagnosed()
    assert diagnostic.code == "GL625"
    assert diagnostic.message == "the column `noise` has no value in line 3 of `flats.csv`"
    assert diagnostic.line == 9
    assert diagnostic.span is not None
    assert diagnostic.span.text == "noise"
    assert diagnostic.help == (
        "write `impute(noise, median)` and `impute(size, median)` for the columns with gaps, or leave such rows out"
    )


def test_what_the_help_for_a_gap_advises_is_accepted() -> None:
    spec = SPEC.replace("[size, age, noise]", "[impute(size, median), age, impute(noise, median)]")
    assert gl.loads(spec, folder=Path()).fit().losses


def test_a_field_that_is_a_column_with_a_gap_is_told_alike() -> None:
    spec = SPEC.replace("x: float[N, 3]", "x: float[N]").replace("x ->", "reshape(x, N, 1) ->")
    with pytest.raises(gl.GraphError, match=r"the column `noise` has no value in line 3") as caught:
        gl.loads(spec.replace("standardize([size, age, noise])", "noise"), folder=Path()).fit()
    assert "`impute(noise, median)`" in (caught.value.diagnostics[0].help or "")


def test_a_file_without_a_column_that_is_needed_says_how_to_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    Path("flats.csv").write_text(TABLE.replace("2,4,,5", "2,4,1,5").replace("\n,2,5", "\n3,2,5"))
    assert main(["train", "net.graph", "--run", "runs/a"]) == 0
    Path("new.csv").write_text("size,age\n1,2\n")
    assert main(["predict", "net.graph", "--weights", "runs/a", "--data", "new.csv"]) == 1
    err = capsys.readouterr().err
    assert "help: give the file the column `noise`" in err
    assert "`--without noise`" in err
    assert "net.graph:9:" in err


@pytest.mark.parametrize("target", ["[rent]", "rent"])
def test_a_file_without_the_true_values_is_not_evaluated(
    target: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("flats.csv").write_text(TABLE.replace("2,4,,5", "2,4,1,5").replace("\n,2,5", "\n3,2,5"))
    spec = SPEC.replace("[rent]", target)
    if target == "rent":
        spec = spec.replace("rent: float[N, 1]", "rent: float[N]").replace("(y, rent)", "(y[:, 0], rent)")
    Path("net.graph").write_text(spec)
    assert main(["train", "net.graph", "--run", "runs/a"]) == 0
    Path("new.csv").write_text("size,age,noise\n1,2,3\n")
    assert main(["evaluate", "net.graph", "--weights", "runs/a", "--data", "new.csv"]) == 1
    err = capsys.readouterr().err
    assert (
        "help: `evaluate` compares with true values: give the file the column `rent`; `predict` needs none"
        in err
    )
