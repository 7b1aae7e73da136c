"""`gl.view(graph)`: a page in Python."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphlang.inputs.call import inputs_by_name
from graphlang.lazy import lazy
from graphlang.spec.shown import Shown
from graphlang.view.build import scene
from graphlang.view.files import opened, write
from graphlang.view.page import page
from graphlang.view.scene import Scene

if TYPE_CHECKING:
    from graphlang.api import Graph


class PageView(Shown):
    """A run to look at: `html` is the page, `save` writes it, `open` shows it in the browser."""

    def __init__(self, scene: Scene) -> None:
        #: what the page shows, as plain data
        self.scene = scene
        self._path: Path | None = None

    @lazy
    def html(self) -> str:
        """The page: one file that needs no network."""
        return page(self.scene)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Writes the page, and returns where it is."""
        self._path = write(Path(path), self.html)
        return self._path

    def open(self) -> Path:
        """Shows the page in the browser, from a temporary file unless it was saved; returns where it is."""
        path = self._path
        if path is None:
            import tempfile

            folder = tempfile.mkdtemp(prefix="graphlang-")
            path = self.save(Path(folder) / "graph.html")
        opened(path)
        return path

    def __repr__(self) -> str:
        nodes = len(self.scene["nodes"])
        return f"PageView({self.scene['title'] or 'a graph'}: {nodes} nodes; .save(path) or .open())"


def view(
    graph: Graph,
    inputs: Any = None,
    /,
    *more: Any,
    of: str | None = None,
    seed: Any = None,
    **named: Any,
) -> PageView:
    """A run of a graph as a page. The arguments are those of `run`.

    Where it is not clear what backward starts from, the page shows values alone.
    """
    arrays = inputs_by_name("view", graph.network, inputs, more, named)
    forward = graph.forward(arrays)
    start = of is not None or graph.model.may_start
    result = forward.backward(seed=seed, of=of) if start else forward.result()
    return PageView(scene(graph, forward, result, seed))
