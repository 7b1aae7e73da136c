"""The page in a browser: stepping, editing, groups, the chain rule, search, keys, and what screen readers get."""

from __future__ import annotations

import json
import math
import xml.etree.ElementTree as ET
from urllib.parse import quote

import pytest

import graphlang as gl
from graphlang.cli import main
from graphlang.draw.numbers import short
from graphlang.view.page import page
from tests.view.browser import SPECS, Opened, browsers, html_of

browser = pytest.fixture(scope="module")(browsers)

NETWORK = """# A network with two layers
input x: float[N, 6]
y = x -> Affine(4, init=normal(1)) -> Relu -> Affine(3, init=normal(1))
loss = mean(y**2)
output y
"""
NESTED = """def half(x) = x / 2
def quarter(x) {
  h = half(x)
  return half(h)
}
input x = 8
y = quarter(x) + quarter(x * 3)
output y
"""
TWICE = """input x = 3, w = 2
a = x * w
y = a * x + a
output y
"""


@pytest.fixture
def opened(browser, tmp_path):
    """Opens the page of a spec, or of a text."""
    pages = []

    def open_page(source="apple_orange", fragment="", html=None, **options):
        text = html or (str(gl.view(gl.loads(source)).html) if "\n" in source else html_of(source))
        pages.append(Opened(browser, tmp_path, text, fragment, **options))
        return pages[-1]

    yield open_page
    for each in pages:
        each.close()


# ---- stepping -----------------------------------------------------------------------------------------------


def test_steps_go_forward_and_then_backward(opened):
    page = opened()
    page.press("Home")
    assert "apple = 100" in page.rule
    page.press("ArrowRight")
    assert page.rule == "Forward apple_price = apple × apple_num = 100 × 2 = 200"
    page.press("ArrowRight", "ArrowRight", "ArrowRight")
    assert page.rule == "Forward price = total × tax = 650 × 1.1 = 715"
    page.press("ArrowRight")
    assert page.rule.startswith("Backward ∂price/∂price = 1")
    assert "∂price/∂total = ∂price/∂price × tax = 1 × 1.1 = 1.1" in page.rule
    page.press("ArrowRight", "ArrowRight", "ArrowRight")
    assert "∂price/∂apple = ∂price/∂apple_price × apple_num = 1.1 × 2 = 2.2" in page.rule
    page.press("ArrowLeft")
    assert "∂price/∂orange = " in page.rule


def test_buttons_and_slider_step_too(opened):
    page = opened()
    page.tab.click("#step-first")
    page.tab.click("#step-next")
    assert "apple_price = " in page.rule
    page.tab.click("#step-back")
    assert "Given" in page.rule
    page.tab.click("#step-last")
    assert "price = 715" in page.rule
    page.tab.focus("#step-slider")
    page.press("Home", "ArrowRight", "ArrowRight")
    assert "orange_price = " in page.rule
    assert "forward, orange_price" in page.tab.get_attribute("#step-slider", "aria-valuetext")


def test_play_goes_to_the_end(opened):
    page = opened("input a = 2\ny = a * 3\noutput y\n")
    page.press("Home", "Space")
    page.wait("graphlang.page.state.position === graphlang.page.state.steps.last")
    assert page.tab.get_attribute("#step-play", "aria-pressed") == "false"


def test_what_is_not_reached_has_no_numbers(opened):
    page = opened()
    page.press("Home")
    assert {"100", "1.1"} <= set(page.texts)
    assert not {"200", "715", "2.2"} & set(page.texts)
    page.press("ArrowRight")
    assert "200" in page.texts
    assert "450" not in page.texts
    page.press("End")
    assert {"200", "450", "650", "715", "2.2", "110", "3.3", "165"} <= set(page.texts)


def test_the_line_of_the_step_is_lit_and_a_line_lights_its_values(opened):
    page = opened()
    page.press("Home", "ArrowRight")
    assert page.text(".source .lit").startswith("apple_price = apple * apple_num")
    assert page.text(".source mark") == "apple_price"
    page.tab.click(".source li:nth-child(12) button")
    hits = page.tab.evaluate("[...graphlang.page.stage.hits]")
    assert set(hits) == {f"node {name}" for name in ("apple", "apple_num", "orange", "orange_num", "tax")}


def test_the_source_opens_at_its_first_statement(opened):
    page = opened("#\n" * 60 + "input x = 3\ny = x * x\noutput y\n")
    place = page.tab.locator("#panel-source li").nth(60).bounding_box()
    panel = page.tab.locator("#panel-source").bounding_box()
    assert panel["y"] <= place["y"] <= panel["y"] + panel["height"] - place["height"]


def test_the_parts_of_a_value_that_is_used_twice_and_their_sum(opened):
    page = opened(TWICE)
    page.press("End", "ArrowLeft")
    # y = a x + a: through the product 3, through the sum 1.
    position = page.tab.evaluate(
        "graphlang.page.state.steps.all.findIndex(s => s.phase === 'backward' && s.node?.id === 'a')"
    )
    page.tab.evaluate("position => graphlang.page.go(position)", position)
    assert "∂y/∂a = 3 + 1 = 4" in page.rule or "∂y/∂a = 1 + 3 = 4" in page.rule
    assert {"3", "1", "4"} <= set(page.texts)


# ---- the chain rule -----------------------------------------------------------------------------------------


def test_an_edge_shows_the_chain_rule(opened):
    page = opened()
    page.click_edge("apple", "apple_price")
    assert page.selection == "edge apple → apple_price 0"
    assert page.rule == (
        "Chain rule ∂price/∂apple = ∂price/∂total × ∂total/∂apple_price × ∂apple_price/∂apple"
        " = 1.1 × 1 × 2 = 2.2"
    )
    assert "1.1 × 1 × 2 = 2.2" in page.text("#panel-node")
    assert "2.2" in page.text("#said")


def test_several_paths_are_added(opened):
    page = opened(TWICE)
    page.tab.evaluate("graphlang.page.select({ kind: 'edge', id: 'w → a 1' })")
    assert "2 paths lead back to y" in page.rule
    assert page.rule.endswith("= 9 + 3 = 12") or page.rule.endswith("= 3 + 9 = 12")


# ---- editing ------------------------------------------------------------------------------------------------


def test_an_input_recomputes_everything(opened):
    page = opened()
    page.tab.click("#tab-inputs")
    page.tab.fill("#input-apple", "250")
    graph = gl.load(SPECS / "apple_orange.graph")
    result = graph.run(apple=250)
    page.wait("graphlang.page.state.slots.some(n => Math.abs(n - 1045) < 1e-9)")
    table = page.table
    for name in (*graph.network.inputs, "apple_price", "orange_price", "total", "price"):
        assert table[name] == (short(result[name]), short(result.grad[name])), name
    assert "1045" in page.texts
    page.tab.click("#tab-inputs")
    page.tab.click("#reset")
    assert page.table["price"] == ("715", "1")
    assert page.tab.input_value("#input-apple") == "100"


def test_the_slider_of_an_input_moves_its_field(opened):
    page = opened()
    page.tab.click("#tab-inputs")
    page.tab.focus(".input input[type=range] >> nth=0")
    page.press("End")
    assert page.tab.input_value("#input-apple") == "200"
    page.wait("graphlang.page.state.slots.some(n => Math.abs(n - 935) < 1e-9)")


def test_what_is_no_number_is_marked_and_changes_nothing(opened):
    page = opened()
    page.tab.click("#tab-inputs")
    page.tab.fill("#input-apple", "many")
    assert page.tab.get_attribute("#input-apple", "aria-invalid") == "true"
    assert page.table["price"] == ("715", "1")


def test_whole_numbers_and_truth_values_are_inputs_too(opened):
    page = opened(
        "input n: int = 3\ninput x = 2\ninput b: bool = true\nz = x * n\ny = where(b, z, x)\nm = n + 1\noutput y, m\n"
    )
    page.tab.click("#tab-inputs")
    page.tab.fill("#input-n", "2.5")
    assert page.tab.get_attribute("#input-n", "aria-invalid") == "true"
    page.tab.fill("#input-n", "5")
    assert page.table["y"][0] == "10"
    page.tab.click("#tab-inputs")
    page.tab.uncheck("#input-b")
    assert page.table["y"][0] == "2"
    page.tab.click("#tab-inputs")
    page.tab.fill("#input-n", "9007199254740991")
    assert page.table["m"][0] == "9007199254740992"


# ---- groups -------------------------------------------------------------------------------------------------


def test_a_group_closes_and_opens_where_it_is(opened):
    page = opened(NESTED)
    box = page.tab.evaluate("graphlang.page.state.scene.boxes[0].id")
    inside = {unit for unit in page.units if unit.startswith(f"node {box}.")}
    assert inside
    page.click_handle(box)
    assert not inside & page.units
    assert f"box {box}" in page.units
    page.click_handle(box)
    assert inside <= page.units
    page.click_handle(box)
    page.click_unit(f"box {box}")
    assert page.selection == f"box {box}"
    page.press("Enter")
    assert inside <= page.units


OVERLAPS = """
() => {
  const { shapes } = graphlang.page.state.layout;
  const within = (a, b) => a.x < b.x + b.w - 1 && b.x < a.x + a.w - 1 && a.y < b.y + b.h - 1 && b.y < a.y + a.h - 1;
  return shapes.flatMap((a, i) => shapes.slice(i + 1)
    .filter((b) => a.unit.level === b.unit.level && within(a, b)).map((b) => [a.unit.key, b.unit.key]));
}
"""


@pytest.mark.parametrize("source", ["physics", "lstm_written_out", "chain_rule", NESTED, TWICE])
def test_nothing_is_drawn_over_another(opened, source):
    page = opened(source)
    assert page.tab.evaluate(OVERLAPS) == []
    for _ in range(3):  # boxes inside boxes
        page.tab.evaluate(
            "() => { const { page } = graphlang; for (const box of [...page.state.graph.boxes.values()])"
            " if (!page.state.isOpen(box)) page.toggleBox(box.id); }"
        )
    assert page.tab.evaluate(OVERLAPS) == []


def test_operands_that_are_drawn_out_of_order_are_numbered(opened):
    page = opened("input a = 5\ninput b = 3\ny = b - a\nz = a - b\noutput y, z\n")
    page.tab.evaluate("graphlang.page.stage.fit(false)")
    assert {"1", "2"} <= set(page.texts)
    assert not {"1", "2"} & set(
        opened("input a = 5\ninput b = 3\ny = b * a + 4\noutput y\n", "#step=start").texts
    )


def test_a_closed_group_is_one_step(opened):
    page = opened(NESTED)
    count = int(page.text("#step-count").split("/")[1])
    page.press("g")
    assert int(page.text("#step-count").split("/")[1]) < count
    page.press("Home", "ArrowRight")
    assert "inside" in page.rule


def test_many_nodes_start_with_closed_groups(opened):
    copies = "".join(f"y{i + 1} = step(y{i})\n" for i in range(110))
    page = opened(f"def step(x) = sin(x) * 0.5 + cos(x)\ninput y0 = 1\n{copies}output y110\n")
    assert page.tab.evaluate("graphlang.page.state.scene.nodes.length") > 300
    assert not any(unit.startswith("node y1.") for unit in page.units)
    assert page.tab.evaluate("graphlang.page.state.graph.boxes.size") >= 110


def test_an_operation_opens_to_its_primitives_and_closes_again(opened):
    page = opened("input x = 2\ny = sigmoid(x)\nz = y * 3\noutput z\n")
    before = page.units
    page.click_unit("node y", 2)
    signs = page.tab.evaluate("graphlang.page.state.graph.nodes.filter(n => n.box).map(n => n.sign)")
    assert {"exp", "+", "1/x"} <= set(signs)
    assert "node y" not in page.units
    table = page.table
    assert table["y"] == (short(1 / (1 + math.exp(-2))), "3")
    page.tab.focus("#stage")
    page.press("Home", "ArrowRight", "ArrowRight")
    assert "exp" in page.rule
    # The sum of what flows back into x is its gradient, as before.
    parts = page.tab.evaluate(
        "graphlang.page.state.graph.byId.get('x').uses.map(e => graphlang.page.state.slots[e.g])"
    )
    assert sum(parts) == pytest.approx(3 * math.exp(-2) / (1 + math.exp(-2)) ** 2)
    page.click_handle("inside y")
    assert page.units == before


# ---- tensors ------------------------------------------------------------------------------------------------


def test_a_tensor_shows_its_figures_heat_map_and_histogram(opened):
    graph = gl.loads(NETWORK)
    x = [[float(i * j - 7) for i in range(6)] for j in range(5)]
    page = opened(html=gl.view(graph, {"x": x}).html)
    page.click_unit("node x")
    panel = page.text("#panel-node")
    assert "shape 5 × 6" in panel
    assert f"mean {short(float(sum(map(sum, x)) / 30), 4)}" in panel
    assert page.tab.locator("#panel-node canvas.heat").count() == 2  # of value and gradient
    assert page.tab.locator("#panel-node svg.histogram").count() == 2


def test_the_first_bad_value_is_told(opened):
    html = str(gl.view(gl.loads("input x = -1\ny = log(x)\nz = y * 2\noutput z\n")).html)
    page = opened(html=html)
    assert page.tab.evaluate("graphlang.page.stage.marks.bad.has('node y')")
    assert page.table["y"][0] == "nan"


# ---- search, zoom, permalink, export ------------------------------------------------------------------------


def test_search_goes_to_a_value(opened):
    page = opened()
    page.press("/")
    page.tab.keyboard.type("orange_p")
    assert page.text("#search-results li").startswith("orange_price")
    page.press("Enter")
    assert page.selection == "node orange_price"
    assert page.tab.is_hidden("#search-results")


def test_search_opens_the_groups_around_a_value(opened):
    page = opened(NESTED)
    page.press("g")
    inside = page.tab.evaluate("graphlang.page.state.graph.nodes.filter(n => n.box).map(n => n.id)")
    assert f"node {inside[-1]}" not in page.units
    page.press("/")
    page.tab.keyboard.type(inside[-1])
    page.press("Enter")
    assert f"node {inside[-1]}" in page.units


def test_zoom_to_fit_shows_everything(opened):
    page = opened()
    page.press("+", "+", "+", "+", "d", "d")
    seen = "(() => { const { camera, state } = graphlang.page.stage; return camera.x <= 0 && camera.y <= 0 &&"
    seen += " camera.x + camera.width / camera.scale >= state.layout.width; })()"
    assert not page.tab.evaluate(seen)
    assert page.tab.is_visible("#minimap")
    page.press("f")
    assert page.tab.evaluate(seen)


def test_the_address_leads_to_the_same_step_selection_and_groups(opened):
    page = opened(NESTED)
    page.press("g", "Home", "ArrowRight")
    rule, units = page.rule, page.units
    fragment = page.tab.evaluate("location.hash")
    page.go(fragment)
    assert (page.rule, page.units) == (rule, units)
    page.go("#" + "select=" + quote("node:y"))
    assert page.selection == "node y"
    page.go("#select=node:nothing&step=forward:nothing&toggle=nothing")
    assert page.selection is None


def test_what_is_seen_is_saved_as_svg(opened):
    page = opened()
    root = ET.fromstring(page.saved("svg"))
    texts = ["".join(each.itertext()) for each in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"apple", "715", "2.2"} <= set(texts)
    assert not any("href" in name for each in root.iter() for name in each.attrib)
    page.press("+", "+", "+", "+", "+", "+", "d", "d", "d", "d", "d", "d", "d", "d", "d")
    assert "apple" not in page.texts


def test_what_is_seen_is_saved_as_png(opened):
    data = opened().saved("png")
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    assert int.from_bytes(data[16:20], "big") > 1000


# ---- looks and devices --------------------------------------------------------------------------------------

BACK = "getComputedStyle(document.body).backgroundColor"
PIXEL = "[...graphlang.page.stage.context.getImageData(3, 100, 1, 1).data]"


def test_dark_follows_the_system_and_a_switch(opened):
    page = opened(color_scheme="dark")
    dark = page.tab.evaluate(BACK)
    pixel = page.tab.evaluate(PIXEL)
    assert sum(pixel[:3]) < 150
    page.tab.click("#theme")
    assert page.tab.evaluate(BACK) != dark
    page.wait(f"{PIXEL}[0] > 200")
    page.press("t")
    assert page.tab.evaluate(BACK) == dark


def test_a_narrow_page_has_the_panel_below(opened):
    page = opened(viewport={"width": 400, "height": 800})
    assert page.tab.evaluate("document.documentElement.scrollWidth") <= 400
    stage, panel = page.tab.locator("#stage").bounding_box(), page.tab.locator("#panel").bounding_box()
    assert panel["y"] >= stage["y"] + stage["height"]
    page.tab.click("#tab-source")
    assert page.tab.is_visible(".source")
    page.tab.set_viewport_size({"width": 1280, "height": 800})
    page.wait("document.getElementById('tab-source').hidden")
    assert page.tab.is_visible(".source")


def test_two_fingers_zoom(opened):
    page = opened(has_touch=True)
    before = page.tab.evaluate("graphlang.page.stage.camera.scale")
    session = page.context.new_cdp_session(page.tab)

    def touch(kind, *points):
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": 300, "id": i} for i, x in enumerate(points)]})  # fmt: skip

    touch("touchStart", 300, 400)
    for apart in (20, 60, 100):
        touch("touchMove", 300 - apart, 400 + apart)
    touch("touchEnd")
    page.wait(f"graphlang.page.stage.camera.scale > {before} * 1.3")


def test_paper_has_the_whole_picture_and_all_values(opened):
    page = opened()
    page.press("Home")
    page.tab.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.tab.emulate_media(media="print")
    assert page.tab.locator("#paper svg text").count() > 5
    assert page.tab.locator("#paper tbody tr").count() == 9
    assert page.tab.is_hidden("#panel")
    page.tab.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.tab.locator("#paper").count() == 0


# ---- keys and screen readers --------------------------------------------------------------------------------


def test_everything_goes_by_keys(opened):
    page = opened()
    page.press("ArrowDown")
    assert page.selection == "node apple"
    assert "100" in page.text("#said")
    page.press("Shift+ArrowRight")
    assert page.selection == "node apple_price"
    page.press("Shift+ArrowDown")
    assert page.selection == "node orange_price"
    page.press("Shift+ArrowLeft")
    assert page.selection in ("node orange", "node orange_num")
    page.press("e")
    assert page.selection.startswith("edge orange")
    assert "Chain rule" in page.rule
    page.press("Escape")
    assert page.selection is None
    page.press("?")
    assert page.tab.is_visible("#keys")
    page.press("Escape")
    assert page.tab.is_hidden("#keys")


def test_tab_reaches_every_control_and_shows_where_it_is(opened):
    page = opened()
    reached = []
    for _ in range(40):
        page.press("Tab")
        reached.append(page.tab.evaluate("document.activeElement.id"))
        outline = page.tab.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none" or not reached[-1], reached[-1]
    controls = {"search-field", "fit", "theme", "help", "stage", "step-next", "step-slider", "tab-node"}
    assert controls <= set(reached)


def test_tabs_go_by_arrow_keys(opened):
    page = opened()
    page.tab.focus("#tab-node")
    page.press("ArrowRight", "ArrowRight")
    assert page.tab.evaluate("document.activeElement.id") == "tab-values"
    assert page.tab.is_visible("#panel-values table")


@pytest.mark.parametrize("colors", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 400])
def test_axe_finds_no_violation(opened, colors, width):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is in the extra `dev`")
    page = opened(color_scheme=colors, viewport={"width": width, "height": 800})
    for act in (
        lambda: None,
        lambda: page.press("Home", "ArrowRight"),
        lambda: page.press("End", "ArrowLeft", "ArrowLeft"),
        lambda: page.tab.evaluate("graphlang.page.select({ kind: 'edge', id: 'apple → apple_price 0' })"),
        lambda: page.tab.click("#tab-inputs"),
        lambda: page.tab.click("#tab-values"),
        lambda: page.press("/", "p", "r"),
        lambda: page.press("Escape", "?"),
    ):
        act()
        violations = axe.Axe().run(page.tab).response["violations"]
        problems = [(v["id"], [n["html"] for n in v["nodes"]][:3]) for v in violations]
        assert problems == []


@pytest.mark.parametrize("name", ["apple", "apple_orange", "chain_rule"])
def test_the_table_has_the_numbers_of_run(opened, capsys, name):
    assert main(["run", str(SPECS / f"{name}.graph"), "--json"]) == 0
    run = json.loads(capsys.readouterr().out)
    table = opened(name).table
    assert {n: table[n][0] for n in run["values"]} == {n: short(v) for n, v in run["values"].items()}
    assert {n: table[n][1] or "0" for n in run["gradients"]} == {
        n: short(v) for n, v in run["gradients"].items()
    }


# ---- the live page, hostile texts ---------------------------------------------------------------------------


def test_another_scene_keeps_step_selection_and_view(opened):
    page = opened()
    page.press("Home", "ArrowRight", "ArrowRight", "+")
    scale = page.tab.evaluate("graphlang.page.stage.camera.scale")
    scene = gl.view(gl.load(SPECS / "apple_orange.graph"), orange=7).scene
    page.tab.evaluate("scene => graphlang.update(scene)", json.loads(json.dumps(scene)))
    assert page.rule == "Forward orange_price = orange × orange_num = 7 × 3 = 21"
    assert page.tab.evaluate("graphlang.page.stage.camera.scale") == scale
    scene["diagnostics"] = [
        {"code": "E101", "message": "nothing is called aple", "help": "apple", "line": 14, "file": None}
    ]
    page.tab.evaluate("scene => graphlang.update(scene)", json.loads(json.dumps(scene)))
    assert "nothing is called aple" in page.text("#diagnostics")
    page.tab.click("#diagnostics button")
    assert page.text(".source .lit").startswith("apple_price")


def test_a_transport_computes_instead_of_the_page(opened):
    page = opened()
    page.tab.evaluate("graphlang.connect({ change: change => { window.asked = change; } })")
    page.tab.click("#tab-inputs")
    page.tab.fill("#input-apple", "7")
    page.wait("window.asked && window.asked.inputs.apple === 7")
    assert page.table["price"][0] == "715"


def test_texts_of_a_spec_are_never_markup(opened):
    title = '</script><img src=x onerror="window.hit=1"><!--script-->'
    page = opened(html=page_of(f"# {title}\ninput a = 2\ny = a * 3   # <b>{title}\noutput y\n"))
    assert page.tab.inner_text("#title") == title
    page.press("Home", "ArrowRight")
    assert "<b>" in page.text(".source")
    assert page.tab.evaluate("window.hit") is None
    ET.fromstring(page.saved("svg"))


def page_of(text):
    return page(gl.view(gl.loads(text)).scene)
