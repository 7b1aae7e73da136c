"""The table of what each operation becomes in ONNX, as the documentation has it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import onnx

from graphlang.diagnostics import GraphError
from graphlang.onnx.exporting.export import exported_bytes

sys.path.append(str(Path(__file__).parent.parent / "contracts"))
import contract_cases as cases

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "onnx.md"
BEGIN, END = "<!-- table: python -m tests.onnx_export --write -->", "<!-- end of operations -->"
OPSET = 23


def table() -> str:
    """A row for every operation of the catalog, from exporting it; several on a row where the nodes are the
    same."""
    rows: dict[str, list[str]] = {}
    for name, entry in sorted(cases.entries().items(), key=lambda item: (item[0].lower(), item[0])):
        rows.setdefault(_nodes(cases.cases(entry)[0].text), []).append(f"`{name}`")
    lines = [f"| {', '.join(names)} | {nodes} |" for nodes, names in rows.items()]
    return "\n".join(["| operation | nodes |", "|---|---|", *lines])


def _nodes(text: str) -> str:
    """The kinds of nodes of a graph, in the order in which they first come; or why there are none."""
    try:
        content, _ = exported_bytes(cases.load(text, dtype="float32"), opset=OPSET, verify=False)
    except GraphError as error:
        return f"refused: {getattr(error.diagnostics[0], 'reason', error.diagnostics[0].message)}"
    kinds = list(dict.fromkeys(_kinds(onnx.load_model_from_string(content).graph)))
    return ", ".join(f"`{kind}`" for kind in kinds) or "a constant"


def _kinds(graph: Any) -> list[str]:
    return [
        kind
        for node in graph.node
        if node.op_type != "Constant" and not node.name.startswith("sizes/")
        for kind in (node.op_type, *(k for a in node.attribute if a.HasField("g") for k in _kinds(a.g)))
    ]


def write(text: str) -> None:
    """Puts the table into its page."""
    page = PAGE.read_text(encoding="utf-8")
    before, after = page.partition(BEGIN)[0], page.partition(END)[2]
    PAGE.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", encoding="utf-8")


def written() -> str:
    """The table of the page."""
    page = PAGE.read_text(encoding="utf-8")
    return page.partition(BEGIN)[2].partition(END)[0].strip()
