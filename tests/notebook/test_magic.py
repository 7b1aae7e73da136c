"""`%%graph` in a cell: the graph, its variable, its settings, and its mistakes in place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("IPython")

from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

import graphlang as gl

APPLE = "input apple = 100, num = 2, tax = 1.1\nprice = apple * num * tax\noutput price\n"
WRONG = "input apple = 100\nprice = aple * 2\n"


@pytest.fixture
def shell(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[InteractiveShell]:
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    shell = InteractiveShell.instance()
    shell.history_manager.enabled = False
    shell.run_line_magic("load_ext", "graphlang")
    yield shell
    InteractiveShell.clear_instance()


def cell(shell: InteractiveShell, line: str, text: str) -> tuple[Any, list[Any]]:
    with capture_output() as captured:
        graph = shell.run_cell_magic("graph", line, text)
    return graph, list(captured.outputs)


def test_a_cell_is_a_graph_and_a_variable(shell):
    graph, shown = cell(shell, "apples", APPLE)
    assert isinstance(graph, gl.Graph)
    assert shell.user_ns["apples"] is graph
    assert shown == []
    assert cell(shell, "", APPLE)[0].run()["price"] == pytest.approx(220)


def test_settings_come_from_the_line(shell):
    graph, _ = cell(shell, "apples --set tax=1.2 --set num=3 --dtype float32 --seed 7", APPLE)
    assert graph.run()["price"] == pytest.approx(360, rel=1e-6)
    assert (str(graph.dtype), graph.seed) == ("float32", 7)


def test_mistakes_are_shown_in_place_as_html_and_as_text(shell):
    shell.user_ns["apples"] = "an older graph"
    graph, shown = cell(shell, "apples", WRONG)
    assert graph is None
    assert "apples" not in shell.user_ns
    (output,) = shown
    text, html = output.data["text/plain"], output.data["text/html"]
    assert "error[GL201]: unknown name `aple`" in text
    assert "<cell>:2:9" in text
    lines = text.splitlines()
    marked = next(i for i, line in enumerate(lines) if "price = aple" in line)
    assert lines[marked].index("aple") == lines[marked + 1].index("^^^^")
    assert "^^^^" in html
    assert "&lt;cell&gt;:2:9" in html
    assert "\x1b" not in text + html


def test_notes_are_shown_and_the_graph_too(shell):
    text = "input x: float[N, 3], y: float[N, 1], t: float[N]\nloss = mean((y[:, 0] - t)**2)\noutput loss\n"
    graph, shown = cell(shell, "", text)
    assert graph is not None
    assert len(shown) == bool(graph.notes)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("1a", "`1a` is no name for a variable"),
        ("apples --sett tax=1", "unrecognized arguments: --sett"),
        ("apples --set tax", "is not NAME=VALUE"),
        ("'apples", "No closing quotation"),
    ],
)
def test_a_line_that_is_not_understood_is_told_and_ends_nothing(shell, line, says):
    graph, shown = cell(shell, line, APPLE)
    assert graph is None
    assert says in shown[0].data["text/plain"]


def test_help_describes_the_options(shell, capsys):
    assert shell.run_cell_magic("graph", "--help", APPLE) is None
    assert "%%graph [NAME] [OPTIONS]" in capsys.readouterr().out
