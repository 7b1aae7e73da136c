"""Annotations in `trace/`: mypy can only check what is more precise than `Any`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import graphlang.trace

FOLDER = Path(graphlang.trace.__file__).parent
MOST = 0.2


def parameters(source: str) -> Iterator[ast.arg]:
    """Every parameter of every function, but for `self` and `cls`."""
    for function in ast.walk(ast.parse(source)):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            a = function.args
            single = [*a.posonlyargs, *a.args, *a.kwonlyargs]
            packed = [packed for packed in (a.vararg, a.kwarg) if packed is not None]
            yield from (p for p in [*single, *packed] if p.arg not in ("self", "cls"))


def is_any(parameter: ast.arg) -> bool:
    return parameter.annotation is None or ast.unparse(parameter.annotation) in ("Any", "object")


def test_the_count_sees_every_kind_of_parameter() -> None:
    source = "class A:\n    def f(self, a: Any, /, b: int, *c: Any, d, e: object = 1, **g: Array): ..."
    assert [p.arg for p in parameters(source)] == ["a", "b", "d", "e", "c", "g"]
    assert [p.arg for p in parameters(source) if is_any(p)] == ["a", "d", "e", "c"]


def test_at_most_one_parameter_in_five_is_any() -> None:
    files = {path: list(parameters(path.read_text(encoding="utf-8"))) for path in FOLDER.rglob("*.py")}
    untyped = {str(path.relative_to(FOLDER)): sum(map(is_any, found)) for path, found in files.items()}
    total = sum(map(len, files.values()))
    assert total > 500
    assert sum(untyped.values()) <= MOST * total, {name: n for name, n in untyped.items() if n}
