"""`view --svg`, `--dot`, `--mermaid`: documents on stdout or in a file, with operations opened."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from graphlang.cli import main


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("s.graph").write_text("input x = 0.5\ns = Sigmoid(x)\ny = s * 3\noutput y\n")


STARTS = {"--svg": "<svg ", "--dot": "digraph {", "--mermaid": "flowchart LR"}


@pytest.mark.parametrize("option", STARTS)
def test_a_document_goes_to_stdout_or_into_a_file(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["view", "s.graph", option]) == 0
    text = capsys.readouterr().out
    assert text.startswith(STARTS[option])
    assert main(["view", "s.graph", option, "-o", "document"]) == 0
    assert capsys.readouterr() == ("", "wrote document\n")
    assert Path("document").read_text(encoding="utf-8") == text


@pytest.mark.parametrize("name", ["s", "all"])
def test_an_operation_is_opened(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["view", "s.graph", "--mermaid", "--unfold", name]) == 0
    text = capsys.readouterr().out
    assert 'subgraph box0 ["Sigmoid"]' in text
    assert re.search(r'\(\("exp"\)\)', text)


def test_what_cannot_be_opened_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["view", "s.graph", "--dot", "--unfold", "y"]) == 0
    assert "`y` does not consist of several primitives" in capsys.readouterr().err
    Path("ss.graph").write_text("input x = 0.5\nshare = Sigmoid(x)\noutput share\n")
    assert main(["view", "ss.graph", "--dot", "--unfold", "shara"]) == 2
    assert "no value `shara` to open; did you mean `share`?" in capsys.readouterr().err
    assert main(["view", "ss.graph", "--dot", "--unfold", "q"]) == 2
    assert "there are `share`" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--unfold", "s"], "the page opens by a click"),
        (["--closed"], "the page opens by a click"),
        (["--svg", "--json"], "leave --json and --open out"),
        (["--svg", "--dot"], "not allowed with"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["view", "s.graph", *words]) == 2
    assert message in capsys.readouterr().err
    assert not list(Path().glob("*.html"))


def test_groups_are_closed(capsys: pytest.CaptureFixture[str]) -> None:
    Path("g.graph").write_text("def F(x) = exp(x) + 1\ninput x = 1\ny = F(x)\noutput y\n")
    assert main(["view", "g.graph", "--dot", "--closed"]) == 0
    text = capsys.readouterr().out
    assert "cluster" not in text
    assert "exp" not in text
