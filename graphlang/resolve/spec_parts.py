"""From values to the models of the spec: plain data, with the full names of the values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from graphlang.diagnostics import Source, Span
from graphlang.resolve.expects import EvaluatedExpect
from graphlang.resolve.settings import use
from graphlang.resolve.type_texts import kind_of
from graphlang.resolve.values import Body, InputValue, Instance, NodeValue, ParamValue, Region, Value
from graphlang.spec.models import (
    BodySpec,
    ExpectSpec,
    GroupSpec,
    InputSpec,
    NodeSpec,
    ParamSpec,
    RegionSpec,
)


class SpecParts:
    """Creates the parts of a spec; places are given by the number of the source and offsets in it."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self.numbers = {id(source): number for number, source in enumerate(sources)}
        #: those of the nodes so far, and of what is around them
        self.regions: list[RegionSpec] = []
        self._regions: dict[int, int] = {}

    def place(self, span: Span | None) -> tuple[int, int, int] | None:
        """A span as the spec holds it; None if it is of no source of the spec."""
        if span is None or id(span.source) not in self.numbers:
            return None
        return self.numbers[id(span.source)], span.start, span.end

    def input(self, value: InputValue) -> InputSpec:
        default = value.default
        return InputSpec(
            name=value.name,
            dtype=kind_of(value.array),
            shape=None if value.is_open else value.array.shape,
            default=default.tolist() if hasattr(default, "tolist") else default,
            below=value.index_bound,
            ignored=value.ignored_index,
            at=self.place(value.span),
        )

    def param(self, value: ParamValue) -> ParamSpec:
        return ParamSpec(
            name=value.name,
            shape=value.array.shape,
            dtype=kind_of(value.array),
            init=use(value.init),
            trainable=value.trainable,
            at=self.place(value.span),
        )

    def node(self, value: NodeValue) -> NodeSpec:
        return NodeSpec(
            body=None if value.body is None else self._body(value.body),
            name=value.name,
            operation=value.operation,
            operands=tuple([_operand(o) for o in value.operands]),
            parameters={role: p.name for role, p in value.parameters.items()},
            attributes={k: attribute_json(v) for k, v in value.attributes.items()},
            dtype=kind_of(value.array),
            shape=value.array.shape,
            named=value.label is not None,
            group=value.group.path,
            region=self._region(value.region),
            stream=value.stream,
            at=self.place(value.span),
        )

    def _region(self, region: Region | None) -> int | None:
        """The number of a region, which is entered with those around it."""
        waiting = []
        outer = region
        while outer is not None and id(outer) not in self._regions:
            waiting.append(outer)
            outer = outer.outer
        for inner in reversed(waiting):
            number = None if inner.outer is None else self._regions[id(inner.outer)]
            label = inner.label or (inner.instance and inner.instance.name) or ""
            self._regions[id(inner)] = len(self.regions)
            at = self.place(inner.at)
            self.regions.append(RegionSpec(kind=inner.kind, label=label, outer=number, at=at))
        return None if region is None else self._regions[id(region)]

    def _body(self, body: Body) -> BodySpec:
        return BodySpec(
            inputs=tuple([self._local(v) for v in body.inputs]),
            nodes=tuple([self.node(v) for v in body.nodes]),
            following=tuple([v.name for v in body.following]),
            yields=tuple([v.name for v in body.yields]),
        )

    def _local(self, value: Value) -> InputSpec:
        at = self.place(value.span)
        return InputSpec(name=value.name, dtype=kind_of(value.array), shape=value.array.shape, at=at)

    def group(self, instance: Instance, definition: str) -> GroupSpec:
        return GroupSpec(definition=definition, at=self.place(instance.called_at))

    def expect(self, expectation: EvaluatedExpect) -> ExpectSpec:
        statement, left, right, within = expectation
        return ExpectSpec(
            left=_operand(left),
            right=_operand(right),
            within=within,
            text=statement.span.text,
            at=self.place(statement.span),
        )


def _operand(value: Any) -> Any:
    """The name of a value, a number, or None for what is left out."""
    if isinstance(value, Value):
        return value.name
    assert value is None or isinstance(value, int | float), value
    return value


def attribute_json(value: Any) -> Any:
    """An attribute as the spec holds it: initializers by name, under a key that says so."""
    if isinstance(value, list | tuple):
        return [attribute_json(v) for v in value]
    if hasattr(value, "model_dump"):
        plain = use(value)
        return {"use": plain.name, "attributes": plain.attributes}
    return value


def with_names(value: Any, name: Callable[[Value], str]) -> Any:
    """A setting as plain data: a name in place of each value."""
    if isinstance(value, Value):
        return name(value)
    if isinstance(value, dict):
        return {key: with_names(item, name) for key, item in value.items()}
    if isinstance(value, tuple):
        return tuple(with_names(item, name) for item in value)
    return value
