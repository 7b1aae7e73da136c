"""The idiom of each operation that ONNX has too."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from graphlang.onnx.exporting.idiom import Idiom, NodeCall

Finder: TypeAlias = Callable[[NodeCall], "Idiom | None"]
"""The idiom of a call; None where ONNX has none for its attributes or shapes."""
FINDERS: dict[str, Finder] = {}


def idiom_of(call: NodeCall) -> Idiom | None:
    """One operation of ONNX for a call; None where its steps are written instead."""
    find = FINDERS.get(call.name)
    return None if find is None or not call.is_float else find(call)
