"""The README keeps its promises: its blocks run, its commands are those that are checked."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import numpy as np
import pytest

import graphlang as gl
from graphlang.checks.expectations import check_expectations
from graphlang.cli import main
from graphlang.inputs.stand_ins import fill_with_random

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def test_the_tour_has_ten_blocks() -> None:
    assert len(blocks("graph")) == 10
    assert [int(n) for n in re.findall(r"^\*\*(\d+)\. ", README, re.MULTILINE)] == list(range(1, 11))


@pytest.mark.parametrize("number", range(10))
def test_a_block_of_the_tour_runs_and_its_expectations_hold(number: int) -> None:
    graph = gl.loads(blocks("graph")[number], folder=ROOT / "specs")
    assert graph.notes == ()
    assert [f"{e.text}: {e.message}" for e in check_expectations(graph.model) if not e.ok] == []
    forward = graph.forward(fill_with_random(graph.network, {}, np.random.default_rng(0)))
    for name in graph.outputs:
        forward.backward(np.ones_like(forward[name]), name)


def test_the_python_blocks_run_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    names: dict[str, object] = {"__name__": "readme"}
    for block in blocks("python"):
        exec(compile(block, "README.md", "exec"), names)
    graph = names["g"]
    assert isinstance(graph, gl.Graph)
    np.testing.assert_allclose(graph.run(x=[0.0, 1.0], seed=[1, 1])["y"], [0, 1 / (1 + np.exp(-2))])
    centred = names["centred"]
    assert isinstance(centred, gl.Graph)
    np.testing.assert_allclose(centred.params["Centred1.gain"], 2, atol=0.01)
    np.testing.assert_allclose(centred.params["Centred1.mean"], [4.5, 5.5, 6.5], atol=0.01)


def test_the_message_in_the_readme_is_the_message() -> None:
    text = "input apple = 100, num = 2, orange = 150, onum = 3, tax = 1.1\nprice = (aple * num + orange * onum) * tax\n"
    with pytest.raises(gl.GraphError) as caught:
        gl.loads(text, name="fruit.graph")
    assert blocks("text") == [f"{caught.value}\n"]


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
    assert re.findall(r"(?<![/\w])graphlang [a-z-]+ [^\n]*", before) == []
    piped = re.findall(r"`(echo [^`]*)`", README)
    assert piped
    assert all("| .venv/bin/graphlang " in command for command in piped)


def test_the_command_of_the_tour_prints_what_it_says() -> None:
    (text, words) = re.findall(r"`echo '([^']*)' \| .venv/bin/graphlang run - ([^`]*)` prints 220", README)[0]
    settings = dict(word.split("=") for word in words.replace("--set", "").split())
    result = gl.loads(text, set=settings).run()
    assert result["price"] == pytest.approx(220)
    assert set(result.grad) >= set(settings)


def test_every_lesson_stands_in_the_table_once() -> None:
    table = README.partition("| lesson | shows | reaches |")[2].partition("\n\n")[0]
    named = ", ".join(re.findall(r"^\| ([a-z0-9_, ]+) \|", table, re.MULTILINE)).split(", ")
    lessons = sorted(path.stem for path in (ROOT / "specs").glob("*.graph"))
    assert sorted(named) == lessons


def test_the_ci_runs_the_test_command_of_the_readme() -> None:
    pattern = re.search(r"sed -n '(.*?)' README", (ROOT / ".ci" / "run").read_text(encoding="utf-8"))
    assert pattern is not None
    assert pattern[1] == r"s/^\(python3 .*pytest.*\)$/\1/p"
    assert re.findall(r"^(python3 .*pytest.*)$", README, re.MULTILINE) == [blocks("sh")[1].strip()]


def test_no_text_names_the_package_of_somebody_else() -> None:
    for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("graphlang/**/*.py")]:
        assert "pip install graphlang" not in path.read_text(encoding="utf-8"), path


def test_every_link_of_the_readme_leads_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / target).exists(), target


def test_the_commands_that_show_something_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib, of the extra `plot`, draws the curves")
    section = README.partition("\n## Seeing it\n")[2].partition("\n## ")[0]
    commands = [
        shlex.split(words, comments=True)
        for words in re.findall(r"^    graphlang (.*)$", section, re.MULTILINE)
    ]
    names = ["run", "view", "view", "train", "report", "plot", "diff", "where"]
    assert [words[0] for words in commands] == names
    (tmp_path / "specs").symlink_to(ROOT / "specs", target_is_directory=True)
    monkeypatch.chdir(tmp_path)
    for words in commands:
        if "--live" in words:  # tests/view/test_live.py runs it
            continue
        short = ["--set", "train.iterations=20"] if words[0] == "train" else []
        assert main([*(word for word in words if word != "--open"), *short]) == (words[0] == "diff"), words
    assert {path.name for path in tmp_path.iterdir()} >= {"two_layer_net.html", "report.html", "curves.png"}
