"""`graphlang train` in a terminal, drawn on a small screen that knows the few signs that are used."""

from __future__ import annotations

import io
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from graphlang.cli import live_area, main, training_progress
from graphlang.datasets import reading, table_pieces
from graphlang.training.record import Epoch, History, LayerRecord, ParameterNorms, Progress

NET = """
input x: float[N, 4], t: int[N]
y = x -> Affine(8) -> Relu -> Affine(3)
loss = SoftmaxWithLoss(y, t)
output y
data { source = npz("data.npz"); x = x; t = t }
train { minimize = loss; optimizer = SGD(lr=0.1); batch = 5; epochs = 4 }
"""


class Terminal(io.TextIOWrapper):
    """A terminal of some size that keeps what is written."""

    def __init__(self, columns: int, rows: int = 24, encoding: str = "utf-8") -> None:
        super().__init__(io.BytesIO(), encoding=encoding, write_through=True)
        self.size = os.terminal_size((columns, rows))

    def isatty(self) -> bool:
        return True

    @property
    def written(self) -> str:
        return self.buffer.getvalue().decode(self.encoding)  # type: ignore[attr-defined]

    @property
    def screen(self) -> list[str]:
        """The lines that a person sees, without those at the end that are empty."""
        lines, row = [""], 0
        for sign in re.findall(r"\x1b\[\d*[A-Za-z]|\r|\n|[^\x1b\r\n]+", self.written):
            if sign == "\n":
                row += 1
                lines += [""] * (row + 1 - len(lines))
            elif sign.endswith("F") and sign[0] == "\x1b":
                row = max(0, row - int(sign[2:-1]))
            elif sign == "\x1b[J":
                lines = [*lines[:row], ""]
            elif sign != "\r" and sign[0] != "\x1b":
                lines[row] += sign
        return lines[:-1] if lines[-1] == "" else lines


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Any:
    def make(columns: int = 80, rows: int = 24, encoding: str = "utf-8") -> Terminal:
        made = Terminal(columns, rows, encoding)
        monkeypatch.setattr("sys.stderr", made)
        for module in (training_progress, live_area):
            monkeypatch.setattr(module, "get_terminal_size", lambda: made.size)
        monkeypatch.setattr(training_progress, "INTERVAL", 0)
        monkeypatch.setenv("TERM", "xterm")
        return made

    return make


def history(losses: int = 0) -> History:
    norms = {"Affine1.W": ParameterNorms(2.0, 0.5, 0.01), "Affine1.b": ParameterNorms(0.0, 0.1, 0.01)}
    return History([1.0] * losses, [], [LayerRecord(10, 1, norms, {"Relu1": 0.25})])


def trained(watcher: Any, steps: int = 10) -> None:
    watcher.start(history())
    for t in range(1, steps + 1):
        watcher.progress(Progress(t, 20, 1, 1 / t))
    watcher.epoch(Epoch(1, 10, 0.3, {}, {}))


@pytest.mark.parametrize("columns", [30, 40, 60, 80, 120])
def test_nothing_is_wider_than_the_terminal(terminal: Any, columns: int) -> None:
    screen = terminal(columns)
    with training_progress.watcher(True, "full", layers=True) as watcher:
        trained(watcher)
        seen = screen.screen
    assert max(map(len, seen)) < columns
    assert seen[0] == "epoch 1: loss 0.3000"
    assert any("Relu1" in line and "25%" in line for line in seen)
    assert any("┤" in line for line in seen)
    assert "10/20" in seen[-1]


def test_the_table_has_the_ratios(terminal: Any) -> None:
    screen = terminal(100)
    with training_progress.watcher(True, "full", layers=True) as watcher:
        trained(watcher)
        (row,) = (line.split() for line in screen.screen if line.startswith("Affine1.W"))
        (bias,) = (line.split() for line in screen.screen if line.startswith("Affine1.b"))
    assert row == ["Affine1.W", "2", "0.5", "0.25", "0.005"]
    assert bias == ["Affine1.b", "0", "0.1"], "no ratio to a weight of 0"


def test_a_terminal_that_becomes_narrower_shows_no_remains(terminal: Any) -> None:
    screen = terminal(80)
    with training_progress.watcher(True, "full", layers=False) as watcher:
        watcher.start(history())
        watcher.progress(Progress(1, 20, 1, 1.0))
        before = len(screen.screen)
        screen.size = os.terminal_size((40, 24))
        written = len(screen.written)
        watcher.progress(Progress(2, 20, 1, 0.5))
        (back,) = re.findall(r"\x1b\[(\d+)F", screen.written[written:])
    assert before < int(back) <= 2 * before, "the long lines take two rows each"


def test_a_low_terminal_keeps_the_bar(terminal: Any) -> None:
    screen = terminal(80, rows=6)
    with training_progress.watcher(True, "full", layers=True) as watcher:
        trained(watcher)
        watcher.progress(Progress(11, 20, 2, 0.1))
        assert len(screen.screen) <= 6
        assert "11/20" in screen.screen[-1]


def test_at_the_end_the_curve_stays_and_the_bar_goes(terminal: Any) -> None:
    screen = terminal(80)
    with training_progress.watcher(True, "full", layers=True) as watcher:
        trained(watcher)
        watcher.finish()
    assert screen.screen[0] == "epoch 1: loss 0.3000"
    assert all(any(sign in line for sign in "│┤") for line in screen.screen[1:])


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_after_an_interruption_or_an_error_only_the_lines_stay(terminal: Any, error: Any) -> None:
    screen = terminal(80)

    def fail() -> None:
        with training_progress.watcher(True, "full", layers=True) as watcher:
            trained(watcher)
            raise error

    with pytest.raises(error):
        fail()
    assert screen.screen == ["epoch 1: loss 0.3000"]
    assert "\x1b[?25l" not in screen.written, "the cursor is never hidden, so that it cannot stay hidden"


def test_without_braille_plain_characters_are_drawn(terminal: Any) -> None:
    screen = terminal(80, encoding="ascii")
    with training_progress.watcher(True, "full", layers=True) as watcher:
        trained(watcher)
        assert all(line.isascii() for line in screen.screen)
        assert any("+" in line for line in screen.screen)


def test_a_dumb_terminal_gets_plain_lines(terminal: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = terminal(80)
    monkeypatch.setenv("TERM", "dumb")
    with training_progress.watcher(True, "full", layers=False) as watcher:
        trained(watcher)
    assert screen.written == "epoch 1: loss 0.3000\n"


def test_pictures_are_some_time_apart(terminal: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = terminal(80)
    monkeypatch.setattr(training_progress, "INTERVAL", 3600)
    monkeypatch.setattr(training_progress, "perf_counter", lambda: 1e6)
    with training_progress.watcher(True, "full", layers=False) as watcher:
        watcher.start(history())
        for t in range(1, 1000):
            watcher.progress(Progress(t, 1000, 1, 1.0))
        assert screen.written.count("1,000") == 1


def test_the_losses_of_the_part_before_are_in_the_curve(terminal: Any) -> None:
    terminal(80)
    with training_progress.watcher(True, "full", layers=False) as watcher:
        watcher.start(history(losses=50))
        assert len(watcher._samples.means) == 50


# ---- the command -----------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    import numpy as np

    rng = np.random.default_rng(0)
    t = rng.integers(0, 3, 50)
    np.savez(tmp_path / "data.npz", x=rng.standard_normal((50, 4)) * 0.5 + np.eye(4)[t], t=t)
    (tmp_path / "net.graph").write_text(NET)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_in_a_pipe_there_is_one_plain_line_per_epoch(folder: Any, capsys: Any) -> None:
    assert main(["train", "net.graph"]) == 0
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(":")[0] for line in lines] == ["epoch 1", "epoch 2", "epoch 3", "epoch 4"]


def test_with_v_a_pipe_gets_a_line_per_layer_too(folder: Any, capsys: Any) -> None:
    assert main(["train", "net.graph", "-v", "--set", "train.epochs=1"]) == 0
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(":")[0].strip() for line in lines[1:]] == [
        "Affine1.W", "Affine1.b", "Affine2.W", "Affine2.b", "Relu1",
    ]  # fmt: skip
    assert re.fullmatch(
        r"  Affine1.W: weight \S+, gradient \S+, gradient/weight \S+, update/weight \S+", lines[1]
    )
    assert re.fullmatch(r"  Relu1: dead \d+%", lines[-1])


def test_a_warning_is_told_where_it_is_noticed_and_only_once(folder: Any, capsys: Any) -> None:
    words = ["train", "net.graph", "--run", "r", "--set", "train.optimizer=SGD(lr=1e-9)"]
    assert main(words) == 0
    captured = capsys.readouterr().err
    assert captured.count("warning[GL904]") == 1
    assert captured.index("epoch 3") < captured.index("warning[GL904]") < captured.index("epoch 4")
    assert main(["train", "net.graph", "--resume", "r", "--set", "train.epochs=8"]) == 0
    assert "warning" not in capsys.readouterr().err
    told = [json.loads(line) for line in (folder / "r" / "warnings.jsonl").read_text().splitlines()]
    assert [(w["code"], w["severity"]) for w in told] == [("GL904", "warning")]


def test_warnings_are_in_the_json(folder: Any, capsys: Any) -> None:
    words = ["train", "net.graph", "--json", "--format", "concise", "--set", "train.optimizer=SGD(lr=1e-9)"]
    assert main(words) == 0
    captured = capsys.readouterr()
    assert [w["code"] for w in json.loads(captured.out)["warnings"]] == ["GL904"]
    assert "warning[GL904] `loss` has not moved" in captured.err


def test_a_run_that_ends_in_an_error_tells_what_came_before(folder: Any, capsys: Any) -> None:
    words = ["train", "net.graph", "--set", "train.optimizer=SGD(lr=1e12)", "--format", "concise"]
    assert main(words) == 1
    captured = capsys.readouterr().err
    assert captured.index("warning[GL905]") < captured.index("error[")


def test_in_a_terminal_the_command_leaves_lines_and_a_curve(folder: Any, terminal: Any) -> None:
    screen = terminal(80)
    assert main(["train", "net.graph"]) == 0
    lines = screen.screen
    assert [line.split(":")[0] for line in lines[:4]] == ["epoch 1", "epoch 2", "epoch 3", "epoch 4"]
    assert all(any(sign in line for sign in "│┤") for line in lines[4:])


def test_a_terminal_shows_how_far_a_file_is_read_that_takes_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, terminal: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("rows.csv").write_text("a,b\n" + "1,2\n" * 500)
    spec = 'input x: float[N]\ny = mean(x)\noutput y\ndata { source = csv("rows.csv", test=0); x = a }'
    Path("net.graph").write_text(spec)
    monkeypatch.setattr(reading, "_AFTER", 0.0)
    monkeypatch.setattr(reading, "_EVERY", 0.0)
    monkeypatch.setattr(table_pieces, "PIECE", 500)
    screen = terminal(60)
    assert main(["run", "net.graph", "--json"]) == 0
    assert "───  reading rows.csv  25%" in screen.written
    assert not any("reading" in line for line in screen.screen)


def test_a_file_that_is_read_at_once_is_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, terminal: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("rows.csv").write_text("a,b\n1,2\n")
    Path("net.graph").write_text(
        'input x: float[N]\ny = mean(x)\ndata { source = csv("rows.csv", test=0); x = a }'
    )
    screen = terminal(60)
    assert main(["run", "net.graph", "--json"]) == 0
    assert "\x1b[J" not in screen.written
