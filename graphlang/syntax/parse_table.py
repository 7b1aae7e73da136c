"""Lark's parser, from a table made ahead of time: `python -m graphlang.syntax.parse_table` writes it anew.

Lark takes a quarter of a second to make the table of the grammar. Written as rules and rows of numbers, it
is read in 3 ms.
"""

from __future__ import annotations

import json
from collections import deque
from pathlib import Path
from typing import Any

import lark
from lark import Lark
from lark.grammar import NonTerminal, Rule, RuleOptions, Symbol, Terminal
from lark.lexer import Lexer, LexerState, LexerThread
from lark.parse_tree_builder import ParseTreeBuilder
from lark.parsers.lalr_analysis import IntParseTable, Reduce, Shift

from graphlang.lazy import made_once
from graphlang.syntax import build
from graphlang.syntax.lark_internals import ONLY_CHILD, TableParser, table_of
from graphlang.syntax.lexer import GraphLexer, Reader

GRAMMAR = Path(__file__).with_name("graphlang.lark")
TABLE = Path(__file__).with_name("parse_table.json")
LEXER = GraphLexer(None)


class Parser:
    """The parser of the language: a table, with the functions of build.py as callbacks. It holds no state."""

    def __init__(self, rules: list[Rule], table: IntParseTable) -> None:
        builder: Any = ParseTreeBuilder
        callbacks = builder(rules, lark.Tree, maybe_placeholders=False).create_callback(build)
        callbacks |= {rule: ONLY_CHILD for rule in rules if _passes_on(rule)}
        self._parser = TableParser(table, callbacks)

    def parse(self, reader: Reader, lexer: Lexer = LEXER) -> list[Any]:
        """The statements that a reader reads; raises Lark's UnexpectedToken at the first mistake."""
        state: Any = LexerState(reader)  # type: ignore[arg-type]  # text is what the lexer takes it for
        statements: list[Any] = self._parser.parse(LexerThread(lexer, state), "start")
        return statements


def _passes_on(rule: Rule) -> bool:
    """Whether a rule makes nothing of its only child, as `?term: signed`; Lark would ask at every use."""
    names = [symbol.name for symbol in rule.expansion]
    return rule.options.expand1 and not rule.alias and len(names) == 1 and not names[0].startswith("_")


@made_once
def parser() -> Parser:
    """The parser of the language, from the prebuilt table where that fits the grammar and Lark."""
    grammar = GRAMMAR.read_text("utf-8")
    try:
        data = json.loads(TABLE.read_text("utf-8"))
        if (data["lark"], data["grammar"]) == (lark.__version__, grammar):
            return loaded(data)
    except (OSError, ValueError, LookupError, TypeError):
        pass
    return loaded(serialized(grammar))


def lark_of(grammar: str, **options: Any) -> Lark:
    """Lark on the grammar, with its own lexer and trees."""
    settings = {"parser": "lalr", "lexer": "contextual", "keep_all_tokens": True, "maybe_placeholders": False}
    return Lark(grammar, **(settings | options))


# ---- writing the table ------------------------------------------------------------------------------------


def serialized(grammar: str) -> dict[str, Any]:
    """The table of a grammar as plain data, together with the grammar and the version of Lark.

    A row holds pairs of a symbol and an action: a state to go to, or ~n to reduce by rule n.
    """
    whole: Any = lark_of(grammar)
    table = table_of(whole)
    rules = {rule: i for i, rule in enumerate(sorted(whole.rules, key=str))}
    symbols = sorted({name for row in table.states.values() for name in row})
    states = _numbered(table)

    def row(state: int) -> list[int]:
        actions = table.states[state]
        pairs = [(i, *actions[name]) for i, name in enumerate(symbols) if name in actions]
        numbers = ((i, states[arg] if kind is Shift else ~rules[arg]) for i, kind, arg in pairs)
        return [n for pair in numbers for n in pair]

    return {
        "lark": lark.__version__,
        "grammar": grammar,
        "rules": [_rule_as_data(rule) for rule in rules],
        "symbols": symbols,
        "rows": [row(state) for state in states],
        "end": states[table.end_states["start"]],
    }


def _numbered(table: IntParseTable) -> dict[int, int]:
    """Lark's states, numbered as a walk from the start discovers them: the same in every run."""
    numbers = {table.start_states["start"]: 0}
    queue = deque(numbers)
    while queue:
        row = table.states[queue.popleft()]
        for kind, arg in (row[name] for name in sorted(row)):
            if kind is Shift and arg not in numbers:
                numbers[arg] = len(numbers)
                queue.append(arg)
    return numbers


def _rule_as_data(rule: Rule) -> list[Any]:
    expansion = [symbol.name for symbol in rule.expansion]
    return [str(rule.origin.name), expansion, rule.order, rule.alias, bool(rule.options.expand1)]


# ---- reading it -------------------------------------------------------------------------------------------


def loaded(data: dict[str, Any]) -> Parser:
    """The parser of a table that `serialized` wrote."""
    rules = [_rule(*fields) for fields in data["rules"]]
    reductions = [(Reduce, rule) for rule in rules]
    shifts = [(Shift, state) for state in range(len(data["rows"]))]
    # A negative n counts from the end: actions[~n] is the reduction by rule n.
    actions: list[Any] = [*shifts, *reversed(reductions)]
    symbols = data["symbols"]
    states = {
        state: {symbols[row[i]]: actions[row[i + 1]] for i in range(0, len(row), 2)}
        for state, row in enumerate(data["rows"])
    }
    table: Any = IntParseTable
    return Parser(rules, table(states, {"start": 0}, {"start": data["end"]}))


class _Rule(Rule):
    """A rule that equals itself alone: Lark's parser compares and hashes one at every reduction, and the
    methods of its own class do so in Python."""

    __slots__ = ()
    __eq__ = object.__eq__
    __hash__ = object.__hash__


def _rule(origin: str, expansion: list[str], order: int, alias: str | None, expand1: bool) -> Rule:
    symbols = [_symbol(name) for name in expansion]
    options = RuleOptions(keep_all_tokens=True, expand1=expand1)
    return _Rule(NonTerminal(origin), symbols, order, alias, options)


def _symbol(name: str) -> Symbol:
    return Terminal(name) if name.isupper() else NonTerminal(name)


def write_table() -> None:
    """Writes the table of the grammar beside it."""
    from graphlang.files.replace import write_text

    text = json.dumps(serialized(GRAMMAR.read_text("utf-8")), separators=(",", ":"))
    write_text(TABLE, f"{text}\n")


if __name__ == "__main__":
    write_table()
