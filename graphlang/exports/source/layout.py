"""Lines of Python as `ruff format` lays them out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

WIDTH = 88
"""The longest line, as ruff has it where nothing else is set."""
_OPEN, _CLOSE = "([{", ")]}"
STEP = "    "


def statement_lines(text: str, depth: int = 0) -> list[str]:
    """The lines of a statement; a long one is broken at its brackets, or put in some."""
    indent = STEP * depth
    if len(indent + text) <= WIDTH:
        return [indent + text]
    if text.startswith("return "):
        return _given(indent, "return ", text.removeprefix("return "))
    target, equals, value = _assignment(text)
    if equals:
        return _given(indent, target + equals, value)
    return _broken(text, indent)


def _given(indent: str, target: str, value: str) -> list[str]:
    """`target = value` or `return value`, too long for one line."""
    parts = split_at_commas(value)
    if len(parts) > 1:
        return [f"{indent}{target}(", *_one_each(parts, indent + STEP), f"{indent})"]
    names = split_at_commas(target.removesuffix(" = "))
    if len(names) > 1 and len(indent + target) + 1 > WIDTH:
        rest = _broken(f") = {value}", indent)
        return [f"{indent}(", *_one_each(names, indent + STEP), *rest]
    bounds = _last_brackets(value)
    strengths = [_STRENGTH[sign] for _, sign in _operators(value)]
    if bounds is not None and strengths.count(min(strengths, default=0)) <= 1:
        start, end = bounds
        if end == len(_without_subscript(value)) - 1 and len(indent + target) + start + 1 <= WIDTH:
            return _broken(target + value, indent)
    return [f"{indent}{target}(", *_in_brackets(value, indent + STEP), f"{indent})"]


def _in_brackets(value: str, indent: str) -> list[str]:
    """A value that stands in brackets of its own."""
    places = _operators(value)
    if len(indent + value) <= WIDTH or not places:
        return _broken(value, indent)
    strengths = [_STRENGTH[sign] for _, sign in places]
    cuts = [place for (place, sign) in places if _STRENGTH[sign] == min(strengths)]
    pieces = [value[a:b].strip() for a, b in zip([0, *cuts], [*cuts, len(value)], strict=True)]
    return [line for piece in pieces for line in _broken(piece, indent)]


def _assignment(text: str) -> tuple[str, str, str]:
    depth = 0
    for place, sign in _signs(text):
        depth += (sign in _OPEN) - (sign in _CLOSE)
        for equals in (" = ", " += "):
            if depth == 0 and text.startswith(equals, place):
                return text[:place], equals, text[place + len(equals) :]
    return text, "", ""


_STRENGTH = {
    "|": 1, "^": 2, "&": 3, "+": 4, "-": 4, "*": 5, "/": 5, "@": 5, "//": 5, "%": 5, "**": 6,
    "==": 0, "!=": 0, "<": 0, ">": 0, "<=": 0, ">=": 0,
}  # fmt: skip


def _operators(text: str) -> list[tuple[int, str]]:
    """The operators of the outermost level with their places; there are spaces around them."""
    found, depth = [], 0
    for place, sign in _signs(text):
        depth += (sign in _OPEN) - (sign in _CLOSE)
        if depth == 0 and sign == " ":
            word = text[place + 1 :].split(" ", 1)[0]
            if word in _STRENGTH:
                found.append((place + 1, word))
    return found


def _broken(text: str, indent: str, least: int = 0) -> list[str]:
    if len(indent + text) <= WIDTH - least:
        return [indent + text]
    bounds = _last_brackets(text)
    if bounds is None:
        return [indent + text]
    start, end = bounds
    head, body, tail = text[: start + 1], text[start + 1 : end], text[end:]
    parts = split_at_commas(body)
    inner = indent + STEP
    if len(parts) > 1 or (parts and _is_call(head)):
        whole = ", ".join(parts)
        if len(inner + whole) <= WIDTH and (_is_call(head) or _is_subscript(head)):
            return [indent + head, inner + whole, indent + tail]
        return [indent + head, *_one_each(parts, inner), indent + tail]
    return [indent + head, *_broken(body.strip(), inner), indent + tail]


def _one_each(parts: Sequence[str], indent: str) -> list[str]:
    return [line for part in parts for line in _with_comma(part, indent)]


def _with_comma(part: str, indent: str) -> list[str]:
    *lines, last = _broken(part, indent, 1)
    return [*lines, last + ","]


def _is_call(head: str) -> bool:
    return head[-1] == "(" and len(head) > 1 and (head[-2].isalnum() or head[-2] in "_])")


def _is_subscript(head: str) -> bool:
    return head[-1] == "[" and len(head) > 1 and (head[-2].isalnum() or head[-2] in "_])")


def _without_subscript(text: str) -> str:
    """A call without the part of its result that is taken, which stays on its last line."""
    found = re.search(r"(?<=\))(\[[^\[\]()]*\])+$", text)
    return text[: found.start()] if found else text


def _last_brackets(text: str) -> tuple[int, int] | None:
    """Where the last brackets of the outermost level begin and end."""
    found, opened = None, []
    for place, sign in _signs(_without_subscript(text)):
        if sign in _OPEN:
            opened.append(place)
        elif sign in _CLOSE:
            start = opened.pop()
            if not opened and place > start + 1:
                found = start, place
    return found


def split_at_commas(text: str) -> list[str]:
    """The parts between the commas of the outermost level."""
    parts, depth, start = [], 0, 0
    for place, sign in _signs(text):
        depth += (sign in _OPEN) - (sign in _CLOSE)
        if sign == "," and depth == 0:
            parts.append(text[start:place].strip())
            start = place + 1
    rest = text[start:].strip()
    return [*parts, rest] if rest else parts


def _signs(text: str) -> Iterator[tuple[int, str]]:
    """The characters outside of quotes."""
    quote = ""
    for place, sign in enumerate(text):
        if quote:
            quote = "" if sign == quote and text[place - 1] != "\\" else quote
        elif sign in "\"'":
            quote = sign
        else:
            yield place, sign


def comment_lines(lines: Sequence[str], depth: int = 0) -> list[str]:
    """Lines as a comment."""
    return [f"{STEP * depth}# {line}".rstrip() for line in lines]


def docstring(text: str, depth: int = 0) -> list[str]:
    """A docstring; its lines are as they are given."""
    safe = text.replace("\\", "\\\\").replace('"""', "'''").strip()
    if safe.endswith('"'):
        safe += " "
    first, *rest = safe.split("\n")
    indent = STEP * depth
    if not rest:
        return [f'{indent}"""{first}"""']
    return [f'{indent}"""{first}', *[(indent + line).rstrip() for line in rest], f'{indent}"""']
