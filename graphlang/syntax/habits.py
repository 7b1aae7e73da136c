"""Notation that people bring along from mathematics, Python, C, MATLAB and R, and what to write for it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from itertools import pairwise

from graphlang.diagnostics import Diagnostic, Edit, Span
from graphlang.diagnostics.habits import ForeignComment, ForeignNotation, MissingComma, WrongNumber
from graphlang.diagnostics.syntax import UpdateInPlace
from graphlang.syntax import lexer
from graphlang.syntax.surroundings import PAIRS, Context, Word, is_value, starts_value

FUNCTIONS = frozenset(
    "exp log sqrt square abs sign sin cos tan sinh cosh tanh arctan erf relu sigmoid gelu silu softplus "
    "softmax sum mean var std max min prod transpose".split()
)
"""Functions that a formula on paper writes without brackets."""
SIGNS = {
    "√": ("sqrt", "a square root"), "∑": ("sum", "a sum"), "∏": ("prod", "a product"),
}  # fmt: skip
WORDS = {"¬": "not", "∧": "and", "∨": "or", "⊙": "*", "∘": "->", "≡": "==", "←": "="}
_SUFFIX = re.compile(r"[fFlLdD]|[uU][lL]*")
_BASES = {"x": (16, "hexadecimal"), "b": (2, "binary"), "o": (8, "octal")}


def _text_edit(c: Context, start: int, end: int, text: str) -> Edit:
    return Edit(Span(start, end, c.source), text)


def _atom(c: Context, words: list[Word]) -> int | None:
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


def _line_end(c: Context, start: int) -> int:
    end = c.source.text.find("\n", start)
    return len(c.source.text) if end < 0 else end


# ---- comments ------------------------------------------------------------------------------------------


def comment(c: Context) -> Diagnostic | None:
    """`// note`, `/* note */`, `-- note`: where reading gets past the mistake once it is a comment."""
    text = c.source.text
    first = c.line[0] if c.line else c.word
    if first is not None and text[first.start : first.start + 3] in ('"""', "'''"):
        return _docstring(c, first.start)
    around = [*c.before, *c.after[:2]]
    for i, word in enumerate(around):
        sign = text[word.start : word.start + 2]
        if sign == "/*" and word.start <= c.here.start <= word.start + 2:
            return _block_comment(c, word.start)
        sign = "%" if sign.startswith("%") else sign
        if sign not in _MEANING or not (c.block is None or c.in_block):
            continue
        prose = _is_prose(text[word.start + len(sign) : _line_end(c, word.start)])
        leads = word.column >= 0 or word.fresh
        on_line = _line_end(c, word.start) >= c.here.start >= word.start
        if on_line and (leads or prose) and (i == 0 or around[i - 1].end <= word.start):
            span = Span(word.start, word.start + len(sign), c.source)
            edits = [Edit(span, "#")]
            if c.mends(edits):
                return ForeignComment(span, "a comment starts with `#`", "write `#`", edits, _MEANING[sign])
    return None


_MEANING = {
    "//": "here `//` divides and rounds down",
    "--": "here `-` subtracts, twice",
    "%": "here `%` is the remainder of a division",
}


def _is_prose(text: str) -> bool:
    """Whether it is words side by side, as no expression has them."""
    return re.match(r"\s*[^\W\d]\w*[,.]?\s+[^\W\d]\w*", text) is not None


def _block_comment(c: Context, start: int) -> Diagnostic:
    text = c.source.text
    end = text.find("*/", start + 2)
    span = Span(start, start + 2, c.source)
    message, help_ = (
        "a comment starts with `#` and ends with its line",
        "write `#` in front of each line of it",
    )
    if end < 0:
        return ForeignComment(span, message, help_, (), "here these are operators")
    edits = [_text_edit(c, start, end + 2, _as_comment(c, start + 2, end, 2))]
    return ForeignComment(span, message, help_, edits, "here these are operators")


def _as_comment(c: Context, start: int, end: int, closing: int) -> str:
    """The lines of a text, each behind a `#`."""
    lines = c.source.text[start:end].strip().split("\n")
    written = "\n".join(f"# {line.strip().removeprefix('*').strip()}".rstrip() for line in lines)
    rest = c.source.text[end + closing : _line_end(c, end + closing)].strip()
    return f"{written}\n" if rest else written


def _docstring(c: Context, start: int) -> Diagnostic:
    span = Span(start, start + 3, c.source)
    end = c.source.text.find(span.text, start + 3)
    c.resume = len(c.source.text) if end < 0 else end + 3
    edits = [] if end < 0 else [_text_edit(c, start, end + 3, _as_comment(c, start + 3, end, 3))]
    message = "a comment starts with `#` and ends with its line"
    return ForeignComment(
        span, message, "write `#` in front of each line of it", edits, "here this is a text"
    )


# ---- numbers -------------------------------------------------------------------------------------------


def number(c: Context) -> Diagnostic | None:
    """Digits, and what touches them."""
    word, previous = c.word, c.previous
    if previous and previous.text == "." and len(c.line) > 1 and c.line[-2].kind == lexer.NUMBER:
        if _touch(c.line[-2], previous):
            return _points(Span(c.line[-2].start, previous.end, c.source))
        return None
    if word is None or previous is None or previous.kind != lexer.NUMBER:
        return None
    after = c.after[1] if len(c.after) > 1 else None
    if word.text == "," and after and after.kind == lexer.NUMBER and _touch(previous, word, after):
        return _grouped(c, previous, after)
    if word.text == "%" and (after is None or after.fresh or after.text in (")", "]", "}", ",")):
        return None
    if not _touch(previous, word):
        return None
    whole = Span(previous.start, word.end, c.source)
    if word.kind == lexer.NUMBER or word.text == ".":
        return _points(whole)
    if word.kind != lexer.NAME:
        return None
    text = word.text
    base, kind = _BASES.get(text[:1].lower(), (0, ""))
    if previous.text == "0" and base:
        return _other_base(whole, text[1:], base, kind)
    if re.fullmatch(r"(?:_\d+)+(?:[eE]\d+)?", text):
        plain = whole.text.replace("_", "")
        return WrongNumber(whole, "a number has no `_`", f"write `{plain}`", [Edit(whole, plain)])
    if text in ("e", "E"):
        return WrongNumber(
            whole, f"`{whole.text}` lacks the digits of its exponent", "write them, as in `1e6`"
        )
    if "." in previous.text and _SUFFIX.fullmatch(text):
        return WrongNumber(
            whole, "a number has no suffix", f"write `{previous.text}`", [Edit(c.span(word), "")]
        )
    if text == "j":
        return WrongNumber(
            whole, "there are no complex numbers", "write the real and the imaginary part apart"
        )
    return None


def _points(whole: Span) -> Diagnostic:
    return WrongNumber(whole, "a number has one point", "write it with one point, as in `0.5`")


def _touch(*words: Word) -> bool:
    return all(a.end == b.start for a, b in pairwise(words))


def _grouped(c: Context, previous: Word, after: Word) -> Diagnostic:
    whole = Span(previous.start, after.end, c.source)
    if re.fullmatch(r"\d{1,3},\d{3}", whole.text):
        rest = re.match(r"(?:,\d{3})*", c.source.text[after.end :])
        whole = whole._replace(end=after.end + (rest.end() if rest else 0))
        plain = whole.text.replace(",", "")
        return WrongNumber(
            whole, "the digits of a number are not grouped", f"write `{plain}`", [Edit(whole, plain)]
        )
    plain = whole.text.replace(",", ".")
    return WrongNumber(whole, "a number has a decimal point", f"write `{plain}`", [Edit(whole, plain)])


def _other_base(whole: Span, digits: str, base: int, kind: str) -> Diagnostic:
    try:
        value = str(int(digits, base))
    except ValueError:
        return WrongNumber(whole, "numbers are decimal", f"there are no {kind} numbers")
    return WrongNumber(whole, "numbers are decimal", f"write `{value}`", [Edit(whole, value)])


def per_cent(c: Context) -> Diagnostic | None:
    """`tax = 10%`"""
    return None if c.word is not None and c.word.text not in (")", "]", "}", ",") else share(c, c.line)


def share(c: Context, words: list[Word]) -> Diagnostic | None:
    """A number of per cent that these words end with."""
    if len(words) < 2 or words[-1].text != "%" or words[-2].kind != lexer.NUMBER:
        return None
    whole = Span(words[-2].start, words[-1].end, c.source)
    value = f"{words[-2].text} / 100"
    return WrongNumber(
        whole, "`%` is the remainder of a division", f"write `{value}`", [Edit(whole, f"({value})")]
    )


# ---- signs ----------------------------------------------------------------------------------------------


def sign(c: Context) -> Diagnostic | None:
    """A character that mathematics and other languages have, and this one has not."""
    if c.kind != "STRAY" or c.word is None:
        return None
    text = c.here.text
    for known, rule in _SIGN_RULES:
        if text[0] in known:
            return rule(c, text)
    return _raised(c, text) if any(map(_digit_of, text)) else None


def _function_sign(c: Context, text: str) -> Diagnostic | None:
    name, what = SIGNS[text]
    end = _atom(c, c.after[1:])
    edits = []
    if end is not None:
        inside = c.source.text[c.here.end : end].strip()
        bracketed = inside.startswith("(") and inside.endswith(")")
        edits = [Edit(c.here, name if bracketed else f"{name}(")]
        edits += [] if bracketed else [_text_edit(c, end, end, ")")]
    return ForeignNotation(
        c.here, f"{what} is written `{name}(x)`", f"write `{name}(...)`", edits, "not a symbol here"
    )


def _word_sign(c: Context, text: str) -> Diagnostic | None:
    meant = WORDS[text]
    edits = [Edit(c.here, f" {meant} " if meant.isalpha() else meant)]
    return ForeignNotation(
        c.here, f"`{text}` is written `{meant}`", f"write `{meant}`", edits, "not a symbol here"
    )


def _bars(c: Context, text: str) -> Diagnostic | None:
    """`|x|` and `||x||`"""
    if "NUMBER" not in c.accepts:
        return None
    other = next((w for w in c.rest_of_line[1:] if w.text == text), None)
    if other is None:
        return None
    inside = c.source.text[c.here.end : other.start].strip()
    written = f"abs({inside})" if text == "|" else f"sqrt(sum(({inside}) ** 2))"
    what = "an absolute value" if text == "|" else "a norm"
    opening, closing = ("abs(", ")") if text == "|" else ("sqrt(sum((", ") ** 2))")
    edits = [Edit(c.here, opening), Edit(c.span(other), closing)]
    return ForeignNotation(
        c.here, f"{what} is not written with `{text}`", f"write `{written}`", edits, "not an operator"
    )


def _question(c: Context, text: str) -> Diagnostic | None:
    """`c ? a : b`"""
    help_ = "a choice is `where(c, a, b)`, or `a if c else b` where `c` is known before running"
    edits = []
    rest = c.rest_of_line
    depth, colon, end = 0, None, len(rest)
    for i, word in enumerate(rest[1:], 1):
        if depth == 0 and (word.text in (")", "]", "}", ",") or word.text == "?"):
            end = i
            break
        depth += (word.text in ("(", "[")) - (word.text in (")", "]"))
        colon = i if word.text == ":" and depth == 0 and colon is None else colon
    start = _start_of_value(c)
    nested = end < len(rest) and rest[end].text == "?"
    if colon is not None and 1 < colon < end - 1 and start is not None and not nested:
        parts = [
            (start, c.here.start),
            (rest[1].start, rest[colon - 1].end),
            (rest[colon + 1].start, rest[end - 1].end),
        ]
        condition, yes, no = (c.source.text[a:b].strip() for a, b in parts)
        written = f"where({condition}, {yes}, {no})"
        help_ = f"write `{written}`; where that is known before running, `{yes} if {condition} else {no}`"
        edits = [
            _text_edit(c, start, start, "where("),
            _text_edit(c, c.line[-1].end, c.here.end, ","),
            _text_edit(c, rest[colon - 1].end, rest[colon].end, ","),
            _text_edit(c, rest[end - 1].end, rest[end - 1].end, ")"),
        ]
    return ForeignNotation(c.here, "`c ? a : b` is not an expression here", help_, edits, "not an operator")


def _start_of_value(c: Context) -> int | None:
    """Where the expression starts that the mistake stands in: after `=`, `,` or an opening bracket."""
    depth = 0
    start = None
    for word in reversed(c.line):
        depth += (word.text in PAIRS) - (word.text in ("(", "[", "{"))
        if depth < 0 or (depth == 0 and word.text in ("=", ",", ":")):
            break
        start = word.start
    return start


def _exclamation(c: Context, text: str) -> Diagnostic | None:
    if not is_value(c.previous) or "PLUS" not in c.accepts:
        return None
    return ForeignNotation(c.here, "there is no factorial", "multiply the numbers: `prod([1, 2, 3])` is 3!")


def _quote(c: Context, text: str) -> Diagnostic | None:
    """MATLAB's `x'`."""
    if (len(text) > 1 and text[-1] == text[0]) or not c.previous or c.previous.end != c.here.start:
        return None
    if not is_value(c.previous):
        return None
    at = Span(c.here.start, c.here.start + 1, c.source)
    told = ForeignNotation(
        at, "a transpose is written `.T`", "write `.T`", [Edit(at, ".T")], "starts a text here"
    )
    told.sure = False
    return told


def _infinity(c: Context, text: str) -> Diagnostic | None:
    return ForeignNotation(c.here, "there is no number for infinity", "write a large one, such as `1e30`")


def _nabla(c: Context, text: str) -> Diagnostic | None:
    return ForeignNotation(c.here, "a derivative is written `grad(y, x)`", "write `grad(y, x)`")


def _digit_of(letter: str) -> str:
    """The digit that is raised: 2 of `²`."""
    if "SUPERSCRIPT" not in unicodedata.name(letter, ""):
        return ""
    digit = unicodedata.normalize("NFKC", letter)
    return digit if digit.isdigit() else ""


def _raised(c: Context, text: str) -> Diagnostic | None:
    """`x²`"""
    at = next(i for i, letter in enumerate(text) if _digit_of(letter))
    power = "".join(map(_digit_of, text[at:]))
    if len(power) != len(text) - at:
        return None
    span = Span(c.here.start + at, c.here.end, c.source)
    edits = [Edit(span, f" ** {power}" if at or is_value(c.previous) else power)]
    if at and c.previous and c.previous.kind == lexer.NUMBER and c.previous.end == c.here.start:
        edits.append(_text_edit(c, c.here.start, c.here.start, " * "))
        written = f"{c.previous.text} * {text[:at]} ** {power}"
        return ForeignNotation(
            span, "a power is written `**`, and a product `*`", f"write `{written}`", edits
        )
    return ForeignNotation(
        span, "a power is written `**`", f"write `** {power}`", edits, "not a digit of a name"
    )


_SIGN_RULES: tuple[tuple[str, Callable[[Context, str], Diagnostic | None]], ...] = (
    ("".join(SIGNS), _function_sign), ("".join(WORDS), _word_sign), ("|‖", _bars), ("?", _question),
    ("!", _exclamation), ("'", _quote), ("∞", _infinity), ("∂∇′", _nabla),
)  # fmt: skip


# ---- words and operators --------------------------------------------------------------------------------


def applied(c: Context) -> Diagnostic | None:
    """`sin x`"""
    word, previous = c.word, c.previous
    if word is None or previous is None or previous.text not in FUNCTIONS or word.fresh:
        return None
    if not starts_value(word) or word.text in ("(", "["):
        return None
    end = _atom(c, c.after)
    inside = c.source.text[word.start : end] if end is not None else word.text
    edits = []
    if end is not None:
        edits = [_text_edit(c, previous.end, word.start, "("), _text_edit(c, end, end, ")")]
    text = f"{previous.text}({inside})"
    return ForeignNotation(
        c.span(previous), "a function is called with brackets", f"write `{text}`", edits, "not called"
    )


def in_place(c: Context) -> Diagnostic | None:
    """`x++`"""
    words = c.line if c.word is None or c.word.fresh else [*c.line, *c.after[:1]]
    if len(words) < 3 or words[-3].kind != lexer.NAME or not _touch(*words[-2:]):
        return None
    following = c.after[len(words) - len(c.line) :]
    if (
        words[-1].text not in "+-"
        or words[-2].text != words[-1].text
        or (following and not following[0].fresh)
    ):
        return None
    return UpdateInPlace(Span(words[-2].start, words[-1].end, c.source), words[-3].text)


def choice(c: Context) -> Diagnostic | None:
    """`y = if c then a else b`, `[f(i) for i in xs]`, `f = lambda x: x`"""
    word, previous = c.word, c.previous
    condition = len(c.after) > 1 and starts_value(c.after[1])
    if word is not None and word.text == "if" and "NUMBER" in c.accepts and c.line and condition:
        return ForeignNotation(
            c.here,
            "a choice starts with a value",
            "write `a if c else b`; at run time, `where(c, a, b)` chooses",
        )
    if word is not None and word.text == "for" and c.in_list and is_value(previous):
        return ForeignNotation(
            c.here, "a list is not made by a loop", "write its items out, or use `arange` and whole arrays"
        )
    if previous is not None and previous.text == "lambda":
        return ForeignNotation(
            c.span(previous), "a function has a name", "write `def f(x) = value`, and call `f(x)`"
        )
    return None


def matlab(c: Context) -> Diagnostic | None:
    """`x .* y`, and R's `x <- 3`"""
    word, previous = c.word, c.previous
    if word is None or previous is None or previous.end != word.start:
        return None
    meant = {"*": "*", "/": "/", "^": "**"}.get(word.text)
    if previous.text == "." and meant:
        whole = c.span(previous).to(c.here)
        return ForeignNotation(
            whole, f"`{whole.text}` is written `{meant}`", f"write `{meant}`: it works number by number",
            [Edit(whole, meant)],
        )  # fmt: skip
    return None


def arrow_left(c: Context) -> Diagnostic | None:
    after = c.after
    if len(c.line) != 1 or c.line[0].kind != lexer.NAME or len(after) < 2:
        return None
    if after[0].text == "<" and after[1].text == "-" and _touch(after[0], after[1]):
        whole = Span(after[0].start, after[1].end, c.source)
        return ForeignNotation(whole, "a value gets its name with `=`", "write `=`", [Edit(whole, "=")])
    return None


def comma_missing(c: Context) -> Diagnostic | None:
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
