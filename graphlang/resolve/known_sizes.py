"""The sizes behind the names in a message: what defaults and values from outside say, and what is open."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from graphlang.diagnostics import Diagnostic
from graphlang.resolve.values import InputValue

_SHAPE = re.compile(r"[\[(]([^\[\]()]*)[\])]")


def with_known_sizes(diagnostic: Diagnostic, values: Iterable[Any]) -> Diagnostic:
    """The diagnostic with the sizes of the dimensions that its shapes name, `?` where a size is open;
    as it is where none is known."""
    texts = [diagnostic.message, *(place.message for place in diagnostic.also)]
    shapes = " ".join(shape for text in texts for shape in _SHAPE.findall(text))
    words = list(dict.fromkeys(re.findall(r"[^\W\d]\w*", shapes)))
    known: dict[str, Any] = {}
    for name, size in _sizes_of_inputs(values) if words else ():
        if size is not None or name not in known:
            known[name] = size
    named = [word for word in words if word in known]
    if all(known[word] is None for word in named):
        return diagnostic
    sizes = [f"{word} = {'?' if known[word] is None else known[word]}" for word in named]
    return diagnostic.replaced(sizes=sizes)


def _sizes_of_inputs(values: Iterable[Any]) -> Iterator[tuple[str, int | None]]:
    for value in values:
        if isinstance(value, InputValue):
            shape = value.array.shape
            given = _shape_of(value.default) if value.default is not None else ()
            for axis, size in enumerate(shape):
                if str(size).isidentifier():
                    yield str(size), given[axis] if len(given) == len(shape) else None


def _shape_of(default: Any) -> tuple[int, ...]:
    try:
        return np.shape(default)
    except ValueError:  # its rows differ, which has a message of its own
        return ()
