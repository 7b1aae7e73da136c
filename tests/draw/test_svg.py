"""The picture as SVG: whole outputs, well formed, and no text on a line or on another text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple
from xml.etree import ElementTree

import pytest
from sample_pictures import APPLE_ORANGE, GROUPS, KOREAN, PICTURES, SIGMOID, large_picture, random_picture

from graphlang.draw.picture import Picture, PictureNode
from graphlang.draw.svg import svg
from graphlang.draw.svg_elements import text_width
from graphlang.draw.svg_style import SIGN, SMALL, TEXT

NS = "{http://www.w3.org/2000/svg}"
Point = tuple[float, float]
SIZES = {
    "sign": SIGN,
    "name": SMALL,
    "group-name": SMALL,
    "mark": 10,
    "legend value": SMALL,
    "legend gradient": SMALL,
}


class Box(NamedTuple):
    """Where the ink of a text is, about."""

    left: float
    top: float
    right: float
    bottom: float
    text: str


def texts(root: ElementTree.Element, but: str = "") -> list[Box]:
    return [
        _box(element) for element in root.iter(f"{NS}text") if element.text and element.get("class") != but
    ]


def _box(element: ElementTree.Element) -> Box:
    size, text = SIZES.get(element.get("class", ""), TEXT), element.text or ""
    wide = 0.8 * text_width(text, size)
    share = {"start": 0.0, "middle": 0.5, "end": 1.0}[element.get("text-anchor", "start")]
    left, baseline = float(element.get("x", 0)) - share * wide, float(element.get("y", 0))
    return Box(left, baseline - 0.74 * size, left + wide, baseline + 0.1 * size, text)


def line_points(root: ElementTree.Element) -> Iterator[Point]:
    for path in root.iter(f"{NS}path"):
        if path.get("class") == "line":
            yield from _points(path.get("d", ""))


def _points(d: str) -> Iterator[Point]:
    x = y = 0.0
    for command, text in re.findall(r"([MHC])([^MHC]*)", d):
        numbers = [float(number) for number in text.split()]
        if command == "M":
            x, y = numbers
            continue
        end = (numbers[0], y) if command == "H" else (numbers[4], numbers[5])
        first, second = (
            ((x, y), end) if command == "H" else ((numbers[0], numbers[1]), (numbers[2], numbers[3]))
        )
        for n in range(33):
            t = n / 32
            weights = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3
            points = ((x, y), first, second, end)
            yield (
                sum(w * p[0] for w, p in zip(weights, points, strict=True)),
                sum(w * p[1] for w, p in zip(weights, points, strict=True)),
            )
        x, y = end


def overlaps(picture: Picture) -> list[str]:
    root = ElementTree.fromstring(svg(picture))
    boxes = texts(root)
    found = [
        f"{a.text} / {b.text}"
        for n, a in enumerate(boxes)
        for b in boxes[n + 1 :]
        if a.left < b.right and b.left < a.right and a.top < b.bottom and b.top < a.bottom
    ]
    points = list(line_points(root))
    # The number of an operand is a badge on its own line.
    boxes = texts(root, but="mark")
    found += [b.text for b in boxes if any(b.left < x < b.right and b.top < y < b.bottom for x, y in points)]
    return found


@pytest.mark.parametrize("name", PICTURES)
def test_the_image_is_the_golden_one(name: str, golden: Callable[[str, str], None]) -> None:
    golden(f"{name}.svg", svg(PICTURES[name]))


def test_the_themes_are_the_golden_ones(golden: Callable[[str, str], None]) -> None:
    golden("apple_orange_dark.svg", svg(APPLE_ORANGE, "dark"))
    golden("apple_orange_auto.svg", svg(APPLE_ORANGE, "auto"))


@pytest.mark.parametrize("name", PICTURES)
def test_no_text_lies_on_a_line_or_on_a_text(name: str) -> None:
    assert overlaps(PICTURES[name]) == []


@pytest.mark.parametrize("seed", range(40))
def test_no_text_of_any_graph_lies_on_a_line_or_on_a_text(seed: int) -> None:
    assert overlaps(random_picture(seed)) == []


def test_every_text_lies_inside_the_image() -> None:
    for picture in (*PICTURES.values(), *map(random_picture, range(20))):
        root = ElementTree.fromstring(svg(picture))
        width, height = float(root.get("width", 0)), float(root.get("height", 0))
        for box in texts(root):
            assert 0 <= box.left < box.right <= width, box
            assert 0 <= box.top < box.bottom <= height, box


def test_every_edge_and_every_node_is_there_once() -> None:
    root = ElementTree.fromstring(svg(KOREAN))
    ends = [(g.get("data-from"), g.get("data-to")) for g in root.iter(f"{NS}g") if g.get("class") == "edge"]
    assert ends == [(edge.source, edge.target) for edge in KOREAN.edges]
    nodes = [g.get("data-node") for g in root.iter(f"{NS}g") if g.get("class") == "node"]
    assert nodes == [node.id for node in KOREAN.nodes]


def test_the_description_says_the_picture_in_words() -> None:
    root = ElementTree.fromstring(svg(APPLE_ORANGE))
    assert root.get("role") == "img"
    assert root.findtext(f"{NS}title") == "Buying fruit"
    words = root.findtext(f"{NS}desc") or ""
    assert "apple 100 (gradient 2.2)" in words
    assert "Outputs: price 715 (gradient 1)." in words


def test_groups_are_boxes_around_their_members_alone() -> None:
    root = ElementTree.fromstring(svg(GROUPS))
    boxes = [r for r in root.iter(f"{NS}rect") if r.get("class") == "group"]
    names = [t for t in root.iter(f"{NS}text") if t.get("class") == "group-name"]
    for box, name in zip(boxes, names, strict=True):
        left, top = float(box.get("x", 0)), float(box.get("y", 0))
        right, bottom = left + float(box.get("width", 0)), top + float(box.get("height", 0))
        for g in (g for g in root.iter(f"{NS}g") if g.get("class") == "node"):
            text = next(g.iter(f"{NS}text"))
            inside = left < float(text.get("x", 0)) < right and top < float(text.get("y", 0)) < bottom
            group = next(node.group for node in GROUPS.nodes if node.id == g.get("data-node"))
            assert inside == (group == name.text), (name.text, g.get("data-node"))


def test_names_are_escaped() -> None:
    picture = Picture("a < b & c", (PictureNode('"x"', "<x>", "input", 1.0, 1.0),), (), of="]]>")
    root = ElementTree.fromstring(svg(picture))
    assert root.findtext(f"{NS}title") == "a < b & c"
    assert any(box.text == "<x>" for box in texts(root))


def test_the_same_picture_gives_the_same_bytes() -> None:
    assert svg(SIGMOID) == svg(SIGMOID)


def test_an_empty_picture_and_a_large_one_are_images_too() -> None:
    ElementTree.fromstring(svg(Picture("nothing", (), ())))
    ElementTree.fromstring(svg(large_picture(500)))
