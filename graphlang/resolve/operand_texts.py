"""The texts of the operands of a call or an operator, for helps that say what to write."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from graphlang.diagnostics import Edit, Span
from graphlang.resolve.application import Application
from graphlang.resolve.broadcasting import LONGEST_IN_HELP
from graphlang.resolve.operation_symbols import SYMBOLS
from graphlang.resolve.values import Value


class Fit(NamedTuple):
    """What to do, and as changes of the text."""

    help: str
    edits: Sequence[Edit] = ()


def operand_text(value: Value) -> str:
    if value.label:
        return value.label
    text = value.span.text
    return text if len(text) <= LONGEST_IN_HELP and "\n" not in text and is_one_operand(text) else "(...)"


def is_one_operand(text: str) -> bool:
    """Whether a text is one operand whatever stands beside it."""
    return re.fullmatch(r"[^\W\d][\w.]*(?:\([^()]*\)|\[[^\[\]]*\])*|\([^()]*\)", text) is not None


def in_own_names(use: Application, operands: Sequence[Any], text: str) -> str:
    """What an operation says of its arguments, with the names of the file for those of its signature.

    An optional argument keeps its name, under which it is passed: `weight=w`.
    """
    entry = use.entry
    if not entry.built_in or entry.name in SYMBOLS or "pattern" in entry.attributes:
        return text
    named = zip(entry.tensors, operands, strict=False)
    own = {
        formal: _code_and_words(operand)
        for formal, operand in named
        if isinstance(operand, Value)
        and formal not in entry.optional_tensors
        and (operand.label or operand.span != use.span)
    }
    for formal, (_, words) in own.items():
        text = text.replace(f"`{formal}`", words.replace("`", _QUOTE))
    text = with_other_names(text, {formal: code for formal, (code, _) in own.items()})
    text = re.sub(rf"(\(|, ){_MARK}\((.*?)\){_MARK}(?=[,)])", r"\1\2", text)  # an argument needs none
    return text.replace(_MARK, "").replace(_QUOTE, "`")


_MARK, _QUOTE = "\0", "\1"
"""Stand in front of brackets around an operand and behind them, and for quotes around words of the file."""


def _code_and_words(value: Value) -> tuple[str, str]:
    """What stands for an operand within code, and alone."""
    if value.label:
        return value.label, f"`{value.label}`"
    span = value.span
    if is_stage(span):
        return f"{_MARK}(...){_MARK}", f"the value of `{span:short}`"
    if len(span.text) > LONGEST_IN_HELP or "\n" in span.text:
        return f"{_MARK}(...){_MARK}", f"`{span:short}`"
    code = in_brackets(span.text)
    return f"{_MARK}{code}{_MARK}" if code[0] == "(" else code, f"`{span.text}`"


def in_brackets(text: str) -> str:
    """A text that something can be written behind, as `[..., 0]`."""
    return text if is_one_operand(text) else f"({text})"


def is_stage(span: Span) -> bool:
    """Whether a text is a stage of a chain, behind its `->`."""
    return span.source.text[: span.start].rstrip().endswith("->")


def with_other_names(text: str, names: Mapping[str, str]) -> str:
    """A text with other names in place of these, wherever it quotes code."""
    return re.sub(
        r"`[^`]*`", lambda code: re.sub(r"\w+", lambda word: names.get(word[0], word[0]), code[0]), text
    )


def around_operand(use: Application, position: int, form: str) -> Sequence[Edit]:
    """The edit that writes a form around an operand of an operator, where it is plain in the text."""
    symbol, text = SYMBOLS.get(use.entry.name, ""), use.span.text
    at = _last_outside(text, symbol)
    if at is None or "->" in text:
        return ()
    start, end = (0, at) if position == 0 else (at + len(symbol), len(text))
    operand = text[start:end].strip()
    if not is_one_operand(operand):
        return ()
    first = use.span.start + start + text[start:end].index(operand)
    return [Edit(Span(first, first + len(operand), use.span.source), form.format(operand))]


def _last_outside(text: str, symbol: str) -> int | None:
    """Where a sign stands for the last time outside of brackets."""
    depth, found = 0, None
    for i, sign in enumerate(text):
        depth += (sign in "([{") - (sign in ")]}")
        alone = text[i - 1 : i] != symbol and text[i + len(symbol) : i + len(symbol) + 1] != symbol
        if symbol and depth == 0 and i and text.startswith(symbol, i) and alone:
            found = i
    return found


def argument_places(span: Span, name: str) -> list[Span]:
    """The arguments of a call, as their places in the text."""
    text = span.text
    opened = text.find("(", text.find(name))
    if opened < 0 or not text.endswith(")"):
        return []
    depth, start, places = 0, opened + 1, []
    for i in range(opened, len(text)):
        depth += (text[i] in "([{") - (text[i] in ")]}")
        if (text[i] == "," and depth == 1) or (depth == 0 and i == len(text) - 1):
            places.append((start, i))
            start = i + 1
    return [_stripped(span, a, b) for a, b in places if text[a:b].strip()]


def _stripped(span: Span, start: int, end: int) -> Span:
    part = span.text[start:end]
    first = start + len(part) - len(part.lstrip())
    return Span(span.start + first, span.start + start + len(part.rstrip()), span.source)
