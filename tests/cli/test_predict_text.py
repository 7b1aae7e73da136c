"""`graphlang predict --text`: a model of a text goes on with one."""

from __future__ import annotations

from pathlib import Path

import pytest

from graphlang import cli

MODEL = """\
input x: int[N, T], t: int[N, T]
layer after = Embedding(3, 3)
y = after(x)
loss = SoftmaxWithLoss(y, t)
output y
data { source = text("abc.txt", window=4, test=0); x = x; t = t }
train { minimize = loss; optimizer = Adam(lr=0.1); batch = 20; iterations = 50 }
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a model that has learned what follows each letter of abcabc..."""
    monkeypatch.chdir(tmp_path)
    Path("abc.graph").write_text(MODEL, encoding="utf-8")
    Path("abc.txt").write_text("abc" * 40, encoding="utf-8")
    assert cli.main(["train", "abc.graph", "--run", "run"]) == 0
    return tmp_path


def test_the_likeliest_characters_follow(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    words = ["predict", "abc.graph", "--weights", "run", "--text", "abcab", "--length", "7"]
    assert cli.main(words) == 0
    assert capsys.readouterr().out == "abcab" + "cabcabc\n"
    assert cli.main([*words, "--json"]) == 0
    assert capsys.readouterr().out == '{"text": "abcabcabcabc"}\n'


def test_a_temperature_draws_by_the_seed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    words = [
        "predict",
        "abc.graph",
        "--weights",
        "run",
        "--text",
        "a",
        "--length",
        "40",
        "--temperature",
        "9",
    ]
    found = []
    for seed in ("1", "1", "2"):
        assert cli.main([*words, "--seed", seed]) == 0
        found.append(capsys.readouterr().out)
    assert found[0] == found[1] != found[2]


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["--text", "xyz"], 1, "GL715"),
        (["--text", ""], 1, "GL715"),
        (["--text", "a", "--inputs", "x.npz"], 2, "--text"),
    ],
)
def test_what_cannot_be_continued_is_said(
    folder: Path, capsys: pytest.CaptureFixture[str], words: list[str], status: int, said: str
) -> None:
    assert cli.main(["predict", "abc.graph", "--weights", "run", *words]) == status
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("wrong", [["--length", "0"], ["--temperature", "-1"], ["--temperature", "warm"]])
def test_a_wrong_option_is_a_usage_error(folder: Path, wrong: list[str]) -> None:
    assert cli.main(["predict", "abc.graph", "--weights", "run", "--text", "a", *wrong]) == 2
