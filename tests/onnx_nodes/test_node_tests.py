"""The node tests of the package `onnx`, each imported and run, and the table that the documentation has of them."""

from __future__ import annotations

import re
from collections import Counter

import pytest

onnx = pytest.importorskip("onnx", reason="the extra `onnx`")

from tests.onnx_nodes.node_cases import node_cases  # noqa: E402
from tests.onnx_nodes.node_check import EXACT, check  # noqa: E402
from tests.onnx_nodes.node_table import PAGE, table  # noqa: E402


def columns(text: str) -> dict[str, list[int]]:
    """The counts of a table by family."""
    rows = re.findall(r"^\| ([a-z ]+?) \| (\d+(?: \| \d+)+) \|$", text, re.MULTILINE)
    return {name: [int(n) for n in cells.split(" | ")] for name, cells in rows}


def test_every_node_test_ends_as_the_table_of_the_documentation_says() -> None:
    cases = list(node_cases())
    outcomes = [(case, check(case)) for case in cases if case.left_out is None]
    assert [case.name for case, outcome in outcomes if outcome.kind == "failed"] == []
    passed = [outcome for _, outcome in outcomes if outcome.kind == "passed"]
    assert len(passed) >= 0.98 * len(outcomes)
    # How many are that close depends on the processor.
    assert sum(outcome.error <= EXACT for outcome in passed) >= 0.95 * len(passed)
    page = PAGE.read_text(encoding="utf-8")
    if f"Of the node tests of onnx {onnx.__version__}:" in page:
        found = columns(table(outcomes, Counter(), onnx.__version__))
        told = columns(page)
        assert {name: [*row[:2], *row[3:]] for name, row in found.items()} == {
            name: [*row[:2], *row[3:]] for name, row in told.items()
        }


def test_the_table_of_the_documentation_adds_up() -> None:
    counts = columns(PAGE.read_text(encoding="utf-8"))
    total = counts.pop("all")
    assert [sum(column) for column in zip(*counts.values(), strict=True)] == total
    assert all(n == passed + sum(others) for n, passed, _, *others, _ in counts.values())
