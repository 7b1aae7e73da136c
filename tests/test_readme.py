"""The README keeps its promises: its blocks run, its commands are those that are checked."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import graphlang as gl
from graphlang.checks.expectations import check_expectations
from graphlang.cli import COMMANDS
from graphlang.inputs.stand_ins import fill_with_random

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def test_it_is_a_first_page_of_five_blocks() -> None:
    assert README.count("\n") < 150
    assert len(blocks("graph")) == 4
    assert len(blocks("python")) == 1
    assert [int(n) for n in re.findall(r"^\*\*(\d+)\. ", README, re.MULTILINE)] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("number", range(4))
def test_a_block_runs_and_its_expectations_hold(number: int) -> None:
    graph = gl.loads(blocks("graph")[number], folder=ROOT / "specs")
    assert graph.notes == ()
    assert [f"{e.text}: {e.message}" for e in check_expectations(graph.model) if not e.ok] == []
    forward = graph.forward(fill_with_random(graph.network, {}, np.random.default_rng(0)))
    for name in graph.outputs:
        forward.backward(np.ones_like(forward[name]), name)


def test_the_python_block_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    names: dict[str, object] = {"__name__": "readme"}
    for block in blocks("python"):
        exec(compile(block, "README.md", "exec"), names)
    result = names["r"]
    assert isinstance(result, gl.Result)
    assert result["total"] == pytest.approx(690)
    assert result.grad["apple"] == pytest.approx(2.2)
    assert np.shape(names["scores"]) == (8, 10)


def test_there_are_two_commands_of_one_line_and_each_makes_its_own_environment() -> None:
    commands = blocks("sh")
    assert len(commands) == 2
    for command in commands:
        assert command.count("\n") == 1
        assert command.startswith("python3 -m venv ")
    assert "graphlang train specs/two_layer_net.graph" in commands[0]
    assert "pytest" in commands[1]


def test_commands_before_the_activation_name_the_environment() -> None:
    before, activated, _ = README.partition("`. .venv/bin/activate`")
    assert activated
    assert re.findall(r"(?<![/\w`])graphlang [a-z-]+ [^\n]*", before) == []
    piped = re.findall(r"`(echo [^`]*)`", README)
    assert piped
    assert all("| .venv/bin/graphlang " in command for command in piped)


def test_the_command_of_the_first_block_prints_what_it_says() -> None:
    (text, words) = re.findall(r"`echo '([^']*)' \| .venv/bin/graphlang run - ([^`]*)` prints 220", README)[0]
    settings = dict(word.split("=") for word in words.replace("--set", "").split())
    result = gl.loads(text, set=settings).run()
    assert result["price"] == pytest.approx(220)
    assert set(result.grad) >= set(settings)


def test_the_table_of_commands_names_each() -> None:
    table = README.partition("| command | does |")[2].partition("\n\n")[0]
    cells = " ".join(line.split(" | ")[0] for line in table.splitlines())
    assert {name for name in COMMANDS if not re.search(rf"[` ]{name}[` ]", cells)} == set()


def test_the_ci_runs_the_test_command_of_the_readme() -> None:
    pattern = re.search(r"sed -n '(.*?)' README", (ROOT / ".ci" / "run").read_text(encoding="utf-8"))
    assert pattern is not None
    assert pattern[1] == r"s/^\(python3 .*pytest.*\)$/\1/p"
    assert re.findall(r"^(python3 .*pytest.*)$", README, re.MULTILINE) == [blocks("sh")[1].strip()]


def test_no_text_names_the_package_of_somebody_else() -> None:
    for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("graphlang/**/*.py")]:
        assert not re.search(r"pip install graphlang(?!-dsl)", path.read_text(encoding="utf-8")), path


def test_every_link_leads_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
