"""The lessons that come with the package: `lesson:apple` is the address of one, as good as a file's name.

An installed package has them in its folder `specs`; in a checkout that folder lies beside the package.
"""

from __future__ import annotations

import os
from pathlib import Path

from graphlang.diagnostics import GraphError, closest
from graphlang.diagnostics.files import NoSuchLesson, SimilarLesson

PREFIX = "lesson:"
"""What an address begins with; alone it stands for all lessons, where a command takes several specs."""
_PACKAGE = Path(__file__).parents[1]


def lessons_folder() -> Path:
    """The folder of the lessons and their data."""
    inside = _PACKAGE / "specs"
    return inside if inside.is_dir() else _PACKAGE.parent / "specs"


def lesson_names() -> list[str]:
    """The names of all lessons."""
    return sorted(path.stem for path in lessons_folder().glob("*.graph"))


def is_lesson(name: str) -> bool:
    """Whether the name of a spec is the address of a lesson."""
    return name.startswith(PREFIX)


def file_of_spec(name: str) -> Path:
    """The file of a spec, by its own name or by the address of a lesson.

    Raises GraphError where there is no such lesson.
    """
    return _lesson_file(name.removeprefix(PREFIX)) if is_lesson(name) else Path(name)


def folder_of_spec(path: str | os.PathLike[str]) -> Path:
    """The folder in which a spec may have data and imports."""
    return file_of_spec(os.fspath(path)).parent


def stem_of_spec(name: str) -> str:
    """The name without folder and ending: `apple` for `specs/apple.graph` and for `lesson:apple`."""
    return Path(name.removeprefix(PREFIX)).stem


def _lesson_file(name: str) -> Path:
    names = lesson_names()
    if name in names:
        return lessons_folder() / f"{name}.graph"
    similar = closest(name.removesuffix(".graph"), names)
    address = f"{PREFIX}{name}"
    raise GraphError([SimilarLesson(address, name, similar) if similar else NoSuchLesson(address, name)])
