"""The fields of a data source, for completion: from the header of its file, below the spec's folder, and
nothing of the data behind it."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from graphlang.catalog.finder import family_member
from graphlang.datasets.files import Files
from graphlang.diagnostics import GraphError
from graphlang.diagnostics.limits import Limits
from graphlang.files.json_text import parsed
from graphlang.syntax import read_tree
from graphlang.syntax import tree as t

HEADER_BYTES = 65_536
KNOWN = ("x", "t")


def fields_in(source: str, folder: Path | None, limits: Limits) -> list[str]:
    """The fields of what a text such as `csv("houses.csv", target="price")` describes; empty where its file
    cannot be read."""
    name, attributes = _call(source, limits)
    model = family_member("datasets", name)
    if model is None:
        return []
    path = attributes.get("path")
    if not isinstance(path, str):
        return [] if "path" in model.model_fields else list(KNOWN)
    if folder is None or name not in _READERS:
        return list(KNOWN)
    try:
        columns = _READERS[name](Files(folder, limits=limits), path, attributes)
    except (GraphError, ValueError, TypeError, csv.Error, KeyError):  # TypeError: delimiter="ab"
        return []
    return list(dict.fromkeys([*columns, *(KNOWN if name != "npz" else ())]))


def _call(source: str, limits: Limits) -> tuple[str, dict[str, Any]]:
    """The name of a source and the attributes that are written as constants."""
    try:
        tree, _ = read_tree(f"source = {source}", limits=limits)
    except GraphError:
        return "", {}
    value = tree.statements[0].value if tree.statements and type(tree.statements[0]) is t.Assign else None
    if type(value) is t.Name:
        return value.name, {}
    if type(value) is not t.Call or type(value.function) is not t.Name:
        return "", {}
    model = family_member("datasets", value.function.name)
    names = list(model.model_fields) if model is not None else []
    attributes = {}
    for number, argument in enumerate(value.arguments):
        name = argument.name or (names[number] if number < len(names) else "")
        if isinstance(argument.value, t.String | t.Bool | t.Number):
            attributes[name] = argument.value.value
    return value.function.name, attributes


def _first_line(files: Files, path: str) -> str:
    with files.find(path).open() as opened:
        head = opened.stream.read(HEADER_BYTES)
    return head.decode("utf-8-sig", "replace")


def _of_csv(files: Files, path: str, attributes: dict[str, Any]) -> list[str]:
    lines = _first_line(files, path).splitlines(keepends=True)
    header = next((row for row in csv.reader(lines, delimiter=attributes.get("delimiter", ",")) if row), [])
    return [name.strip() for name in header if name.strip()]


def _of_json_lines(files: Files, path: str, attributes: dict[str, Any]) -> list[str]:
    line = next((line for line in _first_line(files, path).splitlines() if line.strip()), "{}")
    record = parsed(line.encode(), finite=False)
    return list(record) if isinstance(record, dict) else []


def _of_npz(files: Files, path: str, attributes: dict[str, Any]) -> list[str]:
    from graphlang.datasets.npz import npz

    return list(
        dict.fromkeys(name for columns in npz(path=path).read(files).splits.values() for name in columns)
    )


def _of_parquet(files: Files, path: str, attributes: dict[str, Any]) -> list[str]:
    from graphlang.datasets.parquet import ParquetTable

    return ParquetTable(files.find(path), files.limits).names


_READERS = {"csv": _of_csv, "json_lines": _of_json_lines, "npz": _of_npz, "parquet": _of_parquet}
