"""The heads of loops, and ways into blocks, as users of other languages would write them."""

from __future__ import annotations

from itertools import pairwise

from graphlang.diagnostics import Diagnostic, Edit, closest
from graphlang.diagnostics.syntax.loops import FormOfLoop
from graphlang.syntax import lexer
from graphlang.syntax.python import indented_end
from graphlang.syntax.surroundings import PAIRS, SECTIONS, ErrorContext, Word, closing, is_value

_LOOPS = ("scan", "for")
_FOR_IN = ("of", "=", ":", "from", "over", "through", "along", "<", "->", "∈", "<-", ":=")


def _head(c: ErrorContext) -> tuple[Word, list[Word]] | None:
    """The word of the loop whose head the mistake is in, and the words of the head before the mistake."""
    for i in reversed(range(len(c.line))):
        if c.line[i].text == "{":
            return None
        if c.line[i].text in _LOOPS and i and c.line[i - 1].text in ("=", "->", "["):
            return c.line[i], c.line[i + 1 :]
    return None


def sign_for_in(c: ErrorContext) -> Diagnostic | None:
    """`scan x of xs`, `for c = [16, 8]`, `scan i, x in enumerate(xs)`"""
    word, head = c.word, _head(c)
    if word is None or head is None or word.fresh or "IN" not in c.accepts or not head[1]:
        return None
    loop, words = head
    later = [w.text for w in c.rest_of_line]
    if word.text == "," and len(words) == 1 and loop.text == "scan" and "in" in later:
        counts = "enumerate" in later or "range" in later
        kind = FormOfLoop.counted_elements if counts else FormOfLoop.several_elements
        return kind(c.here, (), loop.text)
    if word.text not in _FOR_IN and not (word.text == "," and "in" not in later):
        return None
    arrow = c.following is not None and word.text == "<" and c.following.text == "-"
    end = c.following if arrow and c.following else word
    return FormOfLoop.other_sign_for_in(
        c.between(word, end), [c.edit(word.start, end.end, _apart(c, word.start, end.end, "in"))], loop.text
    )


def _apart(c: ErrorContext, start: int, end: int, text: str) -> str:
    """A word in place of a sign, with the blanks that it needs."""
    before = "" if c.source.text[start - 1].isspace() else " "
    return before + text + ("" if c.source.text[end : end + 1].isspace() else " ")


def brackets_around_head(c: ErrorContext) -> Diagnostic | None:
    """`scan(x in xs) {`, `for (c in [16, 8]) {`"""
    word, bracket = c.word, c.bracket
    if word is None:
        return None
    if word.text == "in" and bracket is not None and bracket.text == "(" and c.open[-1]:
        opener, opened, words = c.before[c.open[-1] - 1], bracket, [*c.before[c.open[-1] :], *c.after]
    elif word.text == "(" and c.previous is not None:
        opener, opened, words = c.previous, word, c.after
    else:
        return None
    close = closing(words, "(") if opener.text in _LOOPS else None
    if close is None or not any(w.text == "in" for w in words[: words.index(close)]):
        return None
    gap = "" if c.source.text[opened.start - 1].isspace() else " "
    edits = [c.replaced(opened, gap), c.replaced(close, "")]
    inside = pairwise(words[: words.index(close)])
    edits += [c.replaced(a, "") for a, b in inside if a.text == "," and b.text == "carry"]
    return FormOfLoop.brackets_around_head(c.span(opened), edits, opener.text)


def carried(c: ErrorContext) -> Diagnostic | None:
    """What stands in place of `carry h = a, c = b` in the head of a `scan`."""
    word, head = c.word, _head(c)
    if word is None or head is None or head[0].text != "scan" or "in" not in [w.text for w in head[1]]:
        return None
    for rule in (_word_for_carry, _second_carry, _type_of_carried, _brackets_around_carried):
        diagnostic = rule(c, word, head[1])
        if diagnostic:
            return diagnostic
    return None


def _word_for_carry(c: ErrorContext, word: Word, words: list[Word]) -> Diagnostic | None:
    """`scan x in xs init h = 0 {`, `scan x in xs h = 0 {`"""
    if "CARRY" not in c.accepts or word.kind != lexer.NAME or c.following is None:
        return None
    if c.following.text == "=":
        return FormOfLoop.word_for_carry(c.here, [c.edit(word.start, word.start, "carry ")], "scan")
    if closest(word.text, ("carry",)) is not None:
        return None  # it is misspelt
    named = c.following.kind == lexer.NAME and len(c.after) > 2 and c.after[2].text in ("=", ":")
    return FormOfLoop.word_for_carry(c.here, [c.replaced(word, "carry")], "scan") if named else None


def _second_carry(c: ErrorContext, word: Word, words: list[Word]) -> Diagnostic | None:
    """`carry h = a carry c = b`, `carry h = a, carry c = b`, `scan x in xs, carry h = a`"""
    texts = [w.text for w in words]
    previous = words[-1]
    if word.text == "carry" and "carry" in texts and "COMMA" in c.accepts:
        return FormOfLoop.second_carry(c.here, [c.edit(previous.end, word.end, ",")], "scan")
    if word.kind == lexer.NAME and texts[-2:] == [",", "carry"]:
        span, comma = c.span(previous), words[-2]
        if "carry" in texts[:-1]:
            return FormOfLoop.second_carry(span, [c.edit(previous.start, word.start, "")], "scan")
        return FormOfLoop.second_carry(c.span(comma), [c.edit(comma.start, comma.end, "")], "scan")
    return None


def _type_of_carried(c: ErrorContext, word: Word, words: list[Word]) -> Diagnostic | None:
    """`carry h: float[N, 3] = zeros(N, 3)`"""
    if word.text != ":" or "EQUAL" not in c.accepts or "carry" not in [w.text for w in words]:
        return None
    depth = 0
    for i, other in enumerate(c.rest_of_line):
        depth += (other.text in "([{") - (other.text in PAIRS)
        if other.text == "=" and not depth:
            edits = [c.edit(words[-1].end, other.start, " ")]
            return FormOfLoop.type_of_carried(c.between(word, c.rest_of_line[i - 1]), edits, "scan")
    return None


def _brackets_around_carried(c: ErrorContext, word: Word, words: list[Word]) -> Diagnostic | None:
    """`carry (h = a, c = b)`, `carry h, c = a, b`"""
    if "carry" not in [w.text for w in words]:
        return None
    if word.text in ("(", "[") and words[-1].text == "carry":
        close = closing(c.after, word.text)
        inside = c.after[: c.after.index(close)] if close else []
        if close is None or not any(w.text == "=" for w in inside):
            return FormOfLoop.starts_together(c.here, (), "scan")
        edits = [c.replaced(word, ""), c.replaced(close, "")]
        return FormOfLoop.brackets_around_carried(c.here, edits, "scan")
    if word.text == "," and "EQUAL" in c.accepts:
        return FormOfLoop.starts_together(c.here, (), "scan")
    return None


def block_after_colon(c: ErrorContext) -> Diagnostic | None:
    """`scan x in xs carry h = 0:`, `train:`, `x -> layers:`, and lines that are indented below it"""
    word, previous = c.word, c.previous
    if word is None or word.text != ":" or not is_value(previous) or c.in_list:
        return None
    following = c.following
    if following is None or following.column < 0 or following.text == "{":
        return None
    opener = next((w for w in reversed(c.line) if w.text in (*_LOOPS, *lexer.STAGE_WORDS)), None)
    if len(c.line) == 1 and c.line[0].text in SECTIONS and c.block is None:
        opener = c.line[0]
    if opener is None or not ("LBRACE" in c.accepts or opener is previous):
        return None
    text = c.source.text
    body = text[word.end : indented_end(text, opener.start)].rstrip()
    if not body.strip():
        return None
    start = text.rfind("\n", 0, opener.start) + 1
    home = text[start : start + len(text[start:]) - len(text[start:].lstrip())]
    close = word.end + len(body)
    gap = "" if text[word.start - 1].isspace() else " "
    edits = [Edit(c.here, gap + "{"), c.edit(close, close, f"\n{home}}}")]
    return FormOfLoop.indented_block(c.here, edits, opener.text)


def without_count(c: ErrorContext) -> Diagnostic | None:
    """`x -> repeat { Relu }`, `ys = for x in xs { ... }`"""
    word, line = c.word, c.line
    if word is None or not line:
        return None
    loop = line[-1]
    if word.text == "{" and loop.text == "repeat":
        return FormOfLoop.no_count(c.span(loop), (), loop.text)
    if loop.text not in ("for", "repeat") or len(line) < 2 or line[-2].text != "=":
        return None
    if not any(w.text == "{" for w in c.rest_of_line):
        return None
    return FormOfLoop.as_value(c.span(loop), (), loop.text)
