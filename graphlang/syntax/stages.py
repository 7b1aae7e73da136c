"""Chains, layers and repetition in the form that another language gives them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from graphlang.diagnostics import Diagnostic, Edit, Span
from graphlang.diagnostics.habits import ForeignNotation, WrongForm
from graphlang.diagnostics.syntax import TupleForList
from graphlang.syntax import lexer
from graphlang.syntax.forms import closing, edit, listed
from graphlang.syntax.surroundings import BINARY, PAIRS, SECTIONS, Context, Word, is_value

_LISTS = ("layers", "residual")


def _form(c: Context, start: int, end: int, message: str, help_: str, edits: Sequence[Edit]) -> Diagnostic:
    return WrongForm(Span(start, end, c.source), message, help_, edits)


def attribute(c: Context) -> Diagnostic | None:
    """`Affine 4`, and `Affine(units: 4)`"""
    word, previous = c.word, c.previous
    if word is None or previous is None or word.fresh or previous.kind != lexer.NAME:
        return None
    if word.text == ":" and c.bracket is not None and c.bracket.text == "(" and "DTYPE" not in c.accepts:
        before = c.before[-2].text if len(c.before) > 1 else ""
        called = c.open[-1] > 0 and is_value(c.before[c.open[-1] - 1])
        if before in ("(", ",") and called and c.line[0].text != "def":
            help_ = f"write `{previous.text}=...`"
            message = f"`{previous.text}` gets its value with `=`, not with `:`"
            return _form(c, word.start, word.end, message, help_, [edit(c, word.start, word.end, "=")])
        return None
    if word.kind != lexer.NUMBER or not previous.text[:1].isupper() or len(c.line) < 2:
        return None
    before, head = c.line[-2].text, c.line[0].text
    setting = c.block in SECTIONS and before == "="
    if before != "->" and not (head == "layer" and before == "=") and not setting and before != ":":
        return None
    numbers = _numbers(c)
    written = f"({', '.join(w.text for w in numbers)})"
    edits = [edit(c, previous.end, numbers[-1].end, written)]
    message = "what a layer takes stands in brackets"
    return _form(c, previous.start, previous.end, message, f"write `{previous.text}{written}`", edits)


def _numbers(c: Context) -> list[Word]:
    """The numbers in a row, with or without commas between them, that the mistake is the first of."""
    numbers: list[Word] = []
    for word in c.after:
        if (word.fresh and numbers) or not (word.kind == lexer.NUMBER or (word.text == "," and numbers)):
            break
        if word.kind == lexer.NUMBER:
            numbers.append(word)
    return numbers


def attribute_in_entry(c: Context) -> Diagnostic | None:
    """`layers { Affine 4; Relu }`"""
    word, previous = c.word, c.previous
    if word is None or previous is None or len(c.line) != 1 or c.block not in lexer.STAGE_WORDS or word.fresh:
        return None
    if word.kind != lexer.NUMBER or not previous.text[:1].isupper() or previous.kind != lexer.NAME:
        return None
    numbers = _numbers(c)
    written = f"({', '.join(w.text for w in numbers)})"
    edits = [edit(c, previous.end, numbers[-1].end, written)]
    message, help_ = "what a layer takes stands in brackets", f"write `{previous.text}{written}`"
    return _form(c, previous.start, previous.end, message, help_, edits)


def block(c: Context) -> Diagnostic | None:
    """`x -> [A, B]`, `layers [A, B]`, `layers(A, B)`, `repeat 3 times {`, `layers: {`"""
    word, previous = c.word, c.previous
    if word is None or previous is None or word.fresh:
        return None
    if word.text == "[" and previous.text == "->":
        close = closing(c.after, "[")
        edits = listed(c, word, close, "layers {", " }") if close else []
        message, help_ = "layers in a row stand in `layers { ... }`", "write `x -> layers { A(4); Relu }`"
        return _form(c, word.start, word.end, message, help_, edits)
    if word.text == "{" and previous.text == "->":
        message, help_ = "a block of layers has a word before it", "write `x -> layers { ... }`"
        return _form(c, word.start, word.end, message, help_, [edit(c, word.start, word.start, "layers ")])
    opener = next((w for w in reversed(c.line) if w.text in lexer.STAGE_WORDS), None)
    if opener is None:
        return None
    brace = c.after[1] if len(c.after) > 1 else None
    if word.text == ":" and brace is not None and brace.text == "{" and is_value(previous):
        message = f"no `:` stands between `{opener.text}` and its block"
        help_ = (
            f"write `{opener.text} {{ ... }}`" if opener.text in _LISTS else f"write `{opener.text} ... {{`"
        )
        return _form(c, word.start, word.end, message, help_, [edit(c, word.start, word.end, "")])
    if word.text == "times" and brace is not None and brace.text == "{":
        message, help_ = "a number alone stands behind `repeat`", "write `repeat 3 { ... }`"
        return _form(c, word.start, word.end, message, help_, [edit(c, previous.end, word.end, "")])
    return None


def bracketed(c: Context) -> Diagnostic | None:
    """`layers [A, B]` and `layers(A; B)`, where the bracket is what is read last."""
    for i, word in enumerate([*c.line, *c.after[:1]]):
        words = [*c.line, *c.after]
        if i == 0 or word.text not in ("[", "(") or words[i - 1].text not in _LISTS:
            continue
        if i < 2 or words[i - 2].text != "->":
            continue
        close = closing(words[i:], word.text)
        name = words[i - 1].text
        edits = _braced(c, words[i:], word, close) if close else []
        message = f"the layers of `{name}` stand in a block in braces"
        return _form(c, word.start, word.end, message, f"write `{name} {{ A(4); Relu }}`", edits)
    return None


def _braced(c: Context, words: Sequence[Word], opening: Word, close: Word) -> list[Edit]:
    spaced = c.source.text[opening.start - 1].isspace()
    edits = [
        edit(c, opening.start, opening.end, "{ " if spaced else " { "),
        edit(c, close.start, close.end, " }"),
    ]
    depth = 0
    for word in words:
        if word.start >= close.start:
            break
        depth += (word.text in "([{") - (word.text in PAIRS)
        if word.text == "," and depth == 1:
            edits.append(edit(c, word.start, word.end, ";"))
    return edits


def counted(c: Context) -> Diagnostic | None:
    """`for n in 1..3 {`, `for n = 1 to 3 {`"""
    words = [*c.line, *c.rest_of_line]
    start = next(
        (i for i, w in enumerate(words) if w.text == "for" and i and words[i - 1].text == "->"), None
    )
    if start is None or len(words) < start + 4 or words[start + 2].text not in ("=", "in"):
        return None
    brace = next((w for w in words[start:] if w.text == "{"), None)
    first = words[start + 2] if words[start + 2].text == "=" else words[start + 3]
    if brace is None:
        return None
    text = c.source.text[first.start : brace.start].strip()
    match = re.fullmatch(r"=?\s*(\d+)\s*(?:\.{2,3}|to|:)\s*(\d+)", text)
    if match is None or int(match[2]) - int(match[1]) > 20:
        return None
    values = f"[{', '.join(map(str, range(int(match[1]), int(match[2]) + 1)))}]"
    edits = [edit(c, first.start, first.start + len(text), f"in {values}" if text[0] == "=" else values)]
    message = "`for` goes through a list"
    return _form(c, first.start, first.start + len(text), message, f"write `for i in {values}`", edits)


def applied(c: Context) -> Diagnostic | None:
    """`y = layers { A; B }(x)`"""
    word, previous = c.word, c.previous
    if word is None or previous is None or word.text != "{" or previous.text not in _LISTS or len(c.line) < 2:
        return None
    if c.line[-2].text not in ("=", ",", "(") or c.line[0].text == "layer":
        return None
    close = closing(c.after, "{")
    if close is None:
        return None
    i = c.after.index(close) + 1
    edits: list[Edit] = []
    if i < len(c.after) and c.after[i].text == "(" and c.after[i].start == close.end:
        end = closing(c.after[i:], "(")
        if end is not None:
            inside = c.source.text[c.after[i].end : end.start].strip()
            edits = [
                edit(c, previous.start, previous.start, f"{inside} -> "),
                edit(c, close.end, end.end, ""),
            ]
    c.resume = None
    message, help_ = f"a value goes into `{previous.text}` by `->`", f"write `x -> {previous.text} {{ ... }}`"
    return _form(c, previous.start, previous.end, message, help_, edits)


def chain(c: Context) -> Diagnostic | None:
    """`x -> Affine(3) + x`: a chain is the loosest of all."""
    word = c.word
    if word is None or word.text not in BINARY or word.text in ("->", "~=") or "ARROW" not in c.accepts:
        return None
    depth, arrow, start = 0, False, None
    for w in reversed(c.line):
        depth += (w.text in PAIRS) - (w.text in "([{")
        if depth < 0 or (depth == 0 and w.text in ("=", ",")):
            break
        arrow |= depth == 0 and w.text == "->"
        start = w.start
    if not arrow or start is None or c.block in lexer.STAGE_WORDS:
        return None
    end = c.line[-1].end
    written = c.source.text[start:end]
    edits = [edit(c, start, start, "("), edit(c, end, end, ")")]
    message = f"a chain stands in brackets before `{word.text}`"
    return _form(c, word.start, word.end, message, f"write `({written}) {word.text} ...`", edits)


def shared(c: Context) -> Diagnostic | None:
    """`e = layer Affine(4)`, `x -> fc: Affine(4)`, `layer e = Affine(4) -> Relu`"""
    word, line = c.word, c.line
    if word is None or not line or word.fresh or c.in_list or c.block is not None:
        return None
    if len(line) == 3 and line[1].text == "=" and line[2].text == "layer" and word.kind == lexer.NAME:
        edits = [edit(c, line[0].start, line[0].start, "layer "), edit(c, line[2].start, word.start, "")]
        message, help_ = "`layer` stands before the name", f"write `layer {line[0].text} = {word.text}...`"
        return _form(c, line[2].start, line[2].end, message, help_, edits)
    if word.text == "->" and line[0].text == "layer":
        message = "a `layer` shares one layer; a `def` holds several"
        return _form(c, word.start, word.end, message, "write `def Name(x) = x -> Affine(4) -> Relu`", [])
    if word.text == ":" and len(line) > 2 and line[-2].text == "->" and line[-1].kind == lexer.NAME:
        end = next((w.start for w in c.rest_of_line[1:] if w.text == "->"), c.rest_of_line[-1].end)
        end -= len(c.source.text[:end]) - len(c.source.text[:end].rstrip())
        edits = [edit(c, line[-1].start, line[-1].start, "layers { "), edit(c, end, end, " }")]
        message = "a label stands in a block of layers"
        return _form(c, word.start, word.end, message, f"write `layers {{ {line[-1].text}: ... }}`", edits)
    return None


_WORD_OPERATORS = {"mod": "%", "div": "//", "rem": "%", "is": "==", "eq": "==", "xor": "!="}


def word_operator(c: Context) -> Diagnostic | None:
    """`x mod 2`, `k is 2`, `k <> 2`, `a %*% b`, `elif`"""
    word, previous = c.word, c.previous
    if word is None or previous is None:
        return None
    meant = _WORD_OPERATORS.get(word.text)
    if meant and is_value(previous) and "PLUS" in c.accepts and len(c.after) > 1 and not word.fresh:
        edits = [edit(c, word.start, word.end, meant)]
        return ForeignNotation(c.here, f"`{word.text}` is written `{meant}`", f"write `{meant}`", edits)
    if word.text == "elif" and any(w.text == "if" for w in c.line):
        help_ = "write `a if c else b if d else e`"
        return ForeignNotation(c.here, "there is no `elif`: a choice has one `else`", help_)
    if word.text == ">" and previous.text == "<" and previous.end == word.start:
        whole = Span(previous.start, word.end, c.source)
        return ForeignNotation(whole, "`<>` is written `!=`", "write `!=`", [Edit(whole, "!=")])
    if word.text == "*" and previous.text == "%" and len(c.after) > 1 and c.after[1].text == "%":
        whole = Span(previous.start, c.after[1].end, c.source)
        return ForeignNotation(whole, "`%*%` is written `@`", "write `@`", [Edit(whole, "@")])
    return None


def rounded(c: Context) -> Diagnostic | None:
    """`⌊x⌋` and `⌈x⌉`"""
    word = c.word
    if word is None or word.text not in ("⌊", "⌈"):
        return None
    other = "⌋" if word.text == "⌊" else "⌉"
    close = next((w for w in c.rest_of_line if w.text == other), None)
    down = word.text == "⌊"
    edits = []
    if close is not None:
        before, after = ("((", ") // 1)") if down else ("(-(-(", ") // 1))")
        edits = [edit(c, word.start, word.end, before), edit(c, close.start, close.end, after)]
    what, written = ("down", "x // 1") if down else ("up", "-(-x // 1)")
    return ForeignNotation(c.here, f"rounding {what} is written `{written}`", f"write `{written}`", edits)


def several(c: Context) -> Diagnostic | None:
    """`MaxPool((2, 2))`: numbers in round brackets as a list."""
    word, bracket = c.word, c.bracket
    if word is None or bracket is None or word.text != "," or bracket.text != "(" or "RPAR" not in c.accepts:
        return None
    if not c.open[-1] or is_value(c.before[c.open[-1] - 1]):
        return None
    words = [*c.before[c.open[-1] :], *c.after]
    close = closing(words, "(")
    told = TupleForList(c.here)
    if close is not None:
        inside = c.source.text[bracket.end : close.start]
        told.mend(c.span(bracket), c.span(close), inside)
    return told
