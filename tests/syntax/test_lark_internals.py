"""Lark's private parts that are used keep their form; where one of these fails, Lark has changed them.

Then adapt syntax/lark_internals.py, write the table anew (`python -m graphlang.syntax.parse_table`), and move the
bound of Lark in pyproject.toml.
"""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import lark
import pytest
from lark import Lark, Token, Transformer, UnexpectedToken
from lark.lexer import LexerThread
from lark.parse_tree_builder import ParseTreeBuilder
from lark.parsers.lalr_analysis import Reduce, Shift

from graphlang.syntax import lark_internals
from graphlang.syntax.lark_internals import TableParser, table_of

ROOT = Path(__file__).parent.parent.parent
SUM = """
start: NUMBER
     | start "+" NUMBER
NUMBER: /[0-9]+/
%ignore " "
"""


class Added(Transformer[Token, int]):
    def start(self, parts: list[object]) -> int:
        return sum(int(str(part)) for part in parts)


def parser_of(whole: Lark) -> TableParser:
    builder = ParseTreeBuilder(whole.rules, lark.Tree, maybe_placeholders=False)  # type: ignore[no-untyped-call]
    return TableParser(table_of(whole), builder.create_callback(Added()))  # type: ignore[no-untyped-call]


def tokens_of(whole: Lark, text: str) -> LexerThread:
    return LexerThread.from_text(whole.parser.lexer, text)


def test_the_table_names_an_action_for_every_state_and_symbol() -> None:
    table = table_of(Lark(SUM, parser="lalr"))
    assert set(table.start_states) == set(table.end_states) == {"start"}
    actions = [action for row in table.states.values() for action in row.values()]
    assert {kind for kind, _ in actions} == {Shift, Reduce}
    assert all(argument in table.states for kind, argument in actions if kind is Shift)


def test_the_parser_on_a_table_reads_what_the_public_one_reads() -> None:
    whole = Lark(SUM, parser="lalr")
    public = Added().transform(whole.parse("1 + 2 + 39"))
    assert parser_of(whole).parse(tokens_of(whole, "1 + 2 + 39"), "start") == public == 42


def test_a_mistake_says_what_would_be_accepted_and_what_was_read() -> None:
    whole = Lark(SUM, parser="lalr")
    with pytest.raises(UnexpectedToken) as error:
        parser_of(whole).parse(tokens_of(whole, "1 + 2 3"), "start")
    interactive = error.value.interactive_parser
    assert interactive.accepts() == {"PLUS", "$END"}
    assert interactive.parser_state.value_stack


def test_no_other_file_reaches_into_lark() -> None:
    for path in (ROOT / "graphlang").rglob("*.py"):
        if path.name == Path(lark_internals.__file__).name:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "lark":
                assert not [a.name for a in node.names if a.name.startswith("_")], path
            if isinstance(node, ast.Attribute):
                assert node.attr not in ("_parse_table", "_Parser"), path


def test_lark_is_bounded_to_versions_in_which_this_was_tried() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = next(d for d in project["dependencies"] if d.startswith("lark"))
    below = re.search(r"<(\d+)\.(\d+)", asked)
    assert below is not None, asked
    assert tuple(map(int, lark.__version__.split(".")[:2])) < tuple(map(int, below.groups()))
