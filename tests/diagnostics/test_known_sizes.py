"""The sizes behind the names in a message are told with what says them, wherever diagnostics are read."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from helpers import mistakes

import graphlang as gl
from graphlang.diagnostics import Diagnostic
from graphlang.diagnostics.render import concise, full, github
from graphlang.diagnostics.sarif import sarif

DEFAULT = "input x: float[N, D] = [[1, 2, 3]], u: float[N, 4]\ny = x + u"
HYPER = "hyper hidden = 5\ninput x: float[N, 4]\nparam W: float[3, hidden]\ny = x @ W"
DATA = """\
input x: float[N, D], u: float[N, D, 3]
y = x * sum(u, axis=2)
loss = mean(y)
output y
data { source = npz("rows.npz"); x = x; u = u }
train { minimize = loss; optimizer = SGD(lr=0.1); epochs = 1 }
"""


def of_data(folder: Path) -> Diagnostic:
    np.savez(folder / "rows.npz", x=np.zeros((5, 4), "f"), u=np.zeros((5, 4, 2), "f"))
    (folder / "net.graph").write_text(DATA, encoding="utf-8")
    with pytest.raises(gl.GraphError) as caught:
        gl.load(folder / "net.graph").fit()
    return caught.value.diagnostics[0]


def of_inputs() -> Diagnostic:
    graph = gl.loads("input x: float[N, D], u: float[N, D, 3]\ny = x * sum(u, axis=2)")
    with pytest.raises(gl.GraphError) as caught:
        graph.run(x=np.zeros((2, 4)), u=np.zeros((2, 4, 2)))
    return caught.value.diagnostics[0]


CASES = {
    "default": (lambda _: mistakes(DEFAULT)[0], "N = 1 (value of `x`), D = 3 (value of `x`)"),
    "hyper": (lambda _: mistakes(HYPER)[0], "N = ?, hidden = 5 (a `hyper`)"),
    "given": (lambda _: mistakes(HYPER, set={"hidden": 7})[0], "N = ?, hidden = 7 (given from outside)"),
    "data": (of_data, "N = ?, D = 4 (field `x` of the data)"),
    "inputs": (lambda _: of_inputs(), "N = 2 (input `x`), D = 4 (input `x`)"),
}


@pytest.mark.parametrize("case", CASES)
def test_every_format_tells_the_sizes_and_what_says_them(case: str, tmp_path: Path) -> None:
    made, told = CASES[case]
    problem = made(tmp_path)
    assert problem.sizes_told == told
    assert f"sizes: {told}" in full(problem)
    for text in (concise(problem), github(problem), json.dumps(sarif([problem]), ensure_ascii=False)):
        assert told in text.replace("%2C", ",")
    record = problem.as_json()["sizes"]
    assert [size["name"] for size in record] == [size.name for size in problem.sizes]
    json.dumps(record)


def test_a_message_without_names_tells_no_sizes() -> None:
    (problem,) = mistakes("hyper other = 3\ninput x: float[N, 3], u: float[N, 4]\ny = x + u")
    assert not problem.sizes
