"""What is shown between the words of a text: types, shapes, and the values and gradients of a run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

from graphlang.diagnostics import Span
from graphlang.lsp.analysis import Analysis
from graphlang.lsp.names import Binding
from graphlang.lsp.runs import Ran, number_text
from graphlang.lsp.types import types_of
from graphlang.lsp.walk import descendants
from graphlang.resolve.values import InputValue, NodeValue, Value
from graphlang.syntax import tree as t

MOST = 2
"""The most types in a hint, of a name in a `def` that has several."""


class InlineHint(NamedTuple):
    offset: int
    label: str
    sort: Literal["type", "value"]
    tooltip: str = ""


def hints(
    analysis: Analysis, start: int = 0, end: int | None = None, ran: Ran | None = None
) -> list[InlineHint]:
    """The hints of a part of a text, in order."""
    last = len(analysis.text) if end is None else end
    everything = [*_types(analysis), *_stages(analysis), *(_values(analysis, ran) if ran is not None else ())]
    return sorted((h for h in everything if start <= h.offset <= last), key=lambda h: (h.offset, h.sort))


def _types(analysis: Analysis) -> Iterator[InlineHint]:
    """The type behind a name that is assigned, or an input of an open formula whose type is no scalar."""
    for binding in analysis.names.bindings:
        if binding.kind != "value" and not (
            binding.kind == "variable" and isinstance(binding.node, t.Assign)
        ):
            continue
        values = analysis.values_at(binding.span)
        if values and any(v.array.shape for v in values):
            yield InlineHint(binding.span.end, f": {types_of(values, MOST)}", "type")


def _stages(analysis: Analysis) -> Iterator[InlineHint]:
    """The type behind each layer that ends a line, but for the last of a chain with a name."""
    text = analysis.text
    for node in descendants(analysis.tree.statements):
        if type(node) is t.Entry or type(node) is t.Pipe:
            for stage in node.stages:
                end = text.find("\n", stage.span.end)
                rest = text[stage.span.end : len(text) if end < 0 else end].partition("#")[0].strip()
                if rest and rest not in (";", "}"):
                    continue
                values = _results(analysis, stage.span)
                if values:
                    yield InlineHint(stage.span.end, f"  {types_of(values, MOST)}", "type")


def _results(analysis: Analysis, span: Span) -> list[Value]:
    return [v for v in analysis.values_at(span) if isinstance(v, NodeValue)]


def _values(analysis: Analysis, ran: Ran) -> Iterator[InlineHint]:
    """Value and gradient, at the end of the statement that defines a name."""
    places: dict[int, list[str]] = {}
    of = f"d{ran.of}" if ran.of else "d"
    for binding in analysis.names.file.bindings.values():
        text = _value(analysis, binding, ran, of)
        if text:
            places.setdefault(_place(binding), []).append(text)
    for offset, texts in places.items():
        yield InlineHint(offset, f"  {'; '.join(texts)}", "value", "values and gradients of the last run")


def _value(analysis: Analysis, binding: Binding, ran: Ran, of: str) -> str:
    """`= 715, dprice/dtotal 1.1`"""
    name = binding.name
    if name not in ran.values:
        return ""
    several = isinstance(binding.node, t.Assign) and len(binding.node.targets) > 1
    value = number_text(ran.values[name])
    parts = [f"{name} = {value}" if several else f"= {value}"]
    is_input = any(isinstance(v, InputValue) for v in analysis.values_at(binding.span))
    if is_input and binding.node is not None and not _is_set(binding, ran.values[name]):
        parts = []  # the text says it itself
    gradient: Any = ran.gradients.get(name)
    if gradient is not None and name != ran.of:
        parts.append(f"{of}/d{name} = {number_text(gradient)}")
    return ", ".join(parts)


def _is_set(binding: Binding, value: Any) -> bool:
    """Whether an input has another value than the file gives it, or the file gives it none."""
    default = getattr(binding.node, "default", None)
    return not isinstance(default, t.Number) or value != default.value


def _place(binding: Binding) -> int:
    node = binding.node
    return binding.span.end if node is None else int(node.span.end)
