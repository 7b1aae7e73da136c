"""What is wrong with a program, and whether a repaired one is what was meant."""

from __future__ import annotations

import json
import shutil
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import chdir, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import graphlang as gl
from graphlang.diagnostics import Diagnostic
from graphlang.diagnostics.render import full

PROGRAMS = Path(__file__).parent / "programs"
RIGHT = Path(__file__).parent / "right.jsonl"


def names() -> list[str]:
    """The programs by name, in the order of right.jsonl."""
    return list(right_versions())


def numbered(number: int) -> str:
    """What a program is called for whoever repairs it, since its name tells the mistake."""
    return f"program{number:03}"


def right_versions() -> dict[str, str]:
    records = (json.loads(line) for line in RIGHT.read_text("utf-8").splitlines())
    return {record["name"]: record["right"] for record in records}


@contextmanager
def workplace() -> Iterator[Path]:
    """A folder that has what the programs read and none of them, as the current one."""
    with TemporaryDirectory() as folder:
        for name in ("data", "parts"):
            shutil.copytree(PROGRAMS / name, Path(folder) / name)
        with chdir(folder):
            yield Path(folder)


def mistakes(text: str, name: str) -> list[Diagnostic]:
    """Every error and warning of a program, read in a workplace: of `check`, else of a training or a run with what the file has."""
    Path(name).write_text(text, encoding="utf-8")
    try:
        graph = gl.load(name)
    except gl.GraphError as error:
        return list(error.diagnostics)
    left = [note for note in graph.notes if note.severity != "note"]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            _try(graph)
    except gl.GraphError as error:
        return [*left, *error.diagnostics]
    return left


def _try(graph: gl.Graph) -> None:
    spec = graph.spec
    if spec.data is not None and spec.train is not None:
        graph.fit()
    elif spec.data is None and all(value.default is not None or not value.shape for value in spec.inputs):
        graph.run()


def messages(name: str) -> str:
    """What a program makes the command line say, wherever the programs lie."""
    with workplace() as folder:
        text = (PROGRAMS / f"{name}.graph").read_text("utf-8")
        said = "\n\n".join(full(d) for d in mistakes(text, f"{name}.graph")) + "\n"
        for path in (folder, folder.resolve()):
            said = said.replace(str(path), "/home/you")
        return said


class Verdict(NamedTuple):
    name: str
    #: why it does not count as repaired, or nothing
    objection: str


def judged(folder: Path) -> Iterable[Verdict]:
    """A verdict for each program, whose repaired text is in a folder under its number."""
    folder = folder.resolve()
    with workplace():
        for number, (name, right) in enumerate(right_versions().items(), 1):
            yield Verdict(name, _objection(folder / f"{numbered(number)}.graph", right))


def _objection(path: Path, right: str) -> str:
    if not path.exists():
        return "there is no such file"
    left = mistakes(path.read_text("utf-8"), path.name)
    if left:
        return f"it still says: {left[0].message}"
    repaired = gl.load(path.name)
    Path("right.graph").write_text(right, encoding="utf-8")
    return "; ".join(_differences(gl.load("right.graph"), repaired))


MOST_LOST = 3
"""The operations of the right version that a repair may do without: there is more than one way to say a thing."""


def _differences(meant: gl.Graph, repaired: gl.Graph) -> Iterable[str]:
    """What the repair has lost of what was meant; numbers and names of one's own may differ."""
    inputs = {value.name for value in meant.spec.inputs} - {value.name for value in repaired.spec.inputs}
    if inputs:
        yield f"it has no input {', '.join(sorted(inputs))}"
    types = {value.name: (value.dtype, len(value.shape or ())) for value in repaired.outputs.values()}
    for value in meant.outputs.values():
        if types.get(value.name) != (value.dtype, len(value.shape or ())):
            yield f"its output `{value.name}` is gone or of another type"
    for section in ("data", "train", "gradcheck"):
        if getattr(meant.spec, section) is not None and getattr(repaired.spec, section) is None:
            yield f"it has no section `{section}`"
    lost = _operations(meant) - _operations(repaired)
    if lost.total() > MOST_LOST:
        yield f"it does without {', '.join(sorted(lost))}"
    if len(meant.spec.expects) > len(repaired.spec.expects):
        yield "it has fewer `expect` lines"


def _operations(graph: gl.Graph) -> Counter[str]:
    return Counter(node.operation for node in graph.spec.nodes if node.operation != "constant")
