"""The kind of every token of a text, without a parser: a text that is being written has mistakes.

The lexer of the language asks the state of the parser whether `data` is a word or a name at its place. Here
what stands around it decides, and that agrees with the parser on texts that it can read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from graphlang.diagnostics import Source, Span
from graphlang.syntax import lexer
from graphlang.syntax.lexer import SYMBOLS, Token

_ONLY_IN_BLOCKS = ("RETURN", "NEXT", "YIELD", "LAST")
_OPERAND_ENDS = frozenset("NAME NUMBER STRING TRUE FALSE NONE RPAR RSQB RBRACE".split())
_BLOCKS = {"DEF": "def", "SCAN": "scan", "SECTION": "section"} | dict.fromkeys(
    lexer.STAGE_WORDS.values(), "entries"
)
"""What the braces after a word hold."""
_WORDS_OF_BLOCK = {"def": ("PARAM", "LAYER", "RETURN"), "scan": ("NEXT", "YIELD", "LAST")}
_SOURCE = Source("", "")
_BETWEEN = "|".join([*lexer.RESERVED, *lexer.STAGE_WORDS, *lexer.INNER_WORDS])
_SECTIONS = "|".join(word for word, kind in lexer.STATEMENT_WORDS.items() if kind == "SECTION")
_HEADS = "|".join(
    word
    for word, kind in lexer.STATEMENT_WORDS.items()
    if kind not in ("SECTION", "IMPORT", *_WORDS_OF_BLOCK["def"], *_WORDS_OF_BLOCK["scan"])
)
_heads_statement = re.compile(
    rf"""(?:{_HEADS})[ \t]++(?!(?:{_BETWEEN})\b)[^\W\d]
        |import[ \t]*+"|graphlang[ \t]++[0-9]|(?:{_SECTIONS})[ \t]*+\{{""",
    re.VERBOSE,
).match
"""What only a statement has at the start of a line: whatever is open there lacks its bracket."""
_parts = re.compile(r"#[^\r\n]*|;|[^#;]+").finditer


class KindOfToken(NamedTuple):
    #: a terminal of the grammar; COMMENT, SPACE, or STRAY for what no text of the language has
    kind: str
    start: int
    text: str
    #: the terminal before it
    before: str
    #: what the innermost braces hold, `def`, `scan`, `section`, `entries`; nothing at the top
    block: str
    #: it is the first token of a statement, a setting or an entry
    starts: bool


class _Open(NamedTuple):
    bracket: Token
    block: str
    statement: str
    headers: tuple[str, ...]


class _State:
    """Where in a text its reader is."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.last = "_NL"
        #: the brackets that are open, with what surrounds each
        self.open: list[_Open] = []
        #: what the innermost braces hold
        self.block = ""
        #: the terminal that the statement starts with
        self.statement = ""
        #: the words whose braces are still to come, as `scan` while its sequence is read
        self.headers: tuple[str, ...] = ()

    @property
    def bracket(self) -> str:
        return self.open[-1].bracket.type if self.open else ""

    @property
    def header(self) -> str:
        return self.headers[-1] if self.headers else ""

    @property
    def starts(self) -> bool:
        return self.last == "_NL" or (self.last == "LBRACE" and self.bracket == "LBRACE")

    def start_over(self) -> None:
        """Forgets what is open, at a new statement of the top level."""
        self.last, self.block = "_NL", ""
        self.open.clear()

    def enter(self, kind: str, start: int) -> None:
        """Goes past a token."""
        if self.starts:
            self.statement, self.headers = kind, ()
        if kind in _BLOCKS:
            self.headers += (kind,)
        if kind in ("LPAR", "LSQB", "LBRACE"):
            self._go_in(kind, start)
        elif kind in ("RPAR", "RSQB", "RBRACE") and self.open:
            _, self.block, self.statement, self.headers = self.open.pop()
        self.last = kind

    def _go_in(self, kind: str, start: int) -> None:
        token, block = Token(kind, None, Span(start, start + 1, _SOURCE)), self.block
        if kind == "LBRACE":
            self.block = _BLOCKS.get(self.header, "")
            self.headers = self.headers[:-1]
        self.open.append(_Open(token, block, self.statement, self.headers))

    def ends_statement(self, run: str, end: int) -> bool:
        """Whether a run of line ends does."""
        return lexer.ends_statement(run, self.last, self.text, end, [o.bracket for o in self.open])

    def word(self, word: str, end: int) -> str:
        """The terminal of a word of the language, NAME where it is a name."""
        kind = lexer.WORDS[word]
        is_name = lexer._IS_NAME.get(kind)
        if word in lexer.RESERVED:
            return kind
        if word in lexer.STATEMENT_WORDS:
            fits = self.starts and self._may_start(kind)
        elif word in lexer.STAGE_WORDS:
            fits = self._stage_may_start() or (kind == "FOR" and self._in_list())
        else:
            fits = self._inner(kind)
        return kind if fits and not (is_name and is_name(self.text, end)) else "NAME"

    def _may_start(self, kind: str) -> bool:
        if self.bracket == "LBRACE":
            return kind in _WORDS_OF_BLOCK.get(self.block, ())
        return kind not in _ONLY_IN_BLOCKS

    def _stage_may_start(self) -> bool:
        of_layer = self.last == "EQUAL" and self.statement == "LAYER"
        of_entry = self.block == "entries" and (self.starts or (self.last == "COLON" and not self._inside()))
        return self.last == "ARROW" or of_layer or of_entry

    def _inside(self) -> bool:
        """Whether parentheses or square brackets are open."""
        return self.bracket in ("LPAR", "LSQB")

    def _in_list(self) -> bool:
        return self.bracket == "LSQB" and self.last in _OPERAND_ENDS

    def _inner(self, kind: str) -> bool:
        if kind == "DTYPE":
            typed = self.statement in ("INPUT", "PARAM", "DEF")
            return self.last == "COLON" and typed and self.bracket != "LSQB"
        if kind == "SCAN":
            return self.last == "EQUAL" and not self._inside()
        if kind == "AS":
            return self.last == "STRING" and self.statement == "IMPORT"
        if kind == "IN":
            return self.last == "NAME" and self.header in ("FOR", "SCAN")
        after_operand = self.last in _OPERAND_ENDS and not self._inside()
        return after_operand and (self.header == "SCAN" if kind == "CARRY" else self.statement == "EXPECT")


def kinds_of(text: str) -> Iterator[KindOfToken]:
    """The tokens of any text, with comments and spaces: joined, they are the text."""
    state, end = _State(text), 0
    for match in lexer.pattern_for(text).finditer(text):
        group = match.lastindex or lexer.END
        start = match.start(group)
        yield from _between(state, end, start)
        end = match.end(group)
        if group == lexer.LINE_END:
            if state.ends_statement(match[group], end):
                state.last = "_NL"
            yield from _between(state, start, end)
        elif group != lexer.END:
            yield _token(state, group, match[group], start)


def _token(state: _State, group: int, value: str, start: int) -> KindOfToken:
    if group == lexer.NAME and state.open and _heads_statement(state.text, start):
        line = state.text.rfind("\n", 0, start) + 1
        if not state.text[line:start].strip():
            state.start_over()
    kind = _kind(state, group, value, start + len(value))
    token = KindOfToken(kind, start, value, state.last, state.block, state.starts)
    state.enter(kind, start)
    return token


def _kind(state: _State, group: int, value: str, end: int) -> str:
    if group == lexer.NAME:
        return state.word(value, end) if value in lexer.WORDS else "NAME"
    if group == lexer.SYMBOL:
        return SYMBOLS.get(value, "STRAY")
    return {lexer.NUMBER: "NUMBER", lexer.STRING: "STRING"}.get(group, "STRAY")


def _between(state: _State, start: int, stop: int) -> Iterator[KindOfToken]:
    """The spaces and comments between two tokens; a `;` is one of its own."""
    for match in _parts(state.text, start, stop):
        kind = {"#": "COMMENT", ";": "SEMICOLON"}.get(match[0][0], "SPACE")
        yield KindOfToken(kind, match.start(), match[0], state.last, state.block, starts=False)
