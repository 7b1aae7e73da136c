"""`graphlang view --live`: the page served on this machine, until Ctrl-C."""

from __future__ import annotations

import argparse
import contextlib
import gc
import io
import json
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphlang.cli import console, options
from graphlang.cli.opened_data import opened_data
from graphlang.cli.runs import samples
from graphlang.syntax.lessons import file_of_spec
from graphlang.view.live.subject import LoadedSpec

if TYPE_CHECKING:
    from graphlang.api import Graph
    from graphlang.datasets.dataset import Dataset

NAP = 0.5
"""Seconds of one sleep: a Ctrl-C that comes just before a sleep begins is seen only when it ends."""


def serve(arguments: argparse.Namespace) -> int:
    """Serves the page of the spec, and returns when the user ends it."""
    _check(arguments)
    from graphlang.syntax.files import read_text
    from graphlang.view.live.server import Server
    from graphlang.view.live.session import Session

    read_text(
        arguments.spec
    )  # a name without a file is refused; what is wrong in a file is shown in the page
    gc.enable()
    session = Session(FileSubject(arguments))
    try:
        server = Server(session, arguments.port or 0)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise options.Usage(f"port {arguments.port} cannot be used: {reason}") from None
    try:
        session.start()
        server.start()
        console.out(server.address)
        sys.stdout.flush()
        console.err(
            f"the page of {console.file_name(arguments.spec)}, for this machine alone; Ctrl-C ends it"
        )
        if arguments.open and not _opened(server.address):
            console.note("no browser could be started: open the address above")
        while True:
            time.sleep(NAP)  # Ctrl-C ends it on Windows too, where no wait for a lock would end
    except KeyboardInterrupt:
        pass
    finally:
        session.close()
        server.close()
    return 0


def _check(arguments: argparse.Namespace) -> None:
    if arguments.json or arguments.output or arguments.document is not None:
        raise options.Usage("--live serves the page: leave -o, --json, --svg, --dot and --mermaid out")
    if arguments.spec == "-" or arguments.inputs == "-":
        raise options.Usage("--live follows a file: standard input cannot be read again")


def _opened(address: str) -> bool:
    import webbrowser

    return webbrowser.open(address)


class FileSubject:
    """The file of the command, read with its options."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.path: str = arguments.spec
        self.of: str | None = arguments.of
        self.seed = arguments.seed_gradient
        self._arguments = arguments
        self._data = DataOfFile(arguments)
        self._notes: set[str] = set()

    def load(self, hypers: Mapping[str, Any]) -> LoadedSpec:
        arguments = argparse.Namespace(**vars(self._arguments))
        written = {
            name: value if isinstance(value, str) else json.dumps(value) for name, value in hypers.items()
        }
        arguments.set = [*(pair for pair in arguments.set if pair[0] not in written), *written.items()]
        with self._notes_once():
            graph, inputs = options.load_graph(arguments)
            inputs = {**samples(graph, inputs, arguments, lambda: self._data.of(graph)), **inputs}
        return LoadedSpec(graph, inputs, lambda: self._data.of(graph), frozenset(self._data.files))

    def files(self) -> Iterable[Path]:
        arguments = self._arguments
        written = [value[1:] for _, value in arguments.set if value.startswith("@")]
        named = [file_of_spec(self.path), arguments.inputs, arguments.weights, arguments.data, *written]
        return [Path(name) for name in named if name is not None]

    @contextlib.contextmanager
    def _notes_once(self) -> Any:
        """Writes to stderr what has not been written before: a file is read again and again."""
        notes = io.StringIO()
        try:
            with contextlib.redirect_stderr(notes):
                yield
        finally:
            text = notes.getvalue()
            if text not in self._notes:
                self._notes.add(text)
                sys.stderr.write(text)


class DataOfFile:
    """The data set, which is opened again only when its section or its files are others."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self._arguments = arguments
        self._key: Any = None
        self._dataset: Dataset | None = None

    @property
    def files(self) -> tuple[Path, ...]:
        return () if self._dataset is None else tuple(self._dataset.files)

    def of(self, graph: Graph) -> Dataset:
        section = graph.spec.data
        if self._dataset is None or self._key != (section, _stamps(self.files)):
            self._dataset = opened_data(graph, self._arguments)
            self._key = section, _stamps(self.files)
        return self._dataset


def _stamps(files: Iterable[Path]) -> list[Any]:
    return [(s.st_mtime_ns, s.st_size, s.st_ino) for s in (path.stat() for path in files)]
