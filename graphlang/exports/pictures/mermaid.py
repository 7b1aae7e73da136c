"""The target `mermaid`."""

from __future__ import annotations

from graphlang.api import Graph
from graphlang.exports.pictures.still import still_scene
from graphlang.view.documents import mermaid


def export(graph: Graph) -> str:
    return mermaid(still_scene(graph))
