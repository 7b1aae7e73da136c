"""`graphlang check --fix` makes the edits that are certain, and no others."""

from __future__ import annotations

from pathlib import Path

import pytest

from graphlang.cli import main

WRONG = """\
// my net
input x: float[N, 3]
y = x -> Affine(3, bias=False) => Relu
z = y && y
q = xx + 1
"""
RIGHT = """\
# my net
input x: float[N, 3]
y = x -> Affine(3, bias=false) -> Relu
z = y and y
q = xx + 1
"""
BAD = sorted((Path(__file__).parents[1] / "diagnostics/bad").glob("*.graph"))


@pytest.fixture
def net(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "net.graph"
    file.write_text(WRONG, "utf-8")
    return file


def test_what_is_certain_is_mended_and_the_rest_is_told(
    net: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", "net.graph", "--fix", "--format", "concise"]) == 1
    assert net.read_text("utf-8") == RIGHT
    out, err = capsys.readouterr()
    assert out.splitlines()[-1].startswith("net.graph:5:5: error[GL201] unknown name `xx`")
    assert "mistakes mended, " in err
    assert main(["check", "net.graph", "--fix"]) == 1
    assert net.read_text("utf-8") == RIGHT
    assert "mended" not in capsys.readouterr().err


def test_diff_writes_nothing(net: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "net.graph", "--diff"]) == 1
    assert net.read_text("utf-8") == WRONG
    out, err = capsys.readouterr()
    assert "+z = y and y\n" in out
    assert err == "4 mistakes would be mended, 1 error would be left\n"
    net.write_text("y = 2 * x\n", "utf-8")
    assert main(["check", "net.graph", "--diff"]) == 0
    assert capsys.readouterr().out == ""


def test_standard_input_and_lessons_are_not_written(net: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "-", "--fix"]) == 2
    assert "--diff" in capsys.readouterr().err
    assert main(["check", "lesson:apple", "--fix"]) == 0


@pytest.mark.parametrize("path", [p for p in BAD if p.stem != "not_utf8"], ids=lambda p: p.stem)
def test_a_wrong_file_that_is_mended_has_no_certain_edit_left(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / path.name
    file.write_bytes(path.read_bytes())
    main(["check", str(file), "--fix"])
    once = file.read_bytes()
    main(["check", str(file), "--fix"])
    assert file.read_bytes() == once
    assert "mended" not in capsys.readouterr().err.splitlines()[-1]
