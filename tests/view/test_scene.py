"""The scene of a run: the numbers that `graphlang run --json` prints, on nodes and edges."""

from __future__ import annotations

import copy
import io
import json
from collections import Counter
from contextlib import redirect_stderr, redirect_stdout
from functools import cache
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

import graphlang as gl
from graphlang.cli import main

SPECS = Path(__file__).parent.parent.parent / "specs"
EVERY = sorted(path.stem for path in SPECS.glob("*.graph"))
SCALARS = ["apple", "apple_orange", "chain_rule"]
FEW = ["attention", "lstm_written_out", "newton", "simple_convnet"]


@cache
def printed(command, name):
    """What a command prints as JSON of a lesson."""
    out = io.StringIO()
    with redirect_stdout(out), redirect_stderr(io.StringIO()):
        assert main([command, str(SPECS / f"{name}.graph"), "--json"]) == 0
    return json.loads(out.getvalue())


def scene_of(text, of=None, **inputs):
    return gl.loads(text).view(of=of, **inputs).scene


def slot(scene, number):
    return None if number is None else scene["slots"][number]


def named(scene):
    return {node["name"]: node for node in scene["nodes"] if node["name"]}


def words(rule):
    return "".join(token if isinstance(token, str) else token["name"] for token in rule)


def agrees(content, value):
    """Whether a slot says of an array, or of a number, what `run --json` prints."""
    if not isinstance(content, dict):
        assert content == value
        return
    array = np.array(value, np.float64)
    assert content["shape"] == list(array.shape)
    if "all" in content:
        np.testing.assert_array_equal(np.array(content["all"], np.float64), array.reshape(-1))
    finite = array[np.isfinite(array)]
    if finite.size:
        largest = np.abs(finite).max() or 1.0
        assert (content["min"], content["max"]) == (finite.min(), finite.max())
        assert content["mean"] == pytest.approx(finite.mean(), abs=1e-6 * largest)
        assert content["norm"] == pytest.approx(np.linalg.norm(finite / largest) * largest, rel=1e-6)
        assert content["zero"] == np.sum(array == 0)
        assert sum(content["histogram"]["counts"]) == finite.size


@pytest.mark.parametrize("name", EVERY)
def test_the_scene_has_the_values_and_gradients_of_run(name):
    run, scene = printed("run", name), printed("view", name)
    nodes = named(scene)
    assert set(nodes) == set(run["values"])
    for key, value in run["values"].items():
        if nodes[key]["dtype"] != "bool":
            agrees(slot(scene, nodes[key]["v"]), value)
    for key, gradient in run["gradients"].items():
        if nodes[key]["g"] is None:
            assert not np.any(gradient)
        else:
            agrees(slot(scene, nodes[key]["g"]), gradient)
    assert scene["of"] == run["of"]


@pytest.mark.parametrize("name", SCALARS)
def test_the_parts_of_a_number_sum_to_its_gradient_and_are_products_with_local_gradients(name):
    scene = printed("view", name)
    nodes = {node["id"]: node for node in scene["nodes"]}
    for node in scene["nodes"]:
        uses = [edge for edge in scene["edges"] if edge["from"] == node["id"] and edge["g"] is not None]
        if uses and node["id"] != scene["of"]:
            parts = [slot(scene, edge["g"]) for edge in uses]
            assert sum(parts) == pytest.approx(slot(scene, node["g"]), rel=1e-14)
        for edge in uses:
            arriving = slot(scene, nodes[edge["to"]]["g"])
            assert slot(scene, edge["local"]) * arriving == pytest.approx(slot(scene, edge["g"]), rel=1e-14)


def test_a_value_that_is_used_twice_has_a_part_on_each_edge():
    scene = scene_of("input x = 3\ny = x * x + 2 * x\noutput y")
    parts = [(e["to"], e["place"], slot(scene, e["g"])) for e in scene["edges"] if e["from"] == "x"]
    assert parts == [("multiply1", 0, 3.0), ("multiply1", 1, 3.0), ("multiply2", 1, 2.0)]
    assert slot(scene, named(scene)["x"]["g"]) == 8


def test_a_value_inside_a_gradient_has_an_edge_that_is_no_operand():
    scene = scene_of("input w = 3, x = 2\ny = w * x**2\ng = grad(y, x)\noutput g")
    besides = {e["from"]: slot(scene, e["g"]) for e in scene["edges"] if e["to"] == "g" and e["besides"]}
    assert besides["w"] == 4


@pytest.mark.parametrize("name", EVERY)
def test_a_scene_is_whole(name):
    scene = printed("view", name)
    ids = [node["id"] for node in scene["nodes"]]
    boxes = [box["id"] for box in scene["boxes"]]
    assert max(Counter(ids).values()) == 1
    assert not boxes or max(Counter(boxes).values()) == 1
    place = {name: i for i, name in enumerate(ids)}
    assert all(place[edge["from"]] < place[edge["to"]] for edge in scene["edges"])
    for i, box in enumerate(scene["boxes"]):
        assert box["parent"] is None or box["parent"] in boxes[:i]
    for node in scene["nodes"]:
        assert node["box"] is None or node["box"] in boxes
        source, start, end = node["at"]
        text = scene["sources"][source]["text"]
        assert 0 <= start < end <= len(text)
        assert node["line"] == [source, text.count("\n", 0, start) + 1]
    for number in (e[key] for e in scene["edges"] for key in ("g", "local")):
        assert number is None or 0 <= number < len(scene["slots"])


@pytest.mark.parametrize("name", FEW)
def test_a_closed_box_neither_leads_to_itself_nor_tears_another_apart(name):
    """What leaves a box comes back into none of its operations, so that it can be drawn as one node."""
    scene = printed("view", name)
    parent = {box["id"]: box["parent"] for box in scene["boxes"]}

    def outward(box):
        while box is not None:
            yield box
            box = parent[box]

    inside = {node["id"]: set(outward(node["box"])) for node in scene["nodes"]}
    for box in parent:
        left = set()  # what depends on the box and is outside of it
        for node in scene["nodes"]:
            sources = [e["from"] for e in scene["edges"] if e["to"] == node["id"]]
            if box in inside[node["id"]]:
                assert not left & set(sources), (box, node["id"])
            elif any(box in inside[s] or s in left for s in sources):
                left.add(node["id"])


def test_apple_orange_is_the_golden_scene(golden):
    scene = copy.deepcopy(printed("view", "apple_orange"))
    scene["program"]["code"] = "..."
    del scene["sources"], scene["file"]
    lines = [
        f"{key}: {json.dumps(scene[key], ensure_ascii=False)}"
        for key in scene
        if key not in ("nodes", "edges")
    ]
    lines += [json.dumps(item, ensure_ascii=False) for item in (*scene["nodes"], *scene["edges"])]
    golden("apple_orange.scene", "\n".join(lines) + "\n")


def test_a_constant_in_an_expression_is_a_node_of_its_own():
    scene = scene_of("input x = 3\ny = 2 * x + x**2\noutput y")
    constants = [node for node in scene["nodes"] if node["kind"] == "constant"]
    assert [(node["sign"], slot(scene, node["v"])) for node in constants] == [("2", 2)]
    assert [node["sign"] for node in scene["nodes"] if node["op"] == "power"] == ["**2"]


def test_where_several_outputs_are_there_the_scene_has_values_alone():
    scene = scene_of("input x = 3\na = x * 2\nb = x * 3\noutput a, b")
    assert scene["of"] is None
    assert all(node["g"] is None for node in scene["nodes"])
    assert scene_of("input x = 3\na = x * 2\nb = x * 3\noutput a, b", of="b")["of"] == "b"


def test_only_inputs_that_are_single_numbers_can_be_edited():
    scene = scene_of("input x = 3, v: float[2] = [1, 2]\ny = sum(v) * x\noutput y")
    assert {name: node["editable"] for name, node in named(scene).items()} == {
        "x": True,
        "v": False,
        "y": False,
    }
    assert scene["program"] is None
    assert scene_of("input x = 3\ny = x * x")["program"]["inputs"] == ["x"]


# ---- boxes -----------------------------------------------------------------------------------------------

NESTED = """
def Inner(x: float[N, D]) = x -> Affine(D) -> Tanh
def Outer(x: float[N, D]) = x -> Inner -> Inner
input x: float[N, 2] = [[1, 2]]
y = x -> layers { first: layers { Affine(2); Relu }; Outer } -> repeat 2 { Inner } -> for c in [3, 4] { Affine(c) }
loss = sum(y)
output loss
"""


def test_boxes_stand_inside_one_another_as_in_the_file():
    scene = scene_of(NESTED)
    boxes = {box["id"]: (box["parent"], box["kind"], box["label"]) for box in scene["boxes"]}
    assert boxes == {
        "first": (None, "layers", "first"),
        "Outer1": (None, "def", "Outer1"),
        "Outer1/Inner1": ("Outer1", "def", "Inner1"),
        "Outer1/Inner2": ("Outer1", "def", "Inner2"),
        "repeat 1 of 2": (None, "repeat", "repeat 1 of 2"),
        "repeat 1 of 2/Inner1": ("repeat 1 of 2", "def", "Inner1"),
        "repeat 2 of 2": (None, "repeat", "repeat 2 of 2"),
        "repeat 2 of 2/Inner2": ("repeat 2 of 2", "def", "Inner2"),
        "c = 3": (None, "repeat", "c = 3"),
        "c = 4": (None, "repeat", "c = 4"),
    }
    inside = {node["id"]: node["box"] for node in scene["nodes"]}
    assert inside["Outer1.Inner2.Affine1"] == inside["Outer1.Inner2.Affine1.W"] == "Outer1/Inner2"
    assert inside["Inner2.Affine1"] == "repeat 2 of 2/Inner2"
    assert inside["x"] is inside["loss"] is None


def test_every_use_of_a_shared_def_is_a_box_of_its_own():
    scene = scene_of("""
        def Block(x: float[N, D]) = x -> Affine(D) -> Relu
        layer both = Block()
        input x: float[N, 2] = [[1, 2]]
        y = sum(both(both(x) * 2))
        output y
    """)
    assert [(box["id"], box["label"]) for box in scene["boxes"]] == [("both", "both"), ("both (2)", "both")]
    assert {node["id"]: node["box"] for node in scene["nodes"]}["both.Affine1.W"] is None


def test_a_def_of_an_imported_file_is_marked(tmp_path):
    (tmp_path / "parts.graph").write_text("def Double(x: float) {\n  half = x * 1\n  return half * 2\n}\n")
    (tmp_path / "main.graph").write_text(
        'import "parts.graph" as parts\ninput x = 1\ny = parts.Double(x)\noutput y\n'
    )
    scene = gl.load(tmp_path / "main.graph").view().scene
    assert [(box["label"], box["kind"]) for box in scene["boxes"]] == [("Double1", "file")]
    (half,) = [node for node in scene["nodes"] if node["name"] == "Double1.half"]
    assert scene["sources"][half["line"][0]]["name"].endswith("parts.graph")


def test_the_spec_keeps_its_regions_as_json():
    graph = gl.loads(NESTED)
    again = gl.Graph.from_spec(graph.spec.model_dump_json())
    assert again.spec.regions == graph.spec.regions != ()
    assert again.view().scene["boxes"] == graph.view().scene["boxes"]


# ---- names -----------------------------------------------------------------------------------------------


def test_a_constant_does_not_take_the_name_of_a_value():
    spec = json.loads(gl.loads("input x = 3\ny = 2 * x\noutput y").spec.model_dump_json())
    text = json.dumps(spec).replace('"x"', '"y constant 0"')
    scene = gl.Graph.from_spec(text).view().scene
    assert [node["id"] for node in scene["nodes"]] == ["y constant 0", "y constant 0'", "y"]


# ---- Python ----------------------------------------------------------------------------------------------


def test_view_takes_what_run_takes():
    graph = gl.load(SPECS / "apple.graph")
    for view in (
        gl.view(graph, apple=120, of="price", seed=2),
        graph.view({"apple": 120}, of="price", seed=2),
    ):
        nodes = named(view.scene)
        assert slot(view.scene, nodes["price"]["v"]) == 264
        assert slot(view.scene, nodes["apple"]["g"]) == 4.4
        assert view.scene["seed"] == 2
    with pytest.raises(gl.GraphError, match="aple"):
        graph.view(aple=3)


def test_view_is_a_function_also_after_its_modules_are_imported():
    import_module("graphlang.view.scene")
    assert "apple_orange" in gl.view(gl.load(SPECS / "apple_orange.graph")).html


def test_a_view_is_saved_as_a_file_or_in_a_folder(tmp_path):
    view = gl.loads("input x = 3\ny = x * 2").view()
    assert view.save(tmp_path / "y.html") == tmp_path / "y.html"
    assert view.save(tmp_path) == tmp_path / "graph.html"
    assert (tmp_path / "graph.html").read_text(encoding="utf-8") == view.html
    with pytest.raises(gl.GraphError, match="nowhere"):
        view.save(tmp_path / "nowhere" / "y.html")


# ---- size ------------------------------------------------------------------------------------------------


def test_a_deep_graph_has_a_scene_and_a_program():
    lines = [f"y{i} = y{i - 1} * w + x" for i in range(1, 1500)]
    view = gl.loads("\n".join(["input x = 1.001, w = 0.5", "y0 = x * w", *lines, "output y1499"])).view()
    assert len(view.scene["nodes"]) == 3001
    assert len(view.scene["program"]["slots"]) == len(view.scene["slots"])
    assert len(view.html) < 150_000 + 1000 * len(view.scene["nodes"])


def test_the_more_arrays_a_graph_has_the_coarser_are_their_heat_maps():
    def side(count):
        text = "input x: float[40, 40]\ny0 = x + 1\n"
        text += "".join(f"y{i} = y{i - 1} + 1\n" for i in range(1, count)) + f"output y{count - 1}"
        scene = scene_of(text, of=f"y{count - 1}", x=np.eye(40))
        return slot(scene, named(scene)["y0"]["v"])["heat"]["rows"]

    assert (side(10), side(300)) == (32, 16)


def test_the_title_is_the_first_line_without_a_bracket_that_goes_on_below():
    titles = {
        "# A net (Someone 2020,\n# pages 1 to 3)": "A net",
        "# A net (Someone 2020)": "A net (Someone 2020)",
        "# A net": "A net",
    }
    for comment, title in titles.items():
        assert gl.loads(f"{comment}\ninput a = 2\ny = a * 3").view().scene["title"] == title
