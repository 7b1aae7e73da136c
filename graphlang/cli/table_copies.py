"""The table of a new spec: it lies below the folder of the spec, or is copied there."""

from __future__ import annotations

from pathlib import Path

from graphlang.cli import options
from graphlang.cli.lesson_copies import MOST_BYTES, copied
from graphlang.datasets.files import readable, refused
from graphlang.diagnostics import GraphError
from graphlang.diagnostics.data import PathOutside
from graphlang.files.regular import FileTooLarge
from graphlang.scaffold.spec_words import can_be_written


def path_below(table: Path, folder: Path) -> tuple[str, bool]:
    """The path of a table from the folder of a spec, and whether it has to be copied there first.

    Raises GraphError or Usage where a spec cannot have such a path.
    """
    place = table.resolve()
    try:
        path, elsewhere = place.relative_to(folder.resolve()).as_posix(), False
    except ValueError:
        path, elsewhere = f"data/{place.name}", True
    if not can_be_written(path):
        raise options.Usage(f"no spec can hold the name {path!a}: rename the table")
    if reason := refused(path):
        raise GraphError([PathOutside(path, reason)])
    return path, elsewhere


def copy_table(table: Path, path: str, folder: Path) -> Path:
    """Copies a table to a path below a folder, where it is not there yet."""
    with readable(str(table)):
        try:
            copied({Path(path): table.resolve()}, folder)
        except FileTooLarge:
            raise options.Usage(
                f"`{table}` is too large to be copied (more than {MOST_BYTES // 2**20} MiB): put it into the "
                f"folder of the new spec, `{folder}`"
            ) from None
    return folder / path
