"""Files of specs that a command writes anew, and what it would change in them."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import unified_diff
from pathlib import Path

from graphlang.cli import console, options


def replace_spec(path: str, text: str) -> None:
    """Writes a spec anew, through a link, with the rights that the file has; raises Usage for a lesson."""
    from graphlang.files.replace import write_text
    from graphlang.syntax.lessons import is_lesson

    if is_lesson(path):
        raise options.Usage(f"`{path}` is part of graphlang: copy it first, `graphlang lessons copy DIR`")
    file = Path(path).resolve()
    rights = file.stat().st_mode & 0o777
    write_text(file, text)
    file.chmod(rights)


def difference(name: str, text: str, new: str, becomes: str) -> Iterator[str]:
    """The lines of a unified diff, in colours on a terminal; the new text is called `NAME (BECOMES)`."""
    before, after = text.splitlines(), new.splitlines()
    names = console.file_name(name), f"{console.file_name(name)} ({becomes})"
    for line in unified_diff(before, after, *names, lineterm=""):
        mark = {"+": console.good, "-": console.bad}.get(line[0], str)
        yield f"{mark(console.shown(line))}\n"
    if before == after and text != new:
        yield "the ends of lines differ\n"
