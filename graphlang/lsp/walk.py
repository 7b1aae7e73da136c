"""Goes through a syntax tree without recursion, since one may be 100,000 levels deep."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from graphlang.diagnostics import Span


def child_nodes(node: Any) -> Iterator[Any]:
    """The nodes right below a node, in the order of the text."""
    for part in node:
        if isinstance(part, tuple) and part and not isinstance(part, Span):
            if hasattr(part, "_fields"):
                yield part
            else:
                yield from (item for item in part if isinstance(item, tuple))


def descendants(nodes: Iterable[Any]) -> Iterator[Any]:
    """Some nodes and all below them, in the order of the text."""
    waiting = list(nodes)[::-1]
    while waiting:
        current = waiting.pop()
        yield current
        waiting += reversed(list(child_nodes(current)))


def enclosing(nodes: Iterable[Any], offset: int) -> list[Any]:
    """The nodes around an offset, outermost first."""
    chain: list[Any] = []
    waiting = list(nodes)
    while waiting:
        node = next((n for n in waiting if n.span.start <= offset <= n.span.end), None)
        if node is None:
            break
        chain.append(node)
        waiting = list(child_nodes(node))
    return chain


def first_word(span: Span) -> Span:
    """The name that a span begins with: of the argument `units=50`, `units`."""
    text, end = span.text, 0
    while end < len(text) and (text[end].isalnum() or text[end] == "_" or ord(text[end]) > 127):
        end += 1
    return Span(span.start, span.start + end, span.source)
