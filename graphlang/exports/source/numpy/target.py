"""The target `numpy` of `graphlang export`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphlang.api import Graph
from graphlang.exports.source.language import GeneratedFile, SourceLanguage
from graphlang.exports.source.layout import docstring, statement_lines
from graphlang.exports.source.loops import python_loop
from graphlang.exports.source.names import class_name
from graphlang.exports.source.numpy.helpers import HELPERS
from graphlang.exports.source.numpy.network_class import NetworkWriter
from graphlang.exports.source.numpy.table import HINTS, RULES, array_text, dtype_text
from graphlang.exports.source.numpy.training_loop import TrainingWriter
from graphlang.syntax.lessons import stem_of_spec

NUMPY = SourceLanguage(RULES, HELPERS, dtype_text, array_text, python_loop, HINTS)


def export(graph: Graph, **options: Any) -> str:
    """The file as text, which `ruff format` leaves as it is."""
    with graph.model.diagnosed():
        return _written(graph)


def _written(graph: Graph) -> str:
    file = GeneratedFile(NUMPY, dtype_text(graph.dtype))
    name = class_name(stem_of_spec(graph.file) if graph.file else "net")
    writer = NetworkWriter(file, graph, name)
    network = writer.lines()
    classes = writer.class_lines()
    draws = any("rng.random(" in line for line in classes)
    body = [*classes, "", "", *network]
    training = None
    if graph.spec.train is not None:
        training = TrainingWriter(writer, graph.spec.train, draws=draws)
        body += training.lines()
    text = "\n".join(body)
    helpers = [line for own in file.helper_texts() for line in ["", "", *own.split("\n")]]
    whole = "\n".join(helpers) + "\n" + text
    lines = [*docstring(_about(graph, writer, network, training)), *_imports(whole)]
    constants = []
    if draws or "SEED" in whole:
        constants.append(f"SEED = {graph.seed}")
    if draws:
        constants.append("rng = np.random.default_rng(SEED)")
    for own, names in writer.constants.items():
        quoted = ", ".join(f'"{name}"' for name in names)
        constants += statement_lines(f"{own} = [{quoted}]")
    constants = ["", *constants] if constants else []
    return "\n".join([*lines, *constants, *helpers, *body]).rstrip() + "\n"


def _imports(text: str) -> list[str]:
    standard = [f"import {name}" for name in ("hashlib", "math") if f"{name}." in text]
    numpy = ["import numpy as np"] if "np." in text else []
    return ["", *standard, *([""] if standard and numpy else []), *numpy] if standard or numpy else []


def _about(
    graph: Graph, writer: NetworkWriter, network: Sequence[str], training: TrainingWriter | None
) -> str:
    """What the file is, and how it is used."""
    file = (graph.file or "a spec").rpartition("/")[2]
    lines = [f"{file} in NumPy, written by graphlang.", "", "Usage:", "", f"    net = {writer.name}()"]
    outputs = ", ".join(writer.variables[name] for name in writer.outputs)
    lines.append(f"    {outputs} = net.predict({', '.join(writer.given(writer.predict_inputs))})")
    if training is not None:
        taken = ["net", *(writer.variables[name] for name in training.inputs)]
        lines.append(f"    losses = train({', '.join(taken)})")
    elif any("def gradient(" in line for line in network):
        lines.append(f"    grads = net.gradient({', '.join(writer.given(writer.predict_inputs))})")
    if graph.network.params:
        lines.append('    net.load("weights.npz")  # as graphlang saves them')
    return "\n".join([*lines, ""])
