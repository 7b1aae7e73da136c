"""The tests can be collected on Windows, where each that needs POSIX is skipped."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from simulated_system import CALLS, MODULES, SIGNALS

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
COLLECTED = "benchmarks cli files hostile sweeps training/test_run_lock.py training/test_memory_needed.py view/test_live.py".split()
"""The tests that use most of the system."""
ALONE = {
    "tests/faults",
    "tests/hostile",
    "tests/mutation",
    "docs/pictures_terminal.py",
    "docs/examples/serve.py",
}
"""Programs of their own, which need POSIX and say so, or are started by tests that are skipped elsewhere."""
FILES = [
    path
    for folder in ("graphlang", "tests", "benchmarks", "docs", "editors")
    for path in (ROOT / folder).rglob("*.py")
]


def is_alone(path: Path) -> bool:
    name = path.relative_to(ROOT).as_posix()
    return any(
        name == alone or (name.startswith(f"{alone}/") and not path.name.startswith("test_"))
        for alone in ALONE
    )


def at_import(tree: ast.AST) -> Iterator[ast.AST]:
    """What is run when a module is imported: all but the bodies of functions."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            for part in [
                *getattr(node, "decorator_list", ()),
                *node.args.defaults,
                *filter(None, node.args.kw_defaults),
            ]:
                yield from ast.walk(part)
        else:
            yield node
            yield from at_import(node)


def of_posix(path: Path) -> list[str]:
    """What a module takes of POSIX when it is imported."""
    found = []
    for node in at_import(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [a.name for a in node.names if a.name in MODULES]
        elif isinstance(node, ast.ImportFrom) and node.module in MODULES:
            found.append(str(node.module))
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            names = {"os": CALLS, "signal": SIGNALS}.get(node.value.id, [])
            found += [f"{node.value.id}.{node.attr}"] if node.attr in names else []
    return found


def test_no_module_takes_what_windows_lacks_when_it_is_imported() -> None:
    guarded = {"graphlang/engine/workers.py", "graphlang/lazy.py"}  # `register_at_fork`, where it is
    found = {path.relative_to(ROOT).as_posix(): of_posix(path) for path in FILES if not is_alone(path)}
    assert {name: taken for name, taken in found.items() if taken and name not in guarded} == {}
    assert {name for name in guarded if set(found[name]) == {"os.register_at_fork"}} == guarded


def test_the_look_at_modules_finds_what_it_looks_for(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_text(
        "import fcntl\nfrom resource import getrlimit\nX = [os.fork]\n@mark(signal.SIGKILL)\ndef f(x=os.O_NOFOLLOW):\n    os.fork()\n"
        "class C:\n    import pty\n"
    )
    assert sorted(of_posix(file)) == [
        "fcntl",
        "os.O_NOFOLLOW",
        "os.fork",
        "pty",
        "resource",
        "signal.SIGKILL",
    ]


@pytest.mark.skipif(sys.platform != "linux", reason="it is a Python on Linux that plays Windows")
def test_the_tests_that_use_most_of_the_system_are_collected_on_windows() -> None:
    words = ["-q", "--collect-only", "-p", "no:cacheprovider", "-p", "collected_on_windows"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *words, *(f"tests/{name}" for name in COLLECTED)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(HERE)])},
        stdout=subprocess.PIPE,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert "error" not in done.stdout.splitlines()[-1]
