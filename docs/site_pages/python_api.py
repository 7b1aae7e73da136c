"""The page of the Python API: signatures and docstrings of what `graphlang` exports."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from markup import escaped, fenced, paragraphs, table
from pydantic import BaseModel

import graphlang as gl
from graphlang.diagnostics.limits import Limits
from graphlang.training.record import Epoch

FAMILIES = {
    "initializers": "catalog/initializers.md",
    "optimizers": "catalog/optimizers.md",
    "schedules": "catalog/schedules.md",
}
GROUPS = {
    "Loading": ["load", "loads", "from_arrays", "Limits", "Jax"],
    "Graphs and results": ["Graph", "Result", "History", "GraphError", "Spec", "view"],
    "One's own": [
        "Layer",
        "Loss",
        "Parameter",
        "Optimizer",
        "Schedule",
        "Initializer",
        "DataSource",
        "Dataset",
        "testing",
    ],
    "Families": list(FAMILIES),
}
MADE = ("Jax", "Limits", "Parameter")
"""The classes that a program calls; the others are made by calls, or derived from."""


def page() -> str:
    names = [name for group in GROUPS.values() for name in group]
    lost = set(gl.__all__).symmetric_difference(names)
    if lost:
        raise ValueError(f"the page of the Python API places other names than `graphlang.__all__`: {lost}")
    parts = [
        "# Python API",
        "What `import graphlang as gl` gives, by its docstrings. [From Python](../how-to/python.md) shows it at work, and\n"
        "[What is one's own](../how-to/own.md) how to write layers and the like.",
    ]
    for title, members in GROUPS.items():
        parts.append(f"## {title}")
        for name in members:
            parts += _entry(name, getattr(gl, name))
    return "\n\n".join(parts) + "\n"


def _entry(name: str, value: Any) -> Iterator[str]:
    yield f"### gl.{name} {{ #{name} }}"
    if name in FAMILIES:
        yield f"{_prose(value)}\n\nTheir members, as `gl.{name}.NAME(...)`, are in the [catalog]({FAMILIES[name]})."
    elif isinstance(value, ModuleType) and name == "testing":
        yield _prose(value)
        for member in sorted(n for n in dir(value) if n.startswith("check_")):
            yield from _function(f"gl.testing.{member}", getattr(value, member), f"testing.{member}")
    elif inspect.isclass(value):
        yield from _class(name, value)
    else:
        yield from _function(f"gl.{name}", value, "")


def _beside(name: str) -> Iterator[str]:
    """What belongs to a class and is not exported by itself."""
    if name == "History":
        yield f"Each of `epochs` is a record. {_prose(Epoch)}"
        yield table(["field of a record", "what it is"], _fields(Epoch))
    if name == "GraphError":
        yield (
            "A diagnostic has `code`, `severity`, `message`, `file`, `line`, `column`, `help`, `edits` and `related`: the record of\n"
            "`--format json`. [Diagnostics](diagnostics.md) lists every code."
        )


def _class(name: str, kind: type[Any]) -> Iterator[str]:
    if name in MADE:
        yield fenced(f"gl.{name}{_signature(kind)}", "python", "signature")
    yield _prose(kind)
    if kind is Limits:
        yield "What each bounds: [Limits](limits.md)."
    elif rows := _fields(kind):
        yield table(["field", "what it is"], rows)
    yield from _beside(name)
    for member, value in _members(kind):
        if isinstance(value, property) or not callable(getattr(value, "__func__", value)):
            continue
        yield from _function(f"{name}.{member}", getattr(value, "__func__", value), f"{name}.{member}")
    rows = [
        [f"`{member}`", escaped(_first(value))]
        for member, value in _members(kind)
        if isinstance(value, property)
    ]
    if rows:
        yield table(["attribute", "what it is"], rows)


def _fields(kind: type[Any]) -> list[list[str]]:
    """The fields of a class with the comments `#:` above them."""
    comments: list[str] = []
    rows = []
    for line in inspect.getsource(kind).splitlines():
        if found := re.match(r"    #: ?(.*)", line):
            comments.append(found[1])
        elif comments:
            name = re.match(r"    (\w+):", line)
            rows += [[f"`{name[1]}`", escaped(" ".join(comments))]] if name else []
            comments = []
    return rows


def _members(kind: type[Any]) -> Iterator[tuple[str, Any]]:
    """What a class and its bases in the package define, without what is there to help with wrong names."""
    bases = [b for b in kind.__mro__ if b.__module__.startswith("graphlang") and b is not BaseModel]
    bases = [b for b in bases if b is kind or b.__name__ not in gl.__all__]  # told at its own place
    seen: dict[str, Any] = {}
    for base in bases:
        for name, value in vars(base).items():
            told = isinstance(value, property | classmethod | staticmethod) or inspect.isfunction(value)
            if told and not name.startswith(("_", "model_")) and _prose(value):
                seen.setdefault(name, value)
    yield from sorted(seen.items())


def _function(title: str, function: Any, anchor: str) -> Iterator[str]:
    if anchor:
        yield f"#### {title} {{ #{anchor} }}"
    yield fenced(f"{title}{_signature(function)}", "python", "signature")
    yield _prose(function)


def _signature(function: Any) -> str:
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return "(...)"
    shown = [
        p.replace(annotation=p.empty) for n, p in signature.parameters.items() if n not in ("self", "cls")
    ]
    text = str(signature.replace(parameters=shown, return_annotation=signature.empty))
    return re.sub(r"<[^<>]*>", "...", text)


def _first(value: Any) -> str:
    return " ".join((inspect.getdoc(value) or "").partition("\n\n")[0].split())


def _prose(value: Any) -> str:
    """A docstring as Markdown: indented lines are code."""
    parts = paragraphs(inspect.getdoc(value) or "")
    return "\n\n".join(fenced(text, "python") if is_code else _items(text) for is_code, text in parts)


def _items(text: str) -> str:
    """A paragraph, or a list where its lines are one."""
    if text.startswith(">>>"):
        return fenced(text, "pycon")
    if re.match(r"[-*] ", text):
        return "\n".join(
            f"- {escaped(line[2:])}" if re.match(r"[-*] ", line) else line for line in text.splitlines()
        )
    return escaped(text)
