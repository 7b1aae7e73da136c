"""What a page may ask for, checked before anything is done."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

from graphlang.view.live.picture import Change

LARGEST = 10**6
"""The most bytes of a request."""
_NOT_FINITE = ("nan", "inf", "-inf")


class Refused(Exception):
    """A request that is not answered, and why."""

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def fields_of(body: bytes, kind: str) -> dict[str, Any]:
    """The object of a request."""
    if kind != "application/json":
        raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "a request is JSON: Content-Type: application/json")
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError):
        raise Refused(HTTPStatus.BAD_REQUEST, "the request is not JSON") from None
    if not isinstance(fields, dict):
        raise Refused(HTTPStatus.BAD_REQUEST, "the request is not a JSON object")
    return fields


def text_in(fields: dict[str, Any], name: str) -> str:
    """The one field of a request, a text."""
    value = fields.get(name)
    if set(fields) != {name} or not isinstance(value, str):
        raise Refused(HTTPStatus.BAD_REQUEST, f"the request has one field, `{name}`, which is a text")
    return value


def change_in(fields: dict[str, Any]) -> Change:
    """The values that a page changes."""
    other = set(fields) - {"inputs", "hypers", "reset"}
    if other:
        raise Refused(HTTPStatus.BAD_REQUEST, f"a change has no field `{min(other)}`")
    inputs, hypers, reset = fields.get("inputs", {}), fields.get("hypers", {}), fields.get("reset", False)
    if not isinstance(inputs, dict) or not isinstance(hypers, dict) or not isinstance(reset, bool):
        wrong = "`inputs` and `hypers` are objects, and `reset` is true or false"
        raise Refused(HTTPStatus.BAD_REQUEST, wrong)
    for name, value in hypers.items():
        if not isinstance(value, bool | int | float | str):
            raise Refused(HTTPStatus.BAD_REQUEST, f"the value of `{name}` is a number or a text")
    return Change({name: _numbers(name, value) for name, value in inputs.items()}, hypers, reset)


def _numbers(name: str, value: Any, depth: int = 0) -> Any:
    """A number, or lists of numbers; `nan`, `inf` and `-inf` are texts, for which JSON has no numbers."""
    if isinstance(value, list) and depth < 32:
        return [_numbers(name, item, depth + 1) for item in value]
    if isinstance(value, str) and value in _NOT_FINITE:
        return float(value)
    if isinstance(value, bool | int | float):
        return value
    raise Refused(HTTPStatus.BAD_REQUEST, f"the value of `{name}` is neither a number nor lists of numbers")
