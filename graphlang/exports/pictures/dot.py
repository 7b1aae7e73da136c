"""The target `dot`."""

from __future__ import annotations

from graphlang.api import Graph
from graphlang.exports.pictures.still import still_scene
from graphlang.view.documents import dot


def export(graph: Graph) -> str:
    return dot(still_scene(graph))
