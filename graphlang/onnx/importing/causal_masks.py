"""Masks that hide what comes later, in the ways in which files make them."""

from __future__ import annotations

from typing import Any

from graphlang.onnx.importing.expression import WrittenCall
from graphlang.onnx.importing.patterns import Definitions, is_this_number, number_of

LOW = -1e4
"""A score that is no more than this has the weight 0 beside any other."""


def is_causal(definitions: Definitions, form: str, mask: Any, low: Any) -> bool:
    """Whether a mask hides all places that come later, and no others.

    It is true where something is `hidden` or `shown`, or a number that is `added` to the scores.
    """
    if form != "added":
        return _is_low(low) and _shows_past(definitions, mask) is (form == "shown")
    call = _peeled(definitions, mask)
    if call is None or call.name != "where":
        return False
    chosen, first, second = call.operands
    if _is_low(first) and is_this_number(second, 0.0):
        return _shows_past(definitions, chosen) is False
    return _is_low(second) and is_this_number(first, 0.0) and _shows_past(definitions, chosen) is True


def _is_low(expression: Any) -> bool:
    number = number_of(expression)
    return number is not None and number <= LOW


def _shows_past(definitions: Definitions, expression: Any) -> bool | None:
    """Whether flags are true up to each place (True), after it (False), or neither for certain (None)."""
    call = _peeled(definitions, expression)
    if call is None:
        return None
    if call.name == "logical_not":
        inside = _shows_past(definitions, call.operands[0])
        return None if inside is None else not inside
    if call.name in ("equal", "not_equal") and is_this_number(call.operands[1], 0.0):
        inside = _shows_past(definitions, call.operands[0])
        return None if inside is None else inside is (call.name == "not_equal")
    k = call.attributes.get("k", 0)
    if (call.name, k) not in (("tril", 0), ("triu", 1)) or not _are_ones(definitions, call.operands[0]):
        return None
    return call.name == "tril"


def _are_ones(definitions: Definitions, expression: Any) -> bool:
    call = definitions.call(expression)
    if call is None or len(call.sizes) < 2 or call.sizes[-1] != call.sizes[-2] or call.sizes[-1] == 1:
        return False
    return call.name == "ones" or (call.name == "full" and call.attributes.get("value") == 1)


def _peeled(definitions: Definitions, expression: Any) -> WrittenCall | None:
    """The call behind casts, new axes of size 1, and slices from the beginning."""
    call = definitions.call(expression)
    while call is not None and (
        call.name in ("cast", "expand_dims")
        or (call.name == "reshape" and all(n == 1 for n in call.sizes[:-2]))
        or (call.name == "subscript" and _from_beginning(call.attributes["items"]))
        or (call.name == "take" and _first_ones(call.operands[1]))
    ):
        call = definitions.call(call.operands[0])
    return call


def _first_ones(indices: Any) -> bool:
    """Whether it takes the first elements, as many as there are places."""
    return isinstance(indices, WrittenCall) and indices.name == "arange" and len(indices.sizes) == 1


def _from_beginning(items: Any) -> bool:
    """Whether it takes as many rows as columns, the first ones."""
    if not all(isinstance(i, slice) and i.start in (None, 0) and i.step in (None, 1) for i in items):
        return False
    stops = [item.stop for item in items if item.stop is not None]
    return len(set(stops)) <= 1
