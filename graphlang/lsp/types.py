"""What a name of the file is, in words: its type and shape, its value, the comment that belongs to it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from graphlang.diagnostics import Span
from graphlang.lsp.analysis import Analysis
from graphlang.lsp.names import Binding
from graphlang.resolve.scopes import Module, SharedLayer
from graphlang.resolve.type_texts import type_text
from graphlang.resolve.values import NamedTable, Poison, Value
from graphlang.syntax import tree as t
from graphlang.trace import Dim

MOST_TYPES = 3
MOST_LINES = 12


def types_of(values: Iterable[Value], most: int = MOST_TYPES) -> str:
    """The type of a value; of one in a `def`, those of its uses: `float[N, 8] or float[N, 16]`."""
    texts = list(dict.fromkeys(type_text(value.array) for value in values))
    more = [f"{len(texts) - most} more"] if len(texts) > most else []
    return " or ".join([*texts[:most], *more])


def type_of(analysis: Analysis, binding: Binding) -> str:
    """The type of what a name stands for; empty where it is not known."""
    values = analysis.values_at(binding.span)
    if values:
        return types_of(values)
    node = binding.node
    if binding.within is None and binding.kind not in ("function", "import", "layer", "label"):
        value = analysis.constant(binding.name)
        if isinstance(value, Value):
            return type_text(value.array)
        if value is not None and not isinstance(value, Poison | Module | SharedLayer):
            return constant_in_words(value)
    declared = getattr(node, "type", None)
    return " ".join(declared.span.text.split()) if isinstance(declared, t.Type) else ""


def constant_in_words(value: Any) -> str:
    """A constant of the file, shortened."""
    if isinstance(value, Dim):
        return "size"
    if isinstance(value, NamedTable | list | tuple):
        return f"list of {len(value)}"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float | str):
        text = (
            f"{value:g}"
            if isinstance(value, float)
            else f'"{value}"'
            if isinstance(value, str)
            else str(value)
        )
        return text if len(text) <= 40 else f"{text[:37]}..."
    return ""


def definition_text(binding: Binding) -> str:
    """The statement that defines a name, without the body of a long one."""
    node = binding.node
    if node is None:
        return binding.span.text
    if isinstance(node, t.Def) and len(node.span.text.splitlines()) > MOST_LINES:
        return f"{node.span.text.partition('{')[0].rstrip()} {{ ... }}"
    lines = node.span.text.splitlines()
    text = "\n".join(lines[:MOST_LINES]) + ("\n..." if len(lines) > MOST_LINES else "")
    word = {"input": "input ", "parameter": "param ", "hyper": "hyper "}.get(binding.kind, "")
    return text if not word or text.startswith(word) else word + text


def comment_beside(span: Span) -> str:
    """The comment lines right above a definition, and the comment at the end of its line."""
    text = span.source.text
    start = text.rfind("\n", 0, span.start) + 1
    end = text.find("\n", span.end)
    line = text[span.end : len(text) if end < 0 else end]
    above: list[str] = []
    for before in reversed(text[:start].splitlines()):
        if not before.lstrip().startswith("#"):
            break
        above.insert(0, before.lstrip().removeprefix("#").removeprefix(" "))
    if len("\n".join(text[:start].splitlines()[-len(above) :])) >= start - 1 and above:
        above = []  # the documentation of the file
    behind = line.partition("#")[2].strip() if "#" in line and '"' not in line else ""
    return "\n".join([*above, *([behind] if behind else [])])
