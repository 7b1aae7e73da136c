"""The resolver is made of short functions in short files, which do not import one another in a circle."""

from __future__ import annotations

import ast
import statistics
from graphlib import TopologicalSorter
from pathlib import Path

import graphlang.resolve

FOLDER = Path(graphlang.resolve.__file__).parent
FILES = sorted(FOLDER.glob("*.py"))


def functions() -> dict[str, int]:
    """The length in lines of every function and method, by file and name."""
    lengths = {}
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert node.end_lineno is not None
                lengths[f"{path.name}:{node.lineno} {node.name}"] = node.end_lineno - node.lineno + 1
    return lengths


def imports(path: Path) -> set[str]:
    """The files of the resolver that a file imports, inside functions and for types alone too."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "graphlang.resolve":
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("graphlang.resolve."):
            names.add(str(node.module).split(".")[2])
    return names & {other.stem for other in FILES}


def test_functions_are_short() -> None:
    lengths = functions()
    assert len(lengths) > 100
    assert statistics.median(lengths.values()) <= 8
    assert statistics.quantiles(lengths.values(), n=10)[-1] <= 18
    assert {name for name, length in lengths.items() if length > 40} == set()


def test_files_are_short() -> None:
    lines = {path.name: len(path.read_text(encoding="utf-8").splitlines()) for path in FILES}
    assert {name for name, count in lines.items() if count > 400} == set()


def test_no_two_files_import_one_another() -> None:
    graph = {path.stem: imports(path) for path in FILES}
    assert list(TopologicalSorter(graph).static_order())[-2:] == ["file", "__init__"]
