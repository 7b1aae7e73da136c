"""Whether plain data is an expression over fields, as a spec holds it, which may come from a stranger."""

from __future__ import annotations

from typing import Any

from graphlang.datasets.field_functions import (
    DEEPEST,
    ELEMENTWISE,
    FEWEST_IDS,
    LARGEST_SIZE,
    OPERATORS,
    SIGNS,
)

_OF_FIELD = ("category", "date", "words", "word_count")
_OF_ONE = (*_OF_FIELD, "standardize", "minmax", "impute", "one_hot")


def is_expression(value: Any) -> bool:
    """Whether this is an expression over at least one field, all of its parts included."""
    fields, waiting = 0, [(value, 0)]
    while waiting:
        part, depth = waiting.pop()
        if _is_number(part):
            continue
        if not isinstance(part, dict) or depth > DEEPEST:
            return False
        if isinstance(part.get("field"), str):
            fields += 1
            continue
        below = part.get("of") if "call" in part else part.get("list")
        if not isinstance(below, list) or not below or ("call" in part and not _is_call(part, below)):
            return False
        waiting += [(inner, depth + 1) for inner in below]
    return fields > 0 and isinstance(value, dict)


def _is_call(part: dict[str, Any], of: list[Any]) -> bool:
    """Whether a call has the operands and the options of its function; not what is in the operands."""
    name = part["call"]
    if not isinstance(name, str) or not isinstance(part.get("text"), str):
        return False
    if name not in _OF_ONE:
        counts = {2: name in OPERATORS, 1: name in SIGNS}
        return counts.get(len(of), False) or (name in ELEMENTWISE and ELEMENTWISE[name][1] == len(of))
    inner = of[0] if len(of) == 1 and isinstance(of[0], dict) else {}
    if name in _OF_FIELD and not isinstance(inner.get("field"), str):
        return False
    if name == "one_hot" and inner.get("call") != "category":
        return False
    return len(of) == 1 and _has_options(name, part)


def _has_options(name: str, part: dict[str, Any]) -> bool:
    if name == "impute":
        return part.get("with") in ("mean", "median") or _is_number(part.get("with"))
    if name == "category":
        fill = part.get("fill")
        known = "unknown" not in part or _is_whole(part["unknown"], -(2**63), 2**63)
        return known and (fill is None or isinstance(fill, str) or _is_number(fill))
    if name in ("words", "word_count"):
        most = part.get("most", FEWEST_IDS)
        return _is_whole(part.get("length"), 1, LARGEST_SIZE) and _is_whole(most, FEWEST_IDS, LARGEST_SIZE)
    return True


def _is_whole(value: Any, least: int, below: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value < below


def _is_number(value: Any) -> bool:
    return isinstance(value, float) or _is_whole(value, -(2**63), 2**63)
