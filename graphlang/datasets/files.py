"""The files that a source may read: those below the spec's folder, or any given on the command line."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath
from stat import S_ISREG

from graphlang.diagnostics import GraphError
from graphlang.diagnostics.data import FileMissing, FileUnreadable, PathOutside, ReadingRefused, Refusal
from graphlang.diagnostics.limits import DEFAULT, Limits
from graphlang.files.regular import RegularFile, open_below, open_regular, resolved_below

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")


@dataclass(frozen=True)
class Files:
    """Where a source finds its files: the folder of its paths, and those of data sets known by name.

    `fields` are the fields that the spec uses.
    """

    folder: Path
    search: tuple[Path, ...] = ()
    anywhere: bool = False
    #: None if mistakes in any field matter
    fields: frozenset[str] | None = None
    #: how large tables may be
    limits: Limits = DEFAULT

    def uses(self, field: str) -> bool:
        """Whether the spec uses this field, so that a mistake in it matters."""
        return self.fields is None or field in self.fields

    def find(self, path: str) -> FoundFile:
        """The regular file at a path, not opened; raises GraphError if there is none or it is not allowed."""
        file = FoundFile(path, Path(path), None) if self.anywhere else self._below(path)
        try:
            regular = S_ISREG(file.place.stat().st_mode)
        except (FileNotFoundError, NotADirectoryError):
            raise GraphError(
                [FileMissing(path, str(self.folder), _neighbours(file.place), self.anywhere)]
            ) from None
        except OSError as error:
            raise GraphError([ReadingRefused(path, _reason(error))]) from None
        if not regular:
            raise GraphError([FileUnreadable.not_regular(path)])
        return file

    def find_folder(self, path: str) -> Path:
        """The folder at a path; raises GraphError if there is none or it is not allowed."""
        place = Path(path).resolve() if self.anywhere else self._below(path).place
        if not place.is_dir():
            raise GraphError([FileMissing(path, str(self.folder), _neighbours(place), self.anywhere)])
        return place

    def _below(self, path: str) -> FoundFile:
        if reason := refused(path):
            raise GraphError([PathOutside(path, reason)])
        try:
            place = resolved_below(self.folder, path)
        except OSError:  # a loop of symbolic links
            raise GraphError([FileUnreadable.links_in_loop(path)]) from None
        if place is None:
            raise GraphError([PathOutside(path, "leads out of the spec's folder")])
        return FoundFile(path, place, self.folder)


@dataclass(frozen=True)
class FoundFile:
    """A regular file, and how it may be opened."""

    #: the path as messages name it
    path: str
    place: Path
    #: the folder out of which no link leads; None for a file that the user named
    folder: Path | None

    @contextmanager
    def open(self) -> Iterator[RegularFile]:
        """The open file; raises GraphError where it cannot be opened or read."""
        with readable(self.path):
            opened = open_regular(self.place) if self.folder is None else open_below(self.folder, self.place)
            with opened as file:
                yield file


def refused(path: str) -> Refusal | None:
    """Why a path is refused, by its text alone, so that every platform refuses the same paths."""
    if not path.strip() or "\0" in path:
        return "is no file name"
    if _URL.match(path):
        return "is a URL"
    # The rules of Windows include those of POSIX: a leading slash, and drives.
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
    """Turns an OSError into a diagnostic that names the file."""
    try:
        yield
    except OSError as error:
        raise GraphError([ReadingRefused(path, _reason(error))]) from None


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
