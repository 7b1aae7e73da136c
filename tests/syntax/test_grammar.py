"""The grammar and its prebuilt table."""

from __future__ import annotations

import json
import logging
import re
from pathlib import Path

import lark
import pytest

from graphlang.diagnostics import Source
from graphlang.diagnostics.limits import Limits
from graphlang.syntax import build, lexer, parse_table
from graphlang.syntax.lexer import Reader

GRAMMAR = parse_table.GRAMMAR.read_text("utf-8")


def test_the_grammar_has_no_conflicts(caplog: pytest.LogCaptureFixture) -> None:
    # Lark resolves a shift/reduce conflict silently and says so at this level only.
    level = lark.logger.level
    lark.logger.setLevel(logging.DEBUG)
    lark.logger.addHandler(caplog.handler)
    try:
        parse_table.lark_of(GRAMMAR)
    finally:
        lark.logger.removeHandler(caplog.handler)
        lark.logger.setLevel(level)
    assert [r.getMessage() for r in caplog.records if "onflict" in r.getMessage()] == []


def test_the_shipped_table_is_that_of_the_grammar() -> None:
    shipped = json.loads(parse_table.TABLE.read_text("utf-8"))
    if shipped["lark"] != lark.__version__:
        pytest.skip(f"the table was written with Lark {shipped['lark']}")
    assert shipped == json.loads(json.dumps(parse_table.serialized(GRAMMAR))), (
        "run python -m graphlang.syntax.parse_table"
    )


@pytest.mark.parametrize("damage", ["other grammar", "other lark", "no json", "no table", "a list"])
def test_a_table_that_does_not_fit_is_built_anew(
    damage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved = json.loads(parse_table.TABLE.read_text("utf-8"))
    path = tmp_path / "parse_table.json"
    texts = {
        "other grammar": json.dumps(saved | {"grammar": "start: A", "rows": []}),
        "other lark": json.dumps(saved | {"lark": "0.0", "rows": []}),
        "no json": "{",
        "a list": "[]",
    }
    if damage in texts:
        path.write_text(texts[damage])
    monkeypatch.setattr(parse_table, "TABLE", path)
    parser = parse_table.parser.__wrapped__()
    assert len(parser.parse(Reader(Source("t", "y = x"), Limits()))) == 1


def test_the_lexer_and_the_grammar_name_the_same_terminals() -> None:
    terminals = {t.name: t.pattern.to_regexp() for t in parse_table.lark_of(GRAMMAR).terminals}
    spelled = lexer.SYMBOLS | lexer.WORDS
    for spelling, name in spelled.items():
        assert re.fullmatch(terminals[name], spelling), (spelling, name)
    spelt_by_expressions = {"BROKEN", "NAME", "NUMBER", "STRING", "_NL", "COMMENT", "LINES", "WS"}
    assert set(terminals) - set(spelled.values()) == spelt_by_expressions


def test_a_rule_of_the_grammar_has_a_function_that_builds_its_node() -> None:
    made = parse_table.lark_of(GRAMMAR)
    silent = {rule.origin.name for rule in made.rules if rule.options.expand1 and not rule.alias}
    for rule in made.rules:
        name = rule.alias or rule.origin.name
        assert name in silent or hasattr(build, name), name


@pytest.mark.parametrize(
    "text",
    [
        "y = x -> Relu\n  -> Affine(3)\n\n# c\noutput y",
        "def f(x) {\n  return x\n}\ny = f(1,\n 2)\n",
        "a = 1; b = 2;",
    ],
)
def test_the_grammar_alone_reads_what_the_lexer_reads(text: str) -> None:
    parse_table.lark_of(GRAMMAR).parse(text)
    parse_table.parser().parse(Reader(Source("t", text), Limits()))
