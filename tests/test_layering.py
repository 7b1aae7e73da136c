"""Imports go downward only, in one stated order, and no files import one another in a circle."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import networkx as nx
import pytest

PACKAGE = Path(__file__).parent.parent / "graphlang"

ORDER = """
    lazy
    diagnostics
    files
    syntax
    formatting highlighting
    trace
    kernels
    contracts
    initializers optimizers schedules monitors
    catalog
    functions
    layers
    losses
    datasets
    spec
    resolve
    inputs
    engine
    layouts
    training
    backends
    checks
    compare
    report
    api
    onnx scaffold sklearn sweeps testing
    draw
    view
    exports
    lsp
    cli
    notebook
    __main__
"""
"""From the bottom to the top. What stands on one line does not import one another."""
LEVEL = {name: level for level, line in enumerate(ORDER.split("\n")) for name in line.split()}
FILES = sorted(PACKAGE.rglob("*.py"))


def unit(path: Path) -> str:
    """The part of the package that a file belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def module(path: Path) -> str:
    """The name under which a file is imported."""
    return ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")


MODULES = {module(path): path for path in FILES}


@cache
def imported(path: Path) -> frozenset[str]:
    """The modules of the package that a file imports: at its head, inside functions, and for types alone."""
    return frozenset(_imported(path))


def _imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (a.name for a in node.names if a.name.startswith("graphlang"))
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are written in full"
            if (node.module or "").startswith("graphlang."):
                names = [f"{node.module}.{a.name}" for a in node.names]
                yield from (name if name in MODULES else str(node.module) for name in names)
            else:
                assert node.module != "graphlang", f"{path} imports from the package: its names are for users"


def test_the_documentation_states_the_same_order() -> None:
    assert ORDER.strip("\n") in (PACKAGE.parent / "docs" / "architecture.md").read_text(encoding="utf-8")


def test_every_part_of_the_package_has_its_place_in_the_order() -> None:
    assert {unit(p) for p in FILES} - {"__init__"} <= set(LEVEL)


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_go_downward(path: Path) -> None:
    own = unit(path)
    if path == PACKAGE / "__init__.py":
        return
    parts = {name.split(".")[1] for name in imported(path)}
    assert {part for part in parts if part != own and LEVEL[part] >= LEVEL[own]} == set()


def test_no_files_import_one_another_in_a_circle() -> None:
    graph: nx.DiGraph[str] = nx.DiGraph()
    for name, path in MODULES.items():
        if name != "graphlang":
            graph.add_edges_from((name, other) for other in imported(path))
    components = nx.strongly_connected_components(graph)
    assert [sorted(component) for component in components if len(component) > 1] == []


SAME_BY_NATURE = {"Sigmoid", "constant"}
"""A name of the language, as the layer and the primitive it records."""
NAMED_FROM_OUTSIDE = (
    "backends/jax",  # a rule has the name of its primitive
    "cli",  # each command has a `parser` and a `run`
    "exports/json_spec.py",  # each target has an `export`
    "exports/latex/arithmetic.py",  # a rule has the name of its primitive
    "exports/latex/arrangement.py",
    "exports/latex/document.py",
    "exports/pictures",
    "exports/source/jax/table.py",  # a rule has the name of its primitive
    "exports/source/jax/target.py",
    "exports/source/numpy/table.py",  # a rule has the name of its primitive
    "exports/source/numpy/target.py",
    "exports/source/torch/table",  # a rule has the name of its primitive
    "exports/source/torch/target.py",
    "functions",  # the words of the language, which primitives and NumPy's functions share
    "initializers",
    "onnx/exporting/rules",  # so has a rule here
    "onnx/exporting/target.py",
    "syntax/build.py",  # a function for each rule of the grammar
    "trace/numpy_calls.py",
    "trace/primitives",
)


def public(kind: type[ast.ClassDef | ast.FunctionDef], but: tuple[str, ...] = ()) -> dict[str, list[str]]:
    """The files that define a public class or function of each name."""
    places: dict[str, list[str]] = {}
    for path in FILES:
        file = path.relative_to(PACKAGE).as_posix()
        if file.startswith(but):
            continue
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, kind) and not node.name.startswith("_"):
                places.setdefault(node.name, []).append(file)
    return places


def test_no_two_public_classes_have_one_name() -> None:
    places = public(ast.ClassDef)
    assert {n: p for n, p in places.items() if len(p) > 1 and n not in SAME_BY_NATURE} == {}


def test_no_two_public_functions_have_one_name() -> None:
    places = public(ast.FunctionDef, but=NAMED_FROM_OUTSIDE)
    assert {n: p for n, p in places.items() if len(p) > 1} == {}


def test_only_the_syntax_knows_lark_only_the_edge_rich_and_only_a_backend_jax() -> None:
    users: dict[str, set[str]] = {"lark": set(), "rich": set(), "jax": set()}
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                if name.split(".")[0] in users:
                    users[name.split(".")[0]].add(unit(path))
    assert users["lark"] <= {"syntax"}
    assert users["rich"] <= {"cli", "draw"}
    assert users["jax"] <= {"backends"}


def test_importing_graphlang_imports_no_dependency() -> None:
    """Importing graphlang costs nothing: the public names come when they are asked for."""
    import subprocess
    import sys

    code = "import sys, graphlang; print([m for m in ('numpy', 'lark', 'pydantic', 'rich', 'jax', 'sklearn') if m in sys.modules])"
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PACKAGE.parent
    )
    assert out.stdout.strip() == "[]"


MAY_OPEN = (
    "engine/cache_size.py",  # what the system says of its processors and its memory
    "engine/calibration.py",
    "engine/free_memory.py",
    "engine/workers.py",
    "syntax/parse_table.py",  # files of the package itself
    "view/page.py",
    "view/runs/report_page.py",
)
READERS = {"read_text", "read_bytes", "fromfile", "memmap", "loadtxt", "genfromtxt"}


def opened_for_reading(path: Path) -> Iterator[str]:
    """The calls in a file that open a file by its name, where they are not told to write."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        called = node.func
        if isinstance(called, ast.Name) and called.id == "open":
            yield ast.unparse(node)
        elif isinstance(called, ast.Attribute) and called.attr in {*READERS, "open", "load"}:
            text, owner = ast.unparse(node), ast.unparse(called.value)
            by_name = owner.startswith("Path(") and called.attr == "open" and "'w" not in text
            loads = called.attr == "load" and owner in ("np", "numpy", "json", "pickle")
            if called.attr in READERS or by_name or loads or text.startswith("gzip.open("):
                yield text


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_files_of_users_are_opened_for_reading_in_one_place(path: Path) -> None:
    if unit(path) != "files" and path.relative_to(PACKAGE).as_posix() not in MAY_OPEN:
        assert list(opened_for_reading(path)) == []


WRITES = {
    "files/replace.py": "the one place",
    "files/locks.py": "opens what is locked",
    "training/run_lock.py": "the file that is locked",
    "cli/outputs.py": "numpy.save into the file of `replaced`",
    "view/runs/plots.py": "matplotlib's savefig into the file of `replaced`",
    "view/show.py": "a new folder in that for temporary files",
    "cli/__init__.py": "the null device",
    "cli/lasting_stream.py": "the null device",
    "backends/jax/companions.py": "the null device",
}
"""The files that open something to write, or rename, and why they may."""
WRITERS = {
    "os": {"rename", "renames", "replace", "link", "symlink", "truncate", "creat", "mkfifo"},
    "np": {"save", "savez", "savez_compressed", "savetxt", "memmap"},
    "shutil": {"copy", "copy2", "copyfile", "copytree", "move", "copyfileobj"},
    "tempfile": {"mkstemp", "mkdtemp", "NamedTemporaryFile", "TemporaryFile", "TemporaryDirectory"},
    "io": {"open", "FileIO"},
}
METHODS_THAT_WRITE = {
    "write_text",
    "write_bytes",
    "tofile",
    "savefig",
    "touch",
    "hardlink_to",
    "symlink_to",
    "rename",
}


_NAMES_THAT_MAY_WRITE = set().union(*WRITERS.values()) | METHODS_THAT_WRITE | {"open", "replace"}


def calls_that_write(path: Path) -> Iterator[str]:
    """The calls in a file that open a file to write it, or give one another name."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        called = node.func
        if not (isinstance(called, ast.Name) or getattr(called, "attr", "") in _NAMES_THAT_MAY_WRITE):
            continue
        text = ast.unparse(node)
        modes = {c.value for c in ast.walk(node) if isinstance(c, ast.Constant) and isinstance(c.value, str)}
        writes = any(mode and set(mode) <= set("rwxabt+") and set(mode) & set("wxa+") for mode in modes)
        if isinstance(called, ast.Name):
            if called.id in ("open", "mkdtemp", "mkstemp", "ZipFile") and writes:
                yield text
        elif isinstance(called, ast.Attribute):
            owner = ast.unparse(called.value)
            of_module = called.attr in WRITERS.get(owner, ())
            opens = called.attr == "open" and (
                writes or "O_WRONLY" in text or ("_FLAGS" in text and owner == "os")
            )
            renames = called.attr == "replace" and len(node.args) == 1 and owner != "self._state"
            if of_module or (called.attr in METHODS_THAT_WRITE and owner != "os") or opens or renames:
                yield text


MAY_PASS = (
    "files/regular.py",  # opens to read, with flags of its own
    "files/write_archive.py",  # a member of an archive on an open stream
)


def test_whatever_is_written_is_written_in_one_place() -> None:
    """There a file is replaced whole, under a name that nobody foresees, and brought to the disk."""
    writing = {}
    for path in FILES:
        name = path.relative_to(PACKAGE).as_posix()
        if name not in MAY_PASS and (calls := list(calls_that_write(path))):
            writing[name] = calls
    assert {name: calls for name, calls in writing.items() if name not in WRITES} == {}
    assert set(WRITES) - set(writing) == set()


@pytest.mark.parametrize(
    "call",
    [
        "open(name, 'w')",
        "open(name, mode='ab')",
        "path.open('x')",
        "path.write_text(text)",
        "Path(name).write_bytes(content)",
        "np.savez(name, x=x)",
        "x.tofile(name)",
        "temporary.replace(path)",
        "os.rename(a, b)",
        "os.open(name, os.O_WRONLY)",
        "tempfile.mkstemp()",
        "shutil.copy(a, b)",
    ],
)
def test_a_call_that_writes_is_noticed(call: str, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(f"def f():\n    return {call}\n")
    assert list(calls_that_write(tmp_path / "a.py")) == [call]


def test_no_two_test_files_share_a_name() -> None:
    # Tests are no package, so pytest cannot tell two files of one name apart.
    names = [path.name for path in (PACKAGE.parent / "tests").rglob("test_*.py")]
    assert sorted({name for name in names if names.count(name) > 1}) == []
