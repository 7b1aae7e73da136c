"""The page: one HTML file with the scene, the style and the program, which needs nothing else."""

from __future__ import annotations

import html
import json
import re
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from graphlang.draw.width import without_hidden_marks
from graphlang.lazy import made_once

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_LINE_COMMENT = re.compile(r"^[ \t]*//.*$", re.MULTILINE)
_POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>\n?')
_ICON = """<link rel="icon" href="data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' \
viewBox='0 0 16 16'><circle cx='8' cy='8' r='6' fill='%231a9c4b'/></svg>">
"""
"""Without one, a browser asks the server for one."""
_END = "\n})();"
_INDENT = re.compile(r"^[ \t]+|[ \t]+$|\n(?=\s*\n)", re.MULTILINE)
_STRING = re.compile(r'("(?:[^"\\]|\\.)*")')
_AROUND_SIGNS = re.compile(r"[ \t]*([=<>?:;,{}()|&!*])[ \t]*")


def page(scene: Any) -> str:
    """The page that shows a scene."""
    text, style, program = _parts()
    return _filled(text, scene, style, program)


def live_page(scene: Any, state: Any, nonce: str) -> str:
    """The page that its server keeps up to date: `state` is what it starts from.

    Its policy comes with the answer of the server; scripts have the `nonce` that is named there.
    """
    text, style, program = _parts()
    more_style, more_program = _live_parts()
    text = _POLICY.sub(_ICON, text).replace("<script>", f'<script nonce="{nonce}">')
    state = f"const LIVE = {embedded(state)};"
    return _filled(text, scene, style + more_style, f"{program[: -len(_END)]}\n{state}\n{more_program}{_END}")


def _filled(text: str, scene: Any, style: str, program: str) -> str:
    title = str(scene["title"] or scene["file"] or "graph")
    parts = {"title": html.escape(title), "style": style, "scene": embedded(scene), "script": program}
    return without_hidden_marks(
        re.sub(r"<!--(title|style|scene|script)-->", lambda place: parts[place[1]], text)
    )


def embedded(data: Any) -> str:
    """JSON that may stand in a script element: no text in it ends the element or opens a comment."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


@made_once
def _parts() -> tuple[str, str, str]:
    """The page with places for its parts, the style sheet, and the program."""
    folder = files("graphlang.view") / "static"
    text = (folder / "page.html").read_text(encoding="utf-8")
    style = _shortened((folder / "page.css").read_text(encoding="utf-8"))
    return text, style, "(() => {\n" + _program(folder) + _END


@made_once
def _live_parts() -> tuple[str, str]:
    """The style sheet and the program that the live page has beside those of every page."""
    folder = files("graphlang.view") / "static" / "live"
    return _shortened((folder / "live.css").read_text(encoding="utf-8")), _program(folder)


def _program(folder: Traversable) -> str:
    """The scripts of a folder."""
    names = sorted(file.name for file in folder.iterdir() if file.name.endswith(".js"))
    return "\n".join(_packed(_shortened((folder / name).read_text(encoding="utf-8"))) for name in names)


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
