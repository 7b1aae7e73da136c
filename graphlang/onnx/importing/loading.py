"""From an ONNX file to the text of a spec with its weights, and to its graph."""

from __future__ import annotations

import os
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from graphlang.api import loads
from graphlang.diagnostics import GraphError
from graphlang.diagnostics.limits import Limits
from graphlang.diagnostics.onnx_files import NodeNotImported, OnnxValueWanted
from graphlang.formatting import laid_out
from graphlang.onnx.importing.blocks import blocks_of
from graphlang.onnx.importing.chains import chained
from graphlang.onnx.importing.expression import NameRef, WrittenCall
from graphlang.onnx.importing.graph_walk import GraphWalk, NodeRefused
from graphlang.onnx.importing.model_file import external_reader, read_model
from graphlang.onnx.importing.recognising import recognised, used_statements
from graphlang.onnx.importing.refusals import ValueWanted
from graphlang.onnx.importing.sharing import find_shared, with_shared_layers
from graphlang.onnx.importing.spec_text import block_lines, layer_names, lines_of
from graphlang.onnx.importing.writer import Statement, Writer, shape_comment

if TYPE_CHECKING:
    import onnx

    from graphlang.api import Graph

MOST_WALKS = 3
"""How often a file is gone through again, for weights that prove to be those of several layers."""


class ImportedSpec(NamedTuple):
    """A spec from an ONNX file, and the values of its parameters."""

    text: str
    weights: dict[str, np.ndarray[Any, Any]]
    #: the names of inputs and outputs in the spec, by those in the file
    inputs: dict[str, str]
    outputs: dict[str, str]

    @property
    def dtype(self) -> str:
        """The precision that holds the weights."""
        doubles = any(array.dtype == np.float64 for array in self.weights.values())
        return "float64" if doubles else "float32"


def load_onnx(
    path: str | os.PathLike[str], *, inputs: Mapping[str, Any] | None = None, **options: Any
) -> Graph:
    """The graph of an ONNX file, with its weights; `inputs` are values of inputs that are to be constants.

    The options are those of `graphlang.load`. Raises GraphError where the file is no sound model, or has an
    operator that the language cannot say.
    """
    imported = import_file(path, inputs=inputs)
    name = Path(path).with_suffix(".graph").name
    return graph_of(imported, name, **options)


def graph_of(imported: ImportedSpec, name: str, **options: Any) -> Graph:
    """The graph of an imported spec, with its weights."""
    graph = loads(imported.text, name=name, **options)
    assert set(imported.weights) == set(graph.params), set(imported.weights) ^ set(graph.params)
    if imported.weights:
        graph.params.update(imported.weights)
    return graph


def import_file(
    path: str | os.PathLike[str],
    *,
    inputs: Mapping[str, Any] | None = None,
    limits: Limits | None = None,
    every_name: bool = False,
) -> ImportedSpec:
    """The spec of an ONNX file, and its weights; with `every_name` a chain ends where the file has a name."""
    file = os.fspath(path)
    return import_model(read_model(path), file, inputs=inputs, limits=limits, every_name=every_name)


def import_model(
    model: onnx.ModelProto,
    file: str,
    *,
    inputs: Mapping[str, Any] | None = None,
    limits: Limits | None = None,
    every_name: bool = False,
) -> ImportedSpec:
    """The spec of a model that is read; `file` is what messages call it."""
    walked = _walked(model, file, inputs or {}, every_name, frozenset())
    for _ in range(MOST_WALKS):
        if walked.mixed <= walked.shared:
            break
        try:
            walked = _walked(model, file, inputs or {}, every_name, walked.shared | walked.mixed)
        except GraphError:
            break  # a layer has no other form: then each has a copy of its own
    return _written(model, file, walked, limits or Limits())


class _Walked(NamedTuple):
    """The statements of a spec, before what repeats is written once."""

    writer: Writer
    statements: list[Statement]
    inputs: dict[str, str]
    outputs: dict[str, str]
    #: the names that the spec has to show
    shown: set[str]
    #: the weights that are `param`s because several layers take them, and those that still are to be
    shared: AbstractSet[str]
    mixed: AbstractSet[str]


def _walked(
    model: onnx.ModelProto,
    file: str,
    inputs: Mapping[str, Any],
    every_name: bool,
    shared: AbstractSet[str],
) -> _Walked:
    writer = Writer()
    versions = {opset.domain.removeprefix("ai.onnx"): opset.version for opset in model.opset_import}
    functions = {(function.domain, function.name): function for function in model.functions}
    walk = GraphWalk(writer, versions, external_reader(file), functions)
    walk.shared = shared
    if model.producer_name == "graphlang":  # whose initializers are parameters, all of them
        walk.least = 1
    try:
        walk.constants(model.graph)
        names = walk.inputs(model.graph, inputs)
        walk.nodes(model.graph)
        outputs = _outputs(walk, model.graph)
    except NodeRefused as refused:
        raise GraphError([_diagnosed(refused, file)]) from refused
    shown = set(outputs.values())
    if every_name:
        names_of_file = {name for node in model.graph.node for name in node.output}
        shown |= (writer.from_file & names_of_file) - writer.plain
    statements = recognised(_needed(writer, outputs), writer, shown)
    return _Walked(writer, statements, names, outputs, shown, shared, find_shared(statements, writer))


def _written(model: onnx.ModelProto, file: str, walked: _Walked, limits: Limits) -> ImportedSpec:
    writer, shown = walked.writer, walked.shown
    blocks, statements = blocks_of(walked.statements, writer, shown)
    statements, shared = with_shared_layers(statements, writer)
    blocks = [b._replace(statements=tuple(chained(b.statements, {b.result}, lambda _: True))) for b in blocks]
    statements = chained(statements, shown, writer.plain.__contains__)
    kept = {name for statement in statements for name in statement.names}
    names = {theirs: ours for theirs, ours in walked.inputs.items() if ours in kept}
    defs = (line for block in blocks for line in block_lines(block))
    text = "\n".join([_head(model, file), *defs, *lines_of(statements, list(walked.outputs.values()))])
    layout = laid_out(text + "\n", Path(file).name, limits)
    return ImportedSpec(layout, layer_names(statements, blocks, shared, writer), names, walked.outputs)


def _head(model: onnx.ModelProto, file: str) -> str:
    opset = next((o.version for o in model.opset_import if o.domain in ("", "ai.onnx")), 1)
    name = "".join(c if c.isprintable() else "?" for c in Path(file).name[:80])
    return f"# From {name}, opset {opset}\n"


def _outputs(walk: GraphWalk, graph: onnx.GraphProto) -> dict[str, str]:
    """The names of the outputs in the spec, each a value of its own."""
    outputs: dict[str, str] = {}
    for described in graph.output:
        value = walk.output(described.name)
        writer = walk.writer
        named = writer.operand(value)
        ref = named.expression
        if not isinstance(ref, NameRef) or ref.name in outputs.values() or _is_leaf(writer, ref):
            ref = NameRef(writer.names.new(described.name, "output"))
            expression = named.expression
            assert expression is not None
            whole = (
                expression if isinstance(expression, WrittenCall) else WrittenCall("Identity", (expression,))
            )
            writer.statements.append(Statement((ref.name,), whole, (shape_comment(named.array),)))
        outputs[described.name] = ref.name
    return outputs


def _is_leaf(writer: Writer, ref: NameRef) -> bool:
    words = [s for s in (*writer.statements, *writer.declared) if s.text is not None]
    return any(ref.name in s.names for s in words if (s.text or "").startswith(("input ", "param ")))


def _needed(writer: Writer, outputs: Mapping[str, str]) -> list[Statement]:
    """The statements that an output depends on, and all inputs; a `param` stands behind the inputs."""
    inputs = [s for s in writer.statements if s.text is not None and s.text.startswith("input ")]
    others = [s for s in writer.statements if s not in inputs]
    return used_statements([*inputs, *writer.declared, *others], set(outputs.values()))


def _diagnosed(refused: NodeRefused, file: str) -> Any:
    wanted = refused.refused
    if isinstance(wanted, ValueWanted) and wanted.position < len(refused.inputs):
        return OnnxValueWanted(file, refused.op, refused.node, refused.inputs[wanted.position])
    return NodeNotImported(file, refused.op, refused.node, str(refused))
