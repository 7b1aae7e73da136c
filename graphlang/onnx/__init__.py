"""ONNX files: `load` makes the graph of one, `export` writes one, and `training_step` is its training."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from graphlang.onnx.exporting.export import export
    from graphlang.onnx.exporting.training.step_model import training_step
    from graphlang.onnx.importing.loading import load_onnx as load

__all__ = ["export", "load", "training_step"]

_WHERE = {
    "export": ("exporting.export", "export"),
    "load": ("importing.loading", "load_onnx"),
    "training_step": ("exporting.training.step_model", "training_step"),
}


def __getattr__(name: str) -> object:
    """Imports a function when it is first asked for: `onnx` is an extra."""
    import importlib

    if name not in _WHERE:
        raise AttributeError(f"module 'graphlang.onnx' has no attribute {name!r}")
    module, function = _WHERE[name]
    return getattr(importlib.import_module(f"graphlang.onnx.{module}"), function)
