"""The values that a sweep gives a setting, as they are written: `20,50,100`, `log(1e-4, 1e-1, 5)`."""

from __future__ import annotations

import math
import re
from typing import NamedTuple

from graphlang.diagnostics import closest

RANGES = {"linear": "linear(from, to, count)", "log": "log(from, to, count)"}
ELSEWHERE = {
    **dict.fromkeys("linspace lin range arange uniform".split(), "linear"),
    **dict.fromkeys("logspace geomspace loguniform geom".split(), "log"),
}
"""Names of ranges in other libraries."""
MOST_VALUES = 1000
OPENING, CLOSING = "([{", ")]}"
_CALL = re.compile(r"([A-Za-z_]\w*)\s*\((.*)\)", re.DOTALL)
_WHOLE_RANGE = re.compile(r"(?:range|arange)\s*\((\s*-?\d{1,9}\s*(?:,\s*-?\d{1,9}\s*){0,2})\)")
_FROM_TO = re.compile(r"(-?\d{1,9})\s*(?:\.\.\.?|:)\s*(-?\d{1,9})")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
MOST_LISTED = 20
"""How many values of a range are written out."""


class Axis(NamedTuple):
    """A setting, and the values that it takes, as `--set` takes them."""

    name: str
    values: tuple[str, ...]


def read_axis(text: str) -> Axis:
    """An axis as it is written, `NAME=VALUES`; raises ValueError that says how it is written."""
    name, equals, rest = text.partition("=")
    name, rest = name.strip(), rest.strip()
    if not equals or not name or not rest:
        raise ValueError(f"`{text}` is not NAME=VALUES, as in hidden=20,50,100 or lr=log(1e-4,1e-1,5)")
    items = _items(rest)
    if len(items) == 1 and (plain := _plain_values(rest)):
        raise ValueError(
            f"`{rest}` is one value, and a sweep takes several: write `{name}={','.join(plain)}`"
        )
    values = tuple(value for item in items for value in _values(item))
    if len(values) > MOST_VALUES:
        raise ValueError(f"`{name}` has {len(values):,} values: at most {MOST_VALUES:,}")
    file = next((value for value in values if value.startswith("@")), None)
    if file is not None:
        raise ValueError(f"`{file}`: a sweep takes values, not files")
    twice = next((value for i, value in enumerate(values) if value in values[:i]), None)
    if twice is not None:
        raise ValueError(f"`{name}` has the value {twice} twice")
    return Axis(name, values)


def _items(text: str) -> list[str]:
    """The parts between the commas that stand in no bracket and in no quotes."""
    items, start, depth, quote = list[str](), 0, 0, ""
    for place, character in enumerate(text):
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        elif character in OPENING:
            depth += 1
        elif character in CLOSING:
            depth -= 1
        elif character == "," and depth == 0:
            items.append(text[start:place].strip())
            start = place + 1
        if depth < 0:
            break
    if depth or quote:
        raise ValueError(f"`{text}` has a bracket or a quote that is not closed, or not opened")
    items.append(text[start:].strip())
    if "" in items:
        raise ValueError(f"`{text}` has nothing between two commas, or beside one")
    return items


def _plain_values(text: str) -> list[str]:
    """The values of what may be written for several elsewhere: a list, a range, or numbers without commas."""
    if text[0] in OPENING and text[-1] in CLOSING:
        return _items(text[1:-1]) if text[1:-1].strip() else []
    if match := _WHOLE_RANGE.fullmatch(text):
        bounds = [int(word) for word in match[1].split(",")]
        return _listed(range(*bounds)) if len(bounds) < 3 or bounds[2] else []
    if match := _FROM_TO.fullmatch(text):
        return _listed(range(int(match[1]), int(match[2]) + 1))
    words = re.split(r"[;\s]+", text)
    return words if len(words) > 1 and all(map(_NUMBER.fullmatch, words)) else []


def _listed(numbers: range) -> list[str]:
    return [str(number) for number in numbers] if len(numbers) <= MOST_LISTED else []


def _values(item: str) -> list[str]:
    """The values of a range; anything else is one value."""
    call = _CALL.fullmatch(item)
    if call is None:
        return [item]
    name = call[1]
    if name not in RANGES:
        meant = ELSEWHERE.get(name) or closest(name, RANGES)
        if meant is None:
            return [item]  # an optimizer, say
        raise ValueError(f"there is no range `{name}`; write `{RANGES[meant]}`")
    words = [word.strip() for word in call[2].split(",")]
    if len(words) != 3:
        raise ValueError(f"`{item}`: a range is written `{RANGES[name]}`")
    first, last = _number(words[0], item), _number(words[1], item)
    if not words[2].isdecimal() or not 2 <= int(words[2][:9]) <= MOST_VALUES:
        raise ValueError(f"`{item}`: the count is a whole number from 2 to {MOST_VALUES:,}, not {words[2]}")
    if name == "log" and (first <= 0 or last <= 0):
        raise ValueError(f"`{item}`: both ends of a logarithmic range are above 0")
    if first == last:
        raise ValueError(f"`{item}`: both ends are {words[0]}")
    return _spread(first, last, int(words[2]), logarithmic=name == "log")


def _number(word: str, item: str) -> float:
    try:
        number = float(word)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"`{item}`: `{word}` is no finite number")
    return number


def _spread(first: float, last: float, count: int, *, logarithmic: bool) -> list[str]:
    """Numbers of ten digits, evenly spread or with equal ratios."""
    shares = [place / (count - 1) for place in range(count)]
    if logarithmic:
        low, high = math.log(first), math.log(last)
        numbers = [math.exp(low + share * (high - low)) for share in shares]
    else:
        numbers = [first + share * (last - first) for share in shares]
    return [f"{number:.10g}" for number in (first, *numbers[1:-1], last)]
