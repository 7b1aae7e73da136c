"""Copies lessons with the data and the files that they use; nothing that is there is overwritten."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from graphlang.diagnostics import GraphError
from graphlang.diagnostics.files import OtherFileInPlace, WritingRefused
from graphlang.files.regular import is_regular, read_bytes
from graphlang.files.replace import write_new
from graphlang.syntax.lessons import PREFIX, file_of_spec, lessons_folder

if TYPE_CHECKING:
    from graphlang.api import Graph

MOST_BYTES = 256 * 2**20
"""How large a file of a lesson may be."""
TEXTS = re.compile(r"specs/(data/\w+\.txt)")


def files_of_lessons(names: Iterable[str]) -> dict[Path, Path]:
    """The files of some lessons: where each lies below the folder of the lessons, and its own path.

    Raises GraphError where there is no such lesson.
    """
    from graphlang.api import load

    root = lessons_folder().resolve()
    addresses = [f"{PREFIX}{name.removeprefix(PREFIX)}" for name in names]
    for address in addresses:
        file_of_spec(address)  # a name that is no lesson is told before anything is loaded
    files = [file.resolve() for address in addresses for file in _used(address, load(address))]
    return {file.relative_to(root): file for file in files}


def _used(address: str, graph: Graph) -> Iterator[Path]:
    """The file of a lesson, those that it imports, its data, and the texts that its comment names."""
    from graphlang.training.sections import open_data

    yield from (file_of_spec(source.name) for source in graph.spec.sources)
    if graph.spec.data is not None:
        yield from open_data(graph.model).files
    yield from (lessons_folder() / text for text in TEXTS.findall(graph.spec.doc))


def copied(files: Mapping[Path, Path], folder: Path) -> list[Path]:
    """Writes copies below a folder and returns those that were not there yet.

    Raises GraphError before anything is written where a file that is there has another content.
    """
    contents = {folder / below: read_bytes(file, MOST_BYTES) for below, file in files.items()}
    there = [copy for copy in contents if copy.is_symlink() or copy.exists()]
    others = [copy for copy in there if not _holds(copy, contents[copy])]
    if others:
        raise GraphError([OtherFileInPlace(str(copy)) for copy in others])
    new = [copy for copy in contents if copy not in there]
    for copy in new:
        _write_new(copy, contents[copy])
    return new


def _holds(file: Path, content: bytes) -> bool:
    try:
        return is_regular(file) and read_bytes(file, len(content)) == content
    except OSError:
        return False


def _write_new(file: Path, content: bytes) -> None:
    """Writes a file that must not be there yet, not even as a link."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_new(file, content)
    except OSError as error:
        raise GraphError([WritingRefused(str(file), (error.strerror or str(error)).lower())]) from None
