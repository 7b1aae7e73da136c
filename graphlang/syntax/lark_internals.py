"""What the prebuilt parse table needs of Lark and Lark does not promise to keep: its table and its parser.

The public way, `Lark.save` and `Lark.load`, was tried: loading takes 13 ms in place of 3, since most of what
it saves are tables of the lexer of Lark, which is not used here. So this module reaches inside.
pyproject.toml bounds Lark to the versions in which that was tried, and tests/syntax/test_lark_internals.py
fails where a version has changed it.
"""

from __future__ import annotations

from collections.abc import Mapping
from operator import itemgetter
from typing import Any

from lark import Lark, Token, UnexpectedInput
from lark.lexer import LexerThread
from lark.parsers.lalr_analysis import IntParseTable, Shift
from lark.parsers.lalr_interactive_parser import InteractiveParser
from lark.parsers.lalr_parser import _Parser
from lark.parsers.lalr_parser_state import ParseConf, ParserState


def table_of(lark: Lark) -> IntParseTable:
    """The LALR table of a grammar: for each state and symbol, Shift to a state or Reduce by a rule."""
    parser: Any = lark.parser
    table: IntParseTable = parser.parser._parse_table
    return table


ONLY_CHILD = itemgetter(0)
"""The callback of a rule that makes nothing of its only child, as `?term: signed`."""


class TableParser:
    """Lark's LALR parser on a table, with a loop of its own that is quicker; it holds no state.

    Between a name and the sum that it may be stand as many rules of one child as there are levels of
    operators. Which of them are gone through follows from the two topmost states and the next token, and is
    remembered.
    """

    def __init__(self, table: IntParseTable, callbacks: Mapping[Any, Any]) -> None:
        self._parser: Any = _Parser(table, callbacks)  # type: ignore[arg-type]
        self._rows: Any = table.states
        #: by rule: how many symbols it takes, what they become, and the callback
        self._rules = {r: (len(r.expansion), r.origin.name, made) for r, made in callbacks.items()}
        self._passed: dict[tuple[int, int, str], int] = {}

    def parse(self, tokens: LexerThread, start: str) -> Any:
        """What the callback of the rule `start` makes; raises UnexpectedToken at the first mistake."""
        conf: Any = ParseConf(self._parser.parse_table, self._parser.callbacks, start)
        state: Any = ParserState(conf, tokens)
        try:
            last = self._read(state)
            end = Token("$END", "", 0, 1, 1) if last is None else Token.new_borrow_pos("$END", "", last)
            return state.feed_token(end, True)
        except UnexpectedInput as error:
            error.interactive_parser = InteractiveParser(self._parser, state, tokens)
            raise

    def _read(self, state: Any) -> Any:
        """Reads all tokens, and returns the last one."""
        token = None
        rows, rules, passed = self._rows, self._rules, self._passed
        states, values = state.state_stack, state.value_stack
        for token in state.lexer.lex(state):
            kind = token.type
            while True:
                top = states[-1]
                action, argument = rows[top].get(kind) or state.feed_token(token)  # which raises
                if action is Shift:
                    states.append(argument)
                    values.append(token)
                    break
                size, symbol, made = rules[argument]
                if made is ONLY_CHILD:
                    place = states[-2], top, kind
                    states[-1] = passed.get(place) or self._pass(place)
                    continue
                parts = values[-size:] if size else []
                if size:
                    del states[-size:]
                    del values[-size:]
                states.append(rows[states[-1]][symbol][1])
                values.append(made(parts))
        return token

    def _pass(self, place: tuple[int, int, str]) -> int:
        """The state on top once all rules of one child before the next token are gone through."""
        below, top, kind = place
        while True:
            action, rule = self._rows[top].get(kind, (Shift, None))
            if action is Shift or rule not in self._rules or self._rules[rule][2] is not ONLY_CHILD:
                self._passed[place] = top
                return top
            top = self._rows[below][self._rules[rule][1]][1]
