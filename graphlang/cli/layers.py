"""`graphlang layers`: lists the language's operations, from the files that define them."""

from __future__ import annotations

import argparse
from typing import Any

from graphlang.cli import console, options


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
    from graphlang.catalog.described import everything

    if arguments.name is not None:
        return _one(arguments.name, arguments.json)
    rows = [[record["kind"], record["signature"], record["formula"]] for record in everything()]
    if arguments.json:
        console.print_json(everything())
    else:
        console.print_table(rows, ["kind", "signature", "formula"], console.reading_width())
    return 0


def _one(name: str, as_json: bool) -> int:
    from graphlang.catalog.described import everything, records_of
    from graphlang.catalog.foreign_names import member_meant, operation_meant
    from graphlang.diagnostics.spelling import closest_of_kind

    records = records_of(name)
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
