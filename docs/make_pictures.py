"""Draws the pictures of the README from the specs: `python docs/make_pictures.py`."""

from __future__ import annotations

from pathlib import Path

import graphlang as gl
from graphlang.draw.from_graph import drawable, picture
from graphlang.draw.svg import svg

HERE = Path(__file__).parent
PICTURES = ("apple_orange",)


def drawing(name: str) -> str:
    """The picture of a spec with its values and gradients, for light and dark pages."""
    graph = gl.load(HERE.parent / "specs" / f"{name}.graph")
    forward = graph.forward()
    result = forward.backward()
    return svg(picture(graph, forward, result, drawable(graph, result)), "auto")


def main() -> None:
    for name in PICTURES:
        (HERE / f"{name}.svg").write_bytes(drawing(name).encode())
        print(f"docs/{name}.svg")


if __name__ == "__main__":
    main()
