"""Imports as users of other languages would write them."""

from __future__ import annotations

import re
from typing import NamedTuple

from graphlang.diagnostics import Diagnostic, Edit, Span
from graphlang.diagnostics.syntax.programs import ForeignImport, ImportOfModule
from graphlang.syntax import lexer
from graphlang.syntax.surroundings import ErrorContext, Word, line_end

_MODULES = frozenset(
    "numpy scipy math cmath torch torchvision tensorflow keras jax flax sklearn pandas matplotlib seaborn os "
    "sys random time json typing dataclasses functools itertools collections pathlib graphlang optax "
    "einops".split()
)
_ELSEWHERE = frozenset("include use using require load".split())
_NAME = r"[^\W\d]\w*"
_FORMS = tuple(
    re.compile(form)
    for form in (
        r"""from\s+["']?(?P<file>[\w./]+)["']?\s+import\s+(?P<names>[\w\s,*()]+)""",
        rf"""import\s*(?P<names>\{{[^}}]*\}}|\*|{_NAME})\s*from\s*["'](?P<file>[\w./]+)["']""",
        rf"""(?:import|include|use|using|require|load)\s*\(?\s*[fru]?["]?(?P<file>[\w./]+)["']?\)?"""
        rf"""(?:\s+as\s+(?P<alias>{_NAME}))?""",
    )
)


class _Import(NamedTuple):
    file: str
    names: list[str]
    alias: str


def foreign_import(c: ErrorContext) -> Diagnostic | None:
    """`import torch`, `from blocks import Block`, `include "blocks.graph"`"""
    first = c.line[0] if c.line else c.word
    if first is None or c.block is not None or first.text not in ("import", "from", *_ELSEWHERE):
        return None
    if first.text in _ELSEWHERE and not _names_a_file(c):
        return None
    end = line_end(c.source.text, first.start)
    text = c.source.text[first.start : end].partition("#")[0].rstrip(" \t\r;")
    read = _read(text)
    if read is None:
        return None
    whole = Span(first.start, first.start + len(text), c.source)
    module = re.split(r"[./]", read.file.lstrip("./"))[0]
    if module in _MODULES and not read.file.endswith(".graph"):
        return _module(c, first, whole, module)
    return _file(c, first, whole, read)


def _names_a_file(c: ErrorContext) -> bool:
    words = [*c.line, *c.rest_of_line]
    return len(words) > 1 and words[1].kind == lexer.STRING


def _read(text: str) -> _Import | None:
    for form in _FORMS:
        found = form.fullmatch(text)
        if found is not None:
            groups = found.groupdict()
            return _Import(
                groups["file"], re.findall(_NAME, groups.get("names") or ""), groups.get("alias") or ""
            )
    return None


def _module(c: ErrorContext, first: Word, whole: Span, module: str) -> Diagnostic:
    """`import numpy as np`: the line is left out."""
    text = c.source.text
    start = text.rfind("\n", 0, first.start) + 1
    end = line_end(text, first.start)
    alone = not text[start : first.start].strip() and not text[whole.end : end].strip()
    used = re.findall(_NAME, whole.text)[-1] in re.findall(_NAME, text[:start] + text[end:])
    edits = [c.edit(start, min(end + 1, len(text)), "")] if alone and not used else []
    return ImportOfModule(c.span(first), first.text, edits, module)


def _file(c: ErrorContext, first: Word, whole: Span, read: _Import) -> Diagnostic | None:
    """`from blocks import Block`: a file with a name."""
    path = read.file.removesuffix(".graph").removesuffix(".py")
    path = path if "/" in path else path.strip(".").replace(".", "/")
    name = read.alias or path.rpartition("/")[2]
    if not name.isidentifier():
        return None
    edits = [Edit(whole, f'import "{path}.graph" as {name}')] if not read.names else []
    used = read.names[0] if read.names else ""
    return ForeignImport(c.span(first), first.text, edits, f"{path}.graph", name, used)
