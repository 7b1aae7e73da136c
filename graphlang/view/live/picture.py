"""The picture that all pages show: the file as it is on disk, with what was changed in a page."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from graphlang.diagnostics import GraphError
from graphlang.diagnostics.inputs import UnknownInput
from graphlang.diagnostics.running import UnknownValue
from graphlang.diagnostics.settings import UnknownOverride
from graphlang.engine.workers import BLAS
from graphlang.files.regular import read_bytes, resolved_below
from graphlang.syntax.lessons import file_of_spec
from graphlang.view.build import scene
from graphlang.view.live.problems import Problem, problems_of
from graphlang.view.live.published import Published
from graphlang.view.live.subject import LoadedSpec, Subject
from graphlang.view.scene import VERSION

_IMPORTED = re.compile(r'"([^"\n]+\.graph)"')
LARGEST = 64 * 2**20
"""Up to so many bytes the text of a spec is looked at and shown."""
_STANDARD = ("<stdin>", "<text>")


class Change(NamedTuple):
    """What a page asks for: other values of inputs and `hyper`s; `reset` takes those of the file again."""

    inputs: Mapping[str, Any]
    hypers: Mapping[str, Any]
    reset: bool = False

    def then(self, later: Change) -> Change:
        """Both, where the later one wins."""
        if later.reset:
            return later
        return Change({**self.inputs, **later.inputs}, {**self.hypers, **later.hypers}, self.reset)


class Changed(NamedTuple):
    """A value that a page set, and the file's own at that time: where that changes, the file wins."""

    value: Any
    own: Any


def empty_scene(path: str) -> dict[str, Any]:
    """The scene before anything could be computed."""
    return {
        "version": VERSION, "title": path, "file": path, "sources": [], "of": None, "seed": None, "nodes": [],
        "edges": [], "boxes": [], "slots": [], "program": None, "bad": None, "dead": [], "diagnostics": [],
        "hypers": [], "stale": False,
    }  # fmt: skip


class LivePicture:
    """Loads and runs the file, and publishes the scene. Used on the engine's thread alone."""

    def __init__(self, subject: Subject, published: Published) -> None:
        self.subject = subject
        self.published = published
        self.loaded: LoadedSpec | None = None
        #: seconds that the last run with its scene took
        self.cost = 0.0
        self._inputs: dict[str, Changed] = {}
        self._hypers: dict[str, Changed] = {}
        self._own_hypers: Mapping[str, Any] = {}
        self._problems: list[Problem] = []
        #: operations whose inside a page has asked for
        self._unfolded: set[str] = set()
        #: the last scene of a run
        self._scene: dict[str, Any] = empty_scene(subject.path)

    @property
    def values(self) -> dict[str, Any]:
        """The values of inputs that do not come from the file."""
        defaults = {} if self.loaded is None else dict(self.loaded.inputs)
        return {**defaults, **{name: changed.value for name, changed in self._inputs.items()}}

    # ---- the file ---------------------------------------------------------------------------------------

    def files(self) -> set[Path]:
        """All that is to be watched: also imports that are not there yet."""
        files = set(self.subject.files())
        if self.loaded is not None:
            files |= self.loaded.files
            files |= {file_of_spec(s.name) for s in self.loaded.graph.spec.sources if s.name not in _STANDARD}
        return files | {other for path in files if path.suffix == ".graph" for other in _imports(path)}

    def reload(self, settled: bool) -> bool:
        """Reads the file again; returns whether that went well.

        Where it did not, the last picture stays. What is wrong is shown only if the file is `settled`: it may
        be half written.
        """
        try:
            if not settled and _is_blank(self.subject.path):
                return False
            self._load()
        except Exception as error:  # noqa: BLE001 - shown in the page
            if settled:
                self._show_problems(problems_of(error))
            return False
        return True

    def _load(self) -> None:
        """Loads and runs; keeps the changes of pages that still fit, and forgets the others."""
        loaded = self.subject.load({})
        own = loaded.graph.spec.hypers
        hypers = {n: c for n, c in self._hypers.items() if n in own and own[n] == c.own}
        inputs = self._inputs
        try:
            if hypers:
                loaded = self.subject.load({n: c.value for n, c in hypers.items()})
            inputs = _still_fitting(loaded, inputs)
            new = self._run(loaded, inputs, hypers)
        except GraphError:
            if not hypers and not inputs:
                raise
            loaded, hypers, inputs = self.subject.load({}), {}, {}
            new = self._run(loaded, inputs, hypers)
        self.loaded, self._hypers, self._inputs, self._own_hypers = loaded, hypers, inputs, dict(own)
        self._problems = [note.as_json() for note in loaded.graph.notes]
        self._show(new)

    def _show_problems(self, problems: list[Problem]) -> None:
        self._problems = problems
        self._show(self._scene)

    def _show(self, new: dict[str, Any]) -> int:
        """Publishes a scene with what is wrong with the file: then the text on disk stands beside it."""
        self._scene = new
        if not any(p["severity"] == "error" for p in self._problems):
            return self.published.show({**new, "diagnostics": self._problems})
        nodes = [{**node, "at": None, "line": None} for node in new["nodes"]]
        names = dict.fromkeys([self.subject.path, *(s["name"] for s in new["sources"]), *self._files_wrong()])
        sources = [{"name": name, "text": text} for name in names if (text := _text(name)) is not None]
        stale = {"nodes": nodes, "sources": sources, "diagnostics": self._problems, "stale": True}
        return self.published.show({**new, **stale})

    def _files_wrong(self) -> Iterator[str]:
        """The specs that problems stand in: those with a line, which were read as specs."""
        return (str(p["file"]) for p in self._problems if p.get("file") and p.get("line"))

    # ---- changes in a page ------------------------------------------------------------------------------

    def change(self, change: Change) -> int:
        """Computes with other values, and returns the number of the scene.

        Raises GraphError where they do not fit; then everything stays as it is.
        """
        loaded = self._loaded()
        self._check_names(loaded, change)
        inputs = {} if change.reset else dict(self._inputs)
        hypers = {} if change.reset else dict(self._hypers)
        for name, value in change.inputs.items():
            inputs[name] = Changed(value, loaded.graph.inputs[name].default)
        for name, value in change.hypers.items():
            hypers[name] = Changed(value, self._own_hypers.get(name))
        if {n: c.value for n, c in hypers.items()} != {n: c.value for n, c in self._hypers.items()}:
            loaded = self.subject.load({n: c.value for n, c in hypers.items()})
        new = self._run(loaded, inputs, hypers)
        self.loaded, self._inputs, self._hypers = loaded, inputs, hypers
        return self._show(new)

    def unfold(self, name: str) -> int | None:
        """Adds the inside of an operation, and returns the number of the scene; None where it has none."""
        nodes = {node["id"]: node for node in self._scene["nodes"]}
        if name not in nodes:
            raise GraphError([UnknownValue(name, list(nodes), self.subject.path)])
        self._unfolded.add(name)
        number = self.draw()
        if any(node["id"] == name and node["inside"] for node in self._scene["nodes"]):
            return number
        self._unfolded.discard(name)
        return None

    def reloads(self, change: Change) -> bool:
        """Whether a change needs the file to be read again, which makes its parameters anew."""
        return bool(change.hypers) or (change.reset and bool(self._hypers))

    def _check_names(self, loaded: LoadedSpec, change: Change) -> None:
        graph, hypers = loaded.graph, list(self._own_hypers)
        problems: list[Any] = [
            UnknownInput(n, list(graph.inputs), graph.file) for n in change.inputs if n not in graph.inputs
        ]
        problems += [UnknownOverride(n, hypers, graph.file) for n in change.hypers if n not in hypers]
        if problems:
            raise GraphError(problems)

    def _loaded(self) -> LoadedSpec:
        """What is loaded; where the file was wrong from the start, reading it says what is wrong."""
        if self.loaded is None:
            self._load()
            assert self.loaded is not None
        return self.loaded

    # ---- drawing ----------------------------------------------------------------------------------------

    def draw(self) -> int:
        """Runs with the parameters as they are now, and returns the number of the scene."""
        return self._show(self._run(self._loaded(), self._inputs, self._hypers))

    def _run(
        self, loaded: LoadedSpec, inputs: Mapping[str, Changed], hypers: Mapping[str, Changed]
    ) -> dict[str, Any]:
        since = time.perf_counter()
        graph, of, seed = loaded.graph, self.subject.of, self.subject.seed
        values = {**loaded.inputs, **{n: c.value for n, c in inputs.items()}}
        # Beside a busy browser, the threads of BLAS wait for one another longer than a few rows take.
        with BLAS.limited(1):
            forward = graph.forward(values)
            start = of is not None or graph.model.may_start
            result = forward.backward(seed=seed, of=of) if start else forward.result()
        new: dict[str, Any] = {**scene(graph, forward, result, seed, unfold=self._unfolded, program=False)}
        new["stale"] = False
        new["hypers"] = [{"name": n, "value": v} for n, v in graph.spec.hypers.items() if _is_plain(v)]
        self.cost = time.perf_counter() - since
        return new


def _is_plain(value: Any) -> bool:
    return isinstance(value, bool | int | float | str)


def _still_fitting(loaded: LoadedSpec, inputs: Mapping[str, Changed]) -> dict[str, Changed]:
    """The changed inputs that the file has not given another value of its own."""
    own = loaded.graph.inputs
    return {n: c for n, c in inputs.items() if n in own and own[n].default == c.own}


def _imports(path: Path) -> Iterator[Path]:
    """The files that a spec seems to import, whether they are there or not."""
    text = _text(str(path)) or ""
    return (path.parent / written for written in _IMPORTED.findall(text) if _is_below(path.parent, written))


def _is_below(folder: Path, written: str) -> bool:
    """Whether a path in a spec may be looked at: no other is opened."""
    try:
        return resolved_below(folder, written) is not None
    except OSError:
        return False


def _is_blank(path: str) -> bool:
    return not (_text(path) or "").strip()


def _text(name: str) -> str | None:
    try:
        return read_bytes(file_of_spec(name), LARGEST).decode("utf-8", "replace")
    except OSError:
        return None
