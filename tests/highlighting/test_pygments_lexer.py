"""The lexer for Pygments: found by its names, and its tokens are those of the language."""

from __future__ import annotations

import io
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pygments.lexer import Lexer
from pygments.token import Error, Name, Token
from rich.console import Console
from rich.syntax import Syntax

from graphlang.highlighting.kinds import kinds_of
from graphlang.highlighting.pygments_lexer import GraphlangLexer
from graphlang.syntax.lexer import SYMBOLS, WORDS

ROOT = Path(__file__).parents[2]
SPECS = sorted((ROOT / "specs").glob("*.graph"))


def typed(text: str) -> list[tuple[str, str]]:
    """The words of a text with the types that Pygments gives them."""
    return [
        (value, str(kind).removeprefix("Token."))
        for _, kind, value in GraphlangLexer().get_tokens_unprocessed(text)
        if value[0].isalpha()
    ]


def test_the_entry_point_names_the_lexer() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    module, _, name = project["entry-points"]["pygments.lexers"]["graphlang"].partition(":")
    lexer = getattr(import_module(module), name)
    assert issubclass(lexer, Lexer)
    assert set(lexer.aliases) == {"graphlang", "graph"}
    assert lexer.filenames == ["*.graph"]


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.name)
def test_a_lesson_has_no_error_and_its_tokens_are_its_text(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    tokens = list(GraphlangLexer().get_tokens(text))
    assert [value for kind, value in tokens if kind in Error or kind is Token] == []
    assert "".join(value for _, value in tokens) == text


@settings(max_examples=100, deadline=None)
@given(st.text())
def test_the_tokens_of_any_text_are_the_text_at_their_offsets(text: str) -> None:
    for offset, _, value in GraphlangLexer().get_tokens_unprocessed(text):
        assert text.startswith(value, offset)
    assert "".join(v for _, _, v in GraphlangLexer().get_tokens_unprocessed(text)) == text


def test_every_word_and_sign_of_the_language_has_a_type_of_its_own() -> None:
    from graphlang.highlighting import pygments_lexer

    assert {*WORDS.values(), *SYMBOLS.values()} <= set(pygments_lexer._TYPES)


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.name)
def test_words_are_keywords_where_the_language_has_a_word_there(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    names = {token.start for token in kinds_of(text) if token.kind == "NAME"}
    typed_names = {at for at, kind, _ in GraphlangLexer().get_tokens_unprocessed(text) if kind in Name}
    assert typed_names == names


def test_names_are_typed_by_what_they_are() -> None:
    text = 'hyper n = 3\ndef f(x) = x -> fc\ny = f(x) -> layers { first: Affine(n); relu } if true and x.T else "a"\n'
    assert typed(text) == [
        ("hyper", "Keyword.Declaration"), ("n", "Name"),
        ("def", "Keyword.Declaration"), ("f", "Name.Function"), ("x", "Name"), ("x", "Name"), ("fc", "Name.Function"),
        ("y", "Name"), ("f", "Name.Function"), ("x", "Name"), ("layers", "Keyword"),
        ("first", "Name.Label"), ("Affine", "Name.Class"), ("n", "Name"), ("relu", "Name.Function"),
        ("if", "Keyword"), ("true", "Keyword.Constant"), ("and", "Operator.Word"), ("x", "Name"), ("T", "Name.Attribute"),
        ("else", "Keyword"),
    ]  # fmt: skip


def test_settings_of_a_section_are_attributes() -> None:
    assert typed("train { minimize = loss; batch = 5 }") == [
        ("train", "Keyword.Declaration"), ("minimize", "Name.Attribute"), ("loss", "Name"), ("batch", "Name.Attribute"),
    ]  # fmt: skip


def test_rich_shows_a_text_in_colours() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, color_system="truecolor", width=60)
    console.print(Syntax("y = true", GraphlangLexer(), theme="monokai"))
    shown = console.file.getvalue()
    assert "true" in shown
    assert shown.count("\x1b[38") > 2


def test_the_lexer_needs_neither_numpy_nor_pydantic() -> None:
    code = (
        "import sys, graphlang.highlighting.pygments_lexer\n"
        "print([m for m in ('numpy', 'pydantic', 'rich', 'networkx') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"
