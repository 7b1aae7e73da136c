"""Runs a page of the documentation from its top to its end, in a folder, and compares what it shows.

What a block is, its language says:

- `graph` with the comment `# name.graph` on its first line, and any block with `title="name"`, are written as that file.
- `sh` holds commands; those of graphlang are run and have to succeed.
- `console` holds commands behind `$ `, each with what it prints.
- `python` is executed, all of a page in one namespace; what it prints is the `text` block that comes next.
"""

from __future__ import annotations

import importlib
import io
import math
import re
import shlex
import sys
from collections.abc import Iterator
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from graphlang.cli import main

DOCS = Path(__file__).parents[2] / "docs"
BLOCK = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TITLE = re.compile(r'title="([\w./-]+)"')
COMMENT = re.compile(r"# ([\w/.-]+\.graph)\n")
TIME = re.compile(r"\b\d+(?:\.\d+)? (?:ms|s|min)\b")
WORD = re.compile(r"\.\.\.|[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?|[^\s\d]+?(?=\.\.\.|[-+]?\d|\s|$)")


class Block(NamedTuple):
    language: str
    title: str
    text: str


def blocks_of(page: str) -> list[Block]:
    found = []
    for language, info, text in BLOCK.findall((DOCS / page).read_text(encoding="utf-8")):
        title = TITLE.search(info) or (COMMENT.match(text) if language == "graph" else None)
        found.append(Block(language, title[1] if title else "", text))
    return found


def run_whole_page(page: str, folder: Path) -> dict[str, Any]:
    """Runs the blocks of a page in order; what its Python defines."""
    names: dict[str, Any] = {"__name__": "page"}
    blocks = blocks_of(page)
    with chdir(folder), modules_of(folder):
        for block, after in pairwise([*blocks, Block("", "", "")]):
            if block.title:
                Path(block.title).parent.mkdir(parents=True, exist_ok=True)
                Path(block.title).write_text(block.text, encoding="utf-8")
            if block.language == "python":
                printed = io.StringIO()
                with redirect_stdout(printed):
                    exec(compile(block.text, page, "exec"), names)
                if printed.getvalue():
                    assert after.language == "text", f"{page} does not show: {printed.getvalue()}"
                    hold_to(after.text, printed.getvalue())
            elif block.language == "sh":
                _run_lines(block.text)
            elif block.language == "console":
                _run_session(block.text)
    return names


@contextmanager
def modules_of(folder: Path) -> Iterator[None]:
    """A page may import the Python files that it writes."""
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    before = set(sys.modules)
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        for name in set(sys.modules) - before:
            if str(getattr(sys.modules[name], "__file__", None) or "").startswith(str(folder)):
                del sys.modules[name]


def _run_lines(text: str) -> None:
    for line in text.replace("\\\n", " ").splitlines():
        if line.startswith("graphlang "):
            status, printed = output_of(line)
            assert status == 0, f"{line}\n{printed}"


def _run_session(text: str) -> None:
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, shown = part.partition("\n")
        while command.endswith("\\"):
            more, _, shown = shown.partition("\n")
            command = command[:-1] + more
        status, printed = output_of(command)
        assert status in (0, 1), printed
        hold_to(shown, printed)


def output_of(command: str) -> tuple[int, str]:
    """The status of a command, and what it says on both streams, in the order in which it says it."""
    program, *words = shlex.split(command, comments=True)
    assert program == "graphlang", command
    printed = io.BytesIO()
    stream = io.TextIOWrapper(printed, encoding="utf-8", write_through=True)
    with redirect_stdout(stream), redirect_stderr(stream):
        try:
            status = main(words)
        except SystemExit as end:  # of `--help`, and of options that there are not
            status = int(end.code or 0)
    return status, printed.getvalue().decode()


# ---- comparing ---------------------------------------------------------------------------------------


def hold_to(shown: str, printed: str) -> None:
    """Fails unless a text is the one that a page shows.

    `...` stands for any words, a time for any time. Numbers with a point may differ by a twentieth or by 0.05, since what
    training gives depends on the processor in its last digits; all else is the same, but for spaces.
    """
    __tracebackhide__ = True
    assert _in_order(_words(shown), _words(printed)), f"shown:\n{shown}\nprinted:\n{printed}"


def _words(text: str) -> list[str]:
    return WORD.findall(TIME.sub("TIME", text))


def _in_order(shown: list[str], printed: list[str]) -> bool:
    runs: list[list[str]] = [[]]
    for word in shown:
        if word == "...":
            runs.append([])
        else:
            runs[-1].append(word)
    if len(runs) == 1:
        return _same(shown, printed)
    first, *between, last = runs
    if not _same(first, printed[: len(first)]) or len(printed) < len(first) + len(last):
        return False
    end = len(printed) - len(last)
    if not _same(last, printed[end:]):
        return False
    at = len(first)
    for run in between:
        at = next((k for k in range(at, end - len(run) + 1) if _same(run, printed[k : k + len(run)])), -1)
        if at < 0:
            return False
        at += len(run)
    return True


def _same(shown: list[str], printed: list[str]) -> bool:
    return len(shown) == len(printed) and all(map(_same_word, shown, printed))


def _same_word(shown: str, printed: str) -> bool:
    if shown == printed:
        return True
    try:
        a, b = float(shown), float(printed)
    except ValueError:
        return False
    exact = not (("." in shown or "e" in shown) and math.isfinite(b))
    return not exact and math.isclose(a, b, rel_tol=0.05, abs_tol=0.05)
