"""Records commands of graphlang in a terminal of 80 columns, as the text that stays on its screen."""

from __future__ import annotations

import errno
import os
import re
import shlex
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
COLUMNS, ROWS = 80, 40
RECORDINGS = {
    "run": "run specs/apple_orange.graph",
    "train": "train specs/two_layer_net.graph --dtype float64 --set train.iterations=500",
    "where": "where specs/apple_orange.graph --to apple",
    "diff": "diff specs/apple.graph specs/apple_orange.graph",
    "error": "check fruit.graph",
}
"""The command of each recording."""
FRUIT = """input apple = 100, num = 2, orange = 150, onum = 3, tax = 1.1
price = (aple * num + orange * onum) * tax
"""
"""The file of the command that reports an error."""


def recording(name: str) -> str:
    """A command after its prompt, and what a person sees when it has ended."""
    command = RECORDINGS[name]
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "specs").symlink_to(ROOT / "specs", target_is_directory=True)
        (Path(folder) / "fruit.graph").write_text(FRUIT, encoding="utf-8")
        lines = screen(written(shlex.split(command), Path(folder)))
    return "\n".join([f"$ graphlang {command}", *lines, ""])


def written(words: list[str], folder: Path) -> str:
    """All that a command writes to a terminal, on a system that has pseudo-terminals."""
    import fcntl
    import pty
    import termios

    reader, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    kept = {
        name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES", "FORCE_COLOR")
    }
    env = {**kept, "TERM": "xterm", "NO_COLOR": "1", "PYTHONUTF8": "1", "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "graphlang", *words],
        cwd=folder, env=env, stdin=terminal, stdout=terminal, stderr=terminal,
    )  # fmt: skip
    os.close(terminal)
    parts: list[bytes] = []
    try:
        while part := _read(reader):
            parts.append(part)
    finally:
        os.close(reader)
        process.wait()
    return b"".join(parts).decode()


def _read(reader: int) -> bytes:
    """The next bytes; none once the other side is closed, which Linux reports as an error."""
    try:
        return os.read(reader, 65536)
    except OSError as error:
        if error.errno != errno.EIO:
            raise
        return b""


def screen(text: str) -> list[str]:
    """The lines that stay on an endless screen, of a text that moves up, returns and erases below."""
    lines, row, column = [""], 0, 0
    for sign in re.findall(r"\x1b\[[\d;?]*[A-Za-z]|\r|\n|[^\x1b\r\n]+", text):
        if sign == "\n":
            row += 1
            lines += [""] * (row + 1 - len(lines))
        elif sign == "\r":
            column = 0
        elif sign == "\x1b[J":
            lines = [*lines[:row], lines[row][:column]]
        elif sign.startswith("\x1b") and sign.endswith("F"):
            row, column = max(0, row - int(sign[2:-1])), 0
        elif not sign.startswith("\x1b"):
            lines[row] = lines[row][:column] + sign + lines[row][column + len(sign) :]
            column += len(sign)
    while lines and not lines[-1].strip():
        lines.pop()
    return [line.rstrip() for line in lines]


def write(folder: Path) -> list[Path]:
    """Writes every recording."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name in RECORDINGS:
        path = folder / f"{name}.txt"
        path.write_bytes(recording(name).encode())
        paths.append(path)
    return paths
