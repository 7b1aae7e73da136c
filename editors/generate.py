"""Writes the files of editors that follow from the words of the language: `python editors/generate.py`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

FOLDER = Path(__file__).parent
sys.path[:0] = [str(FOLDER.parent), str(FOLDER)]

import emacs  # noqa: E402
import textmate  # noqa: E402
import vim  # noqa: E402


def _json(data: object) -> str:
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def files() -> dict[str, str]:
    """The generated files by their names below this folder."""
    return {
        "vscode/syntaxes/graphlang.tmLanguage.json": _json(textmate.grammar()),
        "vscode/syntaxes/markdown.tmLanguage.json": _json(textmate.in_markdown()),
        "emacs/graphlang-mode.el": emacs.mode(),
        "vim/syntax/graphlang.vim": vim.syntax(),
    }


if __name__ == "__main__":
    for name, text in files().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
        print(f"wrote editors/{name}")
