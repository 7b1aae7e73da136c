"""Declarations, definitions and sections in the form that another language gives them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from graphlang.diagnostics import Diagnostic, Edit, Span
from graphlang.diagnostics.habits import WrongForm, WrongNumber, free_size
from graphlang.syntax import lexer
from graphlang.syntax.surroundings import PAIRS, SECTIONS, Context, Word, is_value, starts_value

_CLOSING = {"(": ")", "<": ">", "{": "}", "[": "]"}
_DECLARES = ("input", "param", "hyper", "layer")
_LISTS = ("input", "param", "hyper", "output")


def edit(c: Context, start: int, end: int, text: str) -> Edit:
    return Edit(Span(start, end, c.source), text)


def is_type(word: Word | None) -> bool:
    return word is not None and lexer.WORDS.get(word.text) == "DTYPE"


def closing(words: Sequence[Word], opening: str) -> Word | None:
    """What closes the bracket that these words start with."""
    depth = 0
    for word in words:
        depth += (word.text == opening) - (word.text == _CLOSING[opening])
        if depth == 0:
            return word
    return None


def _form(
    c: Context, start: int, end: int, message: str, help_: str, edits: Sequence[Edit], label: str = ""
) -> Diagnostic:
    return WrongForm(Span(start, end, c.source), message, help_, edits, label)


# ---- types -------------------------------------------------------------------------------------------


def shape(c: Context) -> Diagnostic | None:
    """`float(N, 3)`, `float[N][3]`, `float N`"""
    word, previous = c.word, c.previous
    if word is None or previous is None or word.fresh or len(c.line) < 2:
        return None
    typed = is_type(previous) and c.line[-2].text == ":"
    if typed and word.text in ("(", "<", "{"):
        close = closing(c.after, word.text)
        if close is None:
            return None
        inside = c.source.text[word.end : close.start].strip()
        edits = [edit(c, word.start, word.end, "["), edit(c, close.start, close.end, "]")]
        return _form(c, word.start, word.end, _SQUARE, f"write `{previous.text}[{inside}]`", edits)
    size = word.kind in (lexer.NAME, lexer.NUMBER) and word.text not in lexer.RESERVED
    follows = c.after[1].text if len(c.after) > 1 else ""
    if typed and size and follows not in (":", "("):
        edits = [edit(c, previous.end, word.start, "["), edit(c, word.end, word.end, "]")]
        return _form(c, word.start, word.end, _SQUARE, f"write `{previous.text}[{word.text}]`", edits)
    if word.text == "[" and previous.text == "]" and _type_before(c):
        edits = [edit(c, previous.start, word.end, ", ")]
        help_ = "write one list, as in `float[N, 3]`"
        return _form(c, previous.start, word.end, "all sizes of a shape stand in one list", help_, edits)
    return None


_SQUARE = "the sizes of a shape stand in square brackets"


def _type_before(c: Context) -> bool:
    """Whether what ends before the mistake is `float[...]`."""
    depth = 0
    for i in reversed(range(len(c.line))):
        text = c.line[i].text
        depth += (text == "]") - (text == "[")
        if depth == 0:
            return i > 0 and is_type(c.line[i - 1])
    return False


def size(c: Context) -> Diagnostic | None:
    """`float[?, 3]`, `float[N; 3]`, `float[N 3]`"""
    bracket, previous = c.bracket, c.previous
    if bracket is None or bracket.text != "[" or previous is None:
        return None
    opened = c.open[-1]
    if not opened or not is_type(c.before[opened - 1]) or c.before[opened - 2].text != ":":
        return None
    text = c.source.text
    semicolon = re.compile(r"[ \t]*;").match(text, previous.end)
    if semicolon and is_value(previous):
        at = semicolon.end() - 1
        return _form(c, at, at + 1, "sizes are divided by `,`", "write `,`", [edit(c, at, at + 1, ",")])
    word = c.word
    if word is None or word.fresh or word.column >= 0:
        return None
    if is_value(previous) and starts_value(word) and word.text not in "([":
        edits = [edit(c, previous.end, previous.end, ",")]
        help_ = f"write `{previous.text}, {word.text}`"
        return _form(c, word.start, word.end, "sizes are divided by `,`", help_, edits)
    if word.text in ("?", ":", "*", "_") and previous.text in ("[", ","):
        return unknown_size(c.span(word))
    return None


def unknown_size(span: Span) -> Diagnostic:
    """`None`, `?`, `:` or `*` for a size that the data decides."""
    name = free_size(span)
    message = "a size that is not known before has a name"
    return WrongForm(span, message, f"write a name, such as `{name}`", [Edit(span, name)])


def type_first(c: Context) -> Diagnostic | None:
    """`input float x`, `float x = 3`, `float[N, 3] x`, as in C."""
    words = [*c.line, *c.rest_of_line] if not (c.word and c.word.fresh and c.line) else list(c.line)
    start = 1 if words and words[0].text in ("input", "param") else 0
    if len(words) < start + 2 or not is_type(words[start]) or (c.block is not None):
        return None
    name = start + 1
    if words[name].text == "[":
        close = closing(words[name:], "[")
        if close is None:
            return None
        name = words.index(close) + 1
    if name >= len(words) or words[name].kind != lexer.NAME or words[name].text in lexer.RESERVED:
        return None
    kind = c.source.text[words[start].start : words[name - 1].end]
    keyword = "" if start else "input "
    written = f"{keyword}{words[name].text}: {kind}"
    first, last = words[start].start, words[name].end
    help_ = f"write `{words[0].text + ' ' if start else ''}{written}`"
    return _form(c, first, last, "a type stands behind its name", help_, [edit(c, first, last, written)])


def semicolon_for_colon(c: Context) -> Diagnostic | None:
    """`input x; float[N, 3]`"""
    word = c.line[0] if c.line else c.word
    following = c.word if c.line else c.after[1] if len(c.after) > 1 else None
    if word is None or len(c.line) > 1 or not is_type(word):
        return None
    if following is not None and following.text in ("=", ":", "("):
        return None
    text = c.source.text[: word.start]
    before = re.search(r"(?:^|[;\n])[ \t]*(?:input|param)\b[^;\n#]*?([^\W\d]\w*)[ \t]*(;)[ \t]*$", text)
    if before is None:
        return None
    at = before.start(2)
    help_ = f"write `{before[1]}: {word.text}...`"
    return _form(c, at, at + 1, "a type stands behind a `:`", help_, [edit(c, at, at + 1, ":")])


# ---- what a name gets ----------------------------------------------------------------------------------


def given(c: Context) -> Diagnostic | None:
    """`hyper a == 3`, `hyper a: int = 3`, `layer e: Affine(4)`, `train { batch 10 }`"""
    word, line = c.word, c.line
    if word is None or not line or c.in_list or (word.fresh and word.text != "="):
        return None
    name = c.previous
    assert name is not None
    head = line[0].text
    declared = len(line) > 1 and head in _DECLARES and line[-2].text in (head, ",")
    setting = len(line) == 1 and c.block in SECTIONS
    if name.kind != lexer.NAME or not (declared or setting):
        return None
    colon = word.text == ":" and "COLON" not in c.accepts and not setting
    wrong = word.text in ("==", ":=", "<-", "=>", "->") or colon
    if head == "hyper" and word.text == ":" and len(c.after) > 2 and is_type(c.after[1]):
        end = c.after[1].end
        message = "a `hyper` has no type: it is a number, a word or a list"
        return _form(
            c, word.start, end, message, f"write `hyper {name.text} = ...`", [edit(c, word.start, end, "")]
        )
    if word.text == "<" and len(c.after) > 1 and c.after[1].text == "-":
        return None
    if wrong:
        spaced = " =" if word.text == ":" else "="
        edits = [edit(c, word.start, word.end, spaced)]
        message = f"`{name.text}` gets its value with `=`, not with `{word.text}`"
        return _form(c, word.start, word.end, message, f"write `{name.text} = ...`", edits)
    if is_type(word) or word.column >= 0:
        return None
    if starts_value(word) and "EQUAL" in c.accepts and (word.text not in "([" or setting) and head != "input":
        edits = [edit(c, name.end, name.end, " =")]
        return _form(
            c,
            word.start,
            word.end,
            f"`=` is missing behind `{name.text}`",
            f"write `{name.text} = ...`",
            edits,
        )
    return None


def decimal_comma(c: Context) -> Diagnostic | None:
    """`input a = 3,5`"""
    word, line = c.word, c.line
    if word is None or word.kind != lexer.NUMBER or len(line) < 3 or line[0].text not in _LISTS:
        return None
    if line[-1].text != "," or line[-2].kind != lexer.NUMBER or "NAME" not in c.accepts:
        return None
    if not (line[-2].end == line[-1].start and line[-1].end == word.start):
        return None
    whole = Span(line[-2].start, word.end, c.source)
    plain = whole.text.replace(",", ".")
    return WrongNumber(whole, "a number has a decimal point", f"write `{plain}`", [Edit(whole, plain)])


def outputs(c: Context) -> Diagnostic | None:
    """`output y = x * 2`, `output: y`, `output [y, z]`"""
    word, line = c.word, c.line
    if word is None or not line or line[0].text not in _LISTS or c.block is not None:
        return None
    head = line[0]
    if len(line) == 1 and word.text == ":":
        return _form(
            c, word.start, word.end, f"no `:` stands behind `{head.text}`", f"write `{head.text} ...`",
            [edit(c, word.start, word.end, "")],
        )  # fmt: skip
    if head.text != "output":
        return None
    if len(line) == 1 and word.text in ("(", "["):
        close = closing(c.after, word.text)
        edits = [edit(c, word.start, word.end, ""), edit(c, close.start, close.end, "")] if close else []
        message = "the names of the outputs stand without brackets"
        return _form(c, word.start, word.end, message, "write `output y, z`", edits)
    if len(line) == 2 and word.text == "=" and line[1].kind == lexer.NAME:
        rest, name = c.rest_of_line, line[1].text
        end = rest[-1].end
        edits = [edit(c, head.start, line[1].start, ""), edit(c, end, end, f"; output {name}")]
        message = "`output` names a value that a statement of its own makes"
        return _form(c, head.start, head.end, message, f"write `{name} = ...`, and `output {name}`", edits)
    return None


def expected(c: Context) -> Diagnostic | None:
    """`expect y = 2`, `expect y ~ 2`, `expect y ~= 2 tol 0.1`"""
    word, line = c.word, c.line
    if word is None or not line or line[0].text != "expect" or c.in_list or word.fresh:
        return None
    compared = any(w.text == "~=" for w in line)
    start = word.start
    if word.text == "=" and not compared and c.previous is not None:
        after = c.after[1] if len(c.after) > 1 else None
        joined = after is not None and after.text == "~" and after.start == word.end
        end = after.end if joined and after is not None else word.end
        return _form(c, start, end, "`expect` compares with `~=`", "write `~=`", [edit(c, start, end, "~=")])
    if word.text == "~" and not compared:
        return _form(
            c, start, word.end, "`expect` compares with `~=`", "write `~=`", [edit(c, start, word.end, "~=")]
        )
    if compared and (word.text in ("±", "tol", "tolerance", "atol", "rtol", "eps") or word.text == "+-"):
        edits = [edit(c, start, word.end, "within")]
        return _form(
            c,
            start,
            word.end,
            "the difference that is allowed stands behind `within`",
            "write `within`",
            edits,
        )
    return None


def imported(c: Context) -> Diagnostic | None:
    """`import "parts/blocks.graph"`"""
    if len(c.line) != 2 or c.line[0].text != "import" or "AS" not in c.accepts:
        return None
    path = c.line[1]
    stem = path.text.strip('"').rpartition("/")[2].removesuffix(".graph")
    if not stem.isidentifier() or (c.word is not None and not c.word.fresh):
        return None
    message, help_ = "an import has a name here", f"write `import {path.text} as {stem}`"
    return _form(c, path.start, path.end, message, help_, [edit(c, path.end, path.end, f" as {stem}")])


def comma_at_end(c: Context) -> Diagnostic | None:
    """`y = x * 2,`"""
    word = c.word
    if word is None or word.text != "," or c.in_list or not is_value(c.previous) or not c.line:
        return None
    names = [w.text for w in c.line]
    if "=" not in names or (len(c.after) > 1 and not c.after[1].fresh) or names[0] in _LISTS:
        return None
    edits = [edit(c, word.start, word.end, "")]
    return _form(c, word.start, word.end, "no `,` stands at the end of a statement", "remove it", edits)


def declared_again(c: Context) -> Diagnostic | None:
    """`input a, input b`"""
    words = [*c.line, *c.after[:1]]
    if len(words) < 4 or words[0].text not in _LISTS or c.in_list:
        return None
    for i in (len(words) - 1, len(words) - 2):
        word = words[i]
        following = words[i + 1] if i + 1 < len(words) else c.after[1] if len(c.after) > 1 else None
        if word.text != words[0].text or words[i - 1].text != "," or following is None:
            continue
        if following.kind == lexer.NAME and following.text not in lexer.RESERVED:
            message = f"`{word.text}` stands once before its names"
            edits = [edit(c, word.start, following.start, "")]
            return _form(c, word.start, word.end, message, f"write `{word.text} a, b`", edits)
    return None


def carried(c: Context) -> Diagnostic | None:
    """`scan x in xs, h = 0 {`"""
    word = c.word
    if word is None or word.text != "," or "CARRY" not in c.accepts:
        return None
    edits = [edit(c, word.start, word.end, " carry")]
    return _form(
        c, word.start, word.end, "what a `scan` carries stands behind `carry`", "write `carry`", edits
    )


# ---- definitions and sections --------------------------------------------------------------------------


def definition(c: Context) -> Diagnostic | None:
    """`def f(x) = { return x }`, `def f(x) -> x + 1`, `def f x = x + 1`"""
    word, line = c.word, c.line
    if word is None or len(line) < 2 or line[0].text != "def" or c.in_list:
        return None
    previous = line[-1]
    if word.text == "{" and previous.text == "=":
        edits = [edit(c, previous.start, word.start, "")]
        return _form(
            c,
            previous.start,
            word.end,
            "a block stands without `=`",
            "write `def f(x) { return ... }`",
            edits,
        )
    if word.text in ("->", "=>", ":=", "==") and previous.text == ")":
        type_ = len(c.after) > 1 and (is_type(c.after[1]) or c.after[1].text in ("Tensor", "Array"))
        if type_ and word.text == "->":
            edits = [edit(c, word.start, word.end, ":")] if is_type(c.after[1]) else []
            return _form(
                c, word.start, word.end, "the type of a result stands behind `:`", "write `:`", edits
            )
        edits = [edit(c, word.start, word.end, "=")]
        return _form(
            c, word.start, word.end, "a `def` gets its value with `=`", "write `def f(x) = ...`", edits
        )
    if len(line) == 2 and word.kind == lexer.NAME and not word.fresh and "LPAR" in c.accepts:
        formals = [word]
        for w in c.after[1:]:
            if w.fresh or w.text in ("=", "{", ":"):
                break
            formals.append(w)
        separate = all(w.kind == lexer.NAME for w in formals)
        inside = c.source.text[word.start : formals[-1].end]
        inside = ", ".join(w.text for w in formals) if separate else inside
        edits = [edit(c, line[1].end, formals[-1].end, f"({inside})")]
        help_ = f"write `def {line[1].text}({inside})`"
        return _form(c, word.start, word.end, "what a `def` takes stands in brackets", help_, edits)
    return None


def result(c: Context) -> Diagnostic | None:
    """`def f(x) { x + 1 }`: the last line of a block as its result."""
    word = c.line[0] if c.line else c.word
    if (
        word is None
        or c.block != "def"
        or c.in_list
        or not starts_value(word)
        or word.text in lexer.STATEMENT_WORDS
    ):
        return None
    rest = [*c.line, *c.rest_of_line]
    depth = 0
    for i, w in enumerate(rest):
        depth += (w.text in "([{") - (w.text in PAIRS)
        if depth < 0:
            rest = rest[:i]
            break
        if depth == 0 and w.text in ("=", ":"):
            return None
    opened = max(i for i in c.open if c.before[i].text == "{")
    close = closing([*c.before[opened:], *c.after], "{")
    if (
        not rest
        or close is None
        or re.search(r"\S", c.source.text[rest[-1].end : close.start].replace(";", ""))
    ):
        return None
    edits = [edit(c, word.start, word.start, "return ")]
    return _form(
        c, word.start, rest[-1].end, "the result of a `def` stands behind `return`",
        f"write `return {c.source.text[word.start : rest[-1].end]}`", edits,
    )  # fmt: skip


def section(c: Context) -> Diagnostic | None:
    """`train: {`, `train = {`, `train(batch=10)`"""
    word, line = c.word, c.line
    if word is None or not line or line[0].text not in SECTIONS or c.block is not None or word.fresh:
        return None
    name = line[0].text
    brace = word if word.text == "{" else c.after[1] if len(c.after) > 1 else None
    if brace is not None and brace.text == "{" and (len(line), word.text) in ((1, ":"), (2, "{")):
        sign = word if word.text == ":" else line[1]
        edits = (
            [edit(c, sign.start, sign.end, "")]
            if sign.text == ":"
            else [edit(c, sign.start, brace.start, "")]
        )
        message = f"no `{sign.text}` stands between `{name}` and its block"
        return _form(c, sign.start, sign.end, message, f"write `{name} {{ ... }}`", edits)
    if len(line) == 1 and word.text == "(":
        close = closing(c.after, "(")
        edits = listed(c, word, close, " {", " }") if close else []
        message = f"the settings of `{name}` stand in a block in braces"
        return _form(c, word.start, word.end, message, f"write `{name} {{ name = value; ... }}`", edits)
    return None


def listed(c: Context, opening: Word, close: Word, before: str = "{", after: str = "}") -> list[Edit]:
    """The edits that make a block in braces of a list in brackets."""
    edits = [edit(c, opening.start, opening.end, f"{before} "), edit(c, close.start, close.end, after)]
    depth = 0
    for word in c.after:
        if word.start >= close.start:
            break
        depth += (word.text in "([{") - (word.text in PAIRS)
        if word.text == "," and depth == 1 and word.start > opening.start:
            edits.append(edit(c, word.start, word.end, ";"))
    return edits
