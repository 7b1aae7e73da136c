"""The sizes behind the names in a message: what values and `hyper`s say, and where; and what is open."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from graphlang.diagnostics import Diagnostic, KnownSize
from graphlang.resolve.values import InputValue

_SHAPE = re.compile(r"[\[(]([^\[\]()]*)[\])]")
_NAME = re.compile(r"[^\W\d]\w*")


def with_known_sizes(
    diagnostic: Diagnostic, values: Iterable[Any], hypers: Mapping[str, tuple[int, bool]]
) -> Diagnostic:
    """The diagnostic with the sizes of the dimensions that its shapes name, `?` where one is open, and with
    the `hyper`s behind its numbers; as it is where none is known."""
    texts = [diagnostic.message, *(place.message for place in diagnostic.also)]
    shapes = " ".join(shape for text in texts for shape in _SHAPE.findall(text))
    words = list(dict.fromkeys(_NAME.findall(shapes)))
    known: dict[str, KnownSize] = {}
    for size in _sizes_of_inputs(values) if words else ():
        if size.size is not None or size.name not in known:
            known[size.name] = size
    named = [known[word] for word in words if word in known]
    behind = list(_behind_numbers(diagnostic, shapes, hypers)) if hypers else []
    if not behind and all(size.size is None for size in named):
        return diagnostic
    return diagnostic.replaced(sizes=[*named, *behind])


def _behind_numbers(
    diagnostic: Diagnostic, shapes: str, hypers: Mapping[str, tuple[int, bool]]
) -> Iterator[KnownSize]:
    """The `hyper`s whose names stand on the lines that the message shows, and whose numbers in its shapes."""
    numbers = set(map(int, re.findall(r"\d+", shapes)))
    spans = [place.span for place in (diagnostic, *diagnostic.also) if place.span is not None]
    lines = {name for span in spans for name in _NAME.findall(span.source.lines_of(span))}
    for name, (size, given) in hypers.items():
        if size in numbers and name in lines:
            yield KnownSize(name, size, "given from outside" if given else "a `hyper`")


def _sizes_of_inputs(values: Iterable[Any]) -> Iterator[KnownSize]:
    for value in values:
        if isinstance(value, InputValue):
            shape = value.array.shape
            given = _shape_of(value.default) if value.default is not None else ()
            for axis, size in enumerate(shape):
                if str(size).isidentifier():
                    number = given[axis] if len(given) == len(shape) else None
                    source = "" if number is None else f"value of `{value.label}`"
                    yield KnownSize(str(size), number, source)


def _shape_of(default: Any) -> tuple[int, ...]:
    try:
        return np.shape(default)
    except ValueError:  # its rows differ, which has a message of its own
        return ()
