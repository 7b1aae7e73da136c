"""Draws the figures of the tutorial on chapter 5: each page names the files and the commands of its own."""

from __future__ import annotations

import io
import re
import shlex
import tempfile
from contextlib import chdir, redirect_stderr
from pathlib import Path

from graphlang.cli import main as graphlang

PAGES = Path(__file__).parent / "tutorial" / "chapter5"
BLOCK = re.compile(r"^```(graph|sh)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NAME = re.compile(r"# ([\w.-]+)\n")


def write(folder: Path) -> list[Path]:
    """Writes the figures of every page, each below `folder` as its page stands below the pages."""
    paths = []
    for page in sorted(PAGES.rglob("*.md")):
        place = folder.absolute() / page.parent.relative_to(PAGES)
        place.mkdir(parents=True, exist_ok=True)
        paths += _figures(page, place)
    return paths


def _figures(page: Path, place: Path) -> list[Path]:
    paths = []
    with tempfile.TemporaryDirectory() as work, chdir(work), redirect_stderr(io.StringIO()) as said:
        for language, text in BLOCK.findall(page.read_text(encoding="utf-8")):
            if language == "graph" and (name := NAME.match(text)):
                Path(name[1]).write_text(text, encoding="utf-8")
            for command in text.splitlines() if language == "sh" else ():
                _, *words = shlex.split(command)
                assert graphlang(words) == 0, f"{page.name}: {command}: {said.getvalue()}"
                if words[-1].endswith(".svg"):
                    figure = place / words[-1]
                    figure.write_bytes(Path(words[-1]).read_bytes())
                    paths.append(figure)
    return paths
