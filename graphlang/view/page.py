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
_STRING = re.compile(r'("(?:[^"\\]|\\.)*")')
_AROUND_SIGNS = re.compile(r"[ \t]*([=<>?:;,{}()|&!*])[ \t]*")


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
    return re.sub(r"<!--(title|style|scene|script)-->", lambda place: parts[place[1]], text)


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
    sources = [_packed(_shortened((folder / name).read_text(encoding="utf-8"))) for name in names]
    return text, style, "(() => {\n" + "\n".join(sources) + "\n})();"


def _shortened(source: str) -> str:
    """A source without comments, indentation and empty lines."""
    return _INDENT.sub("", _LINE_COMMENT.sub("", _COMMENT.sub("", source))).strip()


def _packed(program: str) -> str:
    """A program without spaces around signs, except in lines with templates and regular expressions."""
    lines = program.split("\n")
    return "\n".join(line if "`" in line or "/" in line else _close(line) for line in lines)


def _close(line: str) -> str:
    parts = _STRING.split(line)
    parts[::2] = [_AROUND_SIGNS.sub(r"\1", part) for part in parts[::2]]
    return "".join(parts)
