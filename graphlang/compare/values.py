"""What two graphs compute from the same inputs, value by value: where they differ, and by how much."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from graphlang.diagnostics import GraphError
from graphlang.diagnostics.weights import RenamesNoValue
from graphlang.engine.model import Model
from graphlang.engine.runs import forward
from graphlang.inputs.stand_ins import fill_with_random
from graphlang.spec.network import Network
from graphlang.training.renaming import RenameRule


@dataclass(frozen=True)
class ComparedValue:
    """A value of both graphs."""

    #: its name in the first graph, and in the second
    name: str
    other: str
    shape: tuple[int, ...]
    other_shape: tuple[int, ...]
    #: the largest difference; None where the shapes differ, infinite where one is finite and one is not
    absolute: float | None
    #: the largest difference over the larger of the two numbers
    relative: float | None
    #: where the largest absolute one is
    place: tuple[int, ...] | None
    #: whether some numbers differ by more than is tolerated
    differs: bool


@dataclass(frozen=True)
class ComparedValues:
    """The values of two graphs in the order in which the first computes them."""

    values: tuple[ComparedValue, ...]
    tolerance: float
    #: the values that only one of them has
    only_first: tuple[str, ...]
    only_second: tuple[str, ...]

    @property
    def first(self) -> ComparedValue | None:
        """The first value that differs: what is computed from it may differ because of it."""
        return next((value for value in self.values if value.differs), None)

    @property
    def equal(self) -> bool:
        """Whether there is something to compare, and no value differs."""
        return bool(self.values) and self.first is None

    def __str__(self) -> str:
        if not self.values:
            return "nothing to compare: the two have no value in common"
        if self.first is None:
            plural = "" if len(self.values) == 1 else "s"
            return f"no difference beyond {self.tolerance:g} in {len(self.values):,} value{plural}"
        count = sum(value.differs for value in self.values)
        return f"{count:,} of {len(self.values):,} values differ, `{self.first.name}` first"


def compare_values(
    first: Model,
    second: Model,
    inputs: Mapping[str, Any],
    *,
    rename: Mapping[str, str] | None = None,
    tolerance: float = 1e-6,
    seed: int = 0,
) -> ComparedValues:
    """Runs both graphs in evaluation mode on the same inputs, and compares the values that both name.

    Inputs without a value, or a default in either graph, are drawn at random. `rename` maps patterns over the
    names of the first graph to those of the second. Inputs and outputs that have no partner of their name
    have the one that stands at the same place. A number differs where |a - b| > tolerance * max(1, |a|, |b|).
    """
    names = _Names(rename or {}, first.network.names)
    partners = names.partners(list(first.network.inputs), list(second.network.inputs))
    known = {name: second.network.inputs[other].default for name, other in partners.items()}
    known = {n: x for n, x in known.items() if x is not None and first.network.inputs[n].default is None}
    arrays = _filled(first.network, {**known, **inputs}, seed)
    others = {partners[name]: value for name, value in arrays.items() if name in partners}
    own = {name: value for name, value in inputs.items() if name in second.network.inputs}
    a, b = forward(first, arrays), forward(second, _filled(second.network, {**own, **others}, seed))
    of_first, of_second = _computed(first.network, a), _computed(second.network, b)
    pairs = _pairs(names, of_first, of_second, first.spec.outputs, second.spec.outputs)
    values = tuple(_compared(x, y, a[x], b[y], tolerance) for x, y in pairs.items())
    rest = tuple(name for name in of_second if name not in set(pairs.values()))
    return ComparedValues(values, tolerance, tuple(n for n in of_first if n not in pairs), rest)


class _Names:
    """What the names of the first graph are in the second."""

    def __init__(self, rename: Mapping[str, str], names: Sequence[str]) -> None:
        self._rules = [RenameRule(pattern, target) for pattern, target in rename.items()]
        for rule in self._rules:
            if all(rule.renamed(name) is None for name in names):
                raise GraphError([RenamesNoValue(rule.pattern, rule.target)])

    def renamed(self, name: str) -> str:
        return next((new for rule in self._rules if (new := rule.renamed(name)) is not None), name)

    def partners(self, names: Sequence[str], others: Sequence[str]) -> dict[str, str]:
        """By name, and where there are as many of both, those that are left over by place."""
        found = {name: new for name in names if (new := self.renamed(name)) in others}
        if len(names) == len(others):
            taken = set(found.values())
            for name, other in zip(names, others, strict=True):
                if name not in found and other not in taken:
                    found[name] = other
        return found


def _filled(network: Network, inputs: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """The value of every input: a given one, its default, or a random one."""
    given = {name: value for name, value in inputs.items() if name in network.inputs}
    filled = fill_with_random(network, given, np.random.default_rng(seed))
    defaults = {n: spec.default for n, spec in network.inputs.items() if spec.default is not None}
    return {**defaults, **filled}


def _computed(network: Network, values: Any) -> list[str]:
    """The named values that a node computes, in their order."""
    return [name for name in values if network.numbers[name] >= network.first_node]


def _pairs(
    names: _Names, first: Sequence[str], second: Sequence[str], outputs: Sequence[str], others: Sequence[str]
) -> dict[str, str]:
    """The values that are compared: those of one name, and the outputs by their places."""
    known = set(second)
    pairs = {name: new for name in first if (new := names.renamed(name)) in known}
    ends = names.partners(list(outputs), list(others))
    taken = set(pairs.values())
    more = {x: y for x, y in ends.items() if x not in pairs and y not in taken and x in first and y in known}
    return {name: (pairs | more)[name] for name in first if name in pairs or name in more}


def _compared(name: str, other: str, x: Any, y: Any, tolerance: float) -> ComparedValue:
    x, y = np.asarray(x), np.asarray(y)
    if x.shape != y.shape:
        return ComparedValue(name, other, x.shape, y.shape, None, None, None, differs=True)
    if x.size == 0:
        return ComparedValue(name, other, x.shape, y.shape, 0.0, 0.0, None, differs=False)
    a, b = x.astype(np.float64), y.astype(np.float64)
    with np.errstate(all="ignore"):
        gap = np.abs(a - b)
        gap = np.where((a == b) | (np.isnan(a) & np.isnan(b)), 0.0, np.where(np.isnan(gap), np.inf, gap))
        size = np.maximum(np.abs(a), np.abs(b))
        size = np.where(np.isfinite(size), size, 1.0)
        relative = np.where(gap > 0, gap / np.where(size > 0, size, 1.0), 0.0)
    place = np.unravel_index(int(np.argmax(gap)), gap.shape)
    differs = bool(np.any(gap > tolerance * np.maximum(1.0, size)))
    at = tuple(int(i) for i in place)
    return ComparedValue(
        name, other, x.shape, y.shape, float(gap.max()), float(relative.max()), at, differs=differs
    )
