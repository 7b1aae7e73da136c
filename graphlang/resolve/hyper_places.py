"""Where the values of the `hyper`s of a file stand, for mistakes about them."""

from __future__ import annotations

import re

from graphlang.diagnostics import Diagnostic, Span


class HyperPlaces:
    """The place of each value that stands in the file; one that is given from outside has none."""

    def __init__(self) -> None:
        self._places: dict[str, Span] = {}
        self._told: set[tuple[str, str]] = set()
        #: the whole numbers by their names, and whether each is given from outside
        self.sizes: dict[str, tuple[int, bool]] = {}

    def add(self, name: str, value: Span) -> None:
        self._places[name] = value

    def at(self, span: Span) -> tuple[str, Span] | None:
        """The `hyper` whose name stands at a place outside of a `def`, and the place of its value."""
        name = span.text
        value = self._places.get(name)
        if value is None or span.source is not value.source or _is_bound_again(name, span.source.text):
            return None
        return name, value

    def was_told(self, name: str, diagnostic: Diagnostic) -> bool:
        """Whether the same was said of another use: one wrong value is one mistake."""
        key = (name, diagnostic.message)
        known = key in self._told
        self._told.add(key)
        return known


def _is_bound_again(name: str, text: str) -> bool:
    """Whether a loop or a `scan` may use the name for something else."""
    return re.search(rf"\b{name}\s+in\b|\bcarry\b[^{{]*\b{name}\s*=", text) is not None
