"""Reads spec files, UTF-8, and the files that they import, which lie below their folder."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

from graphlang.diagnostics import GraphError
from graphlang.diagnostics.files import NoSuchFile, SimilarFile, UnreadableFile, unreadable
from graphlang.diagnostics.names import ImportOfPath, ImportProblem, ImportUnreadable, NotImportable
from graphlang.syntax.parse import decode


def read_text(path: str | os.PathLike[str]) -> tuple[str, str]:
    """The name and the text of a spec; `-` is standard input. Raises GraphError where it cannot be read."""
    name = os.fspath(path)
    if name == "-":
        return "<stdin>", decode(standard_input(), "<stdin>")
    try:
        data = Path(name).read_bytes()
    except FileNotFoundError:
        raise GraphError([_missing(name)]) from None
    except (OSError, ValueError) as error:  # ValueError: a null character in the name
        if _is_text(name):
            raise GraphError([UnreadableFile.spec_as_text("<text>")]) from None
        if isinstance(error, ValueError):
            raise GraphError([UnreadableFile.no_name(repr(name))]) from None
        raise GraphError([unreadable(name, error)]) from None
    return name, decode(data, name)


def _missing(name: str) -> NoSuchFile:
    if re.fullmatch(r"[^\W\d][\w.]*=[^=\s]+", name):  # `graphlang run file.graph apple=5`
        return NoSuchFile.value_for_file(name)
    if _is_text(name):
        return NoSuchFile.spec_as_text(name)
    similar = _similar(Path(name))
    return SimilarFile(name, similar) if similar else NoSuchFile(name)


def _is_text(name: str) -> bool:
    """Whether this is the text of a spec rather than the name of its file."""
    return "\n" in name or re.match(r"\s*(input|param|hyper)?\s*\w+\s*[=:]", name) is not None


def standard_input() -> bytes:
    """All of standard input; raises GraphError if it is closed."""
    if sys.stdin is None:  # closed by the caller: `<&-`
        raise GraphError([UnreadableFile.stdin_closed("<stdin>")])
    return sys.stdin.buffer.read()


def _similar(path: Path) -> str | None:
    """The spec in the folder whose name is closest to one that does not exist."""
    from graphlang.diagnostics import closest

    try:
        names = {p.stem: p.name for p in sorted(path.parent.iterdir()) if p.suffix == ".graph"}
    except OSError:
        return None
    # The stems are compared: all endings are the same, which would make any two names similar.
    match = closest(path.name.removesuffix(".graph"), names)
    return str(path.parent / names[match]) if match else None


def _stays_below(path: Path) -> bool:
    """Whether a path goes down only: one through `..` would give a file a second name."""
    return not path.is_absolute() and ".." not in path.parts


def importer_below(folder: Path) -> Callable[[str, str], tuple[str, str]]:
    """The function that reads imported files: it takes relative paths below the folder of the importing file,
    and follows no link out of it. It raises NotImportable."""
    root = folder.resolve()

    def read(importing: str, written: str) -> tuple[str, str]:
        if any(sign in written for sign in ("://", "\0", "\\")) or not _stays_below(Path(written)):
            raise NotImportable(ImportProblem.not_relative)
        base = Path(importing).parent if importing not in ("<stdin>", "<text>") else folder
        target = base / written
        try:
            resolved = target.resolve()
        except (OSError, RuntimeError):  # links in a circle; before Python 3.13 a RuntimeError
            raise NotImportable(ImportOfPath.missing, written) from None
        if not resolved.is_relative_to(base.resolve()) or not resolved.is_relative_to(root):
            raise NotImportable(ImportOfPath.outside, written)
        if target.suffix != ".graph":
            raise NotImportable(ImportOfPath.other_file, written)
        try:
            return str(target), decode(target.read_bytes(), str(target))
        except FileNotFoundError:
            raise NotImportable(ImportOfPath.missing, written) from None
        except OSError as error:
            raise NotImportable(ImportUnreadable, written, error.strerror or str(error)) from None

    return read
