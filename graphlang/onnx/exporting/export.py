"""`gl.onnx.export`: a graph as a file in the format ONNX, compared with the graph before it is written."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from graphlang.diagnostics import GraphError
from graphlang.diagnostics.onnx_export import NothingInOnnx, OnnxWriterMissing, UnknownOpset
from graphlang.diagnostics.python_arguments import precision, whole
from graphlang.engine.model import Model
from graphlang.engine.run_state import GRADIENT_OF
from graphlang.files.replace import replaced
from graphlang.onnx.exporting.cannot_export import CannotExport
from graphlang.trace import UndecidedError
from graphlang.training.sections import section_of
from graphlang.training.state import TrainingState

if TYPE_CHECKING:
    from graphlang.api import Graph
    from graphlang.onnx.exporting.inference import Made
    from graphlang.onnx.exporting.training.step_file import TrainingFile
    from graphlang.onnx.exporting.verify import Agreement

LEAST = 18
"""The first opset that can be written."""


@dataclass(frozen=True)
class Exported:
    """What was written, and how it was compared; None where nobody wanted that."""

    opset: int
    nodes: int
    agreement: Agreement | None

    def __str__(self) -> str:
        made = f"{self.nodes:,} operation{'' if self.nodes == 1 else 's'} of ONNX, opset {self.opset}"
        same = self.agreement
        if same is None:
            return f"{made}; not compared with the graph"
        sets = f"{same.inputs} set{'' if same.inputs == 1 else 's'} of inputs"
        one = same.values == 1
        values = "its value" if one else f"its {same.values:,} values"
        if same.largest:
            how = f"{'differs' if one else 'differ'} from the graph's by at most {same.largest:.1g}"
        else:
            how = f"{'is' if one else 'are'} exactly the graph's"
        return f"{made}; run by {' and '.join(same.runtimes)} on {sets}, {values} {how}"


def export(
    graph: Graph,
    path: str | os.PathLike[str],
    *,
    opset: int | None = None,
    dtype: str = "float32",
    sizes: Mapping[str, int] | None = None,
    training: bool = False,
    verify: bool = True,
) -> Exported:
    """Writes the outputs of a graph, in evaluation mode, as ONNX.

    `dtype` is the precision of the file; `sizes` gives numbers to named sizes, which else stay free. With
    `training` the file has the step of the `train` section too: see `training_step`. Raises GraphError where
    ONNX lacks something, and where the file computes other numbers than the graph.
    """
    content, report = exported_bytes(
        graph, opset=opset, dtype=dtype, sizes=sizes, training=training, verify=verify
    )
    with replaced(Path(path)) as file:
        file.write(content)
    return report


def exported_bytes(
    graph: Graph,
    *,
    opset: int | None = None,
    dtype: str = "float32",
    sizes: Mapping[str, int] | None = None,
    training: bool = False,
    verify: bool = True,
) -> tuple[bytes, Exported]:
    """The content of the file."""
    if find_spec("onnx") is None:
        raise GraphError([OnnxWriterMissing(graph.file)])
    from graphlang.onnx.exporting.verify import verified

    kind = precision(dtype) or np.dtype(np.float32)
    model = replace(graph.model, dtype=kind, backend=None)
    version = _opset(graph, whole("opset", opset, 1))
    fixed = {name: whole(f"sizes[{name!r}]", size, 1) or 1 for name, size in (sizes or {}).items()}
    with told(model):
        made = inference_file_of(model, version, fixed)
        step = _with_training(made.proto, model, version, fixed) if training else None
    content: bytes = made.proto.SerializeToString()
    agreement = verified(model, made, content, fixed) if verify else None
    if agreement is not None and step is not None:
        from graphlang.onnx.exporting.training.agreement_of_steps import verified_training

        largest = verified_training(made.proto, model, step, fixed)
        agreement = agreement._replace(largest=max(agreement.largest, largest))
    return content, Exported(version, len(made.proto.graph.node), agreement)


def inference_file_of(model: Model, opset: int, fixed: Mapping[str, int]) -> Made:
    """The model of ONNX, whose package is imported here."""
    from graphlang.onnx.exporting.inference import inference_file

    return inference_file(model, opset, fixed)


def _with_training(proto: Any, model: Model, opset: int, fixed: Mapping[str, int]) -> TrainingFile:
    """Adds the step of the `train` section."""
    from graphlang.onnx.exporting.training.step_file import add_training

    state = TrainingState(model, section_of(model, "export --training"), None)
    return add_training(proto, model, state, opset, fixed)


def _opset(graph: Graph, asked: int | None) -> int:
    """The version of ONNX's operations."""
    import onnx

    from graphlang.onnx.exporting.runtimes import newest_opset

    most = onnx.defs.onnx_opset_version()
    if asked is not None and not LEAST <= asked <= most:
        raise GraphError([UnknownOpset(graph.file, asked, LEAST, most)])
    return asked or newest_opset()


@contextmanager
def told(model: Model) -> Iterator[None]:
    """Turns what ONNX does not have into a GraphError that names the value."""
    with model.diagnosed():
        try:
            yield
        except CannotExport as error:
            raise GraphError([_nothing(model, error)]) from error
        except UndecidedError as error:
            reason = f"{error}; fix the sizes, in Python as `sizes=dict(N=8)`"
            raise GraphError([NothingInOnnx("the graph", reason, None)]) from error


def _nothing(model: Model, error: CannotExport) -> NothingInOnnx:
    node = model.network.find(error.origin.removeprefix(GRADIENT_OF))
    name = "the graph" if node is None else f"`{node.name}` ({node.spec.operation})"
    return NothingInOnnx(name, str(error), None if node is None else model.network.span(node.name))
