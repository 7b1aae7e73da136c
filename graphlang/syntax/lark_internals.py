"""What the prebuilt parse table needs of Lark and Lark does not promise to keep: its table and its parser.

The public way, `Lark.save` and `Lark.load`, was tried: loading takes 13 ms in place of 3, since most of what
it saves are tables of the lexer of Lark, which is not used here. So this module reaches inside.
pyproject.toml bounds Lark to the versions in which that was tried, and tests/syntax/test_lark_internals.py
fails where a version has changed it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lark import Lark
from lark.lexer import LexerThread
from lark.parsers.lalr_analysis import IntParseTable
from lark.parsers.lalr_parser import _Parser


def table_of(lark: Lark) -> IntParseTable:
    """The LALR table of a grammar: for each state and symbol, Shift to a state or Reduce by a rule."""
    parser: Any = lark.parser
    table: IntParseTable = parser.parser._parse_table
    return table


class TableParser:
    """Lark's LALR parser on a table; it holds no state."""

    def __init__(self, table: IntParseTable, callbacks: Mapping[Any, Any]) -> None:
        self._parser: Any = _Parser(table, callbacks)  # type: ignore[arg-type]

    def parse(self, tokens: LexerThread, start: str) -> Any:
        """What the callback of the rule `start` makes; raises UnexpectedToken at the first mistake."""
        return self._parser.parse(tokens, start)
