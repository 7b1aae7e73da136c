"""The page: one HTML file with the scene, the style and the program, which needs nothing else."""

from __future__ import annotations

import html
import json
import re
from functools import cache
from importlib.resources import files
from typing import Any

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_LINE_COMMENT = re.compile(r"^[ \t]*//.*$", re.MULTILINE)
_INDENT = re.compile(r"^[ \t]+|[ \t]+$|\n(?=\s*\n)", re.MULTILINE)


def page(scene: Any) -> str:
    """The page that shows a scene."""
    text, style, program = _parts()
    title = str(scene["title"] or scene["file"] or "graph")
    parts = {
        "title": html.escape(title),
        "style": style,
        "scene": embedded(scene),
        "script": program,
    }
    return re.sub(r"<!--(title|style|scene|script)-->", lambda found: parts[found[1]], text)


def embedded(data: Any) -> str:
    """JSON that may stand in a script element: no text in it ends the element or opens a comment."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


@cache
def _parts() -> tuple[str, str, str]:
    """The page with places for its parts, the style sheet, and the program."""
    folder = files("graphlang.view") / "static"
    text = (folder / "page.html").read_text(encoding="utf-8")
    style = _shortened((folder / "page.css").read_text(encoding="utf-8"))
    names = sorted(file.name for file in folder.iterdir() if file.name.endswith(".js"))
    sources = [_shortened((folder / name).read_text(encoding="utf-8")) for name in names]
    return text, style, "(() => {\n" + "\n".join(sources) + "\n})();"


def _shortened(source: str) -> str:
    """A source without comments, indentation and empty lines."""
    return _INDENT.sub("", _LINE_COMMENT.sub("", _COMMENT.sub("", source))).strip()
