"""Declarations, definitions and sections in the form that another language gives them."""

from __future__ import annotations

import re

from graphlang.diagnostics import Diagnostic, Edit, Span
from graphlang.diagnostics.spelling import free_size
from graphlang.diagnostics.syntax import forms as d
from graphlang.syntax import lexer
from graphlang.syntax.foreign_numbers import with_comma
from graphlang.syntax.surroundings import (
    BINARY,
    PAIRS,
    SECTIONS,
    ErrorContext,
    Word,
    closing,
    is_type,
    is_value,
    starts_value,
)

_RESULT_TYPE = re.compile(r"->\s*[\w.]+(?:\[[^\n=]*\])?(?=\s*(?:[{=]|:[ \t]*\n))")
_DECLARES = ("input", "param", "hyper", "layer")
_LISTS = ("input", "param", "hyper", "output")


# ---- types -------------------------------------------------------------------------------------------


def shape_of_type(c: ErrorContext) -> Diagnostic | None:
    """`float(N, 3)`, `float[N][3]`, `float N`"""
    word, previous = c.word, c.previous
    if word is None or previous is None or word.fresh or len(c.line) < 2:
        return None
    if word.text == "[" and previous.text == "]" and _type_before(c):
        whole = c.between(previous, word)
        return d.WrongForm.sizes_in_several_lists(whole, [Edit(whole, ", ")])
    if not is_type(previous) or c.line[-2].text != ":":
        return None
    if word.text in ("(", "<", "{"):
        close = closing(c.after, word.text)
        if close is None:
            return None
        inside = c.source.text[word.end : close.start].strip()
        edits = [c.replaced(word, "["), c.replaced(close, "]")]
        return d.RewrittenForm.sizes_in_other_brackets(c.here, edits, f"{previous.text}[{inside}]")
    size = word.kind in (lexer.NAME, lexer.NUMBER) and word.text not in lexer.RESERVED
    if size and not (c.following and c.following.text in (":", "(")):
        edits = [c.edit(previous.end, word.start, "["), c.edit(word.end, word.end, "]")]
        return d.RewrittenForm.sizes_in_other_brackets(c.here, edits, f"{previous.text}[{word.text}]")
    return None


def _type_before(c: ErrorContext) -> bool:
    """Whether what ends before the mistake is `float[...]`."""
    depth = 0
    for i in reversed(range(len(c.line))):
        text = c.line[i].text
        depth += (text == "]") - (text == "[")
        if depth == 0:
            return i > 0 and is_type(c.line[i - 1])
    return False


def size_of_type(c: ErrorContext) -> Diagnostic | None:
    """`float[?, 3]`, `float[N; 3]`, `float[N 3]`"""
    bracket, previous = c.bracket, c.previous
    if bracket is None or bracket.text != "[" or previous is None:
        return None
    opened = c.open[-1]
    if not opened or not is_type(c.before[opened - 1]) or c.before[opened - 2].text != ":":
        return None
    semicolon = re.compile(r"[ \t]*;").match(c.source.text, previous.end)
    if semicolon and is_value(previous):
        sign = Span(semicolon.end() - 1, semicolon.end(), c.source)
        return d.RewrittenForm.sizes_not_divided(sign, [Edit(sign, ",")], ",")
    word = c.word
    if word is None or word.fresh or word.column >= 0:
        return None
    if is_value(previous) and starts_value(word) and word.text not in "([":
        edits = [c.edit(previous.end, previous.end, ",")]
        return d.RewrittenForm.sizes_not_divided(c.here, edits, f"{previous.text}, {word.text}")
    if word.text in ("?", ":", "*", "_") and previous.text in ("[", ","):
        name = free_size(c.here)
        return d.FormOfName.size_without_name(c.here, [c.replaced(word, name)], name)
    return None


def type_first(c: ErrorContext) -> Diagnostic | None:
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
    whole = c.between(words[start], words[name])
    declared = f"{words[0].text} {written}" if start else written
    return d.RewrittenForm.type_before_name(whole, [Edit(whole, written)], declared)


def semicolon_for_colon(c: ErrorContext) -> Diagnostic | None:
    """`input x; float[N, 3]`"""
    word = c.line[0] if c.line else c.word
    following = c.word if c.line else c.following
    if word is None or len(c.line) > 1 or not is_type(word):
        return None
    if following is not None and following.text in ("=", ":", "("):
        return None
    text = c.source.text[: word.start]
    before = re.search(r"(?:^|[;\n])[ \t]*(?:input|param)\b[^;\n#]*?([^\W\d]\w*)[ \t]*(;)[ \t]*$", text)
    if before is None:
        return None
    sign = Span(before.start(2), before.end(2), c.source)
    return d.RewrittenForm.semicolon_before_type(sign, [Edit(sign, ":")], f"{before[1]}: {word.text}...")


# ---- names and values --------------------------------------------------------------------------------


def equals_sign(c: ErrorContext) -> Diagnostic | None:
    """`hyper a == 3`, `hyper a: int = 3`, `layer e: Affine(4)`, `train { batch 10 }`"""
    word, line = c.word, c.line
    if word is None or not line or c.in_list or (word.fresh and word.text != "="):
        return None
    name, head = line[-1], line[0].text
    declared = len(line) > 1 and head in _DECLARES and line[-2].text in (head, ",")
    setting = len(line) == 1 and c.block in SECTIONS
    if name.kind != lexer.NAME or not (declared or setting):
        return None
    if head == "hyper" and word.text == ":" and len(c.after) > 2 and is_type(c.after[1]):
        whole = c.between(word, c.after[1])
        return d.FormOfName.type_of_hyper(whole, [Edit(whole, "")], name.text)
    if word.text == "<" and c.following and c.following.text == "-":
        return None
    colon = word.text == ":" and "COLON" not in c.accepts and not setting
    if colon or word.text in ("==", ":=", "<-", "=>", "->"):
        edits = [c.replaced(word, " =" if word.text == ":" else "=")]
        return d.FormOfName.other_sign_for_equals(c.here, edits, name.text)
    if is_type(word) or word.column >= 0:
        return None
    if starts_value(word) and "EQUAL" in c.accepts and (word.text not in "([" or setting) and head != "input":
        return d.FormOfName.equals_missing(c.here, [c.edit(name.end, name.end, " =")], name.text)
    return None


def decimal_comma(c: ErrorContext) -> Diagnostic | None:
    """`input a = 3,5`"""
    word, line = c.word, c.line
    if word is None or word.kind != lexer.NUMBER or len(line) < 3 or line[0].text not in _LISTS:
        return None
    if line[-1].text != "," or line[-2].kind != lexer.NUMBER or "NAME" not in c.accepts:
        return None
    if not (line[-2].end == line[-1].start and line[-1].end == word.start):
        return None
    return with_comma(c.between(line[-2], word))


def outputs(c: ErrorContext) -> Diagnostic | None:
    """`output y = x * 2`, `output: y`, `output [y, z]`"""
    word, line = c.word, c.line
    if word is None or not line or line[0].text not in _LISTS or c.block is not None:
        return None
    head = line[0]
    if len(line) == 1 and word.text == ":":
        return d.FormOfKeyword.colon_after(c.here, [c.replaced(word, "")], head.text)
    if head.text != "output":
        return None
    if len(line) == 1 and word.text in ("(", "["):
        close = closing(c.after, word.text)
        edits = [c.replaced(word, ""), c.replaced(close, "")] if close else []
        return d.WrongForm.brackets_around_outputs(c.here, edits)
    if len(line) == 2 and word.text == "=" and line[1].kind == lexer.NAME:
        name, end = line[1].text, c.rest_of_line[-1].end
        edits = [c.edit(head.start, line[1].start, ""), c.edit(end, end, f"; output {name}")]
        return d.FormOfName.output_with_value(c.span(head), edits, name)
    if word.kind == lexer.STRING and "NAME" in c.accepts and word.text[1:-1].isidentifier():
        return d.WrongForm.output_in_quotes(c.here, [c.replaced(word, word.text[1:-1])])
    if word.text == ":" and line[-1].kind == lexer.NAME and is_type(c.following):
        end = c.rest_of_line[1].end
        if len(c.after) > 2 and c.after[2].text == "[":
            end = (closing(c.after[2:], "[") or c.after[1]).end
        whole = Span(word.start, end, c.source)
        return d.WrongForm.output_with_type(whole, [Edit(whole, "")])
    if len(line) == 2 and (word.text in BINARY or word.text in ("(", "[", ".")):
        name, end = _free_name(c.source.text), c.rest_of_line[-1].end
        edits = [c.edit(head.start, line[1].start, f"{name} = "), c.edit(end, end, f"; output {name}")]
        return d.FormOfName.output_with_value(c.span(head), edits, name)
    return None


def _free_name(text: str) -> str:
    """A name for a result that the text does not have yet."""
    taken = set(re.findall(r"\w+", text))
    numbered = (f"y{i}" for i in range(2, len(taken) + 3))
    return next(name for name in ("y", "result", *numbered) if name not in taken)


def expectation(c: ErrorContext) -> Diagnostic | None:
    """`expect y = 2`, `expect y ~ 2`, `expect y ~= 2 tol 0.1`"""
    word, line = c.word, c.line
    if word is None or not line or line[0].text != "expect" or c.in_list or word.fresh:
        return None
    compared = any(w.text == "~=" for w in line)
    if word.text == "=" and not compared:
        after = c.following
        joined = after is not None and after.text == "~" and after.start == word.end
        whole = c.between(word, after) if joined and after else c.here
        return d.WrongForm.other_comparison_in_expect(whole, [Edit(whole, "~=")])
    if word.text == "~" and not compared:
        return d.WrongForm.other_comparison_in_expect(c.here, [c.replaced(word, "~=")])
    if compared and word.text in ("±", "+-", "tol", "tolerance", "atol", "rtol", "eps"):
        return d.WrongForm.tolerance_without_within(c.here, [c.replaced(word, "within")])
    return None


def import_name(c: ErrorContext) -> Diagnostic | None:
    """`import "parts/blocks.graph"`"""
    if len(c.line) != 2 or c.line[0].text != "import" or "AS" not in c.accepts:
        return None
    path = c.line[1]
    stem = re.sub(r"\W", "_", path.text.strip('"').rpartition("/")[2].removesuffix(".graph"))
    if not stem.isidentifier() or (c.word is not None and not c.word.fresh):
        return None
    return d.ImportWithoutName(c.span(path), [c.edit(path.end, path.end, f" as {stem}")], path.text, stem)


def comma_at_end(c: ErrorContext) -> Diagnostic | None:
    """`y = x * 2,`"""
    word = c.word
    if word is None or word.text != "," or c.in_list or not is_value(c.previous) or not c.line:
        return None
    names = [w.text for w in c.line]
    if "=" not in names or (c.following and not c.following.fresh) or names[0] in _LISTS:
        return None
    return d.WrongForm.comma_at_end(c.here, [c.replaced(word, "")])


def keyword_repeated(c: ErrorContext) -> Diagnostic | None:
    """`input a, input b`"""
    words = [*c.line, *c.after[:1]]
    if len(words) < 4 or words[0].text not in _LISTS or c.in_list:
        return None
    for i in (len(words) - 1, len(words) - 2):
        word = words[i]
        following = words[i + 1] if i + 1 < len(words) else c.following
        if word.text != words[0].text or words[i - 1].text != "," or following is None:
            continue
        if following.kind == lexer.NAME and following.text not in lexer.RESERVED:
            return d.WrongForm.keyword_repeated(c.span(word), [c.edit(word.start, following.start, "")])
    return None


def carry(c: ErrorContext) -> Diagnostic | None:
    """`scan x in xs, h = 0 {`"""
    word = c.word
    if word is None or word.text != "," or "CARRY" not in c.accepts:
        return None
    return d.WrongForm.comma_before_carry(c.here, [c.replaced(word, " carry")])


# ---- definitions and sections --------------------------------------------------------------------------


def definition(c: ErrorContext) -> Diagnostic | None:
    """`def f(x) = { return x }`, `def f(x) -> x + 1`, `def f x = x + 1`"""
    word, line = c.word, c.line
    if word is None or len(line) < 2 or line[0].text != "def" or c.in_list:
        return None
    previous = line[-1]
    if word.text == "{" and previous.text == "=":
        return d.WrongForm.equals_before_block(
            c.between(previous, word), [c.edit(previous.start, word.start, "")]
        )
    if word.text in ("->", "=>", ":=", "==") and previous.text == ")":
        return _arrow_in_definition(c, word)
    if len(line) == 2 and word.kind == lexer.NAME and not word.fresh and "LPAR" in c.accepts:
        return _formals(c, line[1], word)
    return None


def _arrow_in_definition(c: ErrorContext, word: Word) -> Diagnostic:
    """`def f(x) -> float[N]`, `def f(x) -> x + 1`"""
    if is_type(c.following) and word.text == "->":
        return d.WrongForm.arrow_before_result_type(c.here, [c.replaced(word, ":")])
    type_ = re.compile(r"->\s*[\w.]+(?:\[[^\n=]*\])?(?=\s*(?:[{=]|:[ \t]*\n))").match(
        c.source.text, word.start
    )
    if type_ is not None:
        whole = Span(word.start, type_.end(), c.source)
        return d.WrongForm.result_of_other_type(whole, [Edit(whole, "")])
    return d.WrongForm.arrow_before_result(c.here, [c.replaced(word, "=")])


def _formals(c: ErrorContext, name: Word, first: Word) -> Diagnostic:
    """`def f x y = x + y`"""
    formals = [first]
    for word in c.after[1:]:
        if word.fresh or word.text in ("=", "{", ":"):
            break
        formals.append(word)
    separate = all(w.kind == lexer.NAME for w in formals)
    inside = ", ".join(w.text for w in formals) if separate else c.between(first, formals[-1]).text
    edits = [c.edit(name.end, formals[-1].end, f"({inside})")]
    return d.RewrittenForm.formals_without_brackets(c.here, edits, f"def {name.text}({inside})")


def result(c: ErrorContext) -> Diagnostic | None:
    """`def f(x) { x + 1 }`: the last line of a block as its result."""
    word = c.line[0] if c.line else c.word
    if word is None or c.block != "def" or c.in_list:
        return None
    if not starts_value(word) or word.text in lexer.STATEMENT_WORDS:
        return None
    rest = _up_to_closing([*c.line, *c.rest_of_line])
    if not rest or _is_named(rest):
        return None
    opened = max(i for i in c.open if c.before[i].text == "{")
    close = closing([*c.before[opened:], *c.after], "{")
    if close is None or c.source.text[rest[-1].end : close.start].replace(";", "").strip():
        return None
    return d.WrongForm.result_without_return(
        c.between(word, rest[-1]), [c.edit(word.start, word.start, "return ")]
    )


def _up_to_closing(words: list[Word]) -> list[Word]:
    """The words before the first bracket that closes none of them."""
    depth = 0
    for i, word in enumerate(words):
        depth += (word.text in "([{") - (word.text in PAIRS)
        if depth < 0:
            return words[:i]
    return words


def _is_named(words: list[Word]) -> bool:
    """Whether these words are `name = value` or `label: layer`."""
    depth = 0
    for word in words:
        depth += (word.text in "([{") - (word.text in PAIRS)
        if depth == 0 and word.text in ("=", ":"):
            return True
    return False


def section_block(c: ErrorContext) -> Diagnostic | None:
    """`train: {`, `train = {`, `train(batch=10)`"""
    word, line = c.word, c.line
    if word is None or not line or line[0].text not in SECTIONS or c.block is not None or word.fresh:
        return None
    name = line[0].text
    brace = word if word.text == "{" else c.following
    if brace is not None and brace.text == "{" and (len(line), word.text) in ((1, ":"), (2, "{")):
        sign = word if word.text == ":" else line[1]
        end = sign.end if sign.text == ":" else brace.start
        return d.FormOfKeyword.sign_before_block(c.span(sign), [c.edit(sign.start, end, "")], name)
    if len(line) == 1 and word.text == "(":
        close = closing(c.after, "(")
        edits = braced(c, c.after, word, close, (" { ", " }")) if close else []
        return d.FormOfKeyword.settings_in_round_brackets(c.here, edits, name)
    return None


def braced(
    c: ErrorContext, words: list[Word], opening: Word, close: Word, braces: tuple[str, str]
) -> list[Edit]:
    """The edits that make a block in braces of a list in brackets, which these words start with or before."""
    edits = [c.replaced(opening, braces[0]), c.replaced(close, braces[1])]
    depth = 0
    for word in words:
        if word.start >= close.start:
            break
        depth += (word.text in "([{") - (word.text in PAIRS)
        if word.text == "," and depth == 1 and word.start > opening.start:
            edits.append(c.replaced(word, ";"))
    return edits
