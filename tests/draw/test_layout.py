"""Layers, order and heights of a drawing."""

from __future__ import annotations

import sys
from itertools import pairwise
from types import FrameType
from typing import Any

import pytest
from sample_pictures import APPLE_ORANGE, GROUPS, PICTURES, SIGMOID, large_picture, node, random_picture

from graphlang.draw.layout import Arrangement, arrange, place
from graphlang.draw.picture import Picture, PictureEdge, closed


def heights(picture: Picture, arrangement: Arrangement) -> dict[str, float]:
    y = place(arrangement, [(1, 1)] * len(arrangement.items), 2)
    return {node.id: y[i] for i, node in enumerate(picture.nodes)}


def test_every_edge_leads_to_the_right() -> None:
    for picture in (*PICTURES.values(), *map(random_picture, range(30))):
        arrangement = arrange(picture)
        for chain in arrangement.chains:
            columns = [arrangement.items[i].column for i in chain]
            assert columns == list(range(columns[0], columns[-1] + 1))


def test_operands_stand_in_the_order_in_which_they_are_written() -> None:
    y = heights(APPLE_ORANGE, arrange(APPLE_ORANGE))
    assert y["apple"] < y["apple_num"] < y["orange"] < y["orange_num"] < y["tax"]


def test_an_operation_stands_level_with_the_middle_of_its_operands() -> None:
    y = heights(APPLE_ORANGE, arrange(APPLE_ORANGE))
    assert y["m1"] == (y["apple"] + y["apple_num"]) / 2
    assert y["m3"] == (y["a"] + y["tax"]) / 2


def test_the_main_line_is_straight_past_constants() -> None:
    y = heights(SIGMOID, arrange(SIGMOID))
    assert y["x"] == y["neg"] == y["e"] == y["add"] == y["div"] == y["y"] != y["one"]


@pytest.mark.parametrize("seed", range(60))
def test_items_of_a_column_keep_their_distance(seed: int) -> None:
    arrangement = arrange(random_picture(seed))
    extents = [(float(i % 3), float(i % 2)) for i in range(len(arrangement.items))]
    y = place(arrangement, extents, 2)
    for column in arrangement.columns:
        for a, b in pairwise(column):
            assert y[b] - y[a] >= extents[a][1] + 2 + extents[b][0] - 1e-9


@pytest.mark.parametrize("seed", range(60))
def test_the_members_of_a_group_stand_between_its_borders(seed: int) -> None:
    picture = random_picture(seed)
    nodes = tuple(
        node(n.id, n.kind, label=n.label, group=("", "one", "two")[i * 7 % 3])
        for i, n in enumerate(picture.nodes)
    )
    grouped = Picture("groups", nodes, picture.edges)
    arrangement = arrange(grouped, groups=True)
    y = place(arrangement, [(1, 1)] * len(arrangement.items), 2)
    for name, (first, last) in arrangement.groups.items():
        borders = {y[i] for i, item in enumerate(arrangement.items) if item.group == name}
        assert len(borders) == 2
        for i, item in enumerate(arrangement.items):
            if item.kind == "node" and first <= item.column <= last:
                assert (min(borders) < y[i] < max(borders)) == (nodes[i].group == name)


def test_inputs_stand_at_the_left_and_constants_near_their_use() -> None:
    arrangement = arrange(SIGMOID)
    column = {node.id: arrangement.items[i].column for i, node in enumerate(SIGMOID.nodes)}
    assert column["x"] == 0
    assert column["one"] == column["add"] - 2


def test_the_layout_is_the_same_every_time() -> None:
    for picture in (GROUPS, large_picture(300)):
        first, second = arrange(picture, groups=True), arrange(picture, groups=True)
        assert first.columns == second.columns
        extents = [(1.0, 1.0)] * len(first.items)
        assert place(first, extents, 2) == place(second, extents, 2)


def test_the_work_of_a_layout_grows_no_faster_than_its_picture() -> None:
    assert _executed_lines(large_picture(1500)) < 3 * _executed_lines(large_picture(500))


def _executed_lines(picture: Picture) -> int:
    """The number of lines of Python that a layout executes, the same on every machine."""
    count = 0

    def counting(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal count
        count += event == "line"
        return counting

    before = sys.gettrace()
    sys.settrace(counting)
    try:
        arrangement = arrange(picture)
        place(arrangement, [(1, 1)] * len(arrangement.items), 2)
    finally:
        sys.settrace(before)
    return count


def test_one_value_used_by_thousands_does_not_fill_the_memory() -> None:
    count = 3000
    nodes = (node("x", "input"), *(node(f"o{i}", "operation") for i in range(count)))
    lines = [PictureEdge("x", f"o{i}", 1) for i in range(count)]
    lines += [PictureEdge(f"o{i - 1}", f"o{i}", 0) for i in range(1, count)]
    arrangement = arrange(Picture("skips", nodes, tuple(lines)))
    assert len(arrangement.items) < 100_000


def test_a_result_without_an_output_gets_one_of_its_name() -> None:
    picture = closed(
        Picture("p", (node("x", "input"), node("e", "operation", 1.0, name="loss")), (PictureEdge("x", "e"),))
    )
    assert [(n.label, n.kind) for n in picture.nodes] == [
        ("x", "input"),
        ("e", "operation"),
        ("loss", "output"),
    ]
    assert picture.edges[-1].source == "e"


def test_a_name_is_not_repeated_beside_an_output_of_that_name() -> None:
    nodes = (node("x", "input"), node("e", "operation", name="y"), node("y", "output"))
    picture = closed(Picture("p", nodes, (PictureEdge("x", "e"), PictureEdge("e", "y"))))
    assert [n.name for n in picture.nodes] == ["", "", ""]


def test_the_gradient_of_a_sample_is_the_sum_over_its_uses() -> None:
    for picture in PICTURES.values():
        for n in picture.nodes:
            back = [
                edge.gradient for edge in picture.edges if edge.source == n.id and edge.gradient is not None
            ]
            if back and isinstance(n.gradient, float):
                assert sum(g for g in back if isinstance(g, float)) == pytest.approx(n.gradient, abs=1e-12)


def test_a_cycle_is_not_a_picture() -> None:
    nodes = (node("a", "operation"), node("b", "operation"))
    with pytest.raises(AssertionError, match="cycles"):
        arrange(Picture("ring", nodes, (PictureEdge("a", "b"), PictureEdge("b", "a"))))
