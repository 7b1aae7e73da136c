"""`graphlang layers`: lists the language's operations, from the files that define them."""

from __future__ import annotations

import argparse
import inspect
from typing import TYPE_CHECKING, Any

from graphlang.cli import console, options
from graphlang.cli.constructs import CONSTRUCTS

if TYPE_CHECKING:
    from graphlang.catalog.finder import CatalogEntry, Family, OperationAttribute

FAMILIES: dict[Family, str] = {
    "initializers": "initializer",
    "optimizers": "optimizer",
    "schedules": "schedule",
    "monitors": "monitor",
    "datasets": "source",
}


def parser() -> options.CommandParser:
    command = options.CommandParser(
        "layers",
        "[NAME]",
        "What the language knows: layers, losses, functions, initializers, optimizers, schedules, monitors,\n"
        "sources, constructs. With a NAME: its signature, formula, gradient, shapes, attributes, source.",
        """
        graphlang layers
        graphlang layers Affine
        graphlang layers Adam --json
        """,
    )
    command.add_argument("name", metavar="NAME", nargs="?", help="as a spec writes it")
    options.as_json(command)
    return command


def run(arguments: argparse.Namespace) -> int:
    if arguments.name is not None:
        return _one(arguments.name, arguments.json)
    rows = [[record["kind"], record["signature"], record["formula"]] for record in everything()]
    if arguments.json:
        console.print_json(everything())
    else:
        console.print_table(rows, ["kind", "signature", "formula"], console.reading_width())
    return 0


def everything() -> list[dict[str, Any]]:
    """A record per name: layers, losses and functions, then the members of families, then constructs."""
    from graphlang.catalog.finder import Catalog, family_names

    order = {"layer": 0, "loss": 1, "function": 2}
    entries = sorted(Catalog().entries(), key=lambda e: (order[e.kind], e.name.casefold()))
    records = [_of_entry(entry) for entry in entries]
    for family, kind in FAMILIES.items():
        records += [_of_member(family, kind, name) for name in sorted(family_names(family), key=str.casefold)]
    return [*records, *map(_of_construct, CONSTRUCTS)]


def _one(name: str, as_json: bool) -> int:
    from graphlang.catalog.finder import Catalog, family_member
    from graphlang.catalog.foreign_names import member_meant, operation_meant
    from graphlang.diagnostics.names import closest_of_kind

    entry = Catalog().find(name)
    records = [_of_entry(entry)] if entry else []
    records += [
        _of_member(f, kind, name) for f, kind in FAMILIES.items() if family_member(f, name) is not None
    ]
    records += [_of_construct(name)] if name in CONSTRUCTS else []
    if not records:
        meant = operation_meant(name)
        member = member_meant(name)
        if meant is not None:
            hint = meant.note if meant.name is None else f"it is called `{meant.name}` here"
            hint = f"write `{meant.formula.format('x', 'y', 'z')}`" if meant.formula else hint
        elif member is not None:
            hint = f"it is called `{member}` here"
        else:
            match = closest_of_kind(name, [record["name"] for record in everything()])
            hint = f"did you mean `{match}`?" if match else None
        console.err(f"graphlang layers: error: there is no layer or function `{name}`")
        console.err(f"help: {hint or '`graphlang layers` lists every name'}")
        return 1
    if as_json:
        console.print_json(records[0] if len(records) == 1 else records)
    else:
        console.out("\n\n".join(_described(record) for record in records))
    return 0


def _described(record: dict[str, Any]) -> str:
    from graphlang.draw.prose import hanging

    width = console.reading_width()
    lines = hanging(f"{record['signature']}    ({record['kind']})", width, "    ")
    lines += ["", console.prose(record["doc"])]
    if record["attributes"]:
        lines += ["", "Attributes:"]
        size = max(len(a["name"]) for a in record["attributes"])
        for a in record["attributes"]:
            default = "required" if a["required"] else f"default {a['default']}"
            text = f": {a['description']}" if a["description"] else ""
            lines += hanging(f"  {a['name']:<{size}}  {a['type']}, {default}{text}", width, " " * (size + 4))
    if record["parameters"]:
        lines += ["", f"Parameters: {', '.join(record['parameters'])}"]
    if record.get("mean_over_rows"):
        lines += ["", console.prose("A mean over rows: of two parts of a split, weighted by their rows.")]
    if record["spellings"]:
        lines += ["", f"Also written: {', '.join(record['spellings'])}"]
    if record["file"]:
        lines += ["", f"Defined in {record['file']}"]
    return "\n".join(lines)


# ---- records -------------------------------------------------------------------------------------


def _of_entry(entry: CatalogEntry) -> dict[str, Any]:
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


def _of_member(family: Family, kind: str, name: str) -> dict[str, Any]:
    from graphlang.catalog.finder import _model_attributes, family_member

    model = family_member(family, name)
    assert model is not None, name
    return _record(name, kind, model, [], list(_model_attributes(model).values()))


def _of_construct(name: str) -> dict[str, Any]:
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
    written = [a.name if a.required else f"{a.name}={_written(a.default)}" for a in attributes]
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
                "type": _type(a.type),
                "required": a.required,
                "default": None if a.required else _written(a.default),
                "description": a.description,
            }
            for a in attributes
        ],
        "parameters": [],
        "spellings": [],
        "file": f"{target.__module__.replace('.', '/')}.py",
    }


def _written(value: Any) -> str:
    """A default as a spec writes it."""
    from pydantic import BaseModel

    if isinstance(value, BaseModel):
        arguments = [f"{k}={_written(v)}" for k, v in value.model_dump(exclude_unset=True).items()]
        return f"{type(value).__name__}({', '.join(arguments)})" if arguments else type(value).__name__
    if value is None or isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(_written, value))}]"
    return str(value)


def _type(hint: Any) -> str:
    """A type in the words of the language."""
    import types
    import typing

    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if hint is types.NoneType:
        return "none"
    if origin is typing.Annotated:
        return _type(parts[0])
    if origin is typing.Literal:
        return " | ".join(_written(part) for part in parts)
    if origin in (typing.Union, types.UnionType):
        return " | ".join(dict.fromkeys(text for part in parts for text in _type(part).split(" | ")))
    if origin in (tuple, list):
        return f"list of {' and '.join(dict.fromkeys(_type(p) for p in parts if p is not Ellipsis))}"
    return getattr(hint, "__name__", str(hint))
