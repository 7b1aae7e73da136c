"""The form of what a run folder keeps as JSON, which may come from a stranger."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

NOT_FINITE = ("nan", "inf", "-inf")
"""How a number is written for which JSON has none."""

Form = Callable[[Any], bool]


def is_about(value: Any) -> bool:
    """Whether this is how a run was started: run.json."""
    if not isinstance(value, dict):
        return False
    return all(form(value[name]) for name, form in _ABOUT.items() if name in value)


def is_metric(value: Any) -> bool:
    """Whether this is a line of metrics.jsonl: a step, or an epoch."""
    forms: dict[str, Form] = {"iteration": _whole, "loss": _real}
    if isinstance(value, dict) and "objectives" in value:
        forms["objectives"] = _all(_real)
    return is_epoch(value) or (_has(value, **forms) and "epoch" not in value)


def is_epoch(value: Any) -> bool:
    """Whether this is the record of an epoch."""
    forms: dict[str, Form] = {"epoch": _whole, "iteration": _whole, "loss": _number}
    forms |= {"train": _metrics, "test": _metrics}
    others: dict[str, Form] = {"validation": _metrics, "objectives": _numbers}
    if isinstance(value, dict):
        forms |= {name: form for name, form in others.items() if name in value}
    return _has(value, **forms) and len(value) == len(forms)


def is_layer_record(value: Any) -> bool:
    """Whether this is a line of layers.jsonl."""
    return _has(value, iteration=_whole, parameters=_norms, dead=_numbers)


def is_object(value: Any) -> bool:
    """Whether this is a JSON object."""
    return isinstance(value, dict)


def is_count(value: Any) -> bool:
    """Whether this is a whole number that a checkpoint may hold."""
    return _whole(value) and value >= 0


def is_texts(value: Any) -> bool:
    """Whether this is an object of texts."""
    return _all(_text)(value)


def is_values(value: Any) -> bool:
    """Whether this is an object of texts, numbers, truth values and nulls."""
    return _all(_scalar)(value)


def _has(value: Any, **forms: Form) -> bool:
    return isinstance(value, dict) and all(
        name in value and form(value[name]) for name, form in forms.items()
    )


def _whole(value: Any) -> bool:
    return type(value) is int and abs(value) < 2**63


def _number(value: Any) -> bool:
    return value is None or _real(value)


def _real(value: Any) -> bool:
    return type(value) is float or value in NOT_FINITE or _whole(value)


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _scalar(value: Any) -> bool:
    return value is None or isinstance(value, str | bool | int | float)


def _all(form: Form) -> Form:
    return lambda value: isinstance(value, dict) and all(map(form, value.values()))


_numbers: Form = _all(_number)


def _number_or_array(value: Any) -> bool:
    """A metric: a number, or nested lists of numbers."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, list):
            waiting += item
        elif not (_number(item) or isinstance(item, bool)):
            return False
    return True


_metrics: Form = _all(_number_or_array)
_norms: Form = _all(_numbers)

_ABOUT: dict[str, Form] = {
    "file": lambda value: value is None or _text(value),
    "seed": _whole,
    "dtype": _text,
    "backend": _all(_scalar),
    "threads": _whole,
    "set": is_object,
    "hypers": is_object,
    "versions": _all(_text),
    "divided_by": _numbers,
    "learned": is_object,
    "changes": lambda value: isinstance(value, list) and all(map(is_object, value)),
}
