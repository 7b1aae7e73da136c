"""The recipe of CONTRIBUTING.md for an operator of the language, followed to the letter in a copy of the package."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
SECTION = re.compile(r"^## Add an operator$(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
EDIT = re.compile(r"^```diff\n\+\+\+ (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

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


def edits() -> list[tuple[str, str, str]]:
    """Of each edit in the recipe: the file, the lines as they are, the lines as they become."""
    section = SECTION.search((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))
    assert section is not None
    found = []
    for file, diff in EDIT.findall(section[1]):
        lines = diff.splitlines(keepends=True)
        assert all(line[0] in " +-\n" for line in lines), diff
        before = "".join(line[1:] or line for line in lines if line[0] != "+")
        found.append((file, before, "".join(line[1:] or line for line in lines if line[0] != "-")))
    return found


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package with the new operators."""
    root = tmp_path_factory.mktemp("copy")
    shutil.copytree(ROOT / "graphlang", root / "graphlang", ignore=shutil.ignore_patterns("__pycache__"))
    for file, before, after in edits():
        path = root / file
        text = path.read_text(encoding="utf-8")
        assert text.count(before) == 1, f"{file} has not once what the recipe changes:\n{before}"
        path.write_text(text.replace(before, after), encoding="utf-8")
    python(root, "-m", "graphlang.syntax.parse_table")
    return root


def python(root: Path, *arguments: str) -> str:
    environment = os.environ | {"PYTHONPATH": str(root), "NO_COLOR": "1"}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=root, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_touches_three_places() -> None:
    places = {"functions" if "/functions/" in file else file for file, _, _ in edits()}
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
