"""What is done otherwise on Windows, piece by piece, with stand-ins for its libraries."""

from __future__ import annotations

import ctypes
import errno
import io
import json
import os
import re
import shlex
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from graphlang import cli
from graphlang.cli import console, windows_console
from graphlang.cli.lasting_stream import LastingStream, has_no_reader, lasting_stdout
from graphlang.cli.shell_words import shell_line
from graphlang.datasets.files import refused
from graphlang.engine import windows_memory
from graphlang.engine.free_memory import FreeMemory, free_memory
from graphlang.view.live import watcher


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        return 7


class Kernel:
    """The calls of kernel32, with a console that obeys escapes where it is told to, if it `can`."""

    def __init__(self, *, mode: int | None = 3, can: bool = True, free: int | None = 5 * 2**30) -> None:
        self.mode, self.can, self.free = mode, can, free

    def GetConsoleMode(self, console: Any, mode: Any) -> int:
        if self.mode is None:
            return 0
        mode._obj.value = self.mode
        return 1

    def SetConsoleMode(self, console: Any, mode: Any) -> int:
        if self.can:
            self.mode = mode.value
        return int(self.can)

    def GlobalMemoryStatusEx(self, status: Any) -> int:
        if self.free is None:
            return 0
        assert status._obj.length == ctypes.sizeof(status._obj) == 64
        # As Windows lays it out: two words of 32 bits, then numbers of 64, of which the second is what is free.
        raw = (ctypes.c_uint64 * 8).from_address(ctypes.addressof(status._obj))
        raw[1], raw[2] = 16 * 2**30, self.free
        return 1


@pytest.fixture
def kernel(windows: None, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Kernel]:
    """Puts a kernel32 with these answers in place."""

    def put(**answers: Any) -> Kernel:
        made = Kernel(**answers)
        monkeypatch.setattr(ctypes, "windll", SimpleNamespace(kernel32=made), raising=False)
        monkeypatch.setitem(sys.modules, "msvcrt", SimpleNamespace(get_osfhandle=lambda number: 100 + number))
        return made

    return put


# ---- the console -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answers", "obeys", "mode"),
    [
        ({"mode": 3}, True, 7),
        ({"mode": 7}, True, 7),
        ({"mode": 3, "can": False}, False, 3),
        ({"mode": None}, False, None),
    ],
)
def test_a_console_of_windows_is_told_to_obey_escapes_and_gets_none_where_it_does_not(
    kernel: Callable[..., Kernel],
    monkeypatch: pytest.MonkeyPatch,
    answers: dict[str, Any],
    obeys: bool,
    mode: int | None,
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.delenv("TERM", raising=False)
    there = kernel(**answers)
    assert console.obeys_escapes(Terminal()) is obeys
    assert console.color(Terminal()) is obeys
    assert there.mode == mode


def test_a_file_is_no_console_and_nobody_asks_it(kernel: Callable[..., Kernel]) -> None:
    there = kernel()
    assert not console.obeys_escapes(io.StringIO())
    assert there.mode == 3


def test_a_terminal_that_is_none_of_the_system_obeys_what_it_likes(kernel: Callable[..., Kernel]) -> None:
    there = kernel(can=False)
    terminal = Terminal()
    terminal.fileno = io.StringIO().fileno  # type: ignore[method-assign]
    assert console.obeys_escapes(terminal)
    assert there.mode == 3


def test_elsewhere_a_terminal_obeys_escapes_unless_it_is_dumb(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    assert windows_console.obeys_escapes(Terminal())
    assert console.obeys_escapes(Terminal())
    monkeypatch.setenv("TERM", "dumb")
    assert not console.obeys_escapes(Terminal())


# ---- pipes -------------------------------------------------------------------------------------------------


class Closed(io.StringIO):
    """Standard output whose reader has gone, as Windows tells it."""

    def __init__(self, error: OSError) -> None:
        super().__init__()
        self.error = error

    def write(self, text: str) -> int:
        raise self.error


def test_a_reader_that_has_gone_is_an_invalid_argument_on_windows(
    windows: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdout", Closed(OSError(errno.EINVAL, "Invalid argument")))
    assert cli.main(["--version"]) == 141
    assert capsys.readouterr().err == ""


def test_other_errors_of_a_stream_are_told(windows: None, monkeypatch: pytest.MonkeyPatch) -> None:
    full = OSError(errno.ENOSPC, "No space left on device")
    monkeypatch.setattr(sys, "stdout", Closed(full))
    assert cli.main(["--version"]) == 1
    assert not has_no_reader(OSError(errno.EINVAL, "Invalid argument", "a.graph"))
    assert has_no_reader(BrokenPipeError(errno.EPIPE, "Broken pipe"))
    with pytest.raises(OSError, match="No space"), lasting_stdout():
        sys.stdout.write("text")


def test_elsewhere_an_invalid_argument_is_one() -> None:
    if sys.platform == "win32":
        pytest.skip("it is Windows")
    assert not has_no_reader(OSError(errno.EINVAL, "Invalid argument"))


def test_what_nobody_reads_is_dropped_from_then_on(windows: None) -> None:
    stream = Closed(OSError(errno.EINVAL, "Invalid argument"))
    lasting = LastingStream(stream, has_no_reader)
    assert lasting.write("one") == 3
    stream.error = OSError(errno.EIO, "which would be told")
    assert lasting.write("four") == 4


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "cp437"])
def test_json_is_ascii_where_a_pipe_is_not_utf_8(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding, newline="\r\n"))
    value = {"größe": "σ 😀 \x7f\n", "é": 1}
    console.print_json(value)
    sys.stdout.flush()
    assert json.loads(raw.getvalue().decode("utf-8")) == value
    assert raw.getvalue().isascii()


def test_a_document_keeps_its_letters_and_ends_of_lines_in_every_pipe(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, "cp1252", newline="\r\n"))
    console.document("σ = größe\nb\r\n")
    sys.stdout.flush()
    assert raw.getvalue() == "σ = größe\nb\r\n".encode()


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_fmt_of_a_text_is_utf_8_with_the_ends_of_lines_that_it_had(
    monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(
        sys, "stdin", io.TextIOWrapper(io.BytesIO(f"β=α**2  # größer{end}".encode()), "cp1252")
    )
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, "cp1252", newline="\r\n"))
    assert cli.main(["fmt", "-"]) == 0
    assert raw.getvalue().decode() == f"β = α**2  # größer{end}"


# ---- command lines to copy ---------------------------------------------------------------------------------


def taken_apart(line: str) -> list[str]:
    """The words of a command line as the programs of Windows take it apart."""
    words = []
    for word in re.findall(r'(?:[^\s"]|"(?:\\.|[^"\\]|\\(?!"))*")+', line):
        inner = word[1:-1] if word.startswith('"') else word
        inner = re.sub(r'(\\*)\\"', lambda m: m[1][: len(m[1]) // 2] + '"', inner)
        if word.startswith('"'):
            inner = re.sub(r"(\\+)$", lambda m: m[1][: len(m[1]) // 2], inner)
        words.append(inner)
    return words


@pytest.mark.parametrize(
    "word",
    [
        r"runs\net-1",
        "a b",
        "lr=0.1,0.01",
        "a;b",
        "(x)",
        "it's",
        "",
        "a&b",
        "$x",
        'say "a"',
        r"C:\my runs" + "\\",
        "größe",
    ],
)
def test_a_word_is_quoted_for_cmd_and_powershell(windows: None, word: str) -> None:
    line = shell_line(["graphlang", word])
    assert "'" not in line.replace("it's", "")
    assert taken_apart(line) == ["graphlang", word]
    assert (line == f"graphlang {word}") == (word in (r"runs\net-1", "lr=0.1,0.01", "größe"))


def test_elsewhere_a_word_is_quoted_for_a_posix_shell() -> None:
    if sys.platform == "win32":
        pytest.skip("it is Windows")
    assert shlex.split(shell_line(["graphlang", "my run", "it's"])) == ["graphlang", "my run", "it's"]


# ---- memory, clocks and paths ------------------------------------------------------------------------------


def test_windows_tells_how_much_memory_is_free(kernel: Callable[..., Kernel], tmp_path: Path) -> None:
    kernel(free=3 * 2**30)
    assert windows_memory.available_bytes() == 3 * 2**30
    assert free_memory(tmp_path) == FreeMemory(3 * 2**30, "on this machine")
    kernel(free=None)
    assert windows_memory.available_bytes() is None
    assert free_memory(tmp_path) is None


def test_elsewhere_nobody_asks_windows() -> None:
    if sys.platform == "win32":
        pytest.skip("it is Windows")
    assert windows_memory.available_bytes() is None


@pytest.mark.parametrize("platform", ["win32", "darwin", "linux"])
def test_the_clock_of_a_watcher_is_not_ahead_of_the_one_that_stamps_files(
    monkeypatch: pytest.MonkeyPatch, platform: str, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    if platform == "linux" and os.name == "nt":
        pytest.skip("it is Windows")
    before = time.time_ns()
    told = watcher._stamping_clock()
    assert before - 100_000_000 < told <= time.time_ns() - (watcher.TICK if platform == "win32" else 0)


@pytest.mark.parametrize(
    "path",
    [
        r"C:\x.csv",
        "C:x.csv",
        r"\\server\share\x.csv",
        "//server/share/x.csv",
        r"\x.csv",
        r"..\x.csv",
        r"a\..\..\x.csv",
    ],
)
def test_a_path_of_windows_that_leads_out_of_the_folder_is_refused_by_its_text(path: str) -> None:
    assert refused(path) is not None
