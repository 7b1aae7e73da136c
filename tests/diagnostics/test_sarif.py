"""SARIF and GitHub's workflow commands hold what their readers ask for.

sarif-2.1.0-rtm.5.json is the schema of OASIS, as the package @microsoft/jest-sarif has it (Copyright (c) Microsoft
Corporation, MIT license). What GitHub reads in a workflow command is written down here from its documentation: properties
with `%`, line ends, `:` and `,` escaped, and a message with `%` and line ends escaped.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import graphlang as gl
from graphlang.cli import main
from graphlang.diagnostics import Diagnostic, edited
from graphlang.diagnostics.more import MoreMistakes
from graphlang.diagnostics.render import github
from graphlang.diagnostics.sarif import sarif

SCHEMA = json.loads(Path(__file__).with_name("sarif-2.1.0-rtm.5.json").read_text("utf-8"))
VALIDATOR = jsonschema.Draft4Validator(SCHEMA)
FOLDERS = (Path(__file__).with_name("bad"), Path(__file__).parents[1] / "wrong_programs" / "programs")
FILES = [path for folder in FOLDERS for path in sorted(folder.glob("*.graph"))]


def mistakes(text: str, name: str = "a.graph") -> list[Diagnostic]:
    with pytest.raises(gl.GraphError) as caught:
        gl.loads(text, name=name)
    return caught.value.diagnostics


@pytest.fixture(scope="module")
def all_mistakes() -> list[list[Diagnostic]]:
    """Those of every wrong file of the tests, file by file."""
    several = []
    for path in FILES:
        try:
            several.append(list(gl.load(path).notes))
        except gl.GraphError as error:
            several.append(error.diagnostics)
    return several


def test_the_mistakes_of_every_wrong_file_are_valid_sarif(all_mistakes: list[list[Diagnostic]]) -> None:
    together = [d for of_file in all_mistakes for d in of_file]
    log = sarif(together, version="0.1.0")
    VALIDATOR.validate(log)
    results, rules = log["runs"][0]["results"], log["runs"][0]["tool"]["driver"]["rules"]
    assert len(results) == len(together) > 250
    assert [rules[result["ruleIndex"]]["id"] for result in results] == [d.code for d in together]
    assert all("\n\n" in rule["help"]["text"] for rule in rules)


def test_every_fix_is_the_edits_of_the_diagnostic(all_mistakes: list[list[Diagnostic]]) -> None:
    fixed = 0
    for d in (d for of_file in all_mistakes for d in of_file):
        (result,) = sarif([d])["runs"][0]["results"]
        assert ("fixes" in result) == bool(d.edits)
        if d.edits and d.span is not None:
            (change,) = result["fixes"][0]["artifactChanges"]
            assert _applied(d.span.source.text, change["replacements"]) == edited(d.span.source.text, d.edits)
            fixed += 1
    assert fixed > 80


def _applied(text: str, replacements: list[dict[str, Any]]) -> str:
    """A text with replacements made as an editor would, which counts columns in units of UTF-16."""
    lines = [line.encode("utf-16-le") for line in text.split("\n")]
    for replacement in sorted(replacements, key=lambda r: -r["deletedRegion"]["startColumn"]):
        region = replacement["deletedRegion"]
        first, last = region["startLine"] - 1, region["endLine"] - 1
        before = lines[first][: 2 * (region["startColumn"] - 1)]
        after = lines[last][2 * (region["endColumn"] - 1) :]
        lines[first : last + 1] = [
            before + replacement["insertedContent"]["text"].encode("utf-16-le") + after
        ]
    return "\n".join(line.decode("utf-16-le") for line in lines)


def test_columns_count_as_editors_do() -> None:
    problem = next(d for d in mistakes('input x = 1\ny = f("𝛼𝛽é") + aple') if d.code == "GL201")
    region = sarif([problem])["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"]
    assert problem.column == 16
    assert (region["startColumn"], region["endColumn"]) == (18, 22)


def test_the_other_places_are_related_locations() -> None:
    (problem,) = mistakes("input apple = 1\ny = aple")
    (result,) = sarif([problem])["runs"][0]["results"]
    (related,) = result["relatedLocations"]
    assert related["message"]["text"] == "`apple` is defined here"
    assert related["physicalLocation"]["region"]["startLine"] == 1


@pytest.mark.parametrize(
    ("name", "uri"),
    [
        ("my nets/a b.graph", "my%20nets/a%20b.graph"),
        ("사과.graph", "%EC%82%AC%EA%B3%BC.graph"),
        ("a%2C.graph", "a%252C.graph"),
    ],
)
def test_the_name_of_a_file_becomes_a_uri(name: str, uri: str) -> None:
    log = sarif(mistakes("input x\ny = z", name))
    VALIDATOR.validate(log)
    place = log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == uri


@pytest.mark.parametrize("diagnostics", [[], [MoreMistakes(3)]])
def test_a_log_without_mistakes_and_one_of_a_mistake_without_a_place_are_valid(
    diagnostics: list[Diagnostic],
) -> None:
    VALIDATOR.validate(sarif(diagnostics))


@pytest.fixture
def checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> Callable[..., str]:
    """`checked(form, *texts)`: what `check` prints of files with these texts."""
    monkeypatch.chdir(tmp_path)

    def run(form: str, *texts: str) -> str:
        names = [f"{number}.graph" for number in range(len(texts))]
        for name, text in zip(names, texts, strict=True):
            Path(name).write_text(text, encoding="utf-8")
        main(["check", *names, "--format", form])
        return str(capsys.readouterr().out)

    return run


def test_check_prints_one_log_however_many_files_and_mistakes_there_are(checked: Callable[..., str]) -> None:
    many = "input x = 1\n" + "\n".join(f"y{i} = q{i} + x" for i in range(500))
    for texts in (["y = a * 2"], ["input x\ny = z", "y = a * 2", "input x\ny = x +"], [many, many]):
        log = json.loads(checked("sarif", *texts))
        VALIDATOR.validate(log)
        per_file = {
            d["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
            for d in log["runs"][0]["results"]
            if d["locations"]
        }
        assert len(per_file) == sum("=" in text and text != "y = a * 2" for text in texts)


COMMAND = re.compile(
    r"::(?:error|warning|notice) (?:\w+=(?:[^%\r\n:,]|%25|%0D|%0A|%3A|%2C)*,?)+::(?:[^%\r\n]|%25|%0D|%0A)+"
)


def test_every_wrong_file_gives_workflow_commands(all_mistakes: list[list[Diagnostic]]) -> None:
    for d in (d for of_file in all_mistakes for d in of_file):
        assert COMMAND.fullmatch(github(d)), github(d)
        fields = dict(field.split("=", 1) for field in github(d).split(" ", 1)[1].split("::")[0].split(","))
        assert fields["title"] == d.code
        if d.span is not None:
            assert (int(fields["line"]), int(fields["col"])) == (d.line, d.column)


def test_what_divides_a_workflow_command_is_escaped_in_the_name_of_a_file() -> None:
    (problem,) = mistakes("input x\ny = z", "a,b:c%\n.graph")
    assert github(problem).startswith("::error file=a%2Cb%3Ac%25%0A.graph,line=2")
