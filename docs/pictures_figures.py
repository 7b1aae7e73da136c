"""Draws the figures of chapter 5 as SVG, each with the command that its text names."""

from __future__ import annotations

import io
import shlex
import sys
from contextlib import chdir, redirect_stdout
from pathlib import Path

from graphlang.cli import main as graphlang

ROOT = Path(__file__).parent.parent
FIGURES = {
    "apple": "view specs/apple.graph --svg",
    "apple_orange": "view specs/apple_orange.graph --svg",
    "chain_rule": "view specs/chain_rule.graph --svg",
    "sigmoid": "view - --set x=1 --svg --unfold all",
    "softmax_with_loss": "view specs/softmax_with_loss.graph --svg --unfold loss",
}
"""The command of each figure."""
INPUT = {"sigmoid": "y = Sigmoid(x)\n"}
"""What a command reads from its standard input."""


def drawing(name: str) -> str:
    """The figure that a command writes, for light and dark pages."""
    text = io.StringIO()
    stdin = sys.stdin
    sys.stdin = io.TextIOWrapper(io.BytesIO(INPUT.get(name, "").encode()))
    try:
        with chdir(ROOT), redirect_stdout(text):
            status = graphlang(shlex.split(FIGURES[name]))
    finally:
        sys.stdin = stdin
    assert status == 0, FIGURES[name]
    return text.getvalue()


def write(folder: Path) -> list[Path]:
    """Writes every figure."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name in FIGURES:
        path = folder / f"{name}.svg"
        path.write_bytes(drawing(name).encode())
        paths.append(path)
    return paths
