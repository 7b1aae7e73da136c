"""What editors colour follows from the words of the language, and what is committed is what is generated."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

from graphlang.syntax.lexer import WORDS
from graphlang.syntax.operators import SIGNS

FOLDER = Path(__file__).parents[2] / "editors"
sys.path.insert(0, str(FOLDER))
import generate  # noqa: E402
import words  # noqa: E402

FILES = generate.files()


@pytest.mark.parametrize("name", FILES)
def test_a_generated_file_is_fresh(name: str) -> None:
    """`python editors/generate.py` writes it."""
    assert (FOLDER / name).read_text(encoding="utf-8") == FILES[name]


def test_every_word_of_the_language_is_in_a_group() -> None:
    groups = [
        words.TOP,
        words.IN_BLOCKS,
        words.TYPES,
        words.INNER,
        words.LOGICAL,
        words.CONSTANTS,
        words.CHOICE,
        words.STAGES,
    ]
    assert {word for group in groups for word in group} == set(WORDS)
    assert set(words.EVERY) == set(WORDS)
    assert {*words.NAMED, *words.CLAUSES, *words.SECTIONS, "graphlang", "import"} == {
        *words.TOP,
        *words.IN_BLOCKS,
    }


def test_the_terminals_of_the_grammar_are_in_the_table_of_the_lexer() -> None:
    """So a word that the grammar gets is coloured, or a test fails."""
    grammar = (FOLDER.parent / "graphlang/syntax/graphlang.lark").read_text(encoding="utf-8")
    terminals = re.findall(r"^([A-Z]+)(?:\.\d)?: (.*)$", grammar, re.MULTILINE)
    spelled = {word for _, spellings in terminals for word in re.findall(r'"([a-z]+)"', spellings)}
    assert spelled == set(WORDS)


@pytest.mark.parametrize("name", FILES)
def test_every_word_stands_in_the_rules_of_every_editor(name: str) -> None:
    if "markdown" not in name:
        text = FILES[name]
        assert [word for word in WORDS if not re.search(rf"(?<![a-z]){word}(?![a-z])", text)] == []


def test_every_sign_is_an_operator() -> None:
    assert set(SIGNS) < set(words.SIGNS_OF_OPERATORS)
    grammar = json.loads(FILES["vscode/syntaxes/graphlang.tmLanguage.json"])
    pattern = grammar["repository"]["operator"]["patterns"][1]["match"]
    assert [sign for sign in words.SIGNS_OF_OPERATORS if not re.fullmatch(pattern, sign)] == []
