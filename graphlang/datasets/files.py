"""Where a source may read: below the spec's folder, or anywhere when the path comes from the command
line."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath

from graphlang.diagnostics import GraphError
from graphlang.diagnostics.data import (
    FileMissing,
    LinksInLoop,
    NotRegularFile,
    PathOutside,
    ReadingRefused,
    Refusal,
)

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")


@dataclass(frozen=True)
class Files:
    """The folder that paths start from, the folders to search for data sets known by name, and the fields
    that are taken."""

    folder: Path
    search: tuple[Path, ...] = ()
    anywhere: bool = False
    #: None where all fields are to be sound
    fields: frozenset[str] | None = None

    def wants(self, field: str) -> bool:
        """Whether a mistake in that field matters."""
        return self.fields is None or field in self.fields

    def find(self, path: str) -> Path:
        """The regular file that a path of a source names."""
        place = Path(path) if self.anywhere else self._below(path)
        if not place.exists():
            raise GraphError([FileMissing(path, str(self.folder), _neighbours(place))])
        if not place.is_file():
            raise GraphError([NotRegularFile(path)])
        return place

    def _below(self, path: str) -> Path:
        if reason := refused(path):
            raise GraphError([PathOutside(path, reason)])
        try:
            place = (self.folder / path).resolve()
        except (OSError, RuntimeError):  # a loop of symbolic links
            raise GraphError([LinksInLoop(path)]) from None
        if not place.is_relative_to(self.folder.resolve()):
            raise GraphError([PathOutside(path, "leads out of the spec's folder")])
        return place


def refused(path: str) -> Refusal | None:
    """Why the text of a path is refused, the same on every platform."""
    if not path.strip() or "\0" in path:
        return "is no file name"
    if _URL.match(path):
        return "is a URL"
    # Windows' rules include those of POSIX here: a leading slash, and drives besides.
    if PureWindowsPath(path).anchor or path.startswith("~"):
        return "is absolute"
    if posixpath.normpath(path.replace("\\", "/")).startswith(".."):
        return "leads out of the spec's folder"
    return None


def _neighbours(place: Path) -> list[str]:
    try:
        return sorted(p.name for p in place.parent.iterdir())
    except OSError:
        return []


@contextmanager
def readable(path: str) -> Iterator[None]:
    """Turns the system's refusal to read into a diagnostic that names the file."""
    try:
        yield
    except OSError as error:
        raise GraphError([ReadingRefused(path, (error.strerror or str(error)).lower())]) from None
