"""Attributes without those that are what they are by default, and their text."""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel

from graphlang.catalog.finder import Catalog, Family, family_member
from graphlang.spec.models import NodeSpec, Use
from graphlang.spec.sizes import as_data

_USED: tuple[Family, ...] = ("initializers", "schedules", "optimizers", "datasets", "monitors")


def attributes_of(catalog: Catalog, node: NodeSpec) -> dict[str, Any]:
    """What a node is told, as plain data, without what it would be by default."""
    entry = catalog.find(node.operation)
    declared = {} if entry is None else entry.attributes
    attributes = {name: _plain(value) for name, value in node.attributes.items()}
    return {
        name: value
        for name, value in attributes.items()
        if name not in declared or declared[name].required or value != _plain(declared[name].default)
    }


def default_of(catalog: Catalog, operation: str, name: str) -> str | None:
    """The text of what an attribute is where nothing is said."""
    entry = catalog.find(operation)
    attribute = None if entry is None else entry.attributes.get(name)
    return None if attribute is None or attribute.required else text(_plain(attribute.default))


def used(use: Use) -> dict[str, Any]:
    """An initializer, optimizer, schedule or source without the attributes that are so by default."""
    return _normal(use.name, use.attributes)


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return _normal(type(value).__name__, value.model_dump())
    if isinstance(value, dict):
        if value.keys() == {"use", "attributes"}:
            return _normal(value["use"], value["attributes"])
        return {name: _plain(v) for name, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return as_data(value)


def _normal(name: str, attributes: dict[str, Any]) -> dict[str, Any]:
    model = next((m for m in (family_member(family, name) for family in _USED) if m is not None), None)
    fields = {} if model is None else model.model_fields
    plain = {n: _plain(v) for n, v in attributes.items()}
    return {
        "use": name,
        "attributes": {
            n: v
            for n, v in plain.items()
            if n not in fields or fields[n].is_required() or v != _plain(fields[n].default)
        },
    }


def text(value: Any) -> str:
    """An attribute as a spec writes it: `50`, `normal(std=0.1)`, `[2, 2]`."""
    match value:
        case {"use": name, "attributes": attributes}:
            return call_text(name, attributes)
        case {"dim": size}:
            return str(size)
        case bool():
            return "true" if value else "false"
        case str():
            return json.dumps(value, ensure_ascii=False)
        case list():
            return f"[{', '.join(map(text, value))}]"
        case None:
            return "none"
        case _:
            return str(value)


def call_text(name: str, attributes: dict[str, Any]) -> str:
    """An operation with its attributes: `Affine(units=50)`, or `Relu` where it has none."""
    listed = ", ".join(f"{n}={text(v)}" for n, v in attributes.items())
    return f"{name}({listed})" if listed else name
