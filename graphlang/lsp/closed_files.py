"""The files that import another one, and that nobody has opened."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path

from graphlang.diagnostics import GraphError
from graphlang.lsp.analysis import EDITOR_LIMITS, Analysis, importer_with
from graphlang.syntax.files import read_text

MOST_FILES = 1000
"""The most files of a folder that are looked through."""


def importers_of(home: str, roots: Iterable[Path], opened: Callable[[str], str | None]) -> Iterator[Analysis]:
    """The closed files that import the one called `home`. An import leads down only, so they lie in its
    folder or above, up to the folder that the editor has opened."""
    path = Path(home)
    if not path.is_absolute():
        return
    for folder in _folders_above(path, roots):
        for file in islice(sorted(folder.glob("*.graph")), MOST_FILES):
            if file == path or opened(str(file)) is not None:
                continue
            text = _text_of(file)
            if path.name in text:
                yield Analysis(text, str(file), importer_with(folder, opened), EDITOR_LIMITS)


def _folders_above(path: Path, roots: Iterable[Path]) -> list[Path]:
    around = [root for root in roots if path.is_relative_to(root)]
    return [f for f in path.parents if f == path.parent or any(f.is_relative_to(root) for root in around)]


def _text_of(file: Path) -> str:
    try:
        return read_text(file, EDITOR_LIMITS)[1]
    except GraphError:  # it cannot be read, so it imports nothing
        return ""
