"""Reads spec files, UTF-8, and the files that they import, which lie below their folder."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

from graphlang.diagnostics import GraphError
from graphlang.diagnostics.files import NoSuchFile, SimilarFile, UnreadableFile, unreadable
from graphlang.diagnostics.limits import DEFAULT, Limits
from graphlang.diagnostics.names import ImportOfPath, ImportUnreadable, MissingImport, NotImportable
from graphlang.diagnostics.too_large import SourceTooLarge
from graphlang.files.regular import FileTooLarge, open_below, read_bytes, resolved_below
from graphlang.syntax.lessons import PREFIX, file_of_spec, is_lesson, lesson_names
from graphlang.syntax.parse import decode


def read_text(path: str | os.PathLike[str], limits: Limits = DEFAULT) -> tuple[str, str]:
    """The name and the text of a spec, which may be a lesson; `-` is standard input.

    Raises GraphError where it cannot be read.
    """
    name = os.fspath(path)
    if name == "-":
        content = standard_input(limits.source_bytes)
        if len(content) > limits.source_bytes:
            raise GraphError([SourceTooLarge("source_bytes", "<stdin>", len(content), limits.source_bytes)])
        return "<stdin>", decode(content, "<stdin>")
    try:
        content = read_bytes(file_of_spec(name), limits.source_bytes)
    except FileTooLarge as error:
        raise GraphError([SourceTooLarge("source_bytes", name, error.size, limits.source_bytes)]) from None
    except FileNotFoundError:
        raise GraphError([_missing(name)]) from None
    except OSError as error:
        if _is_text(name):
            raise GraphError([UnreadableFile.spec_as_text("<text>")]) from None
        if "\0" in name:
            raise GraphError([UnreadableFile.no_name(repr(name))]) from None
        raise GraphError([unreadable(name, error)]) from None
    return name, decode(content, name)


def _missing(name: str) -> NoSuchFile:
    if re.fullmatch(r"[^\W\d][\w.]*=[^=\s]+", name):  # `graphlang run file.graph apple=5`
        return NoSuchFile.value_for_file(name)
    if _is_text(name):
        return NoSuchFile.spec_as_text(name)
    similar = _similar(Path(name))
    if similar is None and Path(name).stem in lesson_names():
        similar = f"{PREFIX}{Path(name).stem}"
    return SimilarFile(name, similar) if similar else NoSuchFile(name)


def _is_text(name: str) -> bool:
    """Whether this is the text of a spec rather than the name of its file."""
    return "\n" in name or re.match(r"\s*(input|param|hyper)?\s*\w+\s*[=:]", name) is not None


def standard_input(most: int) -> bytes:
    """Standard input, cut after one byte more than `most`; raises GraphError if it is closed."""
    if sys.stdin is None:  # closed by the caller: `<&-`
        raise GraphError([UnreadableFile.stdin_closed("<stdin>")])
    return sys.stdin.buffer.read(most + 1)


def _similar(path: Path) -> str | None:
    """The spec in the folder whose name is closest to one that does not exist."""
    from graphlang.diagnostics import closest

    try:
        there = sorted(path.parent.iterdir())
    except OSError:
        return None
    # The stems are compared: all endings are the same, which would make any two names similar.
    names = {p.stem: p.name for p in there if p.suffix == ".graph"}
    if closest(path.suffix, [".graph"]):
        match = path.stem if path.stem in names else closest(path.stem, names)
    else:
        names = {**{p.name: p.name for p in there if p.is_dir()}, **names}
        match = closest(path.name, names)
    return str(path.parent / names[match]) if match else None


LONGEST_PATH = 4096
"""The longest path of an import, in characters."""


def _stays_below(path: Path) -> bool:
    """Whether a path goes down only: one through `..` would give a file a second name."""
    return not path.is_absolute() and ".." not in path.parts and not str(path).startswith("~")


def _has_no_folder(name: str) -> bool:
    """Whether the name of a spec does not say where it lies."""
    return name in ("<stdin>", "<text>") or is_lesson(name)


def importer_below(folder: Path, limits: Limits = DEFAULT) -> Callable[[str, str], tuple[str, str]]:
    """The function that reads imported files: it takes relative paths below the folder of the importing file,
    and follows no link out of it. It raises NotImportable."""
    most = limits.source_bytes

    def read(importing: str, written: str) -> tuple[str, str]:
        if len(written) > LONGEST_PATH:  # every part of a path is looked at
            raise NotImportable(MissingImport, written, ())
        if any(sign in written for sign in ("://", "\0", "\\")) or not _stays_below(Path(written)):
            raise NotImportable(ImportOfPath.not_relative, written)
        base = folder if _has_no_folder(importing) else Path(importing).parent
        try:
            place = resolved_below(base, written)
            if place is None or resolved_below(folder, str(place)) is None:
                raise NotImportable(ImportOfPath.outside, written)
            if place.suffix != ".graph":
                there = not place.suffix and place.with_suffix(".graph").is_file()
                raise NotImportable(
                    ImportOfPath.without_suffix if there else ImportOfPath.other_file, written
                )
            # One file has one name, by whatever path it is imported: circles are found by it.
            name = str(folder / place.relative_to(folder.resolve()))
            with open_below(folder, place) as file:
                return name, decode(file.content(most), name)
        except FileTooLarge as error:
            raise GraphError([SourceTooLarge("source_bytes", name, error.size, most)]) from None
        except FileNotFoundError:
            raise NotImportable(
                MissingImport, written, _graphs_near(base, written), _below(base, written)
            ) from None
        except OSError as error:
            raise NotImportable(ImportUnreadable, written, (error.strerror or str(error)).lower()) from None

    return read


def _graphs_near(base: Path, written: str) -> list[str]:
    """The files that may be meant by a path that leads nowhere, as the path would name them."""
    folder = Path(written).parent
    try:
        return sorted((folder / path.name).as_posix() for path in (base / folder).glob("*.graph"))[
            :_MOST_NEAR
        ]
    except OSError:
        return []


def _below(base: Path, written: str) -> list[str]:
    """The files of that name in the folders beside the importing file."""
    try:
        found = sorted(path.relative_to(base).as_posix() for path in base.glob(f"*/{Path(written).name}"))
        return found[:1]
    except (OSError, ValueError, NotImplementedError):
        return []


_MOST_NEAR = 1000
