"""A scene with operations replaced by their insides, and one with its boxes closed."""

from __future__ import annotations

from collections.abc import Collection
from typing import cast

from graphlang.view.insides import inner_id
from graphlang.view.scene import Box, InsideNode, Scene, SceneEdge, SceneNode


def leading(scene: Scene) -> Scene:
    """The scene without what leads neither to an output nor to the value whose gradients are shown."""
    uses: dict[str, list[str]] = {}
    for edge in scene["edges"]:
        uses.setdefault(edge["to"], []).append(edge["from"])
    waiting = [node["id"] for node in scene["nodes"] if node["output"] or node["id"] == scene["of"]]
    needed: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in needed:
            needed.add(name)
            waiting += uses.get(name, [])
    nodes = [node for node in scene["nodes"] if node["id"] in needed]
    edges = [edge for edge in scene["edges"] if edge["to"] in needed]
    return {**scene, "nodes": nodes, "edges": edges, "boxes": _filled(scene["boxes"], nodes)}


def _filled(boxes: list[Box], nodes: list[SceneNode]) -> list[Box]:
    """The boxes in which something is."""
    parent = {box["id"]: box["parent"] for box in boxes}
    filled: set[str] = set()
    for node in nodes:
        name = node["box"]
        while name is not None and name not in filled:
            filled.add(name)
            name = parent[name]
    return [box for box in boxes if box["id"] in filled]


def openable(scene: Scene) -> list[str]:
    """The operations that have an inside."""
    return [node["id"] for node in scene["nodes"] if node["inside"] is not None]


def unfolded(scene: Scene, names: Collection[str]) -> Scene:
    """The scene with the insides of some operations in their place, each in a box of its own."""
    nodes: list[SceneNode] = []
    edges = [edge for edge in scene["edges"] if edge["to"] not in names]
    boxes = list(scene["boxes"])
    for node in scene["nodes"]:
        if node["id"] not in names or node["inside"] is None:
            nodes.append(node)
            continue
        box = _box(node, {each["id"] for each in boxes})
        boxes.append(box)
        nodes += _inner_nodes(node, box["id"])
        edges += _inner_edges(node)
    return _without_loose_constants({**scene, "nodes": nodes, "edges": edges, "boxes": boxes})


def _box(node: SceneNode, taken: set[str]) -> Box:
    name = f"inside {node['id']}"
    while name in taken:
        name += "'"
    return {"id": name, "parent": node["box"], "label": node["sign"], "kind": "inside", "at": node["at"]}


def _inner_nodes(node: SceneNode, box: str) -> list[SceneNode]:
    """The nodes of an inside; its result takes the place of the operation."""
    assert node["inside"] is not None
    nodes: list[SceneNode] = []
    for inner in node["inside"]["nodes"]:
        if "outer" in inner:
            continue
        placed = {**inner, "id": _name(node, inner), "box": box, "at": node["at"], "line": node["line"]}
        if inner["result"]:
            placed.update({key: node[key] for key in ("name", "output", "v", "g")})
        nodes.append(cast("SceneNode", placed))
    return nodes


def _inner_edges(node: SceneNode) -> list[SceneEdge]:
    """The edges of an inside, those of operands from the values that they stand for."""
    assert node["inside"] is not None
    inside = node["inside"]
    names = {n["id"]: n.get("outer") or _name(node, n) for n in inside["nodes"]}
    return [{**edge, "from": names[edge["from"]], "to": names[edge["to"]]} for edge in inside["edges"]]


def _name(node: SceneNode, inner: InsideNode) -> str:
    return node["id"] if inner["result"] else inner_id(node["id"], inner["id"])


def _without_loose_constants(scene: Scene) -> Scene:
    """Without the constants of expressions whose only use was an operation that is open now."""
    used = {edge["from"] for edge in scene["edges"]}
    nodes = [
        node
        for node in scene["nodes"]
        if node["kind"] != "constant" or node["id"] in used or node["name"] or node["output"]
    ]
    return {**scene, "nodes": nodes}


def with_boxes_closed(scene: Scene) -> Scene:
    """The scene with each of its outermost boxes as one node."""
    parent = {box["id"]: box["parent"] for box in scene["boxes"]}
    label = {box["id"]: box["label"] for box in scene["boxes"]}

    def outermost(box: str | None) -> str | None:
        while box is not None and parent[box] is not None:
            box = parent[box]
        return box

    box_of = {node["id"]: outermost(node["box"]) for node in scene["nodes"]}
    place_of = {name: name if box is None else box for name, box in box_of.items()}
    leaving = {edge["from"] for edge in scene["edges"] if box_of[edge["from"]] != box_of[edge["to"]]}
    leaving |= {node["id"] for node in scene["nodes"] if node["output"] or node["id"] == scene["of"]}
    edges: list[SceneEdge] = []
    for edge in scene["edges"]:
        if box_of[edge["from"]] is None or box_of[edge["from"]] != box_of[edge["to"]]:
            edges.append({**edge, "from": place_of[edge["from"]], "to": place_of[edge["to"]]})
    nodes: list[SceneNode] = []
    entered: dict[str, int] = {}
    for node in scene["nodes"]:
        box = box_of[node["id"]]
        if box is None:
            nodes.append({**node, "box": None})
        elif box not in entered:
            entered[box] = len(nodes)
            nodes.append(_closed_box(node, box, label[box]))
        if box is not None and node["id"] in leaving and node["kind"] == "operation":
            nodes[entered[box]] = {**_closed_box(node, box, label[box]), "name": node["name"]}
    return {**scene, "nodes": _in_order(nodes, edges), "edges": edges, "boxes": []}


def _closed_box(node: SceneNode, box: str, label: str) -> SceneNode:
    """A box as a node, with the value of one of its nodes."""
    return {**node, "id": box, "name": "", "sign": label, "kind": "operation", "box": None, "inside": None}


def _in_order(nodes: list[SceneNode], edges: list[SceneEdge]) -> list[SceneNode]:
    """The nodes in an order in which each comes after those that it uses."""
    import networkx

    by_id = {node["id"]: node for node in nodes}
    graph: networkx.DiGraph[str] = networkx.DiGraph()
    graph.add_nodes_from(by_id)
    graph.add_edges_from((edge["from"], edge["to"]) for edge in edges)
    if not networkx.is_directed_acyclic_graph(graph):
        return nodes
    place = {name: i for i, name in enumerate(by_id)}
    return [by_id[name] for name in networkx.lexicographical_topological_sort(graph, key=place.__getitem__)]
