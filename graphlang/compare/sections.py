"""The settings of a spec as texts by name: hypers, and the fields of its sections."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from graphlang.compare.attributes import text, used
from graphlang.spec.models import Operand, Spec, TrainSpec, Use

Renamed = Callable[[str], str]


def settings(a: Spec, b: Spec, counterpart: Renamed) -> Iterator[tuple[str, str | None, str | None]]:
    """The settings that differ: name, and the text on either side.

    `counterpart` tells what the second spec calls a value of the first.
    """
    ours, shown, theirs = _by_name(a, counterpart), _by_name(a, str), _by_name(b, str)
    for name in dict.fromkeys((*ours, *theirs)):
        if ours.get(name) != theirs.get(name):
            yield name, shown.get(name), theirs.get(name)


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
    for number, expect in enumerate(
        sorted(_expect(e.left, e.right, e.within, renamed) for e in spec.expects)
    ):
        rows[f"expect {number + 1}"] = expect
    return rows


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


def _expect(left: Operand, right: Operand, within: float | None, renamed: Renamed) -> str:
    sides = [renamed(v) if isinstance(v, str) else text(v) for v in (left, right)]
    return f"{sides[0]} ~= {sides[1]}" + ("" if within is None else f" within {text(within)}")
