"""Every feature answers at the end of every beginning of a file, however broken that is."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest

from graphlang.lsp.actions import actions, fix_all
from graphlang.lsp.analysis import Analysis
from graphlang.lsp.completion import completions
from graphlang.lsp.hints import hints
from graphlang.lsp.hover import hover
from graphlang.lsp.navigation import definition_at, references
from graphlang.lsp.renaming import CannotRename, renamed
from graphlang.lsp.runs import is_small, run_file
from graphlang.lsp.signatures import signature_at
from graphlang.lsp.symbols import folds, outline
from graphlang.lsp.tokens import colours

SPECS = Path(__file__).parents[2] / "specs"
CONSTRUCTS = """\
hyper n = 2
input x: float[N, 4]
def f(a: float[N, D], k=3) {
  h = a -> Affine(k)
  return h
}
layer e = Affine(2)
y = x -> f(4) -> repeat n { e -> layers { one: Affine(4); Relu } } -> for c in [4] { Affine(c) }
z = scan r in [1, 2] carry s = y { next s = s + r; yield s }
q = [i * 2 for i in [1, 2]]
loss = mean(y[:, 0] ** 2) if n > 1 else sum(y.T)
data { source = csv("a.csv"); x = log(x) }
train { minimize = loss; optimizer = SGD(lr=0.1) }
expect loss ~= 1 within 2
"""


def everything(text: str, offset: int) -> None:
    """Asks every feature about a place."""
    analysis = Analysis(text, "text.graph").examine()
    hover(analysis, offset)
    completions(analysis, offset, lambda source: ["a"])
    signature_at(analysis, offset)
    definition_at(analysis, offset)
    references(analysis, offset)
    with suppress(CannotRename):
        renamed(analysis, offset, "other")
    outline(analysis)
    folds(analysis)
    colours(analysis)
    ran = run_file(analysis, None) if is_small(analysis) else None
    hints(analysis, ran=ran)
    actions(analysis, 0, len(text))
    fix_all(analysis)


@pytest.mark.parametrize("start", range(5))
def test_every_feature_answers_for_every_beginning_of_a_file(start: int) -> None:
    for end in range(start, len(CONSTRUCTS) + 1, 5):
        everything(CONSTRUCTS[:end], end)


@pytest.mark.parametrize("lesson", ["apple_orange", "two_layer_net", "lstm_written_out"])
def test_every_feature_answers_while_a_lesson_is_written(lesson: str) -> None:
    text = (SPECS / f"{lesson}.graph").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines(keepends=True) if not line.startswith("#")]
    code = "".join(lines)
    for end in range(0, len(code), 23):
        everything(code[:end], end)
        everything(code[:end] + code[end + 7 :], end)
