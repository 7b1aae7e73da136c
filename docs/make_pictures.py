"""Draws the pictures of the documentation, each with the command that its text names:
`python docs/make_pictures.py`."""

from __future__ import annotations

import io
import shlex
import sys
from contextlib import chdir, redirect_stdout
from pathlib import Path

from graphlang.cli import main as graphlang

HERE = Path(__file__).parent
PICTURES = {
    "apple": "view specs/apple.graph --svg",
    "apple_orange": "view specs/apple_orange.graph --svg",
    "chain_rule": "view specs/chain_rule.graph --svg",
    "sigmoid": "view - --set x=1 --svg --unfold all",
    "softmax_with_loss": "view specs/softmax_with_loss.graph --svg --unfold loss",
}
"""The command of each picture."""
INPUT = {"sigmoid": "y = Sigmoid(x)\n"}
"""What a command reads from its standard input."""


def drawing(name: str) -> str:
    """The picture that a command writes, for light and dark pages."""
    text = io.StringIO()
    stdin = sys.stdin
    sys.stdin = io.TextIOWrapper(io.BytesIO(INPUT.get(name, "").encode()))
    try:
        with chdir(HERE.parent), redirect_stdout(text):
            status = graphlang(shlex.split(PICTURES[name]))
    finally:
        sys.stdin = stdin
    assert status == 0, PICTURES[name]
    return text.getvalue()


def main() -> None:
    for name in PICTURES:
        (HERE / f"{name}.svg").write_bytes(drawing(name).encode())
        print(f"docs/{name}.svg")


if __name__ == "__main__":
    main()
