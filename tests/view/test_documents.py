"""A run as SVG, DOT and Mermaid: structure, boxes, numbers, and names that mean something in those languages."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import graphlang as gl
from graphlang.view.build import scene
from graphlang.view.documents import dot, mermaid, scene_svg
from graphlang.view.scene import Scene
from graphlang.view.unfolded import leading, openable, unfolded, with_boxes_closed

TEXT = r'"(?:[^"\\\n]|\\.)*"'
DOT_LINE = re.compile(
    rf"""\s*(?:
        digraph\ \{{ | \}} | rankdir=LR; | label={TEXT};\ labelloc=t;
      | subgraph\ cluster_\d+\ \{{\ label={TEXT};\ style=dashed;
      | (?P<node>n\d+)\ \[label=(?P<label>{TEXT}),\ shape=\w+\];
      | (?P<source>n\d+)\ ->\ (?P<target>n\d+)(?:\ \[label=(?P<edge>{TEXT})\])?;
    )""",
    re.VERBOSE,
)
QUOTED = r'"[^"<>`|{}\\*_;@&\n]*(?:(?:<br>|\#\d+;)[^"<>`|{}\\*_;@&\n]*)*"'
MERMAID_LINE = re.compile(
    rf"""\s*(?:
        flowchart\ LR | end | subgraph\ box\d+\ \[{QUOTED}\]
      | (?P<node>n\d+)(?:\(\(|\(\[|\[)(?P<label>{QUOTED})(?:\)\)|\]\)|\])
      | (?P<source>n\d+)\ -->(?:\|(?P<edge>{QUOTED})\|)?\ (?P<target>n\d+)
    )""",
    re.VERBOSE,
)


def run(text: str, of: str | None = None, **inputs: Any) -> Scene:
    graph = gl.loads(text)
    forward = graph.forward(inputs)
    return scene(graph, forward, forward.backward(of=of))


def parsed(text: str, line: re.Pattern[str]) -> tuple[dict[str, str], list[tuple[str, str, str]]]:
    """The labels of the nodes, and the edges with theirs; every line has to be of a known form."""
    nodes, edges = {}, []
    for row in text.splitlines():
        match = line.fullmatch(row)
        assert match, row
        if match["node"]:
            nodes[match["node"]] = match["label"]
        elif match["source"]:
            edges.append((match["source"], match["target"], match["edge"] or ""))
    assert {end for source, target, _ in edges for end in (source, target)} <= set(nodes)
    return nodes, edges


def dot_text(quoted: str) -> str:
    return re.sub(r"\\(.)", lambda m: "\n" if m[1] == "n" else m[1], quoted[1:-1])


def mermaid_text(quoted: str) -> str:
    return re.sub(r"#(\d+);", lambda m: chr(int(m[1])), quoted[1:-1].replace("<br>", "\n"))


APPLE = "input apple = 100, num = 2, tax = 1.1\ntotal = apple * num\nprice = total * tax\noutput price"


@pytest.mark.parametrize(
    ("write", "line", "text"), [(dot, DOT_LINE, dot_text), (mermaid, MERMAID_LINE, mermaid_text)]
)
def test_values_go_forward_and_gradients_back_on_every_edge(write: Any, line: Any, text: Any) -> None:
    nodes, edges = parsed(write(run(APPLE)), line)
    name = {key: text(label) for key, label in nodes.items()}
    assert {(name[a], name[b], text(label)) for a, b, label in edges} == {
        ("apple", "×\ntotal", "100\n← 2.2"),
        ("num", "×\ntotal", "2\n← 110"),
        ("×\ntotal", "×\nprice = 220", "200\n← 1.1"),
        ("tax", "×\nprice = 220", "1.1\n← 200"),
    }


def test_a_large_array_shows_its_shape_and_the_norm_of_its_gradient() -> None:
    text = "input x: float[5] = [3, 0, 4, 0, 0]\ny = sum(x * x)\noutput y"
    _, edges = parsed(dot(run(text)), DOT_LINE)
    assert [dot_text(label) for *_, label in edges] == ["[5]\n← norm 5", "[5]\n← norm 5", "[5]\n← norm 2.236"]


def test_groups_are_clusters_and_subgraphs_one_in_another() -> None:
    text = "def Inner(x) = exp(x) + 1\ndef Outer(x) = Inner(x) * 2\ninput x = 1\ny = Outer(x)\noutput y"
    data = run(text)
    lines = [line for line in dot(data).splitlines() if "subgraph" in line or line.strip() == "}"]
    assert [len(line) - len(line.lstrip()) for line in lines] == [2, 4, 4, 2, 0]
    assert [line.strip().split()[0] for line in mermaid(data).splitlines()].count("subgraph") == 2
    shut = with_boxes_closed(data)
    assert [node["sign"] for node in shut["nodes"]] == ["x", data["boxes"][0]["label"]]
    assert [(e["from"], e["to"]) for e in shut["edges"]] == [("x", data["boxes"][0]["id"])]
    assert parsed(dot(shut), DOT_LINE)[0].keys() == {"n0", "n1"}


def test_a_closed_group_with_two_results_keeps_the_edges_of_both() -> None:
    text = "def Two(x) {\n  a = exp(x)\n  return a, a * 2\n}\ninput x = 1\np, q = Two(x)\ny = p + q\noutput y"
    shut = with_boxes_closed(run(text))
    assert sum(edge["to"] == "y" for edge in shut["edges"]) == 2
    assert "Infinity" not in scene_svg(shut)


def test_an_unfolded_operation_is_a_box_of_its_primitives() -> None:
    data = run("input x = 0.5\ns = Sigmoid(x)\ny = s * 3\noutput y")
    assert openable(data) == ["s"]
    flat = unfolded(data, {"s"})
    signs = [node["sign"] for node in flat["nodes"] if node["kind"] == "operation"]
    assert signs == ["×", "exp", "+", "1/x", "×"]
    assert {box["label"] for box in flat["boxes"]} == {"Sigmoid"}
    by_id = {node["id"]: node for node in flat["nodes"]}
    assert all(edge["from"] in by_id and edge["to"] in by_id for edge in flat["edges"])
    assert (by_id["s"]["sign"], by_id["s"]["name"]) == ("1/x", "s")
    for write, line in ((dot, DOT_LINE), (mermaid, MERMAID_LINE)):
        parsed(write(flat), line)


def test_only_what_leads_to_an_output_or_the_start_of_backward_is_drawn() -> None:
    data = run("input x = 1, z = 2\ny = exp(x)\nunused = sin(z)\noutput y")
    assert [node["id"] for node in leading(data)["nodes"]] == ["x", "y"]


def test_the_svg_has_a_node_for_every_value_and_reads_as_xml() -> None:
    flat = unfolded(run("input x = 0.5\ny = Sigmoid(x)\noutput y"), {"y"})
    root = ET.fromstring(scene_svg(flat))
    drawn = {e.get("data-node") for e in root.iter() if e.get("class") == "node"}
    assert {node["id"] for node in flat["nodes"]} <= drawn


HOSTILE = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs",)), min_size=1, max_size=20
) | st.sampled_from(
    [
        '"];}',
        '"] --> n0',
        "end",
        "<script>",
        "-->",
        "a\nb",
        "\\",
        '\\"',
        "%%{init}%%",
        "`*x*`",
        "#35;",
        "1. x",
        "n0;",
        "|",
    ]
)


@settings(deadline=None, max_examples=80)
@given(HOSTILE, HOSTILE, HOSTILE)
def test_no_name_becomes_a_part_of_the_language(sign: str, name: str, label: str) -> None:
    data = unfolded(run("input x = 0.5\ny = Sigmoid(x)\noutput y"), {"y"})
    for node in data["nodes"]:
        if node["kind"] == "operation":
            node.update(sign=sign, name=name)
    data["boxes"][0]["label"] = data["title"] = label
    for write, line in ((dot, DOT_LINE), (mermaid, MERMAID_LINE)):
        nodes, edges = parsed(write(data), line)
        assert (len(nodes), len(edges)) == (len(data["nodes"]), len(data["edges"]))
    svg = scene_svg(data)
    ET.fromstring(svg)
    assert "<script" not in svg
