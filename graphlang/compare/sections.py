"""The settings of a spec as texts by name: hypers, and the fields of its sections."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import zip_longest
from typing import Any

from graphlang.compare.attributes import text, used
from graphlang.spec.models import ExpectSpec, Spec, TrainSpec, Use

Renamed = Callable[[str], str]


def settings(a: Spec, b: Spec, counterpart: Renamed) -> Iterator[tuple[str, str | None, str | None]]:
    """The settings that differ: name, and the text on either side.

    `counterpart` tells what the second spec calls a value of the first.
    """
    ours, shown, theirs = _by_name(a, counterpart), _by_name(a, str), _by_name(b, str)
    for name in dict.fromkeys((*ours, *theirs)):
        if ours.get(name) != theirs.get(name):
            yield name, shown.get(name), theirs.get(name)
    yield from _expectations(a, b, counterpart)


def _by_name(spec: Spec, renamed: Renamed) -> dict[str, str]:
    rows = {f"hyper {name}": text(value) for name, value in spec.hypers.items()}
    if spec.data is not None:
        rows["data.source"] = text(used(spec.data.source))
        rows |= {f"data.{renamed(name)}": field for name, field in spec.data.fields.items()}
    if spec.train is not None:
        rows |= _of_train(spec.train, renamed)
    if spec.gradcheck is not None:
        fields = spec.gradcheck.model_dump()
        rows |= {f"gradcheck.{n}": text(v) for n, v in fields.items() if n != "of"}
        rows["gradcheck.of"] = renamed(spec.gradcheck.of)
    return rows


def _expectations(a: Spec, b: Spec, counterpart: Renamed) -> Iterator[tuple[str, str | None, str | None]]:
    """The `expect` lines that only one spec has, those about the same value beside one another."""
    ours = [(_expect(e, counterpart), _as_written(e)) for e in a.expects]
    theirs = [(_expect(e, str), _as_written(e)) for e in b.expects]
    for kind in (0, 1):  # of the same values, and of the same words
        there = [expect[kind] for expect in theirs]
        for expect in list(ours):
            if expect[kind] in there:
                place = there.index(expect[kind])
                del there[place], theirs[place]
                ours.remove(expect)
    sides = _by_left(ours), _by_left(theirs)
    for name in dict.fromkeys((*sides[0], *sides[1])):
        left, right = (side.get(name, []) for side in sides)
        for x, y in zip_longest(left, right):
            yield f"expect {name}", x, y


def _by_left(expects: list[tuple[str, str]]) -> dict[str, list[str]]:
    """What is expected, by the value that it is expected of."""
    found: dict[str, list[str]] = {}
    for _, written in expects:
        left, _, right = written.partition("~=")
        found.setdefault(left.strip(), []).append(right.strip())
    return found


def _as_written(expect: ExpectSpec) -> str:
    return " ".join(expect.text.split()).removeprefix("expect ") or _expect(expect, str)


def _of_train(train: TrainSpec, renamed: Renamed) -> dict[str, str]:
    rows: dict[str, str] = {}
    for name in TrainSpec.model_fields:
        value: Any = getattr(train, name)
        if name == "minimize":
            rows["train.minimize"] = renamed(value)
        elif name == "metrics":
            rows |= {f"train.metrics.{metric}": renamed(v) for metric, v in value.items()}
        elif isinstance(value, Use):
            rows[f"train.{name}"] = text(used(value))
        elif value is not None:
            rows[f"train.{name}"] = value if isinstance(value, str) else text(value)
    return rows


def _expect(expect: ExpectSpec, renamed: Renamed) -> str:
    sides = [renamed(v) if isinstance(v, str) else text(v) for v in (expect.left, expect.right)]
    return f"{sides[0]} ~= {sides[1]}" + ("" if expect.within is None else f" within {text(expect.within)}")
