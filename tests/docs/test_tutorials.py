"""The tutorials of others that are written as specs train, and the page that compares them names each."""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphlang as gl

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "examples" / "tutorials"
PAGE = (ROOT / "docs" / "explanation" / "tutorials.md").read_text(encoding="utf-8")
SPECS = sorted(path.stem for path in FOLDER.glob("*.graph"))


def text(name: str) -> str:
    return (FOLDER / f"{name}.graph").read_text(encoding="utf-8")


def tutorial(name: str, **settings: Any) -> gl.Graph:
    return gl.load(FOLDER / f"{name}.graph", set={key.replace("__", "."): v for key, v in settings.items()})


def lines_of(name: str) -> int:
    """Lines of a spec that are neither blank nor a comment."""
    return sum(bool(line.split("#")[0].strip()) for line in text(name).splitlines())


def test_the_page_has_a_row_for_each_spec_with_its_lines() -> None:
    rows = re.findall(
        r"^\| \[(\w+)\]\(\.\./examples/tutorials/\1\.graph\) \| [^|]+ \| (\d+) [^|]*\| (\d+) \|",
        PAGE,
        re.MULTILINE,
    )
    assert {name: int(here) for name, _, here in rows} == {name: lines_of(name) for name in SPECS}
    assert [name for name, there, here in rows if 2 * int(here) > int(there)] == []


@pytest.mark.parametrize("name", [n for n in SPECS if "\ntrain" in text(n)])
def test_a_tutorial_trains_for_a_few_steps(name: str) -> None:
    narrow = {"width": 8} if "hyper width" in text(name) else {}
    graph = tutorial(name, train__iterations=2, **narrow)
    start = {key: np.array(value) for key, value in graph.params.items()}
    inputs: dict[str, Any] = {}
    if "source = mnist" in text(name):
        with np.load(ROOT / "specs" / "data" / "mnist_300.npz") as file:
            inputs = {"x": file["x_train"][:40].reshape(40, -1) / 255, "t": file["t_train"][:40]}
    history = graph.fit(**inputs)
    assert np.isfinite(history.losses).all()
    assert [key for key, value in start.items() if np.array_equal(value, graph.params[key])] == []


def test_a_ridge_path_is_the_solution_of_least_squares_with_a_penalty() -> None:
    coefficients = tutorial("ridge_path").run()["coefs"]
    hilbert = 1 / (np.arange(10)[:, None] + np.arange(10) + 1)
    for k, alpha in [(50, 10 ** (-10 + 8 * 50 / 199)), (199, 1e-2)]:
        rows = np.vstack((hilbert, np.sqrt(alpha) * np.eye(10)))
        least = np.linalg.lstsq(rows, np.r_[np.ones(10), np.zeros(10)], rcond=None)[0]
        np.testing.assert_allclose(coefficients[k], least, rtol=1e-4, atol=1e-4)


def test_the_sum_over_all_ways_to_tag_and_the_best_way_are_those_of_trying_each() -> None:
    run = tutorial("crf").run()
    step, first, final = (run[name] for name in ("step", "first", "final"))
    rows = run["rows"][1, :7]
    ways = list(itertools.product(range(3), repeat=7))
    scores = [
        first[way[0]] + final[way[-1]] + sum(rows[range(7), way]) + sum(step[way[:-1], way[1:]])
        for way in ways
    ]
    np.testing.assert_allclose(
        np.log(np.sum(np.exp(run["all_ways"][1] + final))), np.log(np.sum(np.exp(scores)))
    )
    np.testing.assert_allclose(run["best"][1], max(scores))
    assert tuple(run["path"][1, :7]) == ways[int(np.argmax(scores))]
