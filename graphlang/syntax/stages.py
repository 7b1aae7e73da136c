"""Chains, layers and repetition as users of other languages would write them."""

from __future__ import annotations

import re

from graphlang.diagnostics import Diagnostic, Edit, Span, edited
from graphlang.diagnostics.syntax import forms as d
from graphlang.diagnostics.syntax.brackets import NamesInBrackets, TupleForList
from graphlang.syntax import lexer
from graphlang.syntax.forms import braced
from graphlang.syntax.surroundings import BINARY, PAIRS, SECTIONS, ErrorContext, Word, closing, is_value

_LISTS = ("layers", "residual")


# ---- what a layer takes --------------------------------------------------------------------------------


def attribute_in_chain(c: ErrorContext) -> Diagnostic | None:
    """`Affine 4`, and `Affine(units: 4)`"""
    word, previous = c.word, c.previous
    if word is None or previous is None or word.fresh or previous.kind != lexer.NAME:
        return None
    if word.text == ":":
        return (
            d.FormOfName.colon_in_call(c.here, [c.replaced(word, "=")], previous.text)
            if _is_named_in_call(c)
            else None
        )
    if word.kind != lexer.NUMBER or not previous.text[:1].isupper() or len(c.line) < 2:
        return None
    before, head = c.line[-2].text, c.line[0].text
    setting = c.block in SECTIONS and before == "="
    if before in ("->", ":") or (head == "layer" and before == "=") or setting:
        return _without_brackets(c, previous)
    return None


def _is_named_in_call(c: ErrorContext) -> bool:
    """Whether the name before the mistake starts an argument of a call, outside of a header of a `def`."""
    if c.bracket is None or c.bracket.text != "(" or "DTYPE" in c.accepts:
        return False
    before = c.before[-2].text if len(c.before) > 1 else ""
    called = c.open[-1] > 0 and is_value(c.before[c.open[-1] - 1])
    return before in ("(", ",") and called and c.line[0].text != "def"


def attribute_in_entry(c: ErrorContext) -> Diagnostic | None:
    """`layers { Affine 4; Relu }`"""
    word, previous = c.word, c.previous
    if word is None or previous is None or len(c.line) != 1 or c.block not in lexer.STAGE_WORDS or word.fresh:
        return None
    if word.kind != lexer.NUMBER or not previous.text[:1].isupper() or previous.kind != lexer.NAME:
        return None
    return _without_brackets(c, previous)


def _without_brackets(c: ErrorContext, layer: Word) -> Diagnostic:
    """`Affine 4`: the numbers in a row, with or without commas between them, belong in brackets."""
    numbers: list[Word] = []
    for word in c.after:
        if (word.fresh and numbers) or not (word.kind == lexer.NUMBER or (word.text == "," and numbers)):
            break
        if word.kind == lexer.NUMBER:
            numbers.append(word)
    inside = f"({', '.join(w.text for w in numbers)})"
    edits = [c.edit(layer.end, numbers[-1].end, inside)]
    return d.RewrittenForm.attribute_without_brackets(c.span(layer), edits, f"{layer.text}{inside}")


def several(c: ErrorContext) -> Diagnostic | None:
    """`MaxPool((2, 2))`: numbers in round brackets as a list."""
    word, bracket = c.word, c.bracket
    if word is None or bracket is None or word.text != "," or bracket.text != "(" or "RPAR" not in c.accepts:
        return None
    if not c.open[-1] or is_value(c.before[c.open[-1] - 1]):
        return None
    close = closing([*c.before[c.open[-1] :], *c.after], "(")
    if close is None:
        return TupleForList(c.here, (), "3, 3")
    inside = c.source.text[bracket.end : close.start]
    values = "..." if len(inside) > 30 or "\n" in inside else inside.strip()
    return TupleForList(c.here, [c.replaced(bracket, "["), c.replaced(close, "]")], values)


def names_in_brackets(c: ErrorContext) -> Diagnostic | None:
    """`out, (h, c) = LSTM(x, 8)`, `(a, b) = f(x)`"""
    word, line = c.word, c.line
    if word is None or word.text != "(" or c.in_list or any(w.text == "=" for w in line):
        return None
    close = closing(c.after, "(")
    rest = c.rest_of_line
    if close is None or close not in rest[1:-1] or (line and line[-1].text != ","):
        return None
    end = rest.index(close)
    inside, behind = rest[1:end], rest[end + 1 :]
    if behind[0].text != "=" or any(w.kind != lexer.NAME and w.text != "," for w in (*line, *inside)):
        return None
    edits = [c.replaced(word, ""), c.replaced(close, "")]
    lstm = next(
        (i for i, w in enumerate(behind[:-1]) if w.text == "LSTM" and behind[i + 1].text == "("), None
    )
    last = None if lstm is None else closing(behind[lstm + 1 :], "(")
    if last is not None and "return" not in [w.text for w in behind]:
        edits.append(c.edit(last.start, last.start, ", return=state"))
    start = line[0].start if line else word.start
    written = edited(c.source.text[: rest[-1].end], edits)[start:]
    return NamesInBrackets(c.here, edits, written)


# ---- blocks --------------------------------------------------------------------------------------------


def layers_block(c: ErrorContext) -> Diagnostic | None:
    """`x -> [A, B]`, `x -> { A; B }`, `repeat 3 times {`, `layers: {`"""
    word, previous = c.word, c.previous
    if word is None or previous is None or word.fresh:
        return None
    if word.text == "[" and previous.text == "->":
        close = closing(c.after, "[")
        edits = braced(c, c.after, word, close, ("layers { ", " }")) if close else []
        return d.WrongForm.layers_in_square_brackets(c.here, edits)
    if word.text == "{" and previous.text == "->":
        return d.WrongForm.block_without_word(c.here, [c.edit(word.start, word.start, "layers ")])
    opener = next((w for w in reversed(c.line) if w.text in lexer.STAGE_WORDS), None)
    if opener is None or c.following is None or c.following.text != "{":
        return None
    if word.text == ":" and is_value(previous):
        kind = (
            d.FormOfKeyword.sign_before_block if opener.text in _LISTS else d.FormOfKeyword.colon_before_block
        )
        return kind(c.here, [c.replaced(word, "")], opener.text)
    if word.text == "times":
        return d.WrongForm.word_after_repeat(c.here, [c.edit(previous.end, word.end, "")])
    return None


def bracketed(c: ErrorContext) -> Diagnostic | None:
    """`layers [A, B]` and `layers(A; B)`, where the bracket is what is read last."""
    words = [*c.line, *c.after]
    for i, word in enumerate([*c.line, *c.after[:1]]):
        if i < 2 or word.text not in ("[", "(") or words[i - 1].text not in _LISTS:
            continue
        if words[i - 2].text != "->":
            continue
        close = closing(words[i:], word.text)
        opening = "{ " if c.source.text[word.start - 1].isspace() else " { "
        edits = braced(c, words[i:], word, close, (opening, " }")) if close else []
        return d.FormOfKeyword.brackets_for_block(c.span(word), edits, words[i - 1].text)
    return None


def counted_loop(c: ErrorContext) -> Diagnostic | None:
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
    whole = Span(first.start, first.start + len(text), c.source)
    return d.RangeInFor(whole, [Edit(whole, f"in {values}" if text[0] == "=" else values)], values)


def block_called(c: ErrorContext) -> Diagnostic | None:
    """`y = layers { A; B }(x)`"""
    word, previous = c.word, c.previous
    if word is None or previous is None or word.text != "{" or previous.text not in _LISTS or len(c.line) < 2:
        return None
    if c.line[-2].text not in ("=", ",", "(") or c.line[0].text == "layer":
        return None
    close = closing(c.after, "{")
    if close is None:
        return None
    c.resume = None
    rest = c.after[c.after.index(close) + 1 :]
    end = closing(rest, "(") if rest and rest[0].text == "(" and rest[0].start == close.end else None
    edits: list[Edit] = []
    if end is not None:
        inside = c.source.text[rest[0].end : end.start].strip()
        edits = [c.edit(previous.start, previous.start, f"{inside} -> "), c.edit(close.end, end.end, "")]
    return d.WrongForm.block_called(c.span(previous), edits)


# ---- chains and shared layers ----------------------------------------------------------------------------


def chain_as_operand(c: ErrorContext) -> Diagnostic | None:
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
    edits = [c.edit(start, start, "("), c.edit(end, end, ")")]
    return d.ChainAsOperand(c.here, edits, c.source.text[start:end])


def shared_layer(c: ErrorContext) -> Diagnostic | None:
    """`e = layer Affine(4)`, `x -> fc: Affine(4)`, `layer e = Affine(4) -> Relu`"""
    word, line = c.word, c.line
    if word is None or not line or word.fresh or c.in_list or c.block is not None:
        return None
    if len(line) == 3 and line[1].text == "=" and line[2].text == "layer" and word.kind == lexer.NAME:
        edits = [c.edit(line[0].start, line[0].start, "layer "), c.edit(line[2].start, word.start, "")]
        return d.LayerAfterName(c.span(line[2]), edits, line[0].text, word.text)
    if word.text == "->" and line[0].text == "layer":
        return d.WrongForm.chain_as_layer(c.here, ())
    if word.text == ":" and len(line) > 2 and line[-2].text == "->" and line[-1].kind == lexer.NAME:
        end = next((w.start for w in c.rest_of_line[1:] if w.text == "->"), c.rest_of_line[-1].end)
        end = len(c.source.text[:end].rstrip())
        edits = [c.edit(line[-1].start, line[-1].start, "layers { "), c.edit(end, end, " }")]
        return d.FormOfName.label_outside_block(c.here, edits, line[-1].text)
    return None
