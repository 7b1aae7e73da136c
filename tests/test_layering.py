"""Imports go downward only, in one stated order."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "graphlang"

ORDER = """
    diagnostics
    syntax
    trace
    kernels
    contracts
    initializers optimizers schedules
    catalog
    functions
    layers
    losses
    datasets
    spec
    resolve
    inputs
    engine
    training
    checks
    report
    api
    draw
    cli
    __main__
"""
"""From the bottom to the top. What stands on one line does not import one another."""
LEVEL = {name: level for level, line in enumerate(ORDER.split("\n")) for name in line.split()}
FILES = sorted(PACKAGE.rglob("*.py"))


def unit(path: Path) -> str:
    """The part of the package that a file belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(path: Path) -> Iterator[str]:
    """The parts of the package that a file imports, inside functions too; for types alone does not count."""
    stack: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
    while stack:
        node = stack.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if isinstance(node, ast.Import):
            yield from (a.name.split(".")[1] for a in node.names if a.name.startswith("graphlang."))
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are written in full"
            if (node.module or "").startswith("graphlang."):
                yield str(node.module).split(".")[1]
            elif node.module == "graphlang":
                # The package itself holds its version, and its public names for those who use it.
                assert [a.name for a in node.names] == ["__version__"], f"{path} imports a public name"
        stack.extend(ast.iter_child_nodes(node))


def test_the_documentation_states_the_same_order() -> None:
    assert ORDER.strip("\n") in (PACKAGE.parent / "docs" / "architecture.md").read_text(encoding="utf-8")


def test_every_part_of_the_package_has_its_place_in_the_order() -> None:
    assert {unit(p) for p in FILES} - {"__init__"} <= set(LEVEL)


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_go_downward(path: Path) -> None:
    own = unit(path)
    if path == PACKAGE / "__init__.py":
        return
    upward = {name for name in imported(path) if name != own and LEVEL[name] >= LEVEL[own]}
    assert upward == set()


def test_only_the_syntax_knows_lark_and_only_the_edge_knows_rich() -> None:
    users: dict[str, set[str]] = {"lark": set(), "rich": set()}
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                if name.split(".")[0] in users:
                    users[name.split(".")[0]].add(unit(path))
    assert users["lark"] <= {"syntax"}
    assert users["rich"] <= {"cli", "draw"}


def test_an_import_for_its_side_effect_is_found_nowhere() -> None:
    """Importing graphlang costs nothing: the public names come when they are asked for."""
    import subprocess
    import sys

    code = (
        "import sys, graphlang; print([m for m in ('numpy', 'lark', 'pydantic', 'rich') if m in sys.modules])"
    )
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PACKAGE.parent
    )
    assert out.stdout.strip() == "[]"
