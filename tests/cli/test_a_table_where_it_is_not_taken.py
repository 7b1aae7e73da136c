"""A csv given to a command in the ways that come to mind: each is told that `--data` takes it."""

from __future__ import annotations

from pathlib import Path

import pytest

from graphlang.cli import main

NET = """
input x: float[N, 2], t: int[N]
y = x -> Affine(2)
loss = SoftmaxWithLoss(y, t)
output y
data { source = csv("pets.csv"); x = [standardize(height), standardize(width)]; t = category(kind) }
train { minimize = loss; optimizer = Adam(lr=0.02); batch = 10; epochs = 2 }
"""
PREDICT = ["predict", "net.graph", "--weights", "r"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    lines = [f"{i % 7},{i % 5},{'cat' if i % 3 else 'dog'}" for i in range(30)]
    Path("pets.csv").write_text("height,width,kind\n" + "\n".join(lines) + "\n")
    Path("new.csv").write_text("height,width,red\n1,2,yes\n3,4,no\n")
    Path("numbers.csv").write_text("height,width\n1,2\n3,4\n")
    Path("net.graph").write_text(NET)
    assert main(["train", "net.graph", "--run", "r"]) == 0
    capsys.readouterr()


@pytest.mark.parametrize(
    ("words", "help_"),
    [
        ([*PREDICT, "new.csv"], "--data new.csv"),
        ([*PREDICT, "--inputs", "new.csv"], "--data new.csv"),
        ([*PREDICT, "--inputs", "numbers.csv"], "--data numbers.csv"),
        (PREDICT, "--data new.csv"),
        (["evaluate", "net.graph", "--weights", "r", "new.csv"], "--data new.csv"),
        (["train", "net.graph", "new.csv"], "--data new.csv"),
        (["train", "net.graph", "epochs=3"], "--set epochs=3"),
        (["run", "net.graph", "new.csv"], "--data new.csv"),
        (["where", "net.graph", "new.csv"], "--data new.csv"),
        (["check", "net.graph", "new.csv"], "no spec"),
        (["gradcheck", "net.graph", "--inputs", "new.csv"], "the columns of a csv are inputs of their names"),
        (["predict", "net.graph", "r", "--data", "new.csv"], "--weights r"),
        (["evaluate", "net.graph", "r"], "--weights r"),
        (["predict", "net.graph", "net.safetensors"], "--weights net.safetensors"),
    ],
)
def test_the_option_that_takes_it_is_named(
    words: list[str], help_: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) in (1, 2)
    assert help_ in capsys.readouterr().err


def test_columns_of_the_names_of_inputs_are_taken_as_before(capsys: pytest.CaptureFixture[str]) -> None:
    Path("sum.graph").write_text("input a: float[N], b: float[N]\nc = a + b\noutput c\n")
    Path("ab.csv").write_text("a,b\n1,2\n3,4\n")
    assert main(["predict", "sum.graph", "--inputs", "ab.csv"]) == 0
    assert capsys.readouterr().out == '{"c": [3.0, 7.0]}\n'
