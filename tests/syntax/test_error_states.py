"""Every state of the parser in which it can stop has messages, and all of them are held in a golden file."""

from __future__ import annotations

from pathlib import Path

import error_states
import pytest

from graphlang.diagnostics import Diagnostic, GraphError
from graphlang.syntax.parse import parse

GOLDEN = Path(__file__).with_name("error_states.txt")
OF_A_STATE = 6
"""So many texts of each state are read here: each by another wrong token, the shortest first."""
UNSTOPPABLE = {"LAYERS", "RESIDUAL", "_NL"}
"""The lexer takes `layers` and `residual` for names unless a block follows, and leaves out the line ends in front of the
first statement, so that no text stops the parser right behind these."""


@pytest.fixture(scope="module")
def texts() -> dict[int, list[str]]:
    return error_states.by_state()


@pytest.fixture(scope="module")
def first_messages(texts: dict[int, list[str]]) -> dict[str, Diagnostic]:
    """The first message of each text, state by state."""
    messages = {}
    for of_state in texts.values():
        for text in of_state[:OF_A_STATE]:
            with pytest.raises(GraphError) as caught:
                parse(text)
            messages[text] = caught.value.diagnostics[0]
    return messages


def test_the_parser_stops_in_every_state_that_a_token_leads_to(texts: dict[int, list[str]]) -> None:
    """A state that a reduction leads to has seen its next token before, so that most of these cannot be stopped in."""
    following = error_states.table().following
    by_token = {
        to: symbol
        for row in following
        for symbol, to in row.items()
        if symbol.isupper() and symbol not in error_states.NEVER
    }
    missed = {symbol for state, symbol in by_token.items() if state not in texts}
    assert missed == UNSTOPPABLE
    assert [to for row in following for symbol, to in row.items() if symbol == "_NL" and to not in texts] == [
        following[0]["_NL"]
    ]
    assert len(texts) > 240


def test_every_message_says_what_stands_there_and_where_it_is(first_messages: dict[str, Diagnostic]) -> None:
    for text, d in first_messages.items():
        assert d.span is not None, text
        assert d.help or d.edits, (text, d)
        if d.code == "GL101":
            assert d.label.startswith("expected "), text
            assert ", in " in d.message or "where a statement starts" in d.message, d.message
            assert ", as in `" in (d.help or "") or "the statement is whole" in (d.help or ""), d.help


def test_the_messages_of_all_states_are_those_of_the_golden_file(
    first_messages: dict[str, Diagnostic], texts: dict[int, list[str]], request: pytest.FixtureRequest
) -> None:
    lines = []
    for state, of_state in texts.items():
        lines.append(f"state {state}")
        told = set()
        for text in of_state[:OF_A_STATE]:
            d = first_messages[text]
            if (said := f"{d.code} {d.message}; {d.label}; {d.help}") not in told:
                told.add(said)
                lines.append(f"  {text!r}\n    {said}")
    golden = "\n".join(lines) + "\n"
    if request.config.getoption("--update-golden"):
        GOLDEN.write_text(golden, encoding="utf-8")
    assert golden == GOLDEN.read_text("utf-8")
