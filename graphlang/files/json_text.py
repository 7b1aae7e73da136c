"""Reads JSON that may come from a stranger: its size, depth, keys and numbers are checked."""

from __future__ import annotations

import json
import re
from math import isinf
from typing import Any, NoReturn

MOST_BYTES = 16 * 2**20
"""How long a JSON text may be that a user hands in; larger arrays belong into an npz."""
DEPTH = 64
"""How many brackets may be open at once: NumPy's arrays have no more axes."""
CONTAINERS = 1_000_000

_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_EXPONENT = re.compile(r"[eE]\+?[0-9]{3}")
_DIGITS = 150
"""Half of the digits of the smallest whole number that no float can hold, rounded down."""
_ALL_BUT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


class UnsoundJson(ValueError):
    """The text is not JSON, or not what a reader takes."""


class MalformedJson(UnsoundJson):
    """The text breaks the rules of JSON."""

    def __init__(self, problem: str, row: int, column: int) -> None:
        super().__init__(f"{problem} at line {row}, column {column}")
        self.problem, self.row, self.column = problem, row, column


class KeyTwice(UnsoundJson):
    """An object has one key twice."""

    def __init__(self, key: str) -> None:
        super().__init__(f"the key `{key}` is there twice")
        self.key = key


class HugeNumber(UnsoundJson):
    """A number is larger than what a float can hold."""

    def __init__(self, text: str) -> None:
        self.text = text if len(text) <= 40 else f"{text[:20]}...{text[-10:]}"
        super().__init__(f"`{self.text}` is larger than what a float can hold")


def parsed(content: bytes, *, finite: bool = True, containers: int = CONTAINERS) -> Any:
    """The value of a JSON text; raises UnsoundJson.

    With `finite`, the numbers `NaN` and `Infinity`, which JSON does not have, are refused.
    """
    text = _text(content)
    openings = text.count("[") + text.count("{")
    if openings > DEPTH:
        _check_brackets(text, containers)
    options: dict[str, Any] = {"object_pairs_hook": _one_of_each}
    if _may_be_infinite(text):  # a hook for every float takes ten times as long
        options["parse_float"] = _finite_float
    if finite:
        options["parse_constant"] = _no_constant
    try:
        return json.loads(text, **options)
    except json.JSONDecodeError as error:
        raise MalformedJson(error.msg.lower(), error.lineno, error.colno) from None
    except UnsoundJson:
        raise
    except (ValueError, RecursionError):  # an int of more digits than Python converts
        raise UnsoundJson("it holds a number of more digits than can be read") from None


def _text(content: bytes) -> str:
    try:
        text = content.decode(json.detect_encoding(content))
    except UnicodeDecodeError:
        raise UnsoundJson("it is no text in UTF-8") from None
    return text.removeprefix("\ufeff")


def _check_brackets(text: str, most: int) -> None:
    """Counts brackets before anything is built: a list in a list takes 30 times the bytes of its text."""
    brackets = _STRING.sub(b"", text.encode("utf-8", "replace")).translate(None, _ALL_BUT_BRACKETS)
    depth = count = 0
    for bracket in brackets:
        if bracket in b"[{":
            depth += 1
            count += 1
            if depth > DEPTH:
                raise UnsoundJson(f"more than {DEPTH} brackets are open at once")
        else:
            depth -= 1
    if count > most:
        raise UnsoundJson(f"it holds more than {most:,} lists and objects")


def _one_of_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        keys: set[str] = set()
        for key, _ in pairs:
            if key in keys:
                raise KeyTwice(key)
            keys.add(key)
    return values


def _may_be_infinite(text: str) -> bool:
    """Whether a text has a long exponent, or so many digits in a row that half of them fill a piece."""
    pieces = (text[i : i + _DIGITS].isdecimal() for i in range(0, len(text), _DIGITS))
    return _EXPONENT.search(text) is not None or any(pieces)


def _finite_float(text: str) -> float:
    value = float(text)
    if isinf(value):
        raise HugeNumber(text)
    return value


def _no_constant(name: str) -> NoReturn:
    raise UnsoundJson(f"`{name}` is no number of JSON")
