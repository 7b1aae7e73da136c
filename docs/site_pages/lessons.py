"""The lessons as they are written, below the table of what they show."""

from __future__ import annotations

from pathlib import Path

from markup import fenced

SPECS = Path(__file__).parents[2] / "specs"


def section() -> str:
    parts = ["## The files", "A name of the table in full, as `graphlang lessons copy` writes it."]
    for path in sorted(SPECS.glob("*.graph")):
        parts += [f"### {path.stem} {{ #{path.stem} }}", fenced(path.read_text(encoding="utf-8"), "graph")]
    return "\n\n".join(parts) + "\n"
