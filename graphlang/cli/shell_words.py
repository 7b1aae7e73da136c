"""Command lines to copy, quoted for the shells of the system."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Sequence

_PLAIN = re.compile(r"[\w@+=:,./\\-]+")
"""A word that neither cmd nor PowerShell reads otherwise than it stands there."""


def shell_line(words: Sequence[str]) -> str:
    """The words as a line for a POSIX shell; on Windows for cmd and PowerShell, of which only the second one
    knows single quotes."""
    if sys.platform == "win32":
        return " ".join(word if _PLAIN.fullmatch(word) else _in_double_quotes(word) for word in words)
    return shlex.join(words)


def _in_double_quotes(word: str) -> str:
    """As the programs of Windows take their command line apart: backslashes count where a quote follows."""
    inner = re.sub(r'(\\*)"', r'\1\1\\"', word)
    inner = re.sub(r"(\\+)$", r"\1\1", inner)
    return f'"{inner}"'
