"""For each state of the parser a shortest text that leads to it, and what cannot follow there."""

from __future__ import annotations

import heapq
import json
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, NamedTuple

from lark import UnexpectedToken

from graphlang.diagnostics import Source
from graphlang.diagnostics.limits import DEFAULT
from graphlang.syntax import parse_table
from graphlang.syntax.lexer import Reader

TEXTS = {
    "NAME": "x", "NUMBER": "2", "STRING": '"s"', "SECTION": "train", "DTYPE": "float", "CMP": "<", "MULOP": "*",
    "PLUS": "+", "MINUS": "-", "POW": "**", "ARROW": "->", "APPROX": "~=", "EQUAL": "=", "COLON": ":", "COMMA": ",",
    "DOT": ".", "LPAR": "(", "RPAR": ")", "LSQB": "[", "RSQB": "]", "LBRACE": "{", "RBRACE": "}", "ELLIPSIS": "...",
    "_NL": "\n",
}  # fmt: skip
"""Those of the terminals that are no words."""
WRONG = [*(f" {text}" for name, text in TEXTS.items() if name != "_NL"), "", "\n", "\nz = 1"]
WRONG += [
    f" {word}" for word in "if else and not true in carry as within layers repeat for input return".split()
]
"""What is put behind a text: a token of each kind, the end of the file, the end of the line, the next statement."""
NEVER = {"BROKEN", "$END"}
"""No text gives these terminals."""


class Table(NamedTuple):
    """The parser's table, by the numbers of its states."""

    #: for each state, from a symbol to the state after it
    following: list[dict[str, int]]
    #: from a symbol to the terminals of its shortest text
    shortest: dict[str, list[str]]


def table() -> Table:
    data = json.loads(parse_table.TABLE.read_text("utf-8"))
    symbols = data["symbols"]
    rows = [dict(zip(row[::2], row[1::2], strict=True)) for row in data["rows"]]
    following = [{symbols[s]: to for s, to in row.items() if to >= 0} for row in rows]
    return Table(following, _shortest(symbols, data["rules"]))


def _shortest(symbols: list[str], rules: list[Any]) -> dict[str, list[str]]:
    left = {name for name, *_ in rules}
    found = {symbol: [symbol] for symbol in symbols if symbol not in left and symbol not in NEVER}
    before = None
    while before != found:
        before = dict(found)
        for name, expansion, *_ in rules:
            if all(symbol in found for symbol in expansion):
                terminals = [terminal for symbol in expansion for terminal in found[symbol]]
                if name not in found or len(terminals) < len(found[name]):
                    found[name] = terminals
    return found


def ways(table: Table) -> dict[int, list[str]]:
    """For each state that a text can reach, the terminals of a shortest text."""
    found: dict[int, list[str]] = {0: []}
    queue = [(0, 0)]
    while queue:
        length, state = heapq.heappop(queue)
        if length > len(found[state]):
            continue
        for symbol, to in table.following[state].items():
            if symbol not in table.shortest:
                continue
            way = found[state] + table.shortest[symbol]
            if to not in found or len(way) < len(found[to]):
                found[to] = way
                heapq.heappush(queue, (len(way), to))
    return found


def text_of(terminals: list[str]) -> str:
    return " ".join(TEXTS.get(name, name.lower()) for name in terminals)


def state_of_error(text: str) -> int | None:
    """The state in which the parser stops at the first mistake of a text; None if there is none."""
    try:
        parse_table.parser().parse(Reader(Source("a.graph", text), DEFAULT))
    except UnexpectedToken as error:
        stopped: Any = error.state  # at the end of a text Lark hands over the stack
        return int(getattr(stopped, "position", stopped))
    return None


def wrong_texts() -> Iterator[tuple[int, str]]:
    """Each state in which the parser can stop, with texts that make it stop there."""
    for way in ways(table()).values():
        for wrong in WRONG:
            text = text_of(way) + wrong
            state = state_of_error(text)
            if state is not None:
                yield state, text


def by_state() -> dict[int, list[str]]:
    """The wrong texts of each state, the shortest first."""
    found: dict[int, list[str]] = defaultdict(list)
    for state, text in wrong_texts():
        found[state].append(text)
    return {
        state: sorted(set(texts), key=lambda text: (len(text), text))
        for state, texts in sorted(found.items())
    }
