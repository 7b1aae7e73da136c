"""A `def` whose head is Python's, and an import that lacks its name, get one message, which says what to write."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from helpers import mistakes

import graphlang as gl
from graphlang.diagnostics import edited

HEADS = {
    "def f(x: torch.Tensor, n: int) -> torch.Tensor:": "def f(x, n) {",
    "def f(x: np.ndarray, n=2) -> np.ndarray:": "def f(x, n=2) {",
    "def f(self, x: Tensor, n: int = 2) -> Tensor:": "def f(x, n=2) {",
    "def f(x: Optional[torch.Tensor] = None, n=2, *args, **kwargs):": "def f(x=none, n=2) {",
    "def f(x: \"Float[Tensor, 'N D']\", n: int = 2) -> float:": "def f(x, n=2) {",
    "def f(x: Dict[str, List[int]], n: int = 2) -> Tuple[int, int]:": "def f(x, n=2) {",
    "def f(\n    x: torch.Tensor,\n    n: int = 2,\n) -> torch.Tensor:": "def f(x, n=2) {",
}


@pytest.mark.parametrize("head", HEADS)
def test_a_head_of_python_is_one_mistake_whose_edits_write_the_head_of_the_language(head: str) -> None:
    text = f"input x: float[N, 3]\n{head}\n    h = x * n\n    return h\ny = f(x, 2)\n"
    (problem,) = mistakes(text)
    assert HEADS[head].removesuffix(" {") in (problem.help or "")
    after = edited(text, problem.edits)
    assert HEADS[head] in after
    assert mistakes(after) == []


def test_types_of_python_before_a_block_in_braces_are_one_mistake() -> None:
    text = "input x: float\ndef f(x: torch.Tensor) -> torch.Tensor { return x }\ny = f(x)\n"
    (problem,) = mistakes(text)
    assert mistakes(edited(text, problem.edits)) == []


@pytest.mark.parametrize(
    "head", ["def f(x: Tensor) = x", "def f(x: float[N, D]): float[N, D] = x", "def f(x, n) -> float[N] = x"]
)
def test_a_single_word_of_python_keeps_its_own_message(head: str) -> None:
    assert not any("this form of `def`" in p.message for p in mistakes(f"input x: float\n{head}\ny = x\n"))


@pytest.mark.parametrize(
    "line",
    ['import "blocks.graph"', 'import "no/my-blocks.graph"', "import blocks", "import blocks.graph as b"],
)
def test_an_import_in_another_form_of_a_file_that_is_missing_is_one_mistake(
    line: str, tmp_path: Path
) -> None:
    (tmp_path / "net.graph").write_text(f"{line}\ninput x: float[N, 3]\ny = x * 2\n", encoding="utf-8")
    with pytest.raises(gl.GraphError) as caught:
        gl.load(tmp_path / "net.graph")
    (problem,) = caught.value.diagnostics
    assert "there is no file" in problem.message
    assert re.search(r'write `import ".*\.graph" as \w+`', problem.help or "")
