"""Parses a text into its syntax tree, and reports all syntax errors at once."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from lark import UnexpectedToken
from lark.lexer import Lexer

from graphlang.diagnostics import Diagnostic, GraphError, Source, Span
from graphlang.diagnostics.limits import DEFAULT, Limits
from graphlang.syntax.lexer import Reader
from graphlang.syntax.parse_table import LEXER, parser
from graphlang.syntax.tree import Statement, Tree, Version


def parse(text: str, name: str = "<text>", limits: Limits = DEFAULT, lexer: Lexer = LEXER) -> Tree:
    """The tree of a text; raises GraphError with all its syntax errors (at most `limits.errors`)."""
    tree, problems = read_tree(text, name, limits, lexer)
    if problems:
        raise GraphError(problems)
    return tree


def read_tree(
    text: str, name: str = "<text>", limits: Limits = DEFAULT, lexer: Lexer = LEXER
) -> tuple[Tree, list[Diagnostic]]:
    """The tree of a text, with a hole for each mistake, and the mistakes; raises GraphError past a limit."""
    _check_size(text, name, limits)
    source = Source(name, _one_kind_of_line_end(text.removeprefix("\ufeff")))
    reader = Reader(source, limits)
    problems = _hidden_characters(source)
    whole = True
    try:
        statements = parser().parse(reader, lexer)
    except UnexpectedToken as error:
        from graphlang.syntax.recovery import Recovery

        statements, mistakes, whole = Recovery(reader).read(error)
        problems += mistakes
    problems += reader.problems
    problems += _wrong_versions(statements)
    problems = _in_order(problems)
    if not whole or len(problems) > limits.errors:
        raise GraphError(problems[: limits.errors])
    doc, unknown = _documentation(source.text), frozenset(reader.unknown)
    return Tree(doc, tuple(statements), source, unknown, reader.tokens), problems


def decode(data: bytes, name: str) -> str:
    """The text of a file's bytes, which must be UTF-8."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        from graphlang.diagnostics.syntax.file import NotUtf8

        line = data.count(b"\n", 0, error.start) + 1
        raise GraphError([NotUtf8(name, line, data[error.start])]) from None


def _check_size(text: str, name: str, limits: Limits) -> None:
    size = len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
    if size > limits.source_bytes:
        from graphlang.diagnostics.too_large import SourceTooLarge

        raise GraphError([SourceTooLarge("source_bytes", name, size, limits.source_bytes)])


def _one_kind_of_line_end(text: str) -> str:
    r"""A lone `\r` as `\n`: lines are counted by `\n`, and every offset stays what it is."""
    return re.sub(r"\r(?!\n)", "\n", text) if "\r" in text else text


def _hidden_characters(source: Source) -> list[Diagnostic]:
    if source.text.isascii():
        return []
    from graphlang.syntax.unicode_names import bidirectional_characters

    return bidirectional_characters(source)


VERSIONS = (1, 1.1)
"""The versions of the language. A file of the first may use what came with the second."""


def _wrong_versions(statements: Iterable[Statement]) -> list[Diagnostic]:
    wrong = [
        (i, s) for i, s in enumerate(statements) if type(s) is Version and (i or s.number not in VERSIONS)
    ]
    if not wrong:
        return []
    from graphlang.diagnostics.syntax.file import MisplacedVersion, UnsupportedVersion

    return [MisplacedVersion(s.span) if i else UnsupportedVersion(_number_of(s)) for i, s in wrong]


def _number_of(version: Version) -> Span:
    start = version.span.text.rindex(version.span.text.split()[-1])
    return version.span._replace(start=version.span.start + start)


def _in_order(problems: list[Diagnostic]) -> list[Diagnostic]:
    """Mistakes by their place in the text, the first of each place alone."""
    by_place: dict[Any, Diagnostic] = {}
    for problem in problems:
        by_place.setdefault(problem.span.start if problem.span else -1, problem)
    return [by_place[start] for start in sorted(by_place)]


_COMMENTS_AT_THE_TOP = re.compile(r"\s*+((?:#[^\r\n]*+(?:\r?\n|\Z)[ \t]*+)++)")


def _documentation(text: str) -> str:
    """The comment block at the top of a file, without its `#`."""
    match = _COMMENTS_AT_THE_TOP.match(text)
    if not match:
        return ""
    lines = [line.strip().removeprefix("#").removeprefix(" ") for line in match[1].splitlines()]
    return "\n".join(lines).strip()
