"""What `graphlang run` says at its end at a terminal: how to see the same as a page."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from graphlang.cli import main

APPLE = Path(__file__).parent.parent.parent / "specs" / "apple.graph"


class Terminal(io.StringIO):
    def isatty(self):
        return True


def told(monkeypatch, words, out, err):
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    assert main(words) == 0
    return [line for line in err.getvalue().splitlines() if "as a page" in line]


def test_a_reader_at_a_terminal_is_told_once_with_the_options_of_the_run(monkeypatch):
    words = ["run", str(APPLE), "--set", "apple=1 + 2", "--picture", "--full"]
    (line,) = told(monkeypatch, words, Terminal(), Terminal())
    assert line == f"as a page: graphlang view {APPLE} --set 'apple=1 + 2' --open"


@pytest.mark.parametrize(
    ("words", "out", "err"),
    [
        ([str(APPLE)], io.StringIO, Terminal),
        ([str(APPLE)], Terminal, io.StringIO),
        ([str(APPLE), "--json"], Terminal, Terminal),
        ([str(APPLE), str(APPLE.with_name("chain_rule.graph"))], Terminal, Terminal),
        ([str(APPLE.with_name("two_layer_net.graph")), "--plan"], Terminal, Terminal),
    ],
)
def test_nobody_else_is_told(monkeypatch, words, out, err):
    assert told(monkeypatch, ["run", *words], out(), err()) == []
