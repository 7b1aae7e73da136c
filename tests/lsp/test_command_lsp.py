"""`graphlang lsp` as a command: what it needs, and what it says where no editor has started it."""

from __future__ import annotations

import io
import subprocess
import sys

import pytest

from graphlang.cli import main


def test_without_pygls_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delitem(sys.modules, "graphlang.lsp.server", raising=False)
    monkeypatch.setitem(sys.modules, "pygls", None)
    assert main(["lsp"]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert "needs pygls" in told.err
    assert 'pip install "graphlang-dsl[lsp]"' in told.err


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("stdin", [Terminal(), None])
def test_at_a_terminal_it_says_that_an_editor_starts_it(
    stdin: Terminal | None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("pygls")
    monkeypatch.setattr("sys.stdin", stdin)
    assert main(["lsp"]) == 2
    assert "an editor starts this command" in capsys.readouterr().err


def test_other_commands_import_nothing_of_it() -> None:
    code = (
        "import sys; from graphlang.cli import main; main(['check', 'lesson:apple']); "
        "sys.exit(any(m.startswith(('graphlang.lsp', 'pygls')) for m in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0
