"""The target `svg`."""

from __future__ import annotations

from graphlang.api import Graph
from graphlang.exports.pictures.still import still_scene
from graphlang.view.documents import scene_svg


def export(graph: Graph) -> str:
    return scene_svg(still_scene(graph))
