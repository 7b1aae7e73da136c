"""What surrounds a mistake: the words before and after it, the statement and the block that it stands in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from lark import UnexpectedToken

from graphlang.diagnostics import Edit, Source, Span, closest
from graphlang.lazy import lazy
from graphlang.syntax import lexer, operators
from graphlang.syntax.lexer import Reader

PAIRS = {")": "(", "]": "[", "}": "{"}
BINARY = frozenset((*operators.BINARY, "->", "~="))
OPERATORS = BINARY | operators.UNARY.keys()
CHOICE = frozenset("if else in".split())
SECTIONS = frozenset("data train gradcheck".split())
BLOCKS = SECTIONS | set(lexer.STAGE_WORDS) | {"scan", "def"}


class Word(NamedTuple):
    """A token as it is written, read without a parser."""

    text: str
    kind: int
    start: int
    end: int
    #: the first on its line, at this column (from 0); else -1
    column: int
    #: a statement ends before it
    fresh: bool


class ErrorContext:
    """The place of a mistake: the words before and after it, in its statement and its block."""

    def __init__(
        self, error: UnexpectedToken, reader: Reader, mends: Callable[[Sequence[Edit]], bool]
    ) -> None:
        #: whether reading gets further once these edits are made
        self.mends = mends
        token: Any = error.token
        self.source: Source = reader.source
        interactive: Any = error.interactive_parser
        self.accepts: set[str] = interactive.accepts()
        self.kind: str = token.type
        self.at: int = reader.place_of(token) if self.kind != "$END" else len(self.source.text)
        ended = self.kind == "_NL" and not reader.brackets
        #: where the top-level statement starts
        self.top: int = reader.previous if ended else reader.statement
        #: where the next statement starts; set by a rule that knows better than brackets and line ends
        self.resume: int | None = None
        #: the only part to leave out; set by a rule that knows that what stands before it is correct
        self.hole: tuple[int, int] | None = None
        words = words_of(self.source, self.top, self.at)
        split = next((i for i, word in enumerate(words) if word.start >= self.at), len(words))
        self.before, self.after = words[:split], words[split:]
        # A line end is no word: the mistake is what stands before it.
        self.word = None if self.kind in ("_NL", "$END") or not self.after else self.after[0]
        self.open = open_brackets(self.before)
        self.line = self._current_line()

    def _current_line(self) -> list[Word]:
        """The words of the innermost statement before the mistake."""
        if self.word and self.word.fresh:
            return []
        depth = 0
        for i in reversed(range(len(self.before))):
            word = self.before[i]
            if word.text in PAIRS:
                depth += 1
            elif depth and word.text in "([{":
                depth -= 1
            elif word.text == "{":
                return self.before[i + 1 :]
            if word.fresh and not depth:
                return self.before[i:]
        return self.before

    @property
    def previous(self) -> Word | None:
        return self.before[-1] if self.before else None

    @property
    def bracket(self) -> Word | None:
        """The innermost bracket that is open at the mistake."""
        return self.before[self.open[-1]] if self.open else None

    @property
    def in_list(self) -> bool:
        return self.bracket is not None and self.bracket.text in "(["

    @property
    def block(self) -> str | None:
        """The word whose block the mistake is in."""
        opened = next((i for i in reversed(self.open) if self.before[i].text == "{"), None)
        if opened is None:
            return None
        return next((w.text for w in reversed(self.before[:opened]) if w.text in BLOCKS), "")

    def span(self, word: Word) -> Span:
        return Span(word.start, word.end, self.source)

    def between(self, start: Word, end: Word) -> Span:
        """From the start of one word to the end of another."""
        return Span(start.start, end.end, self.source)

    def edit(self, start: int, end: int, text: str) -> Edit:
        return Edit(Span(start, end, self.source), text)

    def replaced(self, word: Word, text: str) -> Edit:
        return Edit(self.span(word), text)

    @property
    def following(self) -> Word | None:
        """The word behind the mistake."""
        return self.after[1] if len(self.after) > 1 else None

    @property
    def here(self) -> Span:
        """The place of the mistake; where a line or the file ends, the end of what stands before."""
        if self.word:
            return self.span(self.word)
        end = self.previous.end if self.previous else self.at
        return Span(end, end, self.source)

    @lazy
    def rest_of_line(self) -> list[Word]:
        rest: list[Word] = []
        for i, word in enumerate(self.after):
            if word.fresh and i:
                break
            rest.append(word)
        return rest

    @property
    def in_block(self) -> bool:
        return any(self.before[i].text == "{" for i in self.open)

    def innermost(self) -> tuple[int, int] | None:
        """The statement, setting or layer in a block that the mistake is in; None outside of blocks."""
        if not self.in_block:
            return None
        if self.kind == "$END" or (self.word and self.word.text == "}" and not self.line):
            end = self.previous.end if self.previous else self.at
            return (self.line[0].start, end) if self.line else (self.at, self.at)
        open_: list[str] = []
        for word in self.line:
            _track(word.text, open_)
        first = self.line[0] if self.line else self.after[0]
        end = self.line[-1].end if self.line else first.start
        for i, word in enumerate(self.after):
            started = bool(i or self.line)
            if started and word.fresh and not open_:
                break
            if started and self.resume is not None and word.start >= self.resume:
                break
            dedented = -1 < word.column <= max(first.column, 0)
            if started and "{" not in open_ and dedented and starts(self.after, i):
                break
            if word.text == "}" and "{" not in open_:
                break
            _track(word.text, open_)
            end = word.end
        if self.resume is not None:
            end = min(end, max((w.end for w in self.line if w.end <= self.resume), default=end))
        return first.start, end

    def next_statement(self) -> int | None:
        """Where reading can go on after this mistake: the start of a line that looks like a statement."""
        if self.resume is not None and not self.in_block:
            return self.resume
        home = self.before[0].column if self.before else 0
        open_ = [self.before[i].text for i in self.open]
        for i, word in enumerate(self.after):
            outside = "{" not in open_
            if i or self.before:
                dedented = -1 < word.column <= max(home, 0)
                looks_new = starts(self.after, i) if outside else word.text in TOP
                if (word.fresh and not open_) or (dedented and looks_new):
                    return word.start
            _track(word.text, open_)
        return None


def _track(bracket: str, open_: list[str]) -> None:
    """Keeps the list of open brackets; one that closes an outer one closes the inner ones too."""
    if bracket in "([{":
        open_.append(bracket)
    elif bracket in PAIRS and PAIRS[bracket] in open_:
        while open_.pop() != PAIRS[bracket]:
            pass


TOP = frozenset("hyper def input output expect import data train gradcheck".split())


def starts(words: list[Word], i: int) -> bool:
    """Whether a statement seems to start at the word with this index."""
    if words[i].text in lexer.STATEMENT_WORDS:
        return True
    return words[i].kind == lexer.NAME and i + 1 < len(words) and words[i + 1].text in ("=", ",")


SETTINGS = frozenset(
    "source minimize optimizer schedule batch iterations epochs metrics seed dtype shuffle clip_norm "
    "clip_value groups accumulate ema stop keep "
    "checkpoint_every mesh of precision remat samples shard tol".split()
)
"""Settings of the sections: the first line of an unclosed section that is none of them ends it."""


def end_of_block(c: ErrorContext) -> Word | None:
    """The first word after a block whose `}` is missing at the end of the file, as indentation has it."""
    opened = c.open[-1]
    home = next((w.column for w in reversed(c.before[: opened + 1]) if w.column >= 0), 0)
    inside = []
    depth = 0
    for i, word in enumerate(c.before[opened + 1 :], opened + 1):
        if word.column >= 0 and not depth:
            inside.append((i, word))
        depth += (word.text in "([{") - (word.text in PAIRS)
    if inside and inside[0][1].column > home:
        return next((w for _, w in inside if w.column <= home), None)
    if c.block in SECTIONS:
        return next((w for _, w in inside if w.text not in SETTINGS), None)
    return None


#: as many words are read after a mistake to find out where its statement ends
_FAR = 10_000


def words_of(source: Source, start: int, at: int, far: int = _FAR) -> list[Word]:
    """The words from the start of a statement, past the mistake in it, to the start of the next one, which is
    looked for among so many words."""
    text, words, fresh = source.text, [], True
    beyond = 0
    brackets: list[Any] = []
    line_start = text.rfind("\n", 0, start) + 1
    column = start - line_start if not text[line_start:start].strip() else -1
    last = "_NL"
    for match in lexer.pattern_for(text).finditer(text, start):
        kind = match.lastindex or lexer.END
        begin, end = match.span(kind)
        value = match[kind]
        if kind == lexer.END:
            break
        if kind == lexer.LINE_END:
            fresh = lexer.ends_statement(value, last, text, end, brackets)
            line_start = max(text.rfind("\n", 0, end), text.rfind(";", begin, end)) + 1
            column = end - text.rfind("\n", 0, end) - 1 if "\n" in value else -1
            last = "_NL" if fresh else last
            continue
        words.append(Word(value, kind, begin, end, column, fresh))
        beyond += begin > at
        if beyond > far or (beyond > 1 and words[-2].fresh and not brackets):
            break
        fresh, column = False, -1
        last = lexer.SYMBOLS.get(value, lexer.RESERVED.get(value, "NAME"))
        if value in "([{":
            brackets.append(_Opened(last))
        elif value in PAIRS and brackets and brackets[-1].type == lexer.SYMBOLS[PAIRS[value]]:
            brackets.pop()
    return words


class _Opened(NamedTuple):
    type: str


def open_brackets(words: list[Word]) -> list[int]:
    """The positions of the brackets that are open after these words."""
    opened: list[int] = []
    for i, word in enumerate(words):
        if word.text in "([{":
            opened.append(i)
        elif opened and PAIRS.get(word.text) == words[opened[-1]].text:
            opened.pop()
    return opened


_CLOSING = {"(": ")", "<": ">", "{": "}", "[": "]"}


def closing(words: Sequence[Word], opening: str) -> Word | None:
    """What closes the bracket that these words start with."""
    depth = 0
    for word in words:
        depth += (word.text == opening) - (word.text == _CLOSING[opening])
        if depth == 0:
            return word
    return None


def touch(*words: Word) -> bool:
    """Whether nothing stands between these words."""
    return all(a.end == b.start for a, b in pairwise(words))


def line_end(text: str, start: int) -> int:
    """Where the line that an offset is on ends."""
    end = text.find("\n", start)
    return len(text) if end < 0 else end


def is_type(word: Word | None) -> bool:
    return word is not None and lexer.WORDS.get(word.text) == "DTYPE"


def is_value(word: Word | None) -> bool:
    """Whether a value can end with this word."""
    if word is None or word.text in OPERATORS or word.text in CHOICE:
        return False
    return word.kind in (lexer.NAME, lexer.NUMBER, lexer.STRING) or word.text in (")", "]", "}")


def starts_value(word: Word | None) -> bool:
    if word is None or word.text in BINARY or word.text in CHOICE:
        return False
    return word.kind in (lexer.NAME, lexer.NUMBER, lexer.STRING) or word.text in ("(", "[")


_DECLARE = frozenset("input param hyper layer".split())
_NAME_NEXT = frozenset("def layer import as".split())


def _names_imported(words: Sequence[Word]) -> tuple[str, ...]:
    """The names that a statement like `from "blocks.graph" import Block` may define."""
    names = dict.fromkeys(w.text for w in words if w.kind == lexer.NAME and w.text not in lexer.WORDS)
    files = (w.text.strip('"').rpartition("/")[2] for w in words if w.kind == lexer.STRING)
    return tuple(names | dict.fromkeys(file.removesuffix(".graph") for file in files))


def names_defined(words: list[Word]) -> tuple[str, ...]:
    """The names that these words may define; an unreadable statement must not make them unknown later."""
    names: dict[str, None] = {}
    if words and words[0].text in ("import", "from"):
        return _names_imported(words[1:])
    declares = bool(words) and (words[0].text in _DECLARE or closest(words[0].text, _DECLARE) is not None)
    for i, word in enumerate(words):
        if word.kind != lexer.NAME or word.text in lexer.RESERVED:
            continue
        following = words[i + 1].text if i + 1 < len(words) else ""
        before = words[i - 1].text if i else ""
        leads = (i == 0 or before == ",") and following == ","
        if (
            following in ("=", ":")
            or leads
            or before in _NAME_NEXT
            or word.column >= 0
            or (i == 1)
            or (declares and following != "(")
        ):
            names[word.text] = None
    return tuple(names)
