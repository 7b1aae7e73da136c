"""The table of operators: every row fits the grammar, the lexer and the catalog."""

from __future__ import annotations

import re
from itertools import product

import pytest

from graphlang.catalog.finder import Catalog
from graphlang.syntax import lexer, operators, parse, parse_table, tree
from graphlang.syntax.operators import BINARY, COMPARISON, OPERATORS, POWER, UNARY, Operator

TERMINALS = {t.name: t.pattern for t in parse_table.lark_of(parse_table.GRAMMAR.read_text("utf-8")).terminals}


def expression(text: str) -> tree.Expression:
    statement = parse(f"y = {text}").statements[0]
    assert isinstance(statement, tree.Assign)
    assert not isinstance(statement.value, tree.Scan)
    return statement.value


def brackets(node: tree.Expression) -> str:
    """An expression with brackets around every operation."""
    if isinstance(node, tree.Binary):
        return f"({brackets(node.left)} {node.operator} {brackets(node.right)})"
    if isinstance(node, tree.Unary):
        return f"({node.operator} {brackets(node.operand)})"
    return node.span.text


@pytest.mark.parametrize("row", OPERATORS, ids=lambda row: row.function)
def test_the_grammar_spells_the_terminal_of_each_operator(row: Operator) -> None:
    assert re.fullmatch(TERMINALS[row.terminal].to_regexp(), row.symbol)


def test_every_spelling_of_an_operators_terminal_has_a_row() -> None:
    spellings = {s for row in OPERATORS for s in re.split(r"\|", TERMINALS[row.terminal].to_regexp())}
    unescaped = {re.sub(r"\\(.)", r"\1", s).removeprefix("(?:").removesuffix(")") for s in spellings}
    assert unescaped == set(BINARY) | set(UNARY)


@pytest.mark.parametrize(("first", "second"), list(product(BINARY, BINARY)))
def test_the_grammar_binds_as_the_table_says(first: str, second: str) -> None:
    left, right = BINARY[first].precedence, BINARY[second].precedence
    if left == right == COMPARISON:
        return  # comparisons do not chain
    leftmost = left > right or (left == right and left != POWER)
    expected = f"((a {first} b) {second} c)" if leftmost else f"(a {first} (b {second} c))"
    assert brackets(expression(f"a {first} b {second} c")) == expected


@pytest.mark.parametrize(("sign", "symbol"), list(product(UNARY, BINARY)))
def test_a_sign_in_front_binds_as_the_table_says(sign: str, symbol: str) -> None:
    tighter = UNARY[sign].precedence > BINARY[symbol].precedence
    expected = f"(({sign} a) {symbol} b)" if tighter else f"({sign} (a {symbol} b))"
    assert brackets(expression(f"{sign} a {symbol} b")) == expected


@pytest.mark.parametrize("symbol", BINARY)
@pytest.mark.parametrize("text", ["y = a {}\nb", "y = a\n{} b"])
def test_a_line_goes_on_after_and_before_an_operator(symbol: str, text: str) -> None:
    assert len(parse(text.format(symbol)).statements) == 1


@pytest.mark.parametrize("symbol", BINARY)
def test_the_grammar_alone_ends_no_line_before_an_operator(symbol: str) -> None:
    line_end = re.compile(TERMINALS["_NL"].to_regexp())
    assert line_end.match("\nb") is not None
    assert line_end.match(f"\n{symbol} b") is None


@pytest.mark.parametrize("row", OPERATORS, ids=lambda row: row.function)
def test_the_catalog_has_the_function_of_each_operator(row: Operator) -> None:
    entry = Catalog().find(row.function)
    assert entry is not None
    assert len(entry.tensors) == (1 if row in UNARY.values() else 2)


def test_an_operator_is_a_sign_or_a_word_that_is_no_name() -> None:
    assert set(operators.WORDS) <= set(lexer.RESERVED)
    assert set(operators.SIGNS) <= set(lexer.SYMBOLS)
