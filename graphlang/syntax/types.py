"""Types and formals as users of other languages would write them."""

from __future__ import annotations

import re

from graphlang.diagnostics import Diagnostic
from graphlang.diagnostics.syntax.loops import FormOfFormal, FormOfType
from graphlang.diagnostics.syntax.statements import UnknownType
from graphlang.syntax import lexer
from graphlang.syntax.surroundings import ErrorContext, Word, closing, is_type


def _in_formals(c: ErrorContext) -> bool:
    place = c.open[-1] if c.open else 0
    return place > 1 and c.before[place].text == "(" and c.before[place - 2].text == "def"


def kind_of_type(c: ErrorContext) -> Diagnostic | None:
    """`x: [N, 3]`, `x: (N, 3)`, `x: "float[N]"`"""
    word = c.word
    if word is None or c.accepts != {"DTYPE"}:
        return None
    if word.kind == lexer.STRING:
        written = word.text[1:-1]
        plain = re.fullmatch(r"(float|int|bool)\b[^\"\\]*", written) is not None
        return FormOfType.in_quotes(c.here, [c.replaced(word, written)], written) if plain else None
    if word.text not in ("(", "["):
        return None
    close = closing(c.after, word.text)
    if close is None:
        return None
    inside = c.source.text[word.end : close.start].strip().rstrip(",")
    written = f"float[{inside}]"
    return FormOfType.no_kind(c.between(word, close), [c.edit(word.start, close.end, written)], written)


def unknown_type(c: ErrorContext) -> Diagnostic | None:
    """`x: Tensor`, `x: np.ndarray`, `sizes: List[int]`"""
    word = c.word
    if word is None or c.accepts != {"DTYPE"} or word.kind != lexer.NAME:
        return None
    last, i = word, 1
    while i + 1 < len(c.after) and c.after[i].text == "." and c.after[i + 1].kind == lexer.NAME:
        last, i = c.after[i + 1], i + 2
    problem = UnknownType(c.between(word, last))
    if problem.replacement or not _in_formals(c) or c.previous is None:
        return problem
    if i < len(c.after) and c.after[i].text == "[":
        last = closing(c.after[i:], "[") or last
    edits = [c.edit(c.previous.start, last.end, "")]
    return FormOfFormal.any_value(c.between(word, last), edits)


def sizes_without_type(c: ErrorContext) -> Diagnostic | None:
    """`input x[N, 4]`, `input x(N, 4)`"""
    word, line = c.word, c.line
    if word is None or word.text not in ("(", "[") or word.fresh or len(line) < 2 or c.in_list:
        return None
    if line[0].text not in ("input", "param") or line[-2].text not in (line[0].text, ","):
        return None
    close = closing(c.after, word.text)
    if line[-1].kind != lexer.NAME or is_type(line[-1]) or close is None:
        return None
    inside = c.source.text[word.end : close.start].strip().rstrip(",")
    edits = [c.edit(word.start, close.end, f": float[{inside}]")]
    return FormOfType.colon_missing(c.between(word, close), edits, f"{line[-1].text}: float[{inside}]")


def formals(c: ErrorContext) -> Diagnostic | None:
    """`def f(float x)`, `def f(*xs)`"""
    word, previous = c.word, c.previous
    if word is None or previous is None or not _in_formals(c):
        return None
    if word.text in ("*", "**") and previous.text in ("(", ","):
        return FormOfFormal.any_number(c.here, ())
    if word.kind == lexer.NAME and is_type(previous) and c.before[-2].text in ("(", ","):
        written = f"{word.text}: {previous.text}"
        return FormOfType.colon_missing(
            c.between(previous, word), [c.edit(previous.start, word.end, written)], written
        )
    return None


def input_of_keras(c: ErrorContext) -> Diagnostic | None:
    """`x = Input(shape=(784,))`"""
    line = c.line
    if len(line) < 4 or line[0].kind != lexer.NAME or line[1].text != "=" or c.block is not None:
        return None
    at = next((i for i, w in enumerate(line) if w.text in ("Input", "placeholder")), 0)
    words: list[Word] = [*line, *c.rest_of_line]
    close = closing(words[at + 1 :], "(") if at and words[at + 1].text == "(" else None
    if close is None:
        return None
    text = c.source.text[words[at + 1].end : close.start]
    sizes = re.fullmatch(r"\s*(?:shape\s*=\s*)?[(\[]\s*([\w\s,]*?)\s*,?\s*[)\]]\s*", text)
    if sizes is None:
        return None
    inside = ", ".join(["N", *(s.strip() for s in sizes[1].split(",") if s.strip() not in ("", "None"))])
    written = f"input {line[0].text}: float[{inside}]"
    whole = c.between(line[0], close)
    return FormOfType.input_as_call(whole, [c.edit(whole.start, whole.end, written)], written)
