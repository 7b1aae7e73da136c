"""The target `onnx` of `graphlang export`."""

from __future__ import annotations

from typing import Any

from graphlang.api import Graph
from graphlang.onnx.exporting.export import exported_bytes


def export(graph: Graph, **options: Any) -> bytes:
    return exported_bytes(graph, **options)[0]
