"""Notation that people bring along from mathematics, Python, C, MATLAB and R, and what to write for it."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

from graphlang.diagnostics import Diagnostic, Edit, Span
from graphlang.diagnostics.syntax import foreign
from graphlang.diagnostics.syntax.literals import UnterminatedString
from graphlang.diagnostics.syntax.statements import MissingComma, UpdateInPlace
from graphlang.syntax import lexer
from graphlang.syntax.surroundings import PAIRS, ErrorContext, Word, is_value, line_end, starts_value, touch

FUNCTIONS = frozenset(
    "exp log sqrt square abs sign sin cos tan sinh cosh tanh arctan erf relu sigmoid gelu silu softplus "
    "softmax sum mean var std max min prod transpose".split()
)
"""Functions that a formula on paper writes without brackets."""
SIGNS = {"√": ("sqrt", "a square root"), "∑": ("sum", "a sum"), "∏": ("prod", "a product")}
SYMBOLS = {"¬": "not", "∧": "and", "∨": "or", "⊙": "*", "∘": "->", "≡": "==", "←": "="}
_WORD_OPERATORS = {"mod": "%", "div": "//", "rem": "%", "is": "==", "eq": "==", "xor": "!="}


def _end_of_value(words: list[Word]) -> int | None:
    """The end of the value that these words start with: a name or number with its calls, or brackets."""
    if not words or not starts_value(words[0]) or words[0].fresh:
        return None
    depth = 0
    for i, word in enumerate(words):
        depth += (word.text in ("(", "[")) - (word.text in (")", "]"))
        following = words[i + 1] if i + 1 < len(words) else None
        if depth == 0 and not (following and following.text in ("(", "[", ".")) and word.text != ".":
            return word.end
    return None


# ---- texts ----------------------------------------------------------------------------------------------


def quote_missing(c: ErrorContext) -> Diagnostic | None:
    """`csv("flats.csv, missing=[""])`: the text that lacks its end takes the next opening quote for it."""
    word, previous = c.word, c.previous
    if word is None or previous is None or previous.kind != lexer.STRING or not touch(previous, word):
        return None
    text = c.source.text
    line = text[text.rfind("\n", 0, previous.start) + 1 : line_end(text, previous.start)]
    if line.count('"') % 2 == 0 or previous.text[1:-1].rstrip()[-1:] not in tuple("[(=,"):
        return None
    return UnterminatedString(c.span(previous))


def prefixed_text(c: ErrorContext) -> Diagnostic | None:
    """`f"x"`, `r"a"`"""
    word, previous = c.word, c.previous
    if word is None or previous is None or word.kind != lexer.STRING or not touch(previous, word):
        return None
    if previous.text.lower() not in ("f", "r", "b", "u", "fr", "rf", "br", "rb"):
        return None
    if "{" in word.text:
        return foreign.ForeignNotation.f_string(c.between(previous, word), ())
    return foreign.ForeignNotation.prefixed_text(c.between(previous, word), [Edit(c.span(previous), "")])


# ---- signs ----------------------------------------------------------------------------------------------


def foreign_sign(c: ErrorContext) -> Diagnostic | None:
    """A character that mathematics and other languages have, and this one has not."""
    if c.kind != "STRAY" or c.word is None:
        return None
    text = c.here.text
    for first_letters, rule in _SIGN_RULES:
        if text[0] in first_letters:
            return rule(c, text)
    return _raised(c, text) if any(map(_raised_digit, text)) else None


def _function_sign(c: ErrorContext, text: str) -> Diagnostic | None:
    name, operation = SIGNS[text]
    end = _end_of_value(c.after[1:])
    edits = []
    if end is not None:
        inside = c.source.text[c.here.end : end].strip()
        bracketed = inside.startswith("(") and inside.endswith(")")
        edits = [Edit(c.here, name)] if bracketed else [Edit(c.here, f"{name}("), c.edit(end, end, ")")]
    return foreign.SignOfFunction(c.here, edits, operation, name)


def _symbol(c: ErrorContext, text: str) -> Diagnostic | None:
    meant = SYMBOLS[text]
    return foreign.WrittenOtherwise.symbol(
        c.here, [Edit(c.here, f" {meant} " if meant.isalpha() else meant)], meant
    )


def _bars(c: ErrorContext, text: str) -> Diagnostic | None:
    """`|x|` and `||x||`"""
    if "NUMBER" not in c.accepts:
        return None
    other = next((w for w in c.rest_of_line[1:] if w.text == text), None)
    if other is None:
        return None
    operation, opening, closing = (
        ("an absolute value", "abs(", ")") if text == "|" else ("a norm", "sqrt(sum((", ") ** 2))")
    )
    inside = c.source.text[c.here.end : other.start].strip()
    edits = [Edit(c.here, opening), Edit(c.span(other), closing)]
    return foreign.SignsAround(c.here, edits, operation, f"{opening}{inside}{closing}")


def rounded(c: ErrorContext) -> Diagnostic | None:
    """`⌊x⌋` and `⌈x⌉`"""
    word = c.word
    if word is None or word.text not in ("⌊", "⌈"):
        return None
    down = word.text == "⌊"
    other = "⌋" if down else "⌉"
    close = next((w for w in c.rest_of_line if w.text == other), None)
    edits = []
    if close is not None:
        before, after = ("((", ") // 1)") if down else ("(-(-(", ") // 1))")
        edits = [c.replaced(word, before), c.replaced(close, after)]
    direction, written = ("down", "x // 1") if down else ("up", "-(-x // 1)")
    return foreign.Rounding(c.here, edits, direction, written)


def _question_mark(c: ErrorContext, text: str) -> Diagnostic | None:
    """`c ? a : b`"""
    rest = c.rest_of_line
    colon, end = _colon_and_end(rest)
    start = _start_of_value(c)
    nested = end < len(rest) and rest[end].text == "?"
    if colon is None or start is None or nested or not 1 < colon < end - 1:
        return foreign.QuestionMark(c.here, ())
    parts = [
        (start, c.here.start),
        (rest[1].start, rest[colon - 1].end),
        (rest[colon + 1].start, rest[end - 1].end),
    ]
    condition, yes, no = (c.source.text[a:b].strip() for a, b in parts)
    edits = [
        c.edit(start, start, "where("),
        c.edit(c.line[-1].end, c.here.end, ","),
        c.edit(rest[colon - 1].end, rest[colon].end, ","),
        c.edit(rest[end - 1].end, rest[end - 1].end, ")"),
    ]
    return foreign.ConditionalOperator(c.here, edits, condition, yes, no)


def _colon_and_end(words: list[Word]) -> tuple[int | None, int]:
    """Where the `:` of a `c ? a : b` stands in the words from its `?` on, and where it ends."""
    depth, colon = 0, None
    for i, word in enumerate(words[1:], 1):
        if depth == 0 and word.text in (")", "]", "}", ",", "?"):
            return colon, i
        depth += (word.text in ("(", "[")) - (word.text in (")", "]"))
        colon = i if word.text == ":" and depth == 0 and colon is None else colon
    return colon, len(words)


def _start_of_value(c: ErrorContext) -> int | None:
    """Where the expression starts that the mistake stands in: after `=`, `,` or an opening bracket."""
    depth = 0
    start = None
    for word in reversed(c.line):
        depth += (word.text in PAIRS) - (word.text in ("(", "[", "{"))
        if depth < 0 or (depth == 0 and word.text in ("=", ",", ":")):
            break
        start = word.start
    return start


def _exclamation(c: ErrorContext, text: str) -> Diagnostic | None:
    if not is_value(c.previous) or "PLUS" not in c.accepts:
        return None
    return foreign.ForeignNotation.factorial(c.here, ())


def _quote(c: ErrorContext, text: str) -> Diagnostic | None:
    """MATLAB's `x'`."""
    if (len(text) > 1 and text[-1] == text[0]) or not c.previous or c.previous.end != c.here.start:
        return None
    if not is_value(c.previous):
        return None
    quote = Span(c.here.start, c.here.start + 1, c.source)
    return foreign.ForeignNotation.transpose_quote(quote, [Edit(quote, ".T")])


def _infinity(c: ErrorContext, text: str) -> Diagnostic | None:
    return foreign.ForeignNotation.infinity(c.here, ())


def _nabla(c: ErrorContext, text: str) -> Diagnostic | None:
    return foreign.ForeignNotation.derivative_sign(c.here, ())


def _raised_digit(letter: str) -> str:
    """The digit that is raised: 2 of `²`."""
    if "SUPERSCRIPT" not in unicodedata.name(letter, ""):
        return ""
    digit = unicodedata.normalize("NFKC", letter)
    return digit if digit.isdigit() else ""


def _raised(c: ErrorContext, text: str) -> Diagnostic | None:
    """`x²`"""
    at = next(i for i, letter in enumerate(text) if _raised_digit(letter))
    power = "".join(map(_raised_digit, text[at:]))
    if len(power) != len(text) - at:
        return None
    span = Span(c.here.start + at, c.here.end, c.source)
    edits = [Edit(span, f" ** {power}" if at or is_value(c.previous) else power)]
    if at and c.previous and c.previous.kind == lexer.NUMBER and c.previous.end == c.here.start:
        edits.append(c.edit(c.here.start, c.here.start, " * "))
        written = f"{c.previous.text} * {text[:at]} ** {power}"
        return foreign.WrittenOtherwise.power_of_product(span, edits, written)
    return foreign.RaisedPower(span, edits, power)


_SIGN_RULES: tuple[tuple[str, Callable[[ErrorContext, str], Diagnostic | None]], ...] = (
    ("".join(SIGNS), _function_sign), ("".join(SYMBOLS), _symbol), ("|‖", _bars), ("?", _question_mark),
    ("!", _exclamation), ("'", _quote), ("∞", _infinity), ("∂∇′", _nabla),
)  # fmt: skip


# ---- words and operators --------------------------------------------------------------------------------


def call_without_brackets(c: ErrorContext) -> Diagnostic | None:
    """`sin x`"""
    word, previous = c.word, c.previous
    if word is None or previous is None or previous.text not in FUNCTIONS or word.fresh:
        return None
    if not starts_value(word) or word.text in ("(", "["):
        return None
    end = _end_of_value(c.after)
    inside = c.source.text[word.start : end] if end is not None else word.text
    edits = []
    if end is not None:
        edits = [c.edit(previous.end, word.start, "("), c.edit(end, end, ")")]
    return foreign.WrittenOtherwise.call_without_brackets(
        c.span(previous), edits, f"{previous.text}({inside})"
    )


def in_place(c: ErrorContext) -> Diagnostic | None:
    """`x++`"""
    words = c.line if c.word is None or c.word.fresh else [*c.line, *c.after[:1]]
    if len(words) < 3 or words[-3].kind != lexer.NAME or not touch(*words[-2:]):
        return None
    following = c.after[len(words) - len(c.line) :]
    ends = not following or following[0].fresh
    if words[-1].text not in "+-" or words[-2].text != words[-1].text or not ends:
        return None
    return UpdateInPlace(Span(words[-2].start, words[-1].end, c.source), words[-3].text)


def python_expression(c: ErrorContext) -> Diagnostic | None:
    """`y = if c then a else b`, `[f(i) for i in xs]`, `f = lambda x: x`"""
    word, previous = c.word, c.previous
    condition = len(c.after) > 1 and starts_value(c.after[1])
    if word is not None and word.text == "if" and "NUMBER" in c.accepts and c.line and condition:
        return foreign.ForeignNotation.if_before_value(c.here, ())
    if word is not None and word.text == "for" and c.in_list and is_value(previous):
        return foreign.ForeignNotation.loop_in_list(c.here, ())
    if previous is not None and previous.text == "lambda":
        return foreign.ForeignNotation.lambda_(c.span(previous), ())
    return None


def word_operator(c: ErrorContext) -> Diagnostic | None:
    """`x mod 2`, `k is 2`, `k <> 2`, `a %*% b`, `elif`"""
    word, previous = c.word, c.previous
    if word is None or previous is None:
        return None
    meant = _WORD_OPERATORS.get(word.text)
    if meant and is_value(previous) and "PLUS" in c.accepts and len(c.after) > 1 and not word.fresh:
        return foreign.WrittenOtherwise(c.here, [c.replaced(word, meant)], meant)
    if word.text == "elif" and any(w.text == "if" for w in c.line):
        return foreign.ForeignNotation.elif_(c.here, ())
    if word.text == ">" and previous.text == "<" and previous.end == word.start:
        whole = Span(previous.start, word.end, c.source)
        return foreign.WrittenOtherwise(whole, [Edit(whole, "!=")], "!=")
    if word.text == "*" and previous.text == "%" and len(c.after) > 1 and c.after[1].text == "%":
        whole = Span(previous.start, c.after[1].end, c.source)
        return foreign.WrittenOtherwise(whole, [Edit(whole, "@")], "@")
    return None


def elementwise(c: ErrorContext) -> Diagnostic | None:
    """MATLAB's `x .* y`."""
    word, previous = c.word, c.previous
    if word is None or previous is None or previous.end != word.start:
        return None
    meant = {"*": "*", "/": "/", "^": "**"}.get(word.text)
    if previous.text != "." or not meant:
        return None
    whole = c.span(previous).to(c.here)
    return foreign.WrittenOtherwise.elementwise(whole, [Edit(whole, meant)], meant)


def arrow_left(c: ErrorContext) -> Diagnostic | None:
    """R's `x <- 3`."""
    after = c.after
    if len(c.line) != 1 or c.line[0].kind != lexer.NAME or len(after) < 2:
        return None
    if after[0].text != "<" or after[1].text != "-" or not touch(after[0], after[1]):
        return None
    whole = Span(after[0].start, after[1].end, c.source)
    return foreign.ForeignNotation.arrow_left(whole, [Edit(whole, "=")])


def comma_missing(c: ErrorContext) -> Diagnostic | None:
    """`output y z`, `def f(a b)`"""
    word, previous = c.word, c.previous
    if word is None or previous is None or word.fresh or "COMMA" not in c.accepts or "PLUS" in c.accepts:
        return None
    if word.kind != lexer.NAME or word.text in lexer.RESERVED or not is_value(previous):
        return None
    if len(c.line) < 2:
        return None
    is_type = lexer.WORDS.get(word.text) == "DTYPE" and "COLON" in c.accepts
    return MissingComma(c.here, c.span(previous), ":" if is_type else ",")
