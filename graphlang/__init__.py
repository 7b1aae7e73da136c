"""graphlang: computational graphs from a few lines of text, with every value and every gradient."""

from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from graphlang.api import Graph, load, loads
    from graphlang.diagnostics import GraphError
    from graphlang.limits import Limits
    from graphlang.operation import Layer, Loss, Parameter
    from graphlang.result import Result
    from graphlang.spec import Spec
    from graphlang.training import History

_WHERE = {
    "Graph": "api",
    "load": "api",
    "loads": "api",
    "GraphError": "diagnostics",
    "Limits": "limits",
    "Layer": "operation",
    "Loss": "operation",
    "Parameter": "operation",
    "Result": "result",
    "History": "training",
    "Spec": "spec",
}

__all__ = [
    "Graph",
    "GraphError",
    "History",
    "Layer",
    "Limits",
    "Loss",
    "Parameter",
    "Result",
    "Spec",
    "load",
    "loads",
]


def __getattr__(name: str) -> object:
    """Imports a public name when it is first asked for, so that `import graphlang` costs nothing."""
    if name not in _WHERE:
        raise AttributeError(f"module 'graphlang' has no attribute {name!r}")
    import importlib

    value = getattr(importlib.import_module(f"graphlang.{_WHERE[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})
