"""The recipe of CONTRIBUTING.md for an operator of the language, followed to the letter in a copy of the package."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "contributing"))
from recipes import follow, recipes, run

RECIPE = recipes()["Add an operator"]

SPEC = """input a: float[N], b: float[N]
hyper k = 2, both = true xor true
signs = (a > 0)
  xor (b > 0) or a == 0
z = where(signs, a ^ 3, a)
n = k ^ 3 if not both else 0
m = sum(a * 0 + 1) * n + sum(zeros(N ^ 2))
loss = sum(z) + 0 * m
output loss
"""
PROGRAM = """
import sys, json, numpy as np, graphlang as gl
graph = gl.load(sys.argv[1], dtype="float64")
run = graph.run(a=np.array([2.0, -3.0, 0.5]), b=np.array([1.0, 1.0, -1.0]), of="loss")
step = graph.compile(wrt=["a"])
_, planned = step(a=np.array([2.0, -3.0, 0.5]), b=np.array([1.0, 1.0, -1.0]))
again = gl.Graph.from_spec(graph.spec.model_dump_json(), dtype="float64")
print(json.dumps({
    "where": gl.__file__, "z": run["z"].tolist(), "m": float(run["m"]), "da": run.grad["a"].tolist(),
    "planned": planned["a"].tolist(), "same spec": again.spec == graph.spec,
}))
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package with the new operators."""
    root = follow(RECIPE, tmp_path_factory.mktemp("recipe"))
    for command in RECIPE.commands:
        run(command, root)
    return root


def python(root: Path, *arguments: str) -> str:
    environment = os.environ | {"PYTHONPATH": str(root), "NO_COLOR": "1"}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=root, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_adding_an_operator_touches_three_places() -> None:
    places = {"functions" if "/functions/" in file else file for file, _, _ in RECIPE.edits}
    assert places == {"functions", "graphlang/syntax/operators.py", "graphlang/syntax/graphlang.lark"}


def test_the_new_operators_run_forward_and_backward(copy: Path) -> None:
    (copy / "new.graph").write_text(SPEC, encoding="utf-8")
    answer = json.loads(python(copy, "-c", PROGRAM, "new.graph"))
    assert Path(answer.pop("where")).is_relative_to(copy)
    assert answer == {
        "z": [2.0, -27.0, 0.125],
        "m": 24.0,
        "da": [1.0, 27.0, 0.75],
        "planned": [1.0, 27.0, 0.75],
        "same spec": True,
    }


def test_the_new_operators_are_drawn_and_named_in_messages(copy: Path) -> None:
    (copy / "drawn.graph").write_text("input x = 3\ny = x ^ 2\noutput y\n", encoding="utf-8")
    assert "^" in python(copy, "-m", "graphlang", "run", "drawn.graph")
    (copy / "wrong.graph").write_text("hyper a = 3 xor true\n", encoding="utf-8")
    refused = (
        "import graphlang as gl\ntry:\n    gl.load('wrong.graph')\nexcept gl.GraphError as e:\n    print(e)"
    )
    assert "`xor` stands between truth values, not `3` and `true`" in python(copy, "-c", refused)


def test_the_table_is_that_of_the_new_grammar(copy: Path) -> None:
    table = json.loads((copy / "graphlang/syntax/parse_table.json").read_text(encoding="utf-8"))
    assert table["grammar"] == (copy / "graphlang/syntax/graphlang.lark").read_text(encoding="utf-8")
