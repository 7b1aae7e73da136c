"""Identifiers for the names of an ONNX file, which may be any text."""

from __future__ import annotations

import keyword
import re
import unicodedata

RESERVED = frozenset(
    "if else and or not true false none input param layer output hyper def return import expect data train "
    "gradcheck scan carry next yield last repeat for in grad pi inf nan reverse axis graphlang".split()
)


class Identifiers:
    """Gives each name that is asked for an identifier of its own."""

    def __init__(self, taken: frozenset[str]) -> None:
        self._taken = set(taken | RESERVED)

    def new(self, wanted: str, otherwise: str = "v") -> str:
        """An identifier like `wanted`, numbered where it is taken."""
        base = _identifier(wanted) or otherwise
        name, count = base, 1
        while name in self._taken:
            count += 1
            name = f"{base}_{count}"
        self._taken.add(name)
        return name


def _identifier(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text[:200]).encode("ascii", "ignore").decode()
    words = re.sub(r"[^A-Za-z0-9]+", "_", plain).strip("_")[-60:].strip("_")
    if words and words[0].isdigit():
        words = f"v{words}"
    return f"{words}_" if keyword.iskeyword(words) else words
