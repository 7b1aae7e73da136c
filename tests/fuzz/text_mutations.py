"""Files with words or bytes too many, too few or in the wrong place, made from those of the repository."""

from __future__ import annotations

import random
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDERS = ("specs", "tests/diagnostics/bad", "tests/language/examples")
LONGEST = 1500
"""Characters of the longest file that is mutated: in a longer one, a mistake costs more time and shows no more."""
WORDS = """( ) [ ] { } : = == -> , ; . float input param layer layers def output expect scan carry for in data
train % ? | 4 3.5 Affine normal SGD mod is to .. None ' " ⌊ ² ^ @ times return""".split()
BYTES = (0, 9, 10, 13, 26, 27, 34, 35, 40, 59, 92, 123, 127, 128, 194, 226, 239, 255)
"""What is put into a file: controls, brackets, quotes, and the beginnings of longer characters."""


def corpus() -> list[str]:
    """The texts of all short files."""
    paths = [path for folder in FOLDERS for path in sorted((ROOT / folder).glob("*.graph"))]
    texts = [path.read_text(encoding="utf-8-sig") for path in paths if path.stem != "not_utf8"]
    return [text for text in texts if len(text) < LONGEST]


def mutated(text: str, r: random.Random) -> str:
    """The text with one to three words taken out, put in or exchanged."""
    words = re.findall(r"\w+|\s+|[^\w\s]", text)
    for _ in range(r.randint(1, 3)):
        i, j = r.randrange(len(words)), r.randrange(len(words))
        kind = r.random()
        if kind < 0.35 and len(words) > 1:
            del words[i]
        elif kind < 0.7:
            words.insert(i, r.choice([*WORDS, "\n"]))
        else:
            words[i], words[j] = words[j], words[i]
    return "".join(words)


def crossed(text: str, other: str, r: random.Random) -> str:
    """Lines of one text among the lines of another."""
    lines, others = text.splitlines(keepends=True), other.splitlines(keepends=True)
    start = r.randrange(len(others) or 1)
    at = r.randrange(len(lines) + 1)
    return "".join([*lines[:at], *others[start : start + r.randint(1, 4)], *lines[at:]])


def damaged(data: bytes, r: random.Random) -> bytes:
    """The bytes with one to four changed, put in or taken out, or with a piece twice."""
    for _ in range(r.randint(1, 4)):
        at, kind = r.randrange(len(data) + 1), r.random()
        if kind < 0.3:
            data = data[:at] + bytes([r.choice(BYTES)]) + data[at:]
        elif kind < 0.6:
            data = data[:at] + bytes([r.randrange(256)]) + data[at + 1 :]
        elif kind < 0.8:
            data = data[:at] + data[at + r.randint(1, 20) :]
        else:
            data = data[:at] + data[at : at + r.randint(1, 200)] * r.choice((2, 2, 50)) + data[at:]
    return data
