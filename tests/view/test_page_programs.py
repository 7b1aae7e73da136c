"""The page computes in Chromium what a run does: floats, whole numbers, truth values, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphlang as gl
from graphlang.view.build import scene
from tests.view.browser import Opened, browsers

browser = pytest.fixture(scope="module")(browsers)

MANY = """input x = 0.5, n: int = 3, b: bool = true
p = Sigmoid(x) + Gelu(x) + Mish(x) + Softplus(x) + erf(x) + x**x + x % 0.2 - x // 0.3
q = where(b, n * n, n % 2) + BinaryCrossEntropy(x, 1) + log(x) + exp(x) + HuberLoss(x, 2)
y = p * q + maximum(x, n)
output y
"""


@pytest.fixture
def opened(browser: Any, tmp_path: Path) -> Iterator[Callable[[Any], Opened]]:
    pages: list[Opened] = []

    def open_page(graph: Any) -> Opened:
        pages.append(Opened(browser, tmp_path, gl.view(graph).html))
        pages[-1].tab.click("#tab-inputs")
        return pages[-1]

    yield open_page
    for page in pages:
        page.close()


def slots(page: Opened) -> list[Any]:
    return list(
        page.tab.evaluate("graphlang.page.state.slots.map(n => typeof n === 'number' ? String(n) : n)")
    )


def test_every_slot_is_that_of_a_run(opened: Callable[[Any], Opened]) -> None:
    graph = gl.loads(MANY)
    page = opened(graph)
    page.tab.fill("#input-x", "0.8125")
    page.tab.fill("#input-n", "5")
    page.tab.uncheck("#input-b")
    forward = graph.forward({"x": 0.8125, "n": 5, "b": False})
    expected = scene(graph, forward, forward.backward())
    y = next(node["v"] for node in expected["nodes"] if node["id"] == "y")
    page.wait(f"Math.abs(graphlang.page.state.slots[{y}] - {expected['slots'][y]!r}) < 1e-9")
    for actual, content in zip(slots(page), expected["slots"], strict=True):
        if isinstance(content, bool):
            assert actual == content
        elif not isinstance(content, dict):
            np.testing.assert_allclose(float(actual), float(content), rtol=1e-12, atol=1e-12)


def test_a_whole_number_that_does_not_fit_is_told_and_changes_nothing(
    opened: Callable[[Any], Opened],
) -> None:
    page = opened(gl.loads("input n: int = 3\nsquared = n * n\ny = squared * 0.5\noutput y"))
    page.tab.fill("#input-n", "4000000000")
    page.wait("document.querySelector('#input-problem').textContent !== ''")
    assert page.text("#input-problem") == "`squared` is larger than what an int can hold"
    page.tab.fill("#input-n", "2.5")
    assert page.tab.get_attribute("#input-n", "aria-invalid") == "true"
    page.tab.fill("#input-n", "6")
    page.wait("graphlang.page.state.slots.includes(18)")
    assert page.text("#input-problem") == ""
