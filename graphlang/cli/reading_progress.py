"""Shows at a terminal how far a large file is read, where that takes longer than a second."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from shutil import get_terminal_size

from graphlang.datasets.reading import listening

BAR = 30
"""The columns of the bar."""


@contextmanager
def reading_shown() -> Iterator[None]:
    """Until the block ends, a line at the bottom of the terminal says how far a file is read."""
    from graphlang.cli import console

    if not console.obeys_escapes(sys.stderr):
        yield
        return
    from graphlang.cli.live_area import LiveArea

    area = LiveArea(sys.stderr)

    def tell(path: str, share: float) -> None:
        area.draw([] if share >= 1 else [_line(path, share)])

    try:
        with listening(tell):
            yield
    finally:
        area.forget()


def _line(path: str, share: float) -> str:
    from graphlang.cli import console
    from graphlang.draw.width import width

    columns = get_terminal_size().columns - 1
    text = f"reading {console.file_name(path)}  {share:.0%}"
    full, empty = ("━", "─") if console.unicode(sys.stderr) else ("#", "-")
    size = min(BAR, columns - width(text) - 2)
    if size >= 4:
        done = round(share * size)
        text = f"{full * done}{empty * (size - done)}  {text}"
    while width(text) > columns:
        text = text[:-1]
    return text
