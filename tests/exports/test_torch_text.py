"""What `--to torch` writes, without PyTorch: which graphs it refuses, and how a file is laid out."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from ruff_check import ruff_leaves

import graphlang as gl
from graphlang.exports.source.numpy.table import RULES as OF_NUMPY
from graphlang.exports.source.torch.table import RULES
from graphlang.syntax.lessons import lesson_names
from graphlang.trace.primitives import PRIMITIVES

sys.path.append(str(Path(__file__).parent.parent / "contracts"))
import contract_cases as cases

ENTRIES = cases.entries()


def test_every_primitive_has_a_form_in_torch() -> None:
    kernels = {name for name in OF_NUMPY if name not in PRIMITIVES}
    assert {*PRIMITIVES, *kernels} - {*RULES} == set()


def test_an_operation_without_a_form_in_torch_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(RULES, "sinh")
    with pytest.raises(
        gl.GraphError, match=r"`y` .sinh. cannot become source for torch: the primitive `sinh`"
    ) as e:
        gl.loads("input x: float[3]; y = sinh(x); output y").to_source("torch")
    assert [d.code for d in e.value.diagnostics] == ["GL787"]


@pytest.mark.parametrize("name", ["training", "forward", "half", "loss"])
def test_a_parameter_that_would_hide_a_member_of_the_module_is_refused(name: str) -> None:
    text = f"input x: float[3]; param {name}: float[3]; y = x * {name}; output y"
    with pytest.raises(gl.GraphError, match=f"`{name}` is a member of every module") as e:
        gl.loads(text).to_source("torch")
    assert [(d.code, d.help) for d in e.value.diagnostics] == [
        ("GL787", f"give `{name}` another name in the spec")
    ]


def test_a_layer_whose_name_is_a_keyword_of_python_is_refused() -> None:
    text = "input x: float[N, 3]; layer lambda = Affine(2); y = lambda(x); output y"
    with pytest.raises(gl.GraphError, match="`lambda` is a keyword of Python"):
        gl.loads(text).to_source("torch")


def test_ruff_leaves_every_file_of_torch_as_it_is(tmp_path: Path) -> None:
    for lesson in lesson_names():
        text = gl.load(f"lesson:{lesson}").to_source("torch")
        (tmp_path / f"{lesson}.py").write_text(text, encoding="utf-8")
    for name, entry in ENTRIES.items():
        for i, case in enumerate(cases.one_of_each_call(cases.cases(entry))):
            text = cases.load(case.text).to_source("torch")
            (tmp_path / f"of_{name}_{i}.py").write_text(text, encoding="utf-8")
    ruff_leaves(tmp_path)
