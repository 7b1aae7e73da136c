"""What may be written at a place, told from the words before it: the text there is mostly unfinished."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from graphlang.syntax import lexer

Place = Literal[
    "nowhere", "statement", "setting", "setting value", "argument", "stage", "member", "type", "name"
]  # fmt: skip
SECTIONS = ("data", "train", "gradcheck")


class WrittenWord(NamedTuple):
    text: str
    kind: int
    start: int
    end: int
    #: whether it is the first on its line
    first: bool


@dataclass
class Frame:
    """An open bracket and what it belongs to."""

    bracket: str
    #: what is called, or the word whose block it is
    head: str = ""
    start: int = 0
    #: how many commas have passed, and the name of the argument or setting that is being written
    index: int = 0
    keyword: str = ""
    #: the names of arguments and settings so far
    used: list[str] = field(default_factory=list)


class Cursor(NamedTuple):
    """A place in a text, and the word that is being written there."""

    place: Place
    #: where the word starts, and what there is of it
    start: int
    prefix: str
    #: the open brackets, outermost first
    frames: list[Frame]
    #: for a member, what stands before the point
    owner: str = ""

    @property
    def section(self) -> str:
        """The section that the place is in, or nothing."""
        heads = [f.head for f in self.frames if f.bracket == "{"]
        return heads[0] if heads and heads[0] in SECTIONS else ""

    @property
    def call(self) -> Frame | None:
        """The innermost call that the place is in."""
        return next((f for f in reversed(self.frames) if f.bracket == "(" and f.head), None)

    @property
    def setting(self) -> str:
        """The setting that the place is the value of."""
        return next((f.keyword for f in self.frames if f.bracket == "{"), "")


_STARTS = re.compile(r"\s*(?:=(?!=)|,)")


def words_before(text: str, offset: int) -> tuple[list[WrittenWord], bool]:
    """The words up to an offset, and whether it is in a comment or a string."""
    words: list[WrittenWord] = []
    line = 0
    for match in lexer.pattern_for(text).finditer(text):
        kind = match.lastindex or lexer.END
        start, end = match.span(kind)
        if start >= offset or kind == lexer.END:
            break
        if kind == lexer.LINE_END:
            continue
        if (
            kind in (lexer.STRING, lexer.STRAY)
            and text[start] in "\"'"
            and offset < end + (kind == lexer.STRAY)
        ):
            return words, True
        line = text.rfind("\n", 0, start) + 1
        words.append(WrittenWord(match[kind], kind, start, end, not text[line:start].strip()))
    last = words[-1].end if words else 0
    gap = text[last:offset]
    return words, "#" in gap.rpartition("\n")[2]


def cursor_at(text: str, offset: int) -> Cursor:
    """What may be written at an offset."""
    words, nowhere = words_before(text, offset)
    prefix, start = "", offset
    if words and words[-1].end >= offset and words[-1].kind == lexer.NAME:
        start = words[-1].start
        prefix = text[start:offset]
        words.pop()
    elif words and words[-1].end >= offset and words[-1].kind == lexer.NUMBER:
        nowhere = True
    frames = _frames(words, text)
    if nowhere:
        return Cursor("nowhere", start, prefix, frames)
    before = words[-1] if words else None
    if before is not None and before.text == "." and len(words) > 1:
        return Cursor("member", start, prefix, frames, words[-2].text)
    return Cursor(_place(before, words, frames, text, start), start, prefix, frames)


def _frames(words: list[WrittenWord], text: str) -> list[Frame]:
    frames: list[Frame] = []
    first = 0
    for i, word in enumerate(words):
        column = word.start - text.rfind("\n", 0, word.start) - 1
        if word.first and column == 0 and _begins_statement(word, text):
            frames.clear()  # a bracket that was never closed
        if word.first or (i and words[i - 1].text in ("{", "}")):
            first = i if not any(f.bracket != "{" for f in frames) else first
        if word.text in "([{":
            frames.append(Frame(word.text, _head(word, words[first:i]), word.start))
        elif word.text in (")", "]", "}"):
            if frames and frames[-1].bracket == _OPENING[word.text]:
                frames.pop()
        elif frames:
            _follow(frames[-1], word, words, i, text)
    return frames


_OPENING = {")": "(", "]": "[", "}": "{"}


def _begins_statement(word: WrittenWord, text: str) -> bool:
    if word.text in lexer.STATEMENT_WORDS:
        return True
    return word.kind == lexer.NAME and _STARTS.match(text, word.end) is not None


def _head(bracket: WrittenWord, before: list[WrittenWord]) -> str:
    """What an opening bracket belongs to."""
    if not before:
        return ""
    if bracket.text == "{":
        blocks = (*SECTIONS, "def", "scan", "layers", "residual", "repeat", "for")
        return next((w.text for w in reversed(before) if w.text in blocks), "")
    last = before[-1]
    if last.kind != lexer.NAME or last.text in lexer.RESERVED:
        return ""
    if len(before) > 2 and before[-2].text == "." and before[-3].kind == lexer.NAME:
        return f"{before[-3].text}.{last.text}"
    return last.text


def _follow(frame: Frame, word: WrittenWord, words: list[WrittenWord], i: int, text: str) -> None:
    """Keeps track of arguments and settings."""
    between = text[words[i - 1].end : word.start] if i else ""
    if frame.bracket == "{" and (word.first or ";" in between):
        frame.keyword = ""
    if word.text == "," and frame.bracket != "{":
        frame.index += 1
        frame.keyword = ""
    elif word.text == "=" and i and words[i - 1].kind == lexer.NAME:
        frame.keyword = words[i - 1].text
        frame.used.append(frame.keyword)


def _place(
    before: WrittenWord | None, words: list[WrittenWord], frames: list[Frame], text: str, start: int
) -> Place:
    if before is None:
        return "statement"
    between = text[before.end : start]
    inner = frames[-1] if frames else None
    fresh = ("\n" in between and before.text not in _GOES_ON) or ";" in between or before.text in ("{", "}")
    if inner is None or inner.bracket == "{":
        head = inner.head if inner is not None else ""
        if inner is not None and head in SECTIONS:
            inner.keyword = "" if fresh else inner.keyword
            return "setting" if fresh else "setting value"
        if fresh or before.text == "->":
            return "statement" if fresh and head in ("", "def", "scan") else "stage"
        if before.text == ":" and head in _STAGES:
            return "stage"
    elif inner.bracket == "(" and inner.head:
        return "type" if _in_declaration(words) and before.text == ":" else "argument"
    if before.text == ":" and _in_declaration(words):
        return "type"
    if before.text in ("input", "param", "hyper", "def", "layer", "as", "import"):
        return "nowhere"
    return "stage" if before.text == "->" else "name"


_STAGES = ("layers", "residual", "repeat", "for")
_GOES_ON = frozenset("-> = , + - * / % @ ** == != < <= > >= ~= ( [ and or not if else :".split())


def _in_declaration(words: list[WrittenWord]) -> bool:
    """Whether the statement that these words end in declares an input, a parameter or a `def`."""
    first = next((w for w in reversed(words) if w.first), None)
    return first is not None and first.text in ("input", "param", "def")
