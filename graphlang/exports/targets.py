"""The targets of exports: for each name, the module that writes it, imported when it is asked for."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from graphlang.diagnostics.python_arguments import text_of
from graphlang.diagnostics.spelling import did_you_mean

if TYPE_CHECKING:
    from graphlang.api import Graph


class ExportTarget(NamedTuple):
    """What a graph is exported to."""

    #: the module, whose function `export(graph, **options)` gives the text, or the bytes of a binary format
    module: str
    what: str
    suffix: str
    binary: bool = False
    #: whether it is a program that reads the weights from a file of their own
    reads_weights: bool = False
    #: how other weights than those of the start come into the program, where it reads no such file
    weights_come: str = ""


TARGETS: dict[str, ExportTarget] = {
    "json": ExportTarget("graphlang.exports.json_spec", "the spec as `from_spec` reads it", ".json"),
    "dot": ExportTarget("graphlang.exports.pictures.dot", "a graph for Graphviz", ".dot"),
    "mermaid": ExportTarget("graphlang.exports.pictures.mermaid", "a flowchart", ".mmd"),
    "svg": ExportTarget("graphlang.exports.pictures.svg", "an image", ".svg"),
    "numpy": ExportTarget(
        "graphlang.exports.source.numpy.target",
        "a file of Python that needs NumPy alone",
        ".py",
        reads_weights=True,
    ),
    "jax": ExportTarget(
        "graphlang.exports.source.jax.target",
        "a file of Python that needs JAX",
        ".py",
        weights_come="`dict(np.load(FILE))` of a file that `graphlang weights` shows is what `forward` takes",
    ),
    "torch": ExportTarget(
        "graphlang.exports.source.torch.target",
        "a file of Python with a module of PyTorch",
        ".py",
        weights_come="`graphlang weights FILE --for SPEC --to torch` writes what `load_state_dict` takes",
    ),
    "latex": ExportTarget("graphlang.exports.latex.document", "the formulas, forward and gradient", ".tex"),
    "onnx": ExportTarget(
        "graphlang.onnx.exporting.target", "the outputs, for other runtimes", ".onnx", binary=True
    ),
}

ELSEWHERE = {
    "pytorch": "torch", "np": "numpy", "python": "numpy", "graphviz": "dot", "gv": "dot", "tex": "latex",
    "onnxruntime": "onnx", "ort": "onnx", "mmd": "mermaid", "image": "svg", "picture": "svg",
}  # fmt: skip
"""Other names of targets."""


def exported(graph: Graph, target: str, **options: Any) -> str | bytes:
    """A graph as a target writes it; raises ValueError for a target that there is not, and GraphError where
    the graph has what the target cannot say."""
    name = text_of("target", target)
    if name not in TARGETS:
        meant = ELSEWHERE.get(name.lower())
        close = f"write `{meant}`" if meant else did_you_mean(name, TARGETS)
        close = close or f"there are {', '.join(TARGETS)}"
        raise ValueError(f"there is no target `{name}`; {close}")
    return cast("str | bytes", import_module(TARGETS[name].module).export(graph, **options))
