"""What the language knows, as records of plain data: signature, formula, attributes, file, documentation."""

from __future__ import annotations

import inspect
import types
import typing
from typing import Any

from pydantic import BaseModel

from graphlang.catalog.constructs import CONSTRUCTS
from graphlang.catalog.finder import (
    Catalog,
    CatalogEntry,
    Family,
    OperationAttribute,
    family_member,
    family_names,
    model_attributes,
)

FAMILIES: dict[Family, str] = {
    "initializers": "initializer",
    "optimizers": "optimizer",
    "schedules": "schedule",
    "monitors": "monitor",
    "datasets": "source",
}


def everything() -> list[dict[str, Any]]:
    """A record per name: layers, losses and functions, then the members of families, then constructs."""
    order = {"layer": 0, "loss": 1, "function": 2}
    entries = sorted(Catalog().entries(), key=lambda e: (order[e.kind], e.name.casefold()))
    records = [entry_record(entry) for entry in entries]
    for family, kind in FAMILIES.items():
        records += [
            member_record(family, kind, name) for name in sorted(family_names(family), key=str.casefold)
        ]
    return [*records, *map(construct_record, CONSTRUCTS)]


def records_of(name: str) -> list[dict[str, Any]]:
    """The records of everything that has this name."""
    entry = Catalog().find(name)
    records = [entry_record(entry)] if entry else []
    records += [
        member_record(f, kind, name) for f, kind in FAMILIES.items() if family_member(f, name) is not None
    ]
    return records + ([construct_record(name)] if name in CONSTRUCTS else [])


def entry_record(entry: CatalogEntry) -> dict[str, Any]:
    tensors = [f"{t}=none" if t in entry.optional_tensors else t for t in entry.tensors]
    if entry.any_tensors:
        tensors.append(f"*{entry.any_tensors}")
    if entry.any_sizes:
        tensors.append(f"*{entry.any_sizes}")
    attributes = [a for a in entry.attributes.values() if a.name != entry.any_sizes]
    record = _record(entry.name, entry.kind, entry.target, tensors, attributes)
    return record | {
        "parameters": list(entry.own),
        "spellings": list(getattr(entry.target, "spellings", ())),
        "mean_over_rows": entry.is_mean_over_rows,
    }


def member_record(family: Family, kind: str, name: str) -> dict[str, Any]:
    model = family_member(family, name)
    assert model is not None, name
    return _record(name, kind, model, [], list(model_attributes(model).values()))


def construct_record(name: str) -> dict[str, Any]:
    signature, story = CONSTRUCTS[name]
    doc = inspect.cleandoc(story)
    return {
        "name": name,
        "kind": "construct",
        "signature": signature,
        "formula": " ".join(doc.partition("\n\n")[0].split()),
        "doc": doc,
        "attributes": [],
        "parameters": [],
        "spellings": [],
        "file": None,
    }


def _record(
    name: str, kind: str, target: Any, tensors: list[str], attributes: list[OperationAttribute]
) -> dict[str, Any]:
    written = [a.name if a.required else f"{a.name}={as_written(a.default)}" for a in attributes]
    doc = inspect.cleandoc(target.__doc__ or "")
    return {
        "name": name,
        "kind": kind,
        "signature": f"{name}({', '.join([*tensors, *written])})",
        "formula": " ".join(doc.partition("\n\n")[0].split()),
        "doc": doc,
        "attributes": [
            {
                "name": a.name,
                "type": type_in_words(a.type),
                "required": a.required,
                "default": None if a.required else as_written(a.default),
                "description": a.description,
            }
            for a in attributes
        ],
        "parameters": [],
        "spellings": [],
        "file": f"{target.__module__.replace('.', '/')}.py",
    }


def as_written(value: Any) -> str:
    """A default as a spec writes it."""
    if isinstance(value, BaseModel):
        arguments = [f"{k}={as_written(v)}" for k, v in value.model_dump(exclude_unset=True).items()]
        return f"{type(value).__name__}({', '.join(arguments)})" if arguments else type(value).__name__
    if value is None or isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(as_written, value))}]"
    return str(value)


def type_in_words(hint: Any) -> str:
    """A type in the words of the language."""
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if hint is types.NoneType:
        return "none"
    if origin is typing.Annotated:
        return type_in_words(parts[0])
    if origin is typing.Literal:
        return " | ".join(as_written(part) for part in parts)
    if origin in (typing.Union, types.UnionType):
        return " | ".join(dict.fromkeys(text for part in parts for text in type_in_words(part).split(" | ")))
    if origin in (tuple, list):
        return f"list of {' and '.join(dict.fromkeys(type_in_words(p) for p in parts if p is not Ellipsis))}"
    return getattr(hint, "__name__", str(hint))
