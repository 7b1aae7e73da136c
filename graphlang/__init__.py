"""graphlang: computational graphs from a few lines of text, with every value and every gradient."""

from typing import TYPE_CHECKING

from graphlang.spec.version import __version__ as __version__

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from graphlang import initializers as initializers
    from graphlang import onnx as onnx
    from graphlang import optimizers as optimizers
    from graphlang import schedules as schedules
    from graphlang import sklearn as sklearn
    from graphlang import testing as testing
    from graphlang.api import Graph, load, loads
    from graphlang.backends.options import Jax
    from graphlang.catalog.operation import Layer, Loss, Parameter
    from graphlang.contracts.initializer import Initializer
    from graphlang.contracts.optimizer import Optimizer
    from graphlang.contracts.schedule import Schedule
    from graphlang.datasets.arrays import from_arrays
    from graphlang.datasets.dataset import Dataset, DataSource
    from graphlang.diagnostics import GraphError
    from graphlang.diagnostics.limits import Limits
    from graphlang.engine.result import Result
    from graphlang.spec.models import Spec
    from graphlang.training.record import History
    from graphlang.view.show import view

_WHERE = {
    "Graph": "api",
    "load": "api",
    "loads": "api",
    "DataSource": "datasets.dataset",
    "Dataset": "datasets.dataset",
    "from_arrays": "datasets.arrays",
    "GraphError": "diagnostics",
    "Initializer": "contracts.initializer",
    "Jax": "backends.options",
    "Limits": "diagnostics.limits",
    "Layer": "catalog.operation",
    "Loss": "catalog.operation",
    "Optimizer": "contracts.optimizer",
    "Parameter": "catalog.operation",
    "Result": "engine.result",
    "History": "training.record",
    "Schedule": "contracts.schedule",
    "Spec": "spec.models",
}
_PACKAGES = ("initializers", "onnx", "optimizers", "schedules", "sklearn", "testing", "view")
"""`onnx` and `sklearn` are none of what `*` imports: they need packages of these names."""

__all__ = [
    "DataSource",
    "Dataset",
    "Graph",
    "GraphError",
    "History",
    "Initializer",
    "Jax",
    "Layer",
    "Limits",
    "Loss",
    "Optimizer",
    "Parameter",
    "Result",
    "Schedule",
    "Spec",
    "from_arrays",
    "initializers",
    "load",
    "loads",
    "optimizers",
    "schedules",
    "testing",
    "view",
]


def __getattr__(name: str) -> object:
    """Imports a public name when it is first asked for, so that `import graphlang` costs nothing."""
    import importlib

    if name in _PACKAGES:
        return importlib.import_module(f"graphlang.{name}")
    if name not in _WHERE:
        raise AttributeError(f"module 'graphlang' has no attribute {name!r}{_elsewhere(name)}")
    value = getattr(importlib.import_module(f"graphlang.{_WHERE[name]}"), name)
    globals()[name] = value
    return value


def _elsewhere(name: str) -> str:
    """Where a member of a family is, for one that is looked for here."""
    import importlib

    for family in ("optimizers", "schedules", "initializers"):
        if name in dir(importlib.import_module(f"graphlang.{family}")):
            return f": write gl.{family}.{name}"
    return ""


def load_ipython_extension(shell: "InteractiveShell") -> None:
    """`%load_ext graphlang` in a notebook makes `%%graph` known."""
    import importlib

    importlib.import_module("graphlang.notebook.magic").register_magic(shell)


def __dir__() -> list[str]:
    return sorted({*__all__, "onnx", "sklearn", *(name for name in globals() if name.startswith("__"))})
