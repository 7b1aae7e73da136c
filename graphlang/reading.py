"""Reads spec files: text, UTF-8, and only what the importing file may reach."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

from graphlang.diagnostics import GraphError
from graphlang.diagnostics.running import UnreadableFile
from graphlang.syntax.parse import decode


def read_text(path: str | os.PathLike[str]) -> tuple[str, str]:
    """The name and the text of a spec; `-` is standard input. Raises GraphError where it cannot be read."""
    name = os.fspath(path)
    if name == "-":
        return "<stdin>", decode(sys.stdin.buffer.read(), "<stdin>")
    try:
        data = Path(name).read_bytes()
    except FileNotFoundError:
        raise GraphError([UnreadableFile(name, "there is no such file", _similar(Path(name)))]) from None
    except IsADirectoryError:
        raise GraphError([UnreadableFile(name, "this is a folder, not a file", None)]) from None
    except OSError as error:
        raise GraphError([UnreadableFile(name, f"the file cannot be read: {error.strerror}", None)]) from None
    return name, decode(data, name)


def _similar(path: Path) -> str | None:
    from graphlang.diagnostics import closest

    try:
        names = [p.name for p in path.parent.iterdir() if p.suffix == ".graph"]
    except OSError:
        return None
    match = closest(path.name, names)
    return f"did you mean `{path.parent / match}`?" if match else None


def importer_below(folder: Path) -> Callable[[str, str], tuple[str, str]]:
    """What reads imported files: relative, below the folder of the importing file, no links out of it."""
    root = folder.resolve()

    def read(importing: str, written: str) -> tuple[str, str]:
        if "://" in written or Path(written).is_absolute() or "\\" in written:
            raise ValueError("an import names a file below the folder of the importing one, relatively")
        base = Path(importing).parent if importing not in ("<stdin>", "<text>") else folder
        target = base / written
        if not target.resolve().is_relative_to(base.resolve()) or not target.resolve().is_relative_to(root):
            raise ValueError(f"`{written}` lies outside of the folder of the importing file")
        if target.suffix != ".graph":
            raise ValueError(f"`{written}` is not a `.graph` file")
        try:
            return str(target), decode(target.read_bytes(), str(target))
        except FileNotFoundError:
            raise ValueError(f"there is no file `{written}` beside the importing one") from None
        except OSError as error:
            raise ValueError(f"`{written}` cannot be read: {error.strerror}") from None

    return read
