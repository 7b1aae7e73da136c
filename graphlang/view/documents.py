"""A scene as text for documents: SVG, Graphviz' DOT and Mermaid."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from graphlang.draw.numbers import short
from graphlang.draw.picture import NodeKind, Picture, PictureEdge, PictureNode
from graphlang.draw.svg import svg
from graphlang.draw.width import printable
from graphlang.view.scene import Scene, SceneEdge, SceneNode, Slot

WRITTEN_OUT = 4
"""The largest array in numbers that is written out on an edge."""
DIGITS = 6


def _number(scene: Scene, slot: Slot | None, *, gradient: bool) -> float | str | None:
    """What an edge says of a slot: the number, a small array, else its shape, or a gradient's norm."""
    if slot is None:
        return None
    content: Any = scene["slots"][slot]
    if not isinstance(content, dict):
        return content if isinstance(content, str) else short(content, DIGITS)
    if content["size"] <= WRITTEN_OUT and "all" in content:
        return _nested([short(x, 4) for x in content["all"]], content["shape"])
    norm = f"norm {short(content['norm'], 4)}" if content.get("norm") is not None else ""
    return (norm if gradient else "") or f"[{', '.join(map(str, content['shape']))}]"


def _nested(texts: list[str], shape: list[int]) -> str:
    """Numbers with the brackets of their axes."""
    for size in reversed(shape):
        texts = (
            [f"[{', '.join(texts[i : i + size])}]" for i in range(0, len(texts), size)] if size else ["[]"]
        )
    return texts[0]


# ---- SVG


def scene_picture(scene: Scene) -> Picture:
    """The scene as a picture: the innermost boxes are its groups."""
    box = {each["id"]: each["label"] for each in scene["boxes"]}
    twice = {label for label in box.values() if list(box.values()).count(label) > 1}
    groups = {name: f"{label} ({name})" if label in twice else label for name, label in box.items()}
    nodes = [
        PictureNode(
            node["id"],
            node["sign"],
            _picture_kind(node),
            _number(scene, node["v"], gradient=False),
            _number(scene, node["g"], gradient=True),
            groups.get(node["box"] or "", ""),
            node["name"] if node["kind"] == "operation" else "",
        )
        for node in scene["nodes"]
    ]
    value = {node.id: node.value for node in nodes}
    edges = [
        PictureEdge(
            edge["from"],
            edge["to"],
            position,
            value[edge["from"]],
            _number(scene, edge["g"], gradient=True),
            edge["besides"],
        )
        for position, edge in _positions(scene)
    ]
    return Picture(scene["title"], tuple(nodes), tuple(edges), scene["of"] or "")


def _picture_kind(node: SceneNode) -> NodeKind:
    return "input" if node["kind"] == "operand" else node["kind"]


def _positions(scene: Scene) -> Iterator[tuple[int, SceneEdge]]:
    """The edges, each with its place among those into its target."""
    count: dict[str, int] = {}
    for edge in scene["edges"]:
        place = edge["place"]
        position = place if isinstance(place, int) else count.get(edge["to"], 0)
        count[edge["to"]] = max(count.get(edge["to"], 0), position + 1)
        yield position, edge


def scene_svg(scene: Scene) -> str:
    """The scene as one SVG image, for light and dark pages."""
    return svg(scene_picture(scene), "auto")


# ---- DOT


def dot(scene: Scene) -> str:
    """The scene as a graph for Graphviz: boxes are clusters, edges have values and gradients."""
    names, labels, values = _names(scene), _labels(scene), _values(scene)

    def statement(node: SceneNode) -> str:
        return f"{names[node['id']]} [label={_dot_text(labels[node['id']])}, shape={_dot_shape(node)}];"

    def opened(number: int, label: str) -> str:
        return f"subgraph cluster_{number} {{ label={_dot_text(label)}; style=dashed;"

    lines = ["digraph {", "  rankdir=LR;"]
    if scene["title"]:
        lines.append(f"  label={_dot_text(scene['title'])}; labelloc=t;")
    lines += _grouped(scene, statement, opened, "}")
    for edge in scene["edges"]:
        label = _edge_label(scene, edge, values)
        more = f" [label={_dot_text(label)}]" if label else ""
        lines.append(f"  {names[edge['from']]} -> {names[edge['to']]}{more};")
    return "\n".join([*lines, "}"]) + "\n"


def _dot_shape(node: SceneNode) -> str:
    if node["kind"] == "operation":
        return "circle" if len(node["sign"]) == 1 and not node["name"] else "box"
    return "plaintext"


def _dot_text(text: str) -> str:
    """A string of DOT: only quotes, backslashes and the ends of lines mean something in it."""
    lines = (printable(line).replace("\\", "\\\\").replace('"', '\\"') for line in text.split("\n"))
    return '"' + "\\n".join(lines) + '"'


# ---- Mermaid


def mermaid(scene: Scene) -> str:
    """The scene as a flowchart for Mermaid: boxes are subgraphs, edges have values and gradients."""
    names, labels, values = _names(scene), _labels(scene), _values(scene)

    def statement(node: SceneNode) -> str:
        before, behind = _MERMAID_SHAPES.get(node["kind"], ("[", "]"))
        return f"{names[node['id']]}{before}{_mermaid_text(labels[node['id']])}{behind}"

    def opened(number: int, label: str) -> str:
        return f"subgraph box{number} [{_mermaid_text(label)}]"

    lines = ["flowchart LR", *_grouped(scene, statement, opened, "end")]
    for edge in scene["edges"]:
        label = _edge_label(scene, edge, values)
        more = f"|{_mermaid_text(label)}|" if label else ""
        lines.append(f"  {names[edge['from']]} -->{more} {names[edge['to']]}")
    return "\n".join(lines) + "\n"


_MERMAID_SHAPES = {
    "operation": ("((", "))"),
    "input": ("[", "]"),
    "param": ("[", "]"),
    "constant": ("([", "])"),
}


def _mermaid_text(text: str) -> str:
    """A quoted text of Mermaid, in which every sign that is none of a word is an entity: it would be read as
    Markdown, HTML or the end of the text."""
    lines = ("".join(map(_mermaid_sign, printable(line))) for line in text.split("\n"))
    return '"' + "<br>".join(lines) + '"'


def _mermaid_sign(character: str) -> str:
    return character if character.isalnum() or character in " .,:=∂←-+/×−()[]%" else f"#{ord(character)};"


# ---- both


def _names(scene: Scene) -> dict[str, str]:
    """A name for each node that means nothing in any language."""
    return {node["id"]: f"n{i}" for i, node in enumerate(scene["nodes"])}


def _labels(scene: Scene) -> dict[str, str]:
    """What each node says: its sign and its name, and at an end of the graph its value."""
    used = {edge["from"] for edge in scene["edges"]}
    labels = {}
    for node in scene["nodes"]:
        name = node["name"] if node["kind"] == "operation" else ""
        if node["kind"] == "operation" and node["id"] not in used:
            value = _number(scene, node["v"], gradient=False)
            name = f"{name} = {value}" if name else str(value)
        labels[node["id"]] = f"{node['sign']}\n{name}" if name else node["sign"]
    return labels


def _edge_label(scene: Scene, edge: SceneEdge, values: dict[str, str]) -> str:
    """The value that goes forward along an edge, and the gradient that comes back."""
    value = values[edge["from"]]
    back = _number(scene, edge["g"], gradient=True)
    return "\n".join([*([value] if value else []), *([f"← {back}"] if back is not None else [])])


def _values(scene: Scene) -> dict[str, str]:
    """What the edges that leave each node say; nothing for a constant, which says it itself."""
    return {
        node["id"]: "" if node["kind"] == "constant" else str(_number(scene, node["v"], gradient=False))
        for node in scene["nodes"]
    }


def _grouped(
    scene: Scene, statement: Callable[[SceneNode], str], opened: Callable[[int, str], str], end: str
) -> list[str]:
    """The statements of all nodes, those in a box between its lines."""
    inner: dict[str | None, list[int]] = {}
    held: dict[str | None, list[SceneNode]] = {}
    for place, each in enumerate(scene["boxes"]):
        inner.setdefault(each["parent"], []).append(place)
    for node in scene["nodes"]:
        held.setdefault(node["box"], []).append(node)
    lines: list[str] = []
    waiting: list[tuple[int, int | None, bool]] = [(1, None, False)]
    while waiting:  # boxes may lie in one another as deep as they like
        depth, number, leaving = waiting.pop()
        indent = "  " * depth
        if leaving:
            lines.append(f"{indent}{end}")
            continue
        box = None if number is None else scene["boxes"][number]
        if number is not None and box is not None:
            lines.append(f"{indent}{opened(number, box['label'])}")
            waiting.append((depth, number, True))
            depth += 1
        name = None if box is None else box["id"]
        lines += [f"{'  ' * depth}{statement(node)}" for node in held.get(name, ())]
        waiting += [(depth, place, False) for place in reversed(inner.get(name, []))]
    return lines
