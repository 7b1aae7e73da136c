"""How `gradcheck` and `test` tell of samples at corners: counted, not decided, and no failure."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from graphlang.cli import main

CORNERS = """
input x: float[5, 3]
param W: float[3, 4] = 0
param b: float[4] = 0.5
loss = sum(relu(x @ W)) + sum(b*b)
output loss
gradcheck { of = loss }
"""


@pytest.fixture
def command(capsys: Any, tmp_path: Path) -> Callable[..., tuple[int, str]]:
    def run(name: str, text: str, *words: str) -> tuple[int, str]:
        file = tmp_path / "file.graph"
        file.write_text(text)
        status = main([name, str(file), *words])
        return status, capsys.readouterr().out

    return run


def test_corners_have_a_column_and_no_failure(command: Callable[..., tuple[int, str]]) -> None:
    status, out = command("gradcheck", CORNERS)
    lines = [line.split() for line in out.splitlines()]
    assert status == 0
    assert lines[0][-4:] == ["at", "a", "corner", "result"]
    assert ["W", "12", "12", "not", "decided"] in lines
    assert next(line for line in lines if line[:1] == ["b"])[-3:] == ["4", "0", "ok"]
    assert "not decided: `W`" in " ".join(out.split())


def test_the_json_has_the_counts_and_the_state(command: Callable[..., tuple[int, str]]) -> None:
    status, out = command("gradcheck", CORNERS, "--json")
    found = json.loads(out)
    rows = {row["name"]: row for row in found["rows"]}
    assert (status, found["ok"], found["culprit"]) == (0, True, None)
    facts = ("corners", "jumps", "checked", "state", "ok", "mean_difference", "worst_relative")
    assert [rows["W"][fact] for fact in facts] == [12, 0, 12, "not decided", True, None, None]
    assert [rows["b"][fact] for fact in facts[:5]] == [0, 0, 4, "ok", True]


def test_without_corners_there_is_no_column_for_them(command: Callable[..., tuple[int, str]]) -> None:
    assert "corner" not in command("gradcheck", "param b: float[4] = 0.5\nloss = sum(b*b)\noutput loss")[1]


def test_where_all_samples_are_at_corners_nothing_is_called_right(
    command: Callable[..., tuple[int, str]],
) -> None:
    text = "param b: float[4] = 1\nloss = sum(where(b >= 1, b, 0))\noutput loss"
    status, out = command("gradcheck", text)
    assert status == 0
    assert "nothing is decided: samples at a jump: 4" in " ".join(out.split())
    assert "agrees" not in out


def test_the_tests_of_a_file_pass_and_say_what_was_not_decided(
    command: Callable[..., tuple[int, str]],
) -> None:
    status, out = command("test", CORNERS)
    assert status == 0
    assert out.startswith("pass")
    assert "not decided: `W`" in out
