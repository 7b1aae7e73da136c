"""The target `onnx` of `graphlang export`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphlang.api import Graph
from graphlang.onnx.exporting.export import exported_bytes


def export(graph: Graph, *, tell: Callable[[str], Any] | None = None, **options: Any) -> bytes:
    content, report = exported_bytes(graph, **options)
    if tell is not None:
        tell(str(report))
    return content
