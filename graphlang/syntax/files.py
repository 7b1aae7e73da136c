"""Reads spec files: text, UTF-8, and only what the importing file may reach."""

from __future__ import annotations

import os
import re
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
        return "<stdin>", decode(standard_input(), "<stdin>")
    try:
        data = Path(name).read_bytes()
    except FileNotFoundError:
        help = _for_value(name) or _for_text(name) or _similar(Path(name))
        raise GraphError([UnreadableFile(name, "there is no such file", help)]) from None
    except (OSError, ValueError) as error:  # ValueError: a null character in the name
        if _for_text(name):
            message = "this is no name of a file, but the text of a spec"
            raise GraphError([UnreadableFile("<text>", message, _for_text(name))]) from None
        if isinstance(error, ValueError):
            raise GraphError([UnreadableFile(repr(name), "this is no name of a file", None)]) from None
        raise GraphError([UnreadableFile(name, refusal(error), None)]) from None
    return name, decode(data, name)


def _for_value(name: str) -> str | None:
    """`graphlang run file.graph apple=5`"""
    if not re.fullmatch(r"[^\W\d][\w.]*=[^=\s]+", name):
        return None
    return f"a value is given by `--set {name}` on the command line, by `set={{...}}` from Python"


def _for_text(name: str) -> str | None:
    """Where the text of a spec stands in the place of its file."""
    if "\n" not in name and not re.match(r"\s*(input|param|hyper)?\s*\w+\s*[=:]", name):
        return None
    return "a spec that is at hand as text is loaded by `gl.loads(text)`; the command line reads it from `-`"


def refusal(error: OSError) -> str:
    """Why the system does not let a file be read."""
    if isinstance(error, IsADirectoryError):
        return "this is a folder, not a file"
    return f"the file cannot be read: {(error.strerror or str(error)).lower()}"


def standard_input() -> bytes:
    """All of standard input; raises GraphError where there is none."""
    if sys.stdin is None:  # closed by the caller: `<&-`
        help = "send something into it, as in `echo 'y = x**2' | graphlang run -`"
        raise GraphError([UnreadableFile("<stdin>", "standard input is closed", help)])
    return sys.stdin.buffer.read()


def _similar(path: Path) -> str | None:
    from graphlang.diagnostics import closest

    try:
        names = {p.stem: p.name for p in sorted(path.parent.iterdir()) if p.suffix == ".graph"}
    except OSError:
        return None
    # By the stem: that the endings are the same says nothing.
    match = closest(path.name.removesuffix(".graph"), names)
    return f"did you mean `{path.parent / names[match]}`?" if match else None


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
