"""What a graph has to be looked at. What draws stands above the graph and is imported when it is asked."""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from typing import Protocol

    class View(Protocol):
        """A run to look at."""

        @property
        def html(self) -> str:
            """The page: one file that needs no network."""
            ...

        def save(self, path: str | os.PathLike[str]) -> Path:
            """Writes the page, and returns where it is."""
            ...

        def open(self) -> Path:
            """Shows the page in the browser, and returns where it is."""
            ...


class Viewed:
    """The part of `Graph` that shows it."""

    def view(
        self, inputs: Any = None, /, *more: Any, of: str | None = None, seed: Any = None, **named: Any
    ) -> View:
        """A run as one HTML page to look at: `.save(path)` writes it, `.open()` shows it, `.html` is it.

        The arguments are those of `run`; where it is not clear what backward starts from, the page shows
        values alone.
        """
        view = import_module("graphlang.view.show").view
        return cast("View", view(self, inputs, *more, of=of, seed=seed, **named))

    def to_source(self, target: str) -> str:
        """The graph as `json`, `numpy`, `jax`, `torch` or `latex`, or a picture: `dot`, `mermaid`, `svg`."""
        exported = import_module("graphlang.exports.targets").exported
        return cast("str", exported(self, target))
