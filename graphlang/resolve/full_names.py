"""Gives every value its full name once all are known: labels first, then type and counter."""

from __future__ import annotations

from collections.abc import Iterable

from graphlang.resolve.context import Context
from graphlang.resolve.values import Instance, Value


def name_everything(context: Context) -> None:
    """Names instances in the order of appearance in their scope, then values after them."""
    name_instances(context)
    values = list(every_value(context))
    used: set[str] = {full(v.group, v.label) for v in values if v.label is not None}
    counters: dict[tuple[int, str], int] = {}
    paths: dict[int, str] = {}
    given: set[str] = set()
    for value in values:
        if value.label is not None:
            value.name = full(value.group, value.label)
            if value.name in given and _is_shared(value.group):
                value.name = _another(value.name, used)
            given.add(value.name)
            continue
        if value.instance is not None and value.instance.name is not None:
            name = value.instance.path()
            if name not in used:
                value.name = name
                used.add(name)
                continue
        key = id(value.group)
        path = paths.setdefault(key, value.group.path())
        prefix = f"{path}." if path else ""
        value.name = _next_name(prefix, value.operation or value.kind, key, counters, used)


def name_instances(context: Context) -> dict[str, Instance]:
    """Names every instance in the order of appearance in its scope; the instances by their full names."""
    instances = _instances(context)
    for siblings in _by_parent(instances).values():
        _name_instances(siblings)
    return {instance.path(): instance for instance in instances}


def every_value(context: Context) -> Iterable[Value]:
    """Every value of the file, and those inside the bodies of its `scan`s."""
    waiting = [context.values]
    seen: set[int] = set()
    while waiting:
        for value in waiting.pop():
            yield value
            if value.body is not None and id(value.body) not in seen:
                seen.add(id(value.body))
                waiting.append([v for v in value.body.inputs if v.kind == "local"] + value.body.values)


def _is_shared(instance: Instance | None) -> bool:
    """Whether it is inside of a shared `def`, whose every use makes the values of its body again."""
    while instance is not None:
        if instance.memo is not None:
            return True
        instance = instance.parent
    return False


def _another(name: str, used: set[str]) -> str:
    """The name of the same value in a later use of a shared `def`: `enc.h_2`."""
    number = 2
    while f"{name}_{number}" in used:
        number += 1
    used.add(f"{name}_{number}")
    return f"{name}_{number}"


def full(group: Instance, label: str) -> str:
    path = group.path()
    return f"{path}.{label}" if path else label


def _next_name(prefix: str, kind: str, key: int, counters: dict[tuple[int, str], int], used: set[str]) -> str:
    number = counters.get((key, kind), 0)
    while True:
        number += 1
        name = f"{prefix}{kind}{number}"
        if name not in used:
            counters[key, kind] = number
            used.add(name)
            return name


def _instances(context: Context) -> list[Instance]:
    found: dict[int, Instance] = {}
    for instance in _mentioned(context):
        inner: Instance | None = instance
        while inner is not None and inner.parent is not None and id(inner) not in found:
            found[id(inner)] = inner
            inner = inner.parent
    return list(found.values())


def _mentioned(context: Context) -> Iterable[Instance]:
    for value in every_value(context):
        if value.instance is not None:
            yield value.instance
        yield value.group
    for instance, _ in context.groups:
        yield instance


def _by_parent(instances: list[Instance]) -> dict[int, list[Instance]]:
    found: dict[int, list[Instance]] = {}
    for instance in instances:
        found.setdefault(id(instance.parent), []).append(instance)
    return found


def _name_instances(siblings: list[Instance]) -> None:
    parent = siblings[0].parent
    taken = set(parent.taken) if parent is not None else set()
    taken.update(i.label for i in siblings if i.label is not None)
    counters: dict[str, int] = {}
    for instance in sorted(siblings, key=lambda i: i.order):
        if instance.label is not None:
            instance.name = instance.label
            continue
        while True:
            counters[instance.kind] = counters.get(instance.kind, 0) + 1
            name = f"{instance.kind}{counters[instance.kind]}"
            if name not in taken:
                break
        instance.name = name
