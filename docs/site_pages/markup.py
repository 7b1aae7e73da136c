"""Pieces of Markdown."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from itertools import groupby

SIGNS = re.compile(r"([\\*_\[\]<>#|~])")


def escaped(text: str) -> str:
    """A text whose signs are no Markdown, but for what stands in backticks."""
    parts = re.split(r"(`[^`\n]+`)", text)
    return "".join(p if p.startswith("`") and len(p) > 1 else SIGNS.sub(r"\\\1", p) for p in parts)


def paragraphs(text: str) -> Iterator[tuple[bool, str]]:
    """The paragraphs of a docstring, and whether each is code: indented ones in a row are one."""
    for is_code, group in groupby(text.split("\n\n"), lambda part: part.startswith("    ")):
        if is_code:
            yield True, textwrap.dedent("\n\n".join(group)).rstrip()
        else:
            yield from ((False, part) for part in group if part.strip())


def fenced(text: str, language: str, style: str = "") -> str:
    """A block of code."""
    head = f"{{ .{language} .no-copy .{style} }}" if style else language
    return f"```{head}\n{text.rstrip()}\n```"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table; a cell stands on one line, and a bar in it divides nothing."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines)


def _cell(text: str) -> str:
    return re.sub(r"(?<!\\)\|", r"\\|", " ".join(text.split()))
