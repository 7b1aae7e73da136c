"""Every option that there is not, and a run in the place of a spec, has a help that says what to write."""

from __future__ import annotations

from pathlib import Path

import pytest

from graphlang.cli import COMMANDS, main


def told(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(list(words)) == 2
    return capsys.readouterr().err


@pytest.mark.parametrize("command", COMMANDS)
def test_an_option_that_no_command_has_gets_a_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert "\nhelp: " in told(capsys, command, "a", "b", "--qqq")


def test_a_name_given_as_an_option_is_shown_in_its_place(capsys: pytest.CaptureFixture[str]) -> None:
    assert "help: NAME has no option before it: `graphlang new foo`" in told(capsys, "new", "--name", "foo")
    assert "help: NAME has no option before it: `graphlang new foo`" in told(capsys, "new", "--name=foo")
    assert "help: SPEC has no option before it: `graphlang summary a.graph`" in told(
        capsys, "summary", "a.graph", "--spec", "a.graph"
    )


@pytest.mark.parametrize("command", ["evaluate", "predict", "run", "summary", "view", "where"])
def test_a_run_in_place_of_a_spec_goes_with_weights(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("runs/base").mkdir(parents=True)
    Path("runs/base/run.json").write_text("{}")
    err = told(capsys, command, "runs/base")
    assert f"`runs/base` is the folder of a run: write `graphlang {command} SPEC --weights runs/base`" in err


def test_a_run_in_place_of_a_spec_goes_on_with_resume(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("runs/base").mkdir(parents=True)
    Path("runs/base/run.json").write_text("{}")
    assert "`graphlang train SPEC --resume runs/base`" in told(capsys, "train", "runs/base")
