"""ONNX files: `load` makes the graph of one."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from graphlang.onnx.importing.loading import load as load

__all__ = ["load"]


def __getattr__(name: str) -> object:
    """Imports a function when it is first asked for: `onnx` is an extra."""
    import importlib

    if name == "load":
        return importlib.import_module("graphlang.onnx.importing.loading").load
    raise AttributeError(f"module 'graphlang.onnx' has no attribute {name!r}")
