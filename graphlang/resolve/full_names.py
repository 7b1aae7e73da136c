"""Gives every value its full name once all are known: its label, or its operation and a counter."""

from __future__ import annotations

from collections.abc import Iterable

from graphlang.resolve.context import Context
from graphlang.resolve.random_places import place_random_values
from graphlang.resolve.values import Instance, LocalValue, NodeValue, Value


def name_everything(context: Context) -> None:
    """Names instances in order of appearance in their scope, then values after them."""
    name_instances(context)
    values = list(every_value(context))
    names = _Names({full_label(v.group, v.label) for v in values if v.label is not None})
    for value in values:
        value.name = names.name_of(value)
    place_random_values(context, values)


class _Names:
    """The names that are in use, and how far each kind has been counted."""

    def __init__(self, used: set[str]) -> None:
        self.used = used
        self.assigned: set[str] = set()
        self.counters: dict[tuple[str, str], int] = {}

    def name_of(self, value: Value) -> str:
        """The full name of a value."""
        return self._labelled(value, value.label) if value.label is not None else self._unlabelled(value)

    def _labelled(self, value: Value, label: str) -> str:
        """The name of a value with a label; in a shared `def`, every use creates it again: `enc.h_2`."""
        name = full_label(value.group, label)
        if name in self.assigned and _is_shared(value.group):
            number = 2
            while f"{name}_{number}" in self.used:
                number += 1
            name = f"{name}_{number}"
            self.used.add(name)
        self.assigned.add(name)
        return name

    def _unlabelled(self, value: Value) -> str:
        """The name of the layer for its result; else the operation and a number."""
        assert isinstance(value, NodeValue), value
        if value.instance is not None and value.instance.name is not None:
            name = value.instance.path
            if name not in self.used:
                self.used.add(name)
                return name
        return self._counted(value.group, value.operation)

    def _counted(self, group: Instance, kind: str) -> str:
        prefix, key = full_label(group, kind), (group.path, kind)
        number = self.counters.get(key, 0)
        while True:
            number += 1
            name = f"{prefix}{number}"
            if name not in self.used:
                self.counters[key] = number
                self.used.add(name)
                return name


def full_label(group: Instance, label: str) -> str:
    """A label with the path of its instance in front."""
    return f"{group.path}.{label}" if group.path else label


def every_value(context: Context) -> Iterable[Value]:
    """Every value of the file, and those inside the bodies of its `scan`s."""
    waiting: list[list[Value]] = [context.values]
    seen: set[int] = set()
    while waiting:
        for value in waiting.pop():
            yield value
            body = value.body if isinstance(value, NodeValue) else None
            if body is not None and id(body) not in seen:
                seen.add(id(body))
                waiting.append([*(v for v in body.inputs if isinstance(v, LocalValue)), *body.nodes])


def _is_shared(instance: Instance) -> bool:
    """Whether it is inside of a shared `def`."""
    return any(outer.memo is not None for outer in instance.outward())


# ---- instances --------------------------------------------------------------------------------------------


def name_instances(context: Context) -> list[Instance]:
    """Names every instance in order of appearance in its scope; outer ones come before those inside."""
    instances = _instances(context)
    for siblings in _by_parent(instances):
        _name_siblings(siblings)
    for instance in instances:
        assert instance.parent is not None, instance.kind
        instance.path = full_label(instance.parent, instance.name or "")
    return instances


def _by_parent(instances: list[Instance]) -> list[list[Instance]]:
    """The instances in groups of one parent."""
    groups: dict[int, list[Instance]] = {}
    for instance in instances:
        groups.setdefault(id(instance.parent), []).append(instance)
    return list(groups.values())


def _instances(context: Context) -> list[Instance]:
    """Every instance that has values or is a group, and those around it; outer ones come first."""
    instances: dict[int, Instance] = {}
    for instance in _mentioned(context):
        if id(instance) not in instances:
            outward = list(instance.outward())
            instances.update((id(outer), outer) for outer in reversed(outward))
    return list(instances.values())


def _mentioned(context: Context) -> Iterable[Instance]:
    for value in every_value(context):
        if isinstance(value, NodeValue) and value.instance is not None:
            yield value.instance
        yield value.group
    for instance, _ in context.groups:
        yield instance


def _name_siblings(siblings: list[Instance]) -> None:
    """Names the instances of one parent: its label, or its kind and a number."""
    parent = siblings[0].parent
    taken = set(parent.taken) if parent is not None else set()
    taken.update(i.label for i in siblings if i.label is not None)
    counters: dict[str, int] = {}
    for instance in sorted(siblings, key=lambda i: i.order):
        instance.name = instance.label or _next_free(instance.kind, counters, taken)


def _next_free(kind: str, counters: dict[str, int], taken: set[str]) -> str:
    while True:
        counters[kind] = counters.get(kind, 0) + 1
        name = f"{kind}{counters[kind]}"
        if name not in taken:
            return name
