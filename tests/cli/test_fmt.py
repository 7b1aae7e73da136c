"""`graphlang fmt`: what it writes, what it says, and how it ends."""

from __future__ import annotations

import io
import os
import stat
import sys
from pathlib import Path

import pytest

from graphlang.cli import main

WRONG, RIGHT = "y=x*2# twice\n", "y = x * 2  # twice\n"


@pytest.fixture
def net(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "net.graph"
    file.write_text(WRONG, "utf-8")
    return file


def test_a_file_is_written_in_the_layout(net: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fmt", "net.graph"]) == 0
    assert net.read_text("utf-8") == RIGHT
    assert capsys.readouterr() == ("net.graph\n", "1 file was reformatted\n")
    assert main(["fmt", "net.graph"]) == 0
    assert capsys.readouterr() == ("", "1 file already in the layout\n")


def test_check_writes_nothing_and_exits_with_1(net: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fmt", "net.graph", "--check"]) == 1
    assert net.read_text("utf-8") == WRONG
    assert capsys.readouterr() == ("net.graph\n", "1 file would be reformatted\n")
    net.write_text(RIGHT, "utf-8")
    assert main(["fmt", "net.graph", "--check"]) == 0


def test_diff_shows_what_would_change(net: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fmt", "net.graph", "--diff"]) == 1
    assert net.read_text("utf-8") == WRONG
    assert capsys.readouterr().out == (
        "--- net.graph\n+++ net.graph (formatted)\n@@ -1 +1 @@\n-y=x*2# twice\n+y = x * 2  # twice\n"
    )
    net.write_bytes(RIGHT.encode().removesuffix(b"\n"))
    assert main(["fmt", "net.graph", "--diff"]) == 1
    assert capsys.readouterr().out == "the ends of lines differ\n"


def test_standard_input_goes_to_standard_output(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stdin(text: str) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))

    stdin(WRONG)
    assert main(["fmt", "-"]) == 0
    assert capsys.readouterr() == (RIGHT, "")
    stdin(WRONG)
    assert main(["fmt", "-", "--check"]) == 1
    assert capsys.readouterr() == ("", "1 file would be reformatted\n")
    stdin("y = (")
    assert main(["fmt", "-"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "<stdin>:1" in err


def test_a_folder_stands_for_the_files_below_it_and_a_broken_one_stays(
    net: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (net.parent / "below").mkdir()
    (net.parent / "below/good.graph").write_text(RIGHT, "utf-8")
    (net.parent / "below/bad.graph").write_text("y = x +* 2\n", "utf-8")
    assert main(["fmt", "."]) == 1
    out, err = capsys.readouterr()
    assert out == "net.graph\n"
    assert "below/bad.graph:1:" in err.replace(os.sep, "/")
    assert err.endswith("1 file was reformatted, 1 file already in the layout, 1 file could not be read\n")
    assert (net.parent / "below/bad.graph").read_text("utf-8") == "y = x +* 2\n"
    assert net.read_text("utf-8") == RIGHT


@pytest.mark.skipif(os.name == "nt", reason="Windows has other rights")
def test_a_file_keeps_its_rights_and_a_link_stays_a_link(net: Path) -> None:
    net.chmod(0o640)
    link = net.parent / "link.graph"
    link.symlink_to(net)
    assert main(["fmt", "link.graph"]) == 0
    assert link.is_symlink()
    assert net.read_text("utf-8") == RIGHT
    assert stat.S_IMODE(net.stat().st_mode) == 0o640


def test_a_lesson_is_shown_and_never_written(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fmt", "lesson:", "--check"]) == 0
    assert main(["fmt", "lesson:apple", "--diff"]) == 0
    capsys.readouterr()


def test_a_file_that_is_not_there_is_told_with_others_done(
    net: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["fmt", "missing.graph", "net.graph"]) == 1
    assert "there is no such file" in capsys.readouterr().err
    assert net.read_text("utf-8") == RIGHT
