"""What a refusal writes is bounded, whatever the file holds: 4 KB, and the rest is counted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import graphlang as gl
from graphlang.cli import main
from graphlang.diagnostics import spelling
from graphlang.diagnostics.render import MOST_BYTES

FORMATS = ("full", "concise", "json", "sarif", "github")
MANY = "input x = 1\n" + "\n".join(f"y{i} = q{i} + x" for i in range(500))
LONG = {
    "name": f"input x = 1\ny = {'a' * 100_000}",
    "operation": f"input x = 1\ny = {'a' * 100_000}(x)",
    "misspelt": f"input {'a' * 100_000} = 1\ny = {'a' * 99_999}b",
    "setting": f"input x = 1\ny = x\ntrain {{ {'a' * 100_000} = 1 }}",
}


def refused(text: str) -> gl.GraphError:
    with pytest.raises(gl.GraphError) as caught:
        gl.loads(text)
    return caught.value


def test_thousands_of_unknown_names_are_counted_and_few_are_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[str] = []
    distance = spelling.distance
    monkeypatch.setattr(spelling, "distance", lambda a, b: compared.append(a) or distance(a, b))
    lines = [f"valueof{chr(97 + i % 26)}{chr(97 + i // 26)} = valqeof{chr(97 + i % 26)}x" for i in range(600)]
    error = refused("input x = 1\n" + "\n".join(lines))
    assert [d.code for d in error.diagnostics] == ["GL201"] * 20 + ["GL806"]
    assert error.diagnostics[-1].message == "580 more mistakes are not shown"
    assert len(set(compared)) <= spelling.SEARCHED


def test_the_number_of_mistakes_that_are_kept_is_a_limit() -> None:
    with pytest.raises(gl.GraphError) as caught:
        gl.loads(MANY, limits=gl.Limits(errors=499))
    assert len(caught.value.diagnostics) == 500
    assert str(caught.value).endswith("more mistakes are not shown")


def test_one_mistake_in_many_copies_is_one() -> None:
    error = refused("input x: float[N, 3]\ny = x -> repeat 100 { abs(x) + q }")
    assert len(error.diagnostics) < 5


@pytest.mark.parametrize("text", [MANY, *LONG.values()], ids=["many", *LONG])
def test_the_text_of_an_exception_is_bounded(text: str) -> None:
    assert len(str(refused(text)).encode()) <= MOST_BYTES


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("text", [MANY, *LONG.values()], ids=["many", *LONG])
def test_what_a_command_writes_is_bounded(
    form: str, text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "hostile.graph"
    file.write_text(text)
    assert main(["run", str(file), "--format", form]) == 1
    err = capsys.readouterr().err
    assert 0 < len(err.encode()) <= MOST_BYTES
    if form in ("json", "sarif"):
        json.loads(err)


def test_a_name_is_cut_in_its_middle_and_what_replaces_it_is_whole() -> None:
    name = "begin" + "a" * 500 + "end"
    (problem,) = refused(f"input {name} = 1\ny = {name.upper()}").diagnostics
    assert problem.message.startswith("unknown name `BEGINAAA")
    assert problem.message.endswith("AAAEND`")
    assert len(problem.message) < 300
    assert [edit.text for edit in problem.edits] == [name]


def test_characters_that_reorder_text_are_escaped_in_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "a\u202eb.graph"
    file.write_text("input x = 1\ny = q", encoding="utf-8")
    assert main(["run", str(file), "--format", "json"]) == 1
    err = capsys.readouterr().err
    assert "\u202e" not in err
    assert json.loads(err)[0]["file"] == str(file)
