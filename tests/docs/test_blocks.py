"""Every block of code in the documentation runs: by itself, or as a file of a page that runs as a whole."""

from __future__ import annotations

import argparse
import dataclasses
import re
import shlex
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

import graphlang as gl
from graphlang.checks.expectations import check_expectations
from graphlang.cli import COMMANDS, main
from graphlang.formatting import laid_out
from graphlang.inputs.stand_ins import fill_with_random

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in DOCS.rglob("*.md")}
PAGES["README.md"] = (ROOT / "README.md").read_text(encoding="utf-8")
QUOTED = re.compile(r"^````.*?^````$", re.MULTILINE | re.DOTALL)
"""Markdown that a page shows, whose blocks are no examples."""


def blocks(page: str, language: str) -> list[str]:
    pattern = rf"^```{language}\b[^\n]*\n(.*?)^```$"
    return re.findall(pattern, QUOTED.sub("", PAGES[page]), re.MULTILINE | re.DOTALL)


ALONE = [
    (page, number)
    for page in sorted(PAGES)
    for number, block in enumerate(blocks(page, "graph"))
    if not re.match(r"# [\w/.-]+\.graph\n", block)
]
"""The blocks that are no files of a page."""


@pytest.mark.parametrize(("page", "number"), ALONE)
def test_a_block_of_a_spec_runs_and_its_expectations_hold(page: str, number: int) -> None:
    graph = gl.loads(blocks(page, "graph")[number], folder=ROOT / "specs")
    assert graph.notes == ()
    assert [f"{e.text}: {e.message}" for e in check_expectations(graph.model) if not e.ok] == []
    forward = graph.forward(fill_with_random(graph.network, {}, np.random.default_rng(0)))
    for name in graph.outputs:
        if graph.outputs[name].dtype.startswith("float"):
            forward.backward(np.ones_like(forward[name]), name)


@pytest.mark.parametrize("page", sorted(page for page in PAGES if blocks(page, "graph")))
def test_the_specs_of_a_page_are_in_the_one_layout(page: str) -> None:
    for block in blocks(page, "graph"):
        assert laid_out(block) == block


def test_every_page_with_python_is_run_by_a_test() -> None:
    tests = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*.py"))
    tests += (ROOT / "tests" / "test_readme.py").read_text(encoding="utf-8")
    pages = [page for page in PAGES if blocks(page, "python") or re.search(r"^```graph\n# ", PAGES[page])]
    assert [page for page in pages if f'"{page.removeprefix("docs/")}"' not in tests] == []


def commands() -> list[tuple[str, str]]:
    found = []
    for page, text in sorted(PAGES.items()):
        lines = [line for block in blocks(page, "sh") for line in block.replace("\\\n", " ").splitlines()]
        lines += re.findall(r"^(?:    |\$ )(graphlang .*)$", text.replace("\\\n", " "), re.MULTILINE)
        for line in lines:
            command = line.rpartition("| ")[2].rpartition("&& ")[2]
            if re.match(r"(\S*/)?graphlang \S", command):
                found.append((page, command))
    return found


@pytest.mark.parametrize("page", sorted({page for page, _ in commands() if page.startswith("docs/how-to/")}))
def test_the_files_that_the_commands_of_a_howto_name_can_be_had(page: str) -> None:
    text = PAGES[page]
    written = set(re.findall(r"(?:^# |title=\"|-o |@)([\w./-]+\.graph)", text, re.MULTILINE))
    made = {f"{name}.graph" for name in re.findall(r"graphlang new (\w+)", text)}
    named = {word for of, line in commands() if of == page for word in re.findall(r"[\w./-]+\.graph\b", line)}
    lessons = {name for name in named if name.startswith("specs/")}
    assert not lessons or "graphlang lessons copy specs" in text
    assert [name for name in sorted(named - lessons) if name not in written | made] == []


@pytest.mark.parametrize(("page", "command"), commands())
def test_a_command_in_a_page_has_options_that_there_are(page: str, command: str) -> None:
    _, name, *words = shlex.split(command, comments=True)
    if name.startswith("-"):
        return
    assert name in COMMANDS
    parser: argparse.ArgumentParser = import_module(f"graphlang.cli.{name.replace('-', '_')}").parser()
    if words in (["..."], ["--help"]):
        return
    parser.parse_intermixed_args([word for word in words if word != "..."])


# ---- the tour ----------------------------------------------------------------------------------------


def test_the_tour_has_ten_blocks() -> None:
    page = "docs/tutorial/tour.md"
    assert len(blocks(page, "graph")) == 10
    assert [int(n) for n in re.findall(r"^\*\*(\d+)\. ", PAGES[page], re.MULTILINE)] == list(range(1, 11))


def test_each_block_of_the_tour_runs_with_the_commands_below_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    page = (ROOT / "docs/tutorial/tour.md").read_text(encoding="utf-8")
    pairs = re.findall(r"```graph\n(.*?)```\n\n```sh\n(.*?)```", page, re.DOTALL)
    assert len(pairs) == 10
    for text, commands in pairs:
        Path("try.graph").write_text(text, encoding="utf-8")
        for command in commands.splitlines():
            name, *words = shlex.split(command)
            assert (name, main(words)) == ("graphlang", 0), capsys.readouterr().err


def test_the_message_in_the_tour_is_the_message() -> None:
    text = "input apple = 100, num = 2, orange = 150, onum = 3, tax = 1.1\nprice = (aple * num + orange * onum) * tax\n"
    with pytest.raises(gl.GraphError) as caught:
        gl.loads(text, name="fruit.graph")
    assert blocks("docs/tutorial/tour.md", "text") == [f"{caught.value}\n"]


# ---- the reference -----------------------------------------------------------------------------------


def test_every_lesson_stands_in_the_table_once() -> None:
    table = (
        PAGES["docs/reference/lessons.md"].partition("| lesson | shows | reaches |")[2].partition("\n\n")[0]
    )
    named = ", ".join(re.findall(r"^\| ([a-z0-9_, ]+) \|", table, re.MULTILINE)).split(", ")
    lessons = sorted(path.stem for path in (ROOT / "specs").glob("*.graph"))
    assert sorted(named) == lessons


def test_the_table_of_limits_has_each_with_its_default() -> None:
    stated = {}
    for names, values in re.findall(
        r"^\| (`[^|]*) \| ([^|]*) \|", PAGES["docs/reference/limits.md"], re.MULTILINE
    ):
        numbers = [value.strip().replace(",", "") for value in values.split(", ")]
        for name, number in zip(re.findall(r"`(\w+)`", names), numbers, strict=True):
            amount, _, unit = number.partition(" ")
            base, _, power = amount.partition("^")
            stated[name] = int(base) ** int(power or 1) * {"": 1, "MiB": 2**20, "GiB": 2**30}[unit]
    assert stated == dataclasses.asdict(gl.Limits())


def test_a_file_that_imports_another_is_loaded_with_it(tmp_path: Path) -> None:
    for block in blocks("docs/reference/language.md", "graph"):
        if found := re.match(r"# (\w+\.graph)\n", block):
            (tmp_path / found[1]).write_text(block, encoding="utf-8")
    assert list(gl.load(tmp_path / "main.graph").params)[:2] == [
        "Wide1.Affine1.W",
        "Wide1.Affine1.b",
    ]


def test_python_in_short_runs_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    names: dict[str, object] = {"__name__": "page"}
    page = "reference/python.md"
    for block in blocks(f"docs/{page}", "python"):
        exec(compile(block, page, "exec"), names)
    graph = names["g"]
    assert isinstance(graph, gl.Graph)
    np.testing.assert_allclose(graph.run(x=[0.0, 1.0], seed=[1, 1])["y"], [0, 1 / (1 + np.exp(-2))])
    centred = names["centred"]
    assert isinstance(centred, gl.Graph)
    np.testing.assert_allclose(centred.params["Centred1.gain"], 2, atol=0.01)
    np.testing.assert_allclose(centred.params["Centred1.mean"], [4.5, 5.5, 6.5], atol=0.01)


# ---- how to ------------------------------------------------------------------------------------------


def test_the_commands_that_show_something_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib, of the extra `plot`, draws the curves")
    section = PAGES["docs/how-to/seeing.md"].partition("\n## ")[0]
    lines = re.findall(r"^    graphlang (.*)$", section, re.MULTILINE)
    shown = [shlex.split(words, comments=True) for words in lines]
    names = ["run", "view", "view", "train", "report", "plot", "diff", "where"]
    assert [words[0] for words in shown] == names
    (tmp_path / "specs").symlink_to(ROOT / "specs", target_is_directory=True)
    monkeypatch.chdir(tmp_path)
    for words in shown:
        if "--live" in words:  # tests/view/test_live.py runs it
            continue
        short = ["--set", "train.iterations=20"] if words[0] == "train" else []
        assert main([*(word for word in words if word != "--open"), *short]) == (words[0] == "diff"), words
    assert {path.name for path in tmp_path.iterdir()} >= {"two_layer_net.html", "report.html", "curves.png"}


def test_the_options_of_loading_on_jax_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("jax")
    monkeypatch.chdir(ROOT)
    names: dict[str, object] = {"__name__": "page"}
    (block,) = blocks("docs/how-to/devices.md", "python")
    exec(compile(block, "how-to/devices.md", "exec"), names)
    assert isinstance(names["net"], gl.Graph)
