"""The factor of the learning rate in each step, as a function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphlang.contracts.schedule import Schedule
from graphlang.exports.source.layout import STEP, docstring, statement_lines

_FALLING = "floor + (1 - floor) * (1 + math.cos(math.pi * part)) / 2"


def _cosine(own: Any) -> list[str]:
    return ["part = min(1.0, (t - 1) / max(1, total))", f"return {_half_cosine(own.floor)}"]


def _half_cosine(floor: float) -> str:
    wave = "(1 + math.cos(math.pi * part)) / 2"
    return f"{floor} + {1 - floor} * {wave}" if floor else wave


def _warmup_cosine(own: Any) -> list[str]:
    return [
        f"if t <= {own.warmup}:",
        f"    return t / {own.warmup}",
        f"part = min(1.0, (t - 1 - {own.warmup}) / max(1, total - {own.warmup}))",
        f"return {_half_cosine(own.floor)}",
    ]


def _one_cycle(own: Any) -> list[str]:
    return [
        f"top, done = {own.rise} * total - 1, t - 1",
        f"begin, end, part = {1 / own.div!r}, 1.0, done / top if top > 0 else 1.0",
        "if done > top and top + 1 < total:",
        f"    begin, end = 1.0, {1 / (own.div * own.final_div)!r}",
        "    part = (done - top) / (total - 1 - top)",
        "return end + (begin - end) * (1 + math.cos(math.pi * min(1.0, part))) / 2",
    ]


_FACTORS: dict[str, Callable[[Any], list[str]]] = {
    "cosine": _cosine,
    "warmup_cosine": _warmup_cosine,
    "one_cycle": _one_cycle,
    "exponential": lambda own: [f"return {own.gamma} ** ((t - 1) / {own.every})"],
    "step": lambda own: [f"return {own.gamma} ** ((t - 1) // {own.every})"],
    "linear": lambda own: [
        f"return {own.start} + {own.floor - own.start} * min(1.0, (t - 1) / max(1, total))"
    ],
    "milestones": lambda own: [
        f"return {own.gamma} ** sum(n < t + {own.warmup} for n in {sorted(own.at)})"
        if own.warmup
        else f"return {own.gamma} ** sum(n < t for n in {sorted(own.at)})"
    ],
    "polynomial": lambda own: [
        "left = max(0.0, 1 - (t - 1) / max(1, total))",
        f"return {own.floor} + {1 - own.floor} * left**{own.power}"
        if own.floor
        else f"return left**{own.power}",
    ],
}
"""By the name of a schedule the statements of its factor in step t of total."""


def is_constant(schedule: Schedule) -> bool:
    """Whether the rate stays the same."""
    return type(schedule).__name__ == "constant" and not schedule.warmup


def has_factor(schedule: Schedule) -> bool:
    """Whether the file can have the schedule: its factor follows from the step."""
    own = type(schedule)
    return own.__module__.startswith("graphlang.") and own.__name__ in {*_FACTORS, "constant"}


def factor_lines(schedule: Schedule) -> list[str]:
    """The function `rate_factor`."""
    text = (type(schedule).__doc__ or "").strip().split("\n\n")[0]
    about = "\n".join(line.strip() for line in text.split("\n"))
    name = type(schedule).__name__
    body = _FACTORS[name](schedule) if name in _FACTORS else ["return 1.0"]
    lines = ["def rate_factor(t, total):", *docstring(about, 1)]
    if schedule.warmup and not type(schedule).warms_up:
        body = [
            f"if t <= {schedule.warmup}:",
            f"    return t / {schedule.warmup}",
            f"t, total = t - {schedule.warmup}, total - {schedule.warmup}",
            *body,
        ]
    for line in body:
        inner = line.lstrip(" ")
        lines += statement_lines(inner, 1 + (len(line) - len(inner)) // len(STEP))
    return lines
