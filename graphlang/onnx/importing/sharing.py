"""Weights that a file uses more than once: layers that have all of them in common are one `layer`."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from graphlang.onnx.importing.expression import WrittenCall, calls_in, expression_text
from graphlang.onnx.importing.rewriting import parts_of
from graphlang.onnx.importing.writer import Statement, Writer


class CommonLayer(NamedTuple):
    """`layer name = Kind(...)`: its kind, a layer or a block, and the key of its weights."""

    name: str
    kind: str
    key: int


def find_shared(statements: Sequence[Statement], writer: Writer) -> set[str]:
    """Tells the writer which layers are one, and returns the weights that differing layers take."""
    alike: dict[Any, list[list[int]]] = {}
    for call in _owning_calls(statements):
        assert call.key is not None
        if writer.sources[call.key]:
            _add(call.key, alike.setdefault(_identity(call, writer), []), writer)
    owners: Counter[str] = Counter()
    for first, *others in itertools.chain.from_iterable(alike.values()):
        if others:
            writer.shared |= dict.fromkeys([first, *others], first)
        owners.update(set(writer.sources[first]))
    for statement in statements:
        for name in statement.names if statement.text is not None else ():
            owners.update(set(writer.sources_of_params.get(name, ())))
    return {source for source, count in owners.items() if count > 1}


def _owning_calls(statements: Iterable[Statement]) -> Iterator[WrittenCall]:
    for statement in statements:
        yield from (call for call in calls_in(statement.expression) if call.key is not None)


def _identity(call: WrittenCall, writer: Writer) -> Any:
    """What two calls have in common that are calls of one layer, but for the numbers of its weights."""
    assert call.key is not None
    parts = parts_of(call._replace(operands=(), key=None))
    return len(call.operands), parts.structure, parts.numbers, writer.sources[call.key]


def _add(key: int, groups: list[list[int]], writer: Writer) -> None:
    """Puts a layer into the group that has its weights."""
    own = writer.weights[key]
    for group in groups:
        others = writer.weights[group[0]]
        if own.keys() == others.keys() and all(np.array_equal(own[role], others[role]) for role in own):
            group.append(key)
            return
    groups.append([key])


def shares_whole(
    copies: Sequence[Sequence[int]], numbers: Iterable[Sequence[Any]], has_params: bool, writer: Writer
) -> bool:
    """Whether copies of a block, by the keys of their layers, can be one `def`: those that have a layer in
    common have all of them, with the same numbers, and nothing else has it."""
    if not any(key in writer.shared for copy in copies for key in copy):
        return True
    uses = Counter(writer.shared.values())
    for column in zip(*copies, strict=True):
        here = Counter(writer.shared[key] for key in column if key in writer.shared)
        if any(uses[first] != count for first, count in here.items()):
            return False
    found: dict[int, Any] = {}
    numbers = list(numbers)
    for place, copy in enumerate(copies):
        firsts = _firsts(copy, writer)
        same = firsts, tuple(values[place] for values in numbers)
        if any(found.setdefault(first, same) != same for first in firsts):
            return False
    return not has_params or len({_firsts(copy, writer) for copy in copies}) == len(copies)


def _firsts(copy: Sequence[int], writer: Writer) -> tuple[int, ...]:
    return tuple(writer.shared.get(key, key) for key in copy)


def share_copies(copies: Mapping[int, Sequence[int]], writer: Writer) -> None:
    """Tells the writer which copies of a block, by their own keys and those of their layers, are one."""
    classes: dict[tuple[int, ...], list[int]] = {}
    for key, copy in copies.items():
        classes.setdefault(_firsts(copy, writer), []).append(key)
    for first, *others in classes.values():
        if others:
            writer.shared |= dict.fromkeys([first, *others], first)


def with_shared_layers(
    statements: Sequence[Statement], writer: Writer
) -> tuple[list[Statement], list[CommonLayer]]:
    """The statements with a `layer` for each that is used more than once, and these layers."""
    layers: dict[int, CommonLayer] = {}
    declared: list[Statement] = []

    def replaced(expression: Any) -> Any:
        if not isinstance(expression, WrittenCall):
            return expression
        expression = expression._replace(operands=tuple(map(replaced, expression.operands)))
        first = None if expression.key is None else writer.shared.get(expression.key)
        if first is None:
            return expression
        if first not in layers:
            name = writer.names.new(_common_name(first, writer), expression.name.lower())
            layers[first] = CommonLayer(name, expression.name, first)
            made = expression_text(expression._replace(operands=()))
            declared.append(Statement((name,), None, text=f"layer {name} = {made}"))
        return WrittenCall(layers[first].name, expression.operands)

    result = [s._replace(expression=replaced(s.expression)) for s in statements]
    count = sum((s.text or "").startswith(("input ", "param ")) for s in result)
    return [*result[:count], *declared, *result[count:]], list(layers.values())


def _common_name(key: int, writer: Writer) -> str:
    """The words before a point that all weights begin with, in the names of the file."""
    names = [name.split(".")[:-1] for name in _sources(key, writer)]
    words = itertools.takewhile(lambda column: len(set(column)) == 1, zip(*names, strict=False))
    return "_".join(column[0] for column in words)


def _sources(key: int, writer: Writer) -> Iterator[str]:
    if key in writer.copies:
        for inner in writer.copies[key].keys:
            yield from _sources(inner, writer)
    else:
        yield from writer.sources[key]
