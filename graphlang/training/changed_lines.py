"""Which lines of a spec are not as they were; comments, spaces and the line of the version play no part."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher
from itertools import islice
from typing import NamedTuple

from graphlang.diagnostics import Diagnostic
from graphlang.diagnostics.resuming import LineAdded, LineChanged, LineGone, MoreLines, OtherSources

MOST_LINES = 8
"""How many lines of a file are shown."""
MOST_COMPARED = 200
"""How many lines between the first and the last that differ are matched with one another."""
_CODE = re.compile(r'(?:[^"#]|"(?:[^"\\]|\\.)*+(?:"|\\?$))*+')
_VERSION = re.compile(r"graphlang [0-9.]+")


class _Line(NamedTuple):
    number: int
    text: str


def changed_lines(run: str, before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[Diagnostic]:
    """The lines that are not as they were in the run of a folder, file by file.

    A spec may have another name than it had: the first file is compared with the first one.
    """
    olds, news = list(before.items()), list(now.items())
    pairs = [(news[0][0], olds[0][1], news[0][1])] if olds and news else []
    imported = dict(olds[1:]), dict(news[1:])
    for name in dict.fromkeys((*imported[0], *imported[1])):
        if name in imported[0] and name in imported[1]:
            pairs.append((name, imported[0][name], imported[1][name]))
        else:
            was, is_ = ("was imported", "not") if name in imported[0] else ("was not imported", "imported")
            yield OtherSources(run, name, was, is_)
    for name, old, new in pairs:
        blocks = list(_changed_blocks(_lines(old), _lines(new)))
        changed = (problem for block in blocks for problem in _of_block(run, name, block))
        yield from islice(changed, MOST_LINES)
        count = sum(max(len(block.old), len(block.new)) for block in blocks)
        if count > MOST_LINES:
            yield MoreLines(run, name, count - MOST_LINES)


class _Block(NamedTuple):
    """Lines that took the place of others, behind the line of a number."""

    old: list[_Line]
    new: list[_Line]
    behind: int


def _lines(text: str) -> list[_Line]:
    """The lines with something in them, without comments."""
    lines = enumerate(text.splitlines(), 1)
    code = [_Line(number, " ".join(_code_of(line).split())) for number, line in lines]
    return [line for line in code if line.text and not _VERSION.fullmatch(line.text)]


def _code_of(line: str) -> str:
    match = _CODE.match(line)
    return line if match is None else match.group()


def _changed_blocks(old: list[_Line], new: list[_Line]) -> Iterator[_Block]:
    shorter, start, end = min(len(old), len(new)), 0, 0
    while start < shorter and old[start].text == new[start].text:
        start += 1
    while end < shorter - start and old[-1 - end].text == new[-1 - end].text:
        end += 1
    olds, news = old[start : len(old) - end], new[start : len(new) - end]
    before = new[start - 1].number if start else 0
    places = [("replace", 0, len(olds), 0, len(news))]
    if max(len(olds), len(news)) <= MOST_COMPARED:
        texts = [line.text for line in olds], [line.text for line in news]
        places = list(SequenceMatcher(None, *texts, autojunk=False).get_opcodes())
    for kind, a, b, c, d in places:
        if kind != "equal" and (b > a or d > c):
            yield _Block(olds[a:b], news[c:d], news[c - 1].number if c else before)


def _of_block(run: str, name: str, block: _Block) -> Iterator[Diagnostic]:
    old, new = block.old, block.new
    for x, y in zip(old, new, strict=False):
        yield LineChanged(run, name, y.number, x.text, y.text)
    for y in new[len(old) :]:
        yield LineAdded(run, name, y.number, y.text)
    for x in old[len(new) :]:
        yield LineGone(run, name, new[-1].number if new else block.behind, x.text)
