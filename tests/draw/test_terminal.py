"""The picture in the terminal: whole outputs, and that it is exactly the graph."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from sample_pictures import (
    APPLE_ORANGE,
    CHAIN,
    DIAMOND,
    GROUPS,
    KOREAN,
    PICTURES,
    SQUARE,
    chain,
    random_picture,
)

from graphlang.draw.canvas import BOX, DOWN, LEFT, RIGHT, UP
from graphlang.draw.picture import Picture, PictureEdge, PictureNode
from graphlang.draw.terminal import MOST_NODES, _Drawing, _roomiest, fits, terminal
from graphlang.draw.width import width

Golden = Callable[[str, str], None]
MASKS = {BOX[mask]: mask for mask in range(15, 2, -1) if mask & (mask - 1)}
STEPS = {UP: (-1, 0), DOWN: (1, 0), RIGHT: (0, 1)}
OPPOSITE = {UP: DOWN, DOWN: UP, RIGHT: LEFT}
MARKS = "⁰¹²³⁴⁵⁶⁷⁸⁹"


def grid(text: str) -> list[list[str]]:
    """A cell per column of the terminal; the second cell of a wide character is empty."""
    return [[cell for c in line for cell in ([c, ""] if width(c) == 2 else [c])] for line in text.split("\n")]


def drawn_edges(drawing: _Drawing) -> set[tuple[str, str]]:
    """The edges that the eye finds: along the lines from the right end of each node to an arrow."""
    rows = drawing.canvas.lines({}, color=False, unicode=True)
    top = min(place[0] for place in (*drawing.canvas._texts, *drawing.canvas._strokes))
    cells = grid("\n".join(rows))
    starts: dict[int, tuple[int, int]] = {}
    ends: dict[tuple[int, int], int] = {}
    for i, node in enumerate(drawing.picture.nodes):
        zones = drawing.zones[drawing.arrangement.items[i].column // 2]
        column = drawing._node_column(zones.node, zones.line - zones.node, i)
        starts[i] = drawing.rows[i] - top, column + width(drawing.texts[i])
        ends[drawing.rows[i] - top, column - 1] = i
        assert node.id
    ids = [node.id for node in drawing.picture.nodes]
    return {(ids[i], ids[ends[arrow]]) for i, start in starts.items() for arrow in _arrows(cells, start)}


def _arrows(cells: list[list[str]], start: tuple[int, int]) -> set[tuple[int, int]]:
    found, seen, stack = set(), set(), [(*start, RIGHT)]
    while stack:
        row, column, heading = stack.pop()
        if (row, column, heading) in seen or not 0 <= row < len(cells) or column >= len(cells[row]):
            continue
        seen.add((row, column, heading))
        cell = cells[row][column]
        if cell == "▶":
            found.add((row, column))
            continue
        through = cell in MARKS or (cell == "│" and heading == RIGHT)
        mask = LEFT | RIGHT if through else MASKS.get(cell, 0)
        if mask & OPPOSITE[heading]:
            for way, (down, right) in STEPS.items():
                if mask & way and way != OPPOSITE[heading]:
                    stack.append((row + down, column + right, way))
    return found


@pytest.mark.parametrize("name", PICTURES)
def test_the_picture_is_the_golden_one(name: str, golden: Golden) -> None:
    golden(f"{name}.txt", terminal(PICTURES[name], 120, color=False) + "\n")


def test_the_first_picture_of_a_learner_is_the_golden_one_at_80_columns(golden: Golden) -> None:
    golden("apple_orange_80.txt", terminal(APPLE_ORANGE, 80, color=False) + "\n")
    golden("apple_orange_60.txt", terminal(APPLE_ORANGE, 60, color=False) + "\n")
    golden("apple_orange_color.txt", terminal(APPLE_ORANGE, 80, color=True) + "\n")
    golden("apple_orange_ascii.txt", terminal(APPLE_ORANGE, 80, color=False, unicode=False) + "\n")


def test_figure_5_17_shows_every_value_above_its_gradient() -> None:
    cells = grid(terminal(APPLE_ORANGE, 80, color=False))
    pairs = set()
    for upper, line, lower in zip(cells, cells[1:], cells[2:], strict=False):
        for match in re.finditer(r"[^\s│╮╯├┤]+", "".join(c or " " for c in upper)):
            below = "".join(c or " " for c in lower)[max(0, match.start() - 3) : match.end() + 3]
            if "".join(c or " " for c in line)[match.start() : match.end()].strip("─") == "" and below.strip(
                " │"
            ):
                pairs.add((match[0], below.strip(" │")))
    assert {
        ("100", "2.2"),
        ("2", "110"),
        ("150", "3.3"),
        ("3", "165"),
        ("200", "1.1"),
        ("450", "1.1"),
        ("650", "1.1"),
        ("1.1", "650"),
        ("715", "1"),
    } <= pairs


@pytest.mark.parametrize("name", PICTURES)
def test_the_lines_connect_what_the_edges_connect(name: str) -> None:
    drawing = _roomiest(PICTURES[name], 80, True)
    assert drawn_edges(drawing) == {(edge.source, edge.target) for edge in drawing.picture.edges}


@pytest.mark.parametrize("seed", range(150))
def test_the_lines_of_any_graph_connect_what_its_edges_connect(seed: int) -> None:
    drawing = _roomiest(random_picture(seed), 80, True)
    assert drawn_edges(drawing) == {(edge.source, edge.target) for edge in drawing.picture.edges}
    assert drawing.canvas.collisions == []


@pytest.mark.parametrize("seed", range(30))
def test_every_label_appears(seed: int) -> None:
    drawing = _roomiest(random_picture(seed), 80, True)
    text = terminal(random_picture(seed), 80, color=False)
    for label in drawing.labels:
        assert label.value in text
        assert label.gradient in text
    for node in drawing.picture.nodes:
        assert node.label in text
        assert node.name in text


@pytest.mark.parametrize(
    "picture", [*PICTURES.values(), random_picture(5)], ids=lambda picture: picture.title
)
def test_texts_and_lines_never_share_a_cell(picture: Picture) -> None:
    for width_ in (40, 80, 120):
        drawing = _roomiest(picture, width_, True)
        drawing.canvas.lines({}, color=False, unicode=True)
        assert drawing.canvas.collisions == []


def test_a_value_used_twice_shows_the_sum_before_the_line_divides() -> None:
    lines = terminal(SQUARE, 80, color=False).split("\n")
    assert lines[2].startswith("x ───")
    assert "┤" in lines[2]
    assert lines[1].split()[0] == "3"
    assert lines[3].split()[0] == "6"


def test_operands_out_of_order_carry_their_numbers() -> None:
    text = terminal(GROUPS, 120, color=False)
    assert "¹" in text
    assert "²" in text
    assert not set(MARKS) & set(terminal(DIAMOND, 120, color=False))


@pytest.mark.parametrize("name", [name for name in PICTURES if name != "korean"])
def test_the_ascii_picture_is_ascii_and_just_as_wide(name: str) -> None:
    plain = terminal(PICTURES[name], 120, color=False, unicode=False)
    assert plain.isascii()
    assert list(map(len, plain.split("\n"))) == list(
        map(len, terminal(PICTURES[name], 120, color=False).split("\n"))
    )


def test_colour_changes_no_character() -> None:
    for picture in PICTURES.values():
        colored = terminal(picture, 120, color=True)
        assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == terminal(picture, 120, color=False)
        assert "\x1b[36m" in colored
        assert "\x1b[35m" in colored


def test_wide_names_keep_the_lines_straight() -> None:
    cells = grid(terminal(KOREAN, 80, color=False))
    joins = {row.index("├") for row in cells if "├" in row}
    assert len(joins) == 3
    assert all(row[min(joins)] in "╮╯├│" for row in cells[1:6])


def test_nothing_is_wider_than_a_width_that_fits() -> None:
    for picture in (*PICTURES.values(), *map(random_picture, range(40))):
        for columns in (40, 60, 80, 100, 132):
            if fits(picture, columns):
                assert max(map(width, terminal(picture, columns, color=False).split("\n"))) <= columns


def test_a_picture_too_wide_or_too_large_does_not_fit() -> None:
    assert fits(APPLE_ORANGE, 80)
    assert not fits(APPLE_ORANGE, 40)
    assert not fits(CHAIN, 80)
    assert fits(CHAIN, 160)
    assert not fits(chain(MOST_NODES), 10_000)
    assert not fits(Picture("nothing", (), ()), 80)


def test_fewer_digits_make_room() -> None:
    assert "0.3678794412" in terminal(PICTURES["sigmoid"], 120, color=False)
    assert "0.367879 " in terminal(PICTURES["sigmoid"], 80, color=False)
    assert fits(PICTURES["sigmoid"], 80)


def test_without_gradients_nothing_is_said_of_them() -> None:
    nodes = (PictureNode("x", "x", "input", 2.0), PictureNode("y", "exp", "operation", 7.389056099))
    text = terminal(Picture("forward", nodes, (PictureEdge("x", "y", 0, 2.0),)), 80, color=False)
    assert "gradient" not in text
    assert "7.389056099" in text


def test_a_control_character_never_reaches_the_terminal() -> None:
    nodes = (
        PictureNode("x", "x\x1b[31m\n", "input", 2.0, 1.0),
        PictureNode("y", "exp", "operation", 7.0, 1.0),
    )
    text = terminal(Picture("odd", nodes, (PictureEdge("x", "y", 0, "2\x1b[0m", 1.0),)), 80, color=False)
    assert "\x1b" not in text
