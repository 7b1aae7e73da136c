"""Pages as files."""

from __future__ import annotations

from pathlib import Path

from graphlang.files.replace import write_text


def write(path: Path, text: str, name: str = "graph.html") -> Path:
    """Writes a page, into a folder under `name`, and returns its path.

    An earlier page stays until the new one is complete.
    """
    if path.is_dir():
        path /= name
    write_text(path, text)
    return path


def opened(path: Path) -> bool:
    """Whether the browser could be asked to show a file."""
    import webbrowser

    return webbrowser.open(path.resolve().as_uri())
