"""`--limit NAME=VALUE`: the limits on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from graphlang.cli import main

TWENTY = "input x = 1\ny = x -> repeat 20 { Relu }\n"


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "twenty.graph"
    path.write_text(TWENTY)
    return str(path)


@pytest.mark.parametrize("command", ["run", "check", "summary", "view", "gradcheck"])
def test_a_limit_is_lowered_and_the_message_says_how_it_is_raised(
    command: str, file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command, file, "--limit", "nodes=10"]) == 1
    out, err = capsys.readouterr()
    assert "error[GL803]: the graph has more than 10 nodes" in out + err
    assert "`--limit nodes=...`" in out + err


def test_a_limit_takes_units_where_it_is_of_bytes(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", file, "--limit", "source_bytes=1KiB", "--limit", "nodes=1_000"]) == 0
    assert main(["run", file, "--limit", "source_bytes=20"]) == 1
    assert "`--limit source_bytes=...`" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        ("node=5", "did you mean `nodes`?"),
        ("size=5", "there are source_bytes, tokens"),
        ("nodes=many", "the limit `nodes` is a whole number, as in `--limit nodes=1000000`"),
        ("nodes=-1", "whole number"),
        ("nodes=1KiB", "whole number"),
        ("memory=4XB", "`--limit memory=8GiB`"),
        ("nodes", "is not NAME=VALUE"),
    ],
)
def test_a_wrong_limit_is_a_mistake_of_usage(
    limit: str, said: str, file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", file, "--limit", limit]) == 2
    assert said in capsys.readouterr().err
